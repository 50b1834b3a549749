// box.hpp: a box for a check: namespaces of its own, from which nothing comes out.
#pragma once

#include <functional>
#include <string>
#include <sys/types.h>

// Runs inside in a new process, in the box: user, mount, PID, IPC, UTS namespaces, the
// file system read-only, the kit hidden, never real root. Where isolated is false: on
// the host, as an ordinary user. What inside started is dead when the process ends, and
// all of it dies with the caller. Returns its process id, to be waited for.
pid_t start_in_box(bool isolated, const std::string &kit, const std::function<int()> &inside);

// Whether boxes and networks can be made here: found out by making one. Empty: yes;
// else the step that failed, and why.
std::string why_no_box(const std::string &kit);

// How to allow them on this system, in one sentence.
std::string how_to_allow();
