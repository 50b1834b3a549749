#include "trace.hpp"

#include <csignal>
#include <poll.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

namespace
{

const size_t ROUNDS = 10, REQUESTS = 1000; // as many rounds, unless the requests are enough before
const long QUIET = 2000000;                // ns without a system call: it sleeps in one
const long LIMIT = 300000000;              // ns for a round; a busy machine may take for ever
const int CALL = SIGTRAP | 0x80;           // a stop on the way into a system call or out of it

// From here on each of its processes stops at each of its system calls.
bool seize(const std::vector<pid_t> &processes)
{
    for (pid_t process : processes)
        if (ptrace(PTRACE_SEIZE, process, nullptr, PTRACE_O_TRACESYSGOOD) == -1 ||
            ptrace(PTRACE_INTERRUPT, process, nullptr, nullptr) == -1)
            return false;
    return true;
}

// Lets all go on from stop to stop until none comes any more. Returns how many came.
long follow(const std::vector<pid_t> &processes)
{
    long stops = 0;
    for (long since = now_ns(); now_ns() - since < QUIET;)
        for (pid_t process : processes) {
            int status;
            if (waitpid(process, &status, WNOHANG | __WALL) != process || !WIFSTOPPED(status))
                continue;
            bool signal = WSTOPSIG(status) != CALL && status >> 16 == 0; // to be delivered
            stops += WSTOPSIG(status) == CALL;
            ptrace(PTRACE_SYSCALL, process, nullptr, signal ? WSTOPSIG(status) : 0);
            since = now_ns();
        }
    return stops;
}

bool all_answered(const std::vector<Client> &clients)
{
    for (const Client &client : clients) {
        pollfd watch{client.fd, POLLIN, 0};
        if (poll(&watch, 1, 0) != 1)
            return false;
    }
    return true;
}

// Stops in one round, -1: it broke.
long play_traced_round(Setup &setup, Gate &gate)
{
    bool whole = true;
    long stops = 0;
    gate.close();
    for (const Client &client : setup.clients.active)
        whole = whole && ask(client);
    gate.open();
    for (long since = now_ns(); whole && !all_answered(setup.clients.active);) {
        stops += follow(setup.server.processes());
        whole = now_ns() - since < LIMIT;
    }
    for (const Client &client : setup.clients.active)
        whole = whole && expect(client.fd, client.answer, 0);
    return whole ? stops : -1;
}

} // namespace

double calls_per_request(Setup &setup, Gate &gate)
{
    if (!seize(setup.server.processes()))
        return -1;
    follow(setup.server.processes());
    if (play_traced_round(setup, gate) == -1)
        return -1;
    long stops = 0;
    size_t requests = 0;
    for (size_t round = 0; round < ROUNDS && requests < REQUESTS; round++) {
        long found = play_traced_round(setup, gate);
        if (found == -1)
            return -1;
        stops += found;
        requests += setup.clients.active.size();
    }
    return static_cast<double>(stops) / 2 / static_cast<double>(requests); // a stop going in, one coming out
}
