// bench.cpp: the parts of the benchmark that only calculate.
#include <doctest/doctest.h>

#include <string>

#include "../bench/axis.hpp"
#include "../bench/estimate.hpp"
#include "../bench/format.hpp"
#include "../bench/histogram.hpp"

TEST_CASE("a histogram keeps a duration within 2 %")
{
    for (long ns = 1; ns < 100000000000; ns += 1 + ns / 7) {
        Histogram one;
        one.record(ns);
        double error = static_cast<double>(one.quantile(0.5) - ns) / static_cast<double>(ns);
        CAPTURE(ns);
        CHECK(error < 0.02);
        CHECK(error > -0.02);
    }
}

TEST_CASE("a histogram finds quantiles, of two added up as well")
{
    Histogram low, high;
    for (long ns = 1; ns <= 50; ns++) {
        low.record(ns);
        high.record(50 + ns);
    }
    CHECK(low.quantile(0.5) == 26);
    low.add(high);
    CHECK(low.size() == 100);
    CHECK(low.quantile(0.5) == 51);
    CHECK(low.quantile(0.99) == 100);
    CHECK(Histogram().quantile(0.5) == 0);
}

TEST_CASE("an estimate is the median of the blocks that were not disturbed")
{
    CHECK(estimate({10, 11, 10.5}).value == doctest::Approx(10.5));
    CHECK(estimate({10, DISTURBED, 11, 10.5, 10.2}).value == doctest::Approx(10.35));
    CHECK_FALSE(estimate({10, DISTURBED, 11, 10.5, 10.2}).noisy);
    CHECK_FALSE(estimate({10, 10.1, 10.2, 99}).noisy); // one that is far out does not count
}

TEST_CASE("an estimate says when it is not to be believed")
{
    CHECK(estimate({}).noisy);
    CHECK(estimate({DISTURBED, DISTURBED, DISTURBED}).noisy);
    CHECK(estimate({10, 10}).noisy);                                                 // too few
    CHECK(estimate({10, 10, 10, DISTURBED, DISTURBED, DISTURBED, DISTURBED}).noisy); // too few of them
    CHECK(estimate({10, 13, 10, 13}).noisy);                                         // too far apart
}

TEST_CASE("a ratio needs both blocks")
{
    CHECK(ratios({10, DISTURBED, 30}, {5, 5, DISTURBED}) == std::vector<double>{2, DISTURBED, DISTURBED});
}

TEST_CASE("an axis gives each decade the same room, and 0 a place of its own")
{
    Axis axis(100, 10000, 0, 200);
    CHECK(axis.at(100) == doctest::Approx(0));
    CHECK(axis.at(1000) == doctest::Approx(100));
    CHECK(axis.at(10000) == doctest::Approx(200));
    Axis down(1, 10, 300, 100);
    CHECK(down.at(10) == doctest::Approx(100));
    Axis zero(100, 10000, 0, 200, true);
    CHECK(zero.at(0) == doctest::Approx(0));
    CHECK(zero.at(100) == doctest::Approx(30));
    CHECK(zero.at(10000) == doctest::Approx(200));
}

TEST_CASE("an axis begins and ends at 1, 2 or 5")
{
    CHECK(round_down(0.98) == doctest::Approx(1)); // a hair below
    CHECK(round_down(0.9) == doctest::Approx(0.5));
    CHECK(round_down(13) == doctest::Approx(10));
    CHECK(round_up(13) == doctest::Approx(20));
    CHECK(round_up(21) == doctest::Approx(50));
    CHECK(round_up(5.1) == doctest::Approx(5));
    CHECK(round_up(7.8e6) == doctest::Approx(1e7));
    CHECK(ticks(1, 5) == std::vector<double>{1, 2, 5});
    CHECK(ticks(10, 5000) == std::vector<double>{10, 100, 1000});
}

TEST_CASE("numbers have three digits that count")
{
    CHECK(short_number(0.184) == "0.18");
    CHECK(short_number(1) == "1.00");
    CHECK(short_number(9.999) == "10.0");
    CHECK(short_number(13.13) == "13.1");
    CHECK(short_number(316.9) == "317");
    CHECK(round_number(10) == "10");
    CHECK(round_number(0.5) == "0.5");
    CHECK(round_number(100) == "100");
    CHECK(with_commas(999) == "999");
    CHECK(with_commas(1234567) == "1,234,567");
    CHECK(duration(13100) == "13.1 µs");
    CHECK(duration(999900) == "1.00 ms");
    CHECK(duration(7.8e6, round_number) == "7.8 ms");
}
