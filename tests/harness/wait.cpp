// wait.cpp: how a check waits for what it wants, while the programs can still do it.
#include "lab.hpp"

#include <algorithm>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc.hpp"

namespace
{

const size_t FLOOD = 8 << 20;   // bytes of output that no lesson needs
const size_t CROWD = 300;       // processes that no lesson needs
const size_t SOCKETS = 20000;   // sockets that no lesson needs
const long HOARD = 512L << 20;  // bytes of memory that no lesson needs
const long GROWTH = 1 << 20;    // bytes: who takes them is about to become a hoarder
const double NAP = 0.3;         // seconds in sleep() that clients do not mind
const double DOZE = 3;          // times as long as at rest, where programs sleep with a time-out
const double TIMERS = 6;        // seconds asleep: twice the longest time that a lesson speaks of
const long BURNED = 150000000L; // nanoseconds of processor time in which something must happen

} // namespace

void Lab::pump(int milliseconds)
{
    std::vector<pollfd> ready;
    for (Program &program : programs)
        for (int fd : {program.out_fd, program.err_fd})
            if (fd != -1)
                ready.push_back({fd, POLLIN, 0});
    if (awaited != -1)
        ready.push_back({awaited, POLLIN, 0});
    poll(ready.data(), ready.size(), milliseconds);
    char bytes[65536];
    for (Program &program : programs) {
        for (int *fd : {&program.out_fd, &program.err_fd}) {
            std::string &all = fd == &program.out_fd ? program.out : program.err;
            // Once: who writes as fast as we read would keep us here.
            ssize_t n = *fd == -1 ? -1 : read(*fd, bytes, sizeof bytes);
            if (n == -1)
                continue;
            all.append(bytes, static_cast<size_t>(n));
            moved += static_cast<size_t>(n);
            if (n == 0) {
                close(*fd);
                *fd = -1;
            }
            if (all.size() > FLOOD)
                unmet("your " + program.name + " writes without end");
        }
    }
    reap();
}

void Lab::settle()
{
    awaited = -1; // only output is of interest now
    for (int tries = 0; tries < 100; tries++) {
        bool settled = true;
        for (const Program &program : programs) // who ends has closed all it had
            settled = settled && (program.status != -1 || open_descriptors(program.pid) != -1);
        try {
            pump(settled ? 0 : 2);
        } catch (const Unmet &) { // that it writes without end is no news any more
        }
        if (settled)
            return;
    }
}

void Lab::reap()
{
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) // orphans too: they are ours now
        for (Program &program : programs)
            if (program.pid == pid)
                program.status = status;
}

// Unmet when the programs take too much of something, or when all are at rest.
void Lab::watch_over(const std::string &what, double rest)
{
    double now = seconds(), passed = now - watch.looked;
    if (passed < 0.05)
        return;
    watch.looked = now;
    // A look that comes late says that it was us who stood still: holds() must see what became of that.
    double seen = std::min(passed, 0.1);
    Everyone all = look_at_all(!network.isolated);
    watch_hoards(all);
    watch_sleep(seen);
    watch_rest(what, all, seen, std::max(rest, least_rest) * slow);
    watch_burning(what, all);
    watch.cpu = all.cpu;
}

void Lab::watch_hoards(const Everyone &all)
{
    if (all.processes > CROWD)
        unmet("your program is " + std::to_string(all.processes) + " processes by now, and starts more");
    if (all.memory > HOARD)
        unmet("your program takes " + std::to_string(all.memory >> 20) + " MiB of memory, and wants more");
    for (const Program &program : programs)
        if (network.isolated && sockets_in_network(program.pid) > SOCKETS)
            unmet("your " + program.name + " has opened more than " + std::to_string(SOCKETS) + " sockets");
}

void Lab::watch_sleep(double seen)
{
    bool sleeps = awake && sleeping_in(awake->pid).name == "sleep";
    watch.slept = sleeps ? watch.slept + seen : 0;
    if (watch.slept > NAP)
        unmet("your " + awake->name + " sleeps, and everybody waits for it");
}

void Lab::watch_burning(const std::string &what, const Everyone &all)
{
    bool grows = all.memory > watch.memory + GROWTH; // however long that took: memory may be slow to come
    bool shows = watch.moved != moved || grows;
    if (watch.cpu == -1 || shows) {
        watch.burned = 0;
        watch.own = all.own;
        watch.kernel = all.kernel;
    } else {
        watch.burned += std::max(0L, all.cpu - watch.cpu);
    }
    watch.moved = moved;
    if (grows)
        watch.memory = all.memory;
    if (static_cast<double>(watch.burned) <= static_cast<double>(BURNED) * slow)
        return;
    bool calls = (all.kernel - watch.kernel) * 5 >= all.own - watch.own;
    unmet(what + "; your program is busy all the time" +
          (calls ? ": some call returns at once, again and again"
                 : ", and hardly ever in a call: does a loop of yours never end?"));
}

void Lab::watch_rest(const std::string &what, const Everyone &all, double seen, double most)
{
    watch.rested = all.at_rest && all.cpu == watch.cpu ? watch.rested + seen : 0;
    // Who wakes now and then to look for something has looked often enough by then.
    watch.dozed = all.asleep && watch.moved == moved ? watch.dozed + seen : 0;
    double resting = std::max(watch.rested, watch.dozed / DOZE) / most;
    if (timers && all.processes > 0)
        resting = watch.dozed / (TIMERS * slow);
    if (resting > 1)
        unmet(what);
    watch.longest = std::max(watch.longest, resting);
}

void Lab::wait_for(const std::string &what, const std::function<bool()> &holds, double limit, double rest)
{
    double start = seconds(), deadline = start + limit * slow, news = start;
    size_t seen = moved;
    watch = Watch{};
    watch.looked = start;
    watch.moved = moved;
    while (!holds()) {
        if (seconds() > std::min(deadline, LONGEST * slow))
            unmet(what);
        watch_over(what, rest); // what pump() takes in after it, holds() must see first
        if (moved != seen)
            news = seconds();
        seen = moved;
        pump(std::clamp(static_cast<int>((seconds() - news) * 1000 / 10), 2, 40)); // a tenth late at most
    }
    tension = std::max({tension, watch.longest, (seconds() - start) / (limit * slow)});
}
