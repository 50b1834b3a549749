// findings.hpp: what was found, and how it is kept: lines in a pipe, repeats, a table.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

// One measured number: a point of a chart.
struct Figure {
    std::string chart;    // the experiment: idle, latency, memory, active, pause
    std::string series;   // the name of a contender
    std::string quantity; // with its unit, as in the table
    size_t x;             // connections
    double value;         // of several runs the median
    bool noisy;           // not to be believed, and not to be printed
    double low, high;     // of all runs
};

struct Findings {
    std::vector<Figure> figures;
    std::vector<std::string> notes; // one line each, for people

    // In the order of x.
    std::vector<Figure> of(const std::string &chart, const std::string &series,
                           const std::string &quantity) const;
};

// A figure or a note as one line, and back.
std::string line_of(const Figure &figure);
std::string line_of(const std::string &note);
void add_line(const std::string &line, Findings &findings);

// Several runs as one: the median of those that were not noisy.
Findings merge(const std::vector<Findings> &runs);

void write_csv(const Findings &findings, const std::string &path);
