// error.hpp: what to do when a system call fails. There are three answers:
//
//   1. The program cannot go on: wrap the call in check(). It prints
//          server.cpp:20: bind: Address already in use
//      and ends the program with status 1.
//   2. One client is lost, the program goes on: an `if`, written out where it
//      happens; complain() prints the same line, and does not end anything.
//   3. Nothing is lost, try again: an `if (errno == EINTR)`, written out too.
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

// Prints FILE:LINE: CALL: REASON to stderr. The reason is errno's, so nothing
// may come between the failed call and this one. FILE and LINE are the caller's:
// a default argument is evaluated where the function is called.
inline void complain(const char *call, const char *file = __builtin_FILE(),
                     int line = __builtin_LINE())
{
    const char *reason = strerror(errno);
    const char *slash = strrchr(file, '/');
    fprintf(stderr, "%s:%d: %s: %s\n", slash ? slash + 1 : file, line, call, reason);
}

// Hands on what a system call returned, unless it is -1: then complains and
// exits with status 1. For calls without which the program cannot go on.
template <class Result>
Result check(Result result, const char *call, const char *file = __builtin_FILE(),
             int line = __builtin_LINE())
{
    if (result == -1) {
        complain(call, file, line);
        exit(EXIT_FAILURE);
    }
    return result;
}
