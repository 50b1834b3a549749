// estimate.hpp: one number out of many measurements, and whether to believe it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

const double TOO_FAR = 0.2;  // between the quartiles, as a share of the median
const double DISTURBED = -1; // stands for a block whose measurement was disturbed

struct Estimate {
    double value; // the median of the blocks
    bool noisy;   // they lie too far apart, or too few of them are left
};

inline Estimate estimate(std::vector<double> blocks)
{
    size_t before = blocks.size();
    blocks.erase(std::remove(blocks.begin(), blocks.end(), DISTURBED), blocks.end());
    size_t n = blocks.size();
    if (n == 0)
        return {0, true};
    std::sort(blocks.begin(), blocks.end());
    double median = (blocks[(n - 1) / 2] + blocks[n / 2]) / 2;
    double apart = blocks[n - 1 - n / 4] - blocks[n / 4];
    return {median, n < 3 || n * 2 < before || apart > TOO_FAR * median};
}

// What each block cost against the same block of another.
inline std::vector<double> ratios(const std::vector<double> &blocks, const std::vector<double> &to)
{
    std::vector<double> found;
    for (size_t i = 0; i < blocks.size(); i++)
        found.push_back(blocks[i] > 0 && to[i] > 0 ? blocks[i] / to[i] : DISTURBED);
    return found;
}
