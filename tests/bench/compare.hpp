// compare.hpp: compares servers that are alive at the same time, in alternating slices.
#pragma once

#include <vector>

#include "load.hpp"

// For each of the setups: nanoseconds for a request in each block, a slice on the way
// there and a slice on the way back (A B C C B A), or DISTURBED.
std::vector<std::vector<double>> compare(const std::vector<Setup *> &setups, Gate &gate, int blocks);
