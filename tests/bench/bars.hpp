// bars.hpp: draws named amounts of very different size as SVG.
#pragma once

#include <string>
#include <vector>

struct Bar {
    std::string name;
    int colour; // of a lesson, its number; 0: of no lesson
    double value;
    std::string label; // the value, for people
};

// At least one bar.
std::string bars_svg(const std::string &title, const std::string &subtitle, const std::string &x_title,
                     const std::vector<Bar> &bars, bool dark);
