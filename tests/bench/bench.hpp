// bench.hpp: who is measured.
#pragma once

#include <ctime>
#include <string>

// A server program that can be measured.
struct Contender {
    std::string name; // as it stands in a chart: "4 poll", "libuv", "floor"
    int binary;       // a descriptor of the executable
};

const char *const FLOOR = "floor";     // reads and writes the same bytes, and does nothing else
const char *const CONTROL = "control"; // another's program a second time

inline long now_ns()
{
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000L + t.tv_nsec;
}
