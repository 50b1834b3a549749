// servers.hpp: starts a server under load, and reads its clocks and its memory.
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

#include "../harness/network.hpp"
#include "bench.hpp"

class Server {
public:
    const Contender who;
    const int port;

    // On host, kept on one processor core. Where it is to take a count of clients and no
    // more (the floor), count says so; 0: as many as it likes.
    Server(const Contender &contender, const Host &host, int core, size_t count = 0);
    Server(const Server &) = delete;
    ~Server();

    bool listening() const;   // waits for it; false: it never does
    void find_children();     // must be called again when it has made new ones
    long cpu() const;         // nanoseconds of processor time, of all its processes
    long waited() const;      // nanoseconds that they were ready to run and others ran
    long memory() const;      // bytes that all its processes take, -1: cannot be seen
    void settle() const;      // waits until it sleeps
    bool wants_core() const;  // it would run if it could
    std::string fate() const; // "" while it lives, else how it ended
    const std::vector<pid_t> &processes() const { return tree; }

private:
    pid_t pid;
    mutable int status = -1;
    std::vector<pid_t> tree; // itself first, then its descendants
};
