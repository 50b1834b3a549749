// A header without end.
// Says: /dev/zero: No such file or directory
// Says, by clang: '/dev/zero' file not found
#include "/dev/zero"
