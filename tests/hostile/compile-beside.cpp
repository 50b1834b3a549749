// A solution for a header, found from here.
// Says: No such file or directory
#include "../../solutions/01-blocking/server.cpp"
