// load.hpp: the load generator: rounds of requests, slices of rounds, a steady rate.
#pragma once

#include <functional>

#include "clients.hpp"
#include "gate.hpp"
#include "histogram.hpp"
#include "servers.hpp"

// A server and the clients that it has.
struct Setup {
    Server server;
    Clients clients;
    std::string broken; // "" while it answers, else what went wrong

    Setup(const Contender &who, const Network &network, int core, size_t count = 0)
        : server(who, network.server, core, count), clients(network.server, server.port)
    {
    }
};

long stolen();                  // clock ticks that the hypervisor gave to others, on all cores
void broke(Setup &setup);       // notes why it does not answer
bool ask(const Client &client); // sends REQUEST

// Every active client asks once, all of them before the server may run; returns when all
// have their answers and the server sleeps again. False: it broke.
bool play_round(Setup &setup, Gate &gate);

// Some 20 ms of rounds.
struct Slice {
    long cpu;        // ns that the server took
    size_t requests; // that were answered
    bool disturbed;  // the generator did not get its core, or the machine lost time to others
};
Slice play_slice(Setup &setup, Gate &gate);

struct Latencies {
    Histogram answered; // ns, from when a request was meant to leave until its answer was here
    Histogram late;     // ns, from when it was meant to leave until it left
    bool disturbed;     // the server had to wait for its core
};

// Open loop: requests leave at a steady rate, whatever the answers do. meanwhile is
// called once, halfway.
Latencies open_loop(Setup &setup, long rate, long requests, const std::function<void()> &meanwhile);

// Closed loop: the next request waits for the answer, then for the rhythm of the rate;
// latency counts from when it left.
Latencies closed_loop(Setup &setup, long rate, long requests, const std::function<void()> &meanwhile);
