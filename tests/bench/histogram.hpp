// histogram.hpp: counts of durations in logarithmic buckets, each under 1.6 % wide.
#pragma once

#include <array>
#include <cstddef>

class Histogram {
public:
    void record(long ns)
    {
        counts[bucket(ns < 0 ? 0 : static_cast<size_t>(ns))]++;
        all++;
    }
    // The value that share (0.5: the median) of all that was recorded does not exceed.
    long quantile(double share) const
    {
        size_t wanted = static_cast<size_t>(share * static_cast<double>(all)), seen = 0;
        for (size_t i = 0; i < counts.size(); i++)
            if ((seen += counts[i]) > wanted)
                return middle(i);
        return 0;
    }
    void add(const Histogram &other)
    {
        for (size_t i = 0; i < counts.size(); i++)
            counts[i] += other.counts[i];
        all += other.all;
    }
    size_t size() const { return all; }

private:
    static const size_t FINE = 64; // buckets for each power of two
    std::array<size_t, FINE * 58> counts{};
    size_t all = 0;

    // Values below FINE have a bucket each; above, the highest 7 bits choose.
    static size_t bucket(size_t value)
    {
        size_t shift = 0;
        while (value >> shift >= 2 * FINE)
            shift++;
        return shift * FINE + (value >> shift);
    }
    static long middle(size_t i)
    {
        size_t shift = i < 2 * FINE ? 0 : i / FINE - 1;
        size_t low = (i - shift * FINE) << shift;
        return static_cast<long>(low + ((size_t{1} << shift) / 2));
    }
};
