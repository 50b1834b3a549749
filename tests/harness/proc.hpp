// proc.hpp: looking into a running program through /proc. See proc(5).
#pragma once

#include <set>
#include <string>
#include <sys/types.h>
#include <vector>

// The entries of a folder whose names are numbers.
std::vector<int> numbers_in(const std::string &folder);

// The fields of /proc/PID/stat that checks need. state 'X': there is no such process.
struct ProcessState {
    char state;       // R running, S asleep, T stopped, Z zombie
    pid_t parent;
    long threads;     // in its process
    long pages;       // of memory that its process has, of sysconf(_SC_PAGESIZE) bytes
    long own, kernel; // ticks of processor time that its process took: its own code, system calls
    long cpu;         // nanoseconds of processor time of its main thread, in all
};
ProcessState look(pid_t pid);

// The children of pid, zombies included.
std::vector<pid_t> children_of(pid_t pid);

// The children of ancestor, and theirs, and so on.
std::vector<pid_t> descendants_of(pid_t ancestor);

// How many threads pid has.
size_t threads_of(pid_t pid);

// How many times pid, or its main thread, has been asleep so far.
long wakeups(pid_t pid);

// How many descriptors pid holds; -1: it cannot be seen.
int open_descriptors(pid_t pid);

// The descriptor that pid gets when it opens something next.
int first_free_descriptor(pid_t pid);

// The system call that pid, or one of its threads, sleeps in.
struct Call {
    std::string name; // "" unless asleep in a call that we know, and may look at
    int fd;           // its first argument
    bool timed;       // it ends by itself
    int milliseconds; // how long it may take, where an argument says so; else -1
};
Call sleeping_in(pid_t pid);

// What all processes but this one do: those of this PID namespace, or of our own
// descendants.
struct Everyone {
    size_t processes;
    long cpu;     // nanoseconds, in all
    long memory;  // bytes, in all
    long own, kernel; // ticks of processor time, in all
    bool asleep;  // each has ended, is stopped, or sleeps
    bool at_rest; // each has ended, is stopped, or sleeps in a call that takes no time-out
};
Everyone look_at_all(bool descendants_only);

// How many sockets of any kind are open in pid's network.
size_t sockets_in_network(pid_t pid);

// The TCP port that the other end of descriptor fd of pid has; 0 for a listener, -1
// if fd is no TCP socket.
int peer_port(pid_t pid, int fd);

// The other ends' ports of the TCP connections that pid holds; 0 for a listener.
std::set<int> connections_of(pid_t pid);

// The two ends of a TCP connection: of the process that we look at, and of its peer.
struct Ports {
    int own, peer;
};

// The inode of pid's socket for this connection; 0: it has none, or on a busy host's table it was not met.
unsigned long socket_of(pid_t pid, const Ports &ports);

// Whether pid holds a descriptor of that socket.
bool holds_socket(pid_t pid, unsigned long inode);

// The address and port that pid listens on: "every address, port 5000"; "" if it does not.
std::string listener_of(pid_t pid);

// Whether a process in pid's network has read all that came on this connection.
bool all_read(pid_t pid, const Ports &ports);

// Whether the peer has acknowledged all that a process in pid's network has sent on this connection.
bool all_sent(pid_t pid, const Ports &ports);

// Whether this connection is in state CLOSE_WAIT in pid's network: the end of input has arrived.
bool end_arrived(pid_t pid, const Ports &ports);

// Whether a process in pid's network listens on TCP port, on every address, IPv4's
// alone or both families'.
bool listens(pid_t pid, int port);
