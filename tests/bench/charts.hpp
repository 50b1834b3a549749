// charts.hpp: the charts of a run, as files.
#pragma once

#include "findings.hpp"

// Draws each into folder, for light and for dark paper: idle-cost.svg, idle-cost-dark.svg …
void draw_charts(const Findings &findings, const std::vector<std::string> &names, const std::string &folder);
