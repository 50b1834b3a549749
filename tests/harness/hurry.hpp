// hurry.hpp: makes a wait end at once that would else take its time.
#pragma once

#include <sys/types.h>

// Ends the poll() or epoll_wait() that pid sleeps in, as if its time-out had passed:
// the call returns 0. pid must be a child of ours. False: not on this machine, or it
// does not sleep in such a call; then nothing has changed. See ptrace(2).
bool hurry(pid_t pid);
