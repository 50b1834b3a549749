// forbid.hpp: the system calls that no program under test needs, or that would spoil a check.
#pragma once

// Refuses them, with EPERM, to this process and all that it starts; it must not gain
// privileges any more. They take memory that counts for nobody, leave something in the
// kernel, escape from this very filter, or reach every process of the user. See seccomp(2).
// splice() gets EINVAL, as it does for many kinds of file: while it waits it keeps the lock of
// its pipe, and who reads the other end of that sleeps where not even SIGKILL ends it.
// setsockopt() for the size of a socket's buffer succeeds, and changes nothing: checks depend on the
// sizes that the network has.
void forbid_calls();
