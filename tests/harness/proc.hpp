// proc.hpp: looking into a running program through /proc. See proc(5).
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

// The fields of /proc/PID/stat that checks need. state 'X': there is no such process.
struct ProcessState {
    char state;       // R running, S asleep, T stopped, Z zombie
    pid_t parent;
    long cpu;         // nanoseconds of processor time, of all its life
};
ProcessState look(pid_t pid);

// The children of pid, zombies included.
std::vector<pid_t> children_of(pid_t pid);

// How many descriptors pid holds; -1: it cannot be seen.
int open_descriptors(pid_t pid);

// The system call that pid sleeps in and its first argument, as "read 4"; "" if it
// does not sleep in one, or may not be looked at.
struct Call {
    std::string name; // "" unless asleep in a call
    int fd;           // its first argument
};
Call sleeping_in(pid_t pid);

// The TCP port that the other end of descriptor fd of pid has; 0 for a listener, -1
// if fd is no TCP socket.
int peer_port(pid_t pid, int fd);

// Whether a process in pid's network listens on TCP port, on every IPv4 address.
bool listens(pid_t pid, int port);
