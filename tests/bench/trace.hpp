// trace.hpp: counts the system calls of a server, in a phase that is not timed.
#pragma once

#include "load.hpp"

// System calls for each request of some rounds; -1: tracing is not allowed here. The
// server is of no use for measurements afterwards.
double calls_per_request(Setup &setup, Gate &gate);
