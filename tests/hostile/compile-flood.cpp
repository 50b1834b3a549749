// More complaints than anybody reads: each level of this file, which includes itself, has some.
// Says: does not compile: the first error is above
#warning a
#warning b
#warning c
#include "server.cpp"
