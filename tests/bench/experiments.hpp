// experiments.hpp: the experiments of one run, from the first connection to the figures.
#pragma once

#include <cstdio>
#include <vector>

#include "bench.hpp"

struct Plan {
    std::vector<Contender> contenders; // the last that works runs a second time, as the control
    Contender floor;
    size_t most;        // connections that one process may hold
    bool isolated;      // in a network of its own; else on loopback
    std::string prefix; // of progress lines
};

// Whether there are two processor cores: one for the generator, one for the servers.
bool two_cores();

// Does it all, and writes what it finds to out, in lines that findings.hpp reads. 0: done.
int run_experiments(const Plan &plan, FILE *out);
