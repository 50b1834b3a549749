// A solution for a header, found from here.
// Says: No such file or directory
// Says, by clang: server.cpp' file not found
#include "../../solutions/01-blocking/server.cpp"
