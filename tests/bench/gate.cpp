#include "gate.hpp"

#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bench.hpp"

Gate::Gate(int core) : bell(eventfd(0, EFD_CLOEXEC)), keeper([this, core] { keep(core); }) {}

Gate::~Gate()
{
    state = ENDED;
    eventfd_write(bell, 1);
    keeper.join();
    ::close(bell);
}

void Gate::close()
{
    eventfd_write(bell, 1);
    while (state != CLOSED)
        ;
}

void Gate::open()
{
    state = OPEN;
}

void Gate::keep(int core)
{
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(core, &cores);
    sched_setaffinity(0, sizeof cores, &cores);
    eventfd_t rings;
    while (eventfd_read(bell, &rings) == 0 && state != ENDED) {
        state = CLOSED;
        while (state == CLOSED)
            ;
    }
}
