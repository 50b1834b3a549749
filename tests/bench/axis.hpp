// axis.hpp: a logarithmic axis, with a place for 0 beside it.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

class Axis {
public:
    // From low to high at positions from and to. With zero, 0 stands at from, and low a
    // little further on.
    Axis(double lowest, double highest, double from, double to, bool with_zero = false)
        : low(lowest), high(highest), zero_at(from), begin(with_zero ? from + ZERO * (to - from) : from),
          end(to)
    {
    }
    double at(double value) const
    {
        return value <= 0 ? zero_at : begin + (end - begin) * std::log(value / low) / std::log(high / low);
    }

private:
    static constexpr double ZERO = 0.15; // share of the axis between 0 and low
    double low, high, zero_at, begin, end;
};

// 1, 2 or 5 times a power of ten: the largest not above value, or the smallest not below.
// What is a hair beyond one of them counts as being there.
inline double round_down(double value)
{
    double power = std::pow(10, std::floor(std::log10(value * 1.03)));
    for (double digit : {5, 2})
        if (digit * power <= value * 1.03)
            return digit * power;
    return power;
}
inline double round_up(double value)
{
    double down = round_down(value);
    if (down >= value * 0.97)
        return down;
    double digit = down / std::pow(10, std::floor(std::log10(down * 1.03)));
    return down * (digit > 1.5 && digit < 3 ? 2.5 : 2);
}

// What to label from low to high: powers of ten; 2 and 5 times them too if those are few.
inline std::vector<double> ticks(double low, double high)
{
    bool fine = high / low < 90;
    std::vector<double> found;
    for (double power = std::pow(10, std::floor(std::log10(low * 1.03))); power <= high * 1.03; power *= 10)
        for (double digit : {1, 2, 5})
            if ((fine || digit == 1) && digit * power >= low * 0.97 && digit * power <= high * 1.03)
                found.push_back(digit * power);
    return found;
}
