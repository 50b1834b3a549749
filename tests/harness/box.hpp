// box.hpp: a box for a check: namespaces of its own, from which nothing comes out.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <sys/types.h>

// Runs inside in a new process, in the box: user, mount, PID, IPC, UTS namespaces, the
// file system read-only, the folder that we are in hidden, never real root. Where isolated is false: on
// the host, as an ordinary user, in an empty folder. Returns the process id of the box's
// keeper, which ends after inside and all that it started; all of it dies with the caller.
pid_t start_in_box(bool isolated, const std::function<int()> &inside);

// Ends a box that has not ended by itself, and waits until nothing of it is left. Returns
// what inside returned; 4 if it did not come to that.
int end_box(pid_t box);

// Lets this process have as many descriptors as the system allows (ulimit -Hn): at first most
// allow 1024. Returns how many.
size_t allow_descriptors();

// Ends this process by signal when its parent ends.
void die_with(pid_t parent, int signal);

// fork(), with a child that ends when its parent ends. Throws std::runtime_error if there is none.
pid_t fork_tied();

// Whether boxes and networks can be made here: found out by making one. Empty: yes;
// else the step that failed, and why.
std::string why_no_box();

// How to allow them on this system, in one sentence.
std::string how_to_allow();
