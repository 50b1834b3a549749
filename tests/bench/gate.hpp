// gate.hpp: keeps the servers' core busy while requests are laid out for them.
#pragma once

#include <atomic>
#include <thread>

// While the gate is closed a thread spins on the core, and a server that is woken there
// has to wait. So it finds all requests of a round at once, however fast the generator
// is, and never pays for waking a core that sleeps. Servers must be SCHED_BATCH.
class Gate {
public:
    explicit Gate(int core);
    Gate(const Gate &) = delete;
    ~Gate();
    void close();
    void open();

private:
    enum State { OPEN, CLOSED, ENDED };
    std::atomic<State> state{OPEN};
    int bell; // an eventfd
    std::thread keeper;
    void keep(int core);
};
