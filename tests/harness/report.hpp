// report.hpp: what the student sees.
#pragma once

#include <string>
#include <vector>

#include "session.hpp"

// "3.2", LESSON.STEP.
std::string number(const Check &check);

// Prints the outcomes of checks on the lesson's programs in folder, in order, up to the
// first that failed; one_step: only those of one step were asked for. Returns the runner's exit
// status: 0 all hold, 1, or 4 if the kit stumbled.
int report(const std::string &folder, int lesson, bool one_step, const std::vector<const Check *> &checks,
           const Outcomes &outcomes);

// Prints how long each check took, and how near it came to a deadline.
void report_times(const std::vector<const Check *> &checks, const Outcomes &outcomes);

// What the compiler said, shortened to its first error, or if there is none its first warning.
std::string first_complaint(const std::string &said);
