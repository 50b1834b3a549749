// A header without end.
// Says: /dev/zero: No such file or directory
#include "/dev/zero"
