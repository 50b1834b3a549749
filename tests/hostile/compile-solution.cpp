// A solution for a header.
// Says: No such file or directory
#include "@KIT@/solutions/01-blocking/server.cpp"
