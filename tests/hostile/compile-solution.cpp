// A solution for a header.
// Says: No such file or directory
// Says, by clang: server.cpp' file not found
#include "@KIT@/solutions/01-blocking/server.cpp"
