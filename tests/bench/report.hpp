// report.hpp: what was found, as tables on the terminal.
#pragma once

#include "findings.hpp"

void print_report(const Findings &findings, const std::vector<std::string> &names, int runs);
