// table.hpp: the table on the terminal, and grades.csv: a row a student, a column a lesson.
#pragma once

#include <string>
#include <vector>

#include "result.hpp"

int name_width(const std::vector<Report> &reports); // of the first column
void print_head(const std::vector<std::string> &lessons, int width);
void print_row(const Report &report, int width);
void print_progress(size_t done, size_t of); // on a terminal, until the next row

std::string csv_head(const std::vector<std::string> &lessons);
std::string csv_row(const Report &report);
