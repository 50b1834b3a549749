// A header that you have to type.
// Says: expected unqualified-id
#include "/proc/self/fd/0"
!
