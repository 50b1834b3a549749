// More complaints than anybody reads: each level of this file, which includes itself, has some.
// Says: nested depth 200
// Says, by clang: #warning a
#warning a
#warning b
#warning c
#include "server.cpp"
