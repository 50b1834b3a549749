// chart.hpp: draws a chart as SVG: lines over a logarithmic plane, each with its name on it.
#pragma once

#include <functional>
#include <string>
#include <vector>

struct Point {
    double x, y;
    double low, high; // of several runs
};

enum Stroke { SOLID, DASHED, DOTTED };

struct Line {
    std::string name;
    int colour; // of a lesson, its number; 0: of no lesson
    Stroke stroke;
    std::vector<Point> points; // in the order of x; at least one
    std::string end;           // why it ends before the others do
    bool named;                // has its name beside it
};

struct Chart {
    std::string title, subtitle, x_title;
    std::vector<double> x_ticks;
    std::function<std::string(double)> y_format;
    std::vector<Line> lines;
    std::string remark; // below it
};

std::string svg(const Chart &chart, bool dark);
