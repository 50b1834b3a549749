#include "compare.hpp"

#include "estimate.hpp"

namespace
{

const int TRIES = 3;           // for a slice that is disturbed
const long LIMIT = 5000000000; // ns; blocks that a busy machine has not done by then are left out

Slice undisturbed_slice(Setup &setup, Gate &gate)
{
    Slice slice{0, 0, true};
    for (int tries = 0; tries < TRIES && slice.disturbed && setup.broken.empty(); tries++)
        slice = play_slice(setup, gate);
    return slice;
}

double block_cost(const Slice &there, const Slice &back)
{
    if (there.disturbed || back.disturbed)
        return DISTURBED;
    return static_cast<double>(there.cpu + back.cpu) / static_cast<double>(there.requests + back.requests);
}

} // namespace

std::vector<std::vector<double>> compare(const std::vector<Setup *> &setups, Gate &gate, int blocks)
{
    std::vector<std::vector<double>> costs(setups.size());
    long start = now_ns();
    for (int block = 0; block < blocks && now_ns() - start < LIMIT; block++) {
        std::vector<Slice> there(setups.size()), back(setups.size());
        for (size_t i = 0; i < setups.size(); i++)
            there[i] = undisturbed_slice(*setups[i], gate);
        for (size_t i = setups.size(); i-- > 0;)
            back[i] = undisturbed_slice(*setups[i], gate);
        for (size_t i = 0; i < setups.size(); i++)
            costs[i].push_back(block_cost(there[i], back[i]));
    }
    return costs;
}
