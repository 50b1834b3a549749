// report.hpp: what the student sees.
#pragma once

#include <string>
#include <vector>

#include "session.hpp"

// What a check that failed has to say, ready to be printed: the picture of what
// happened, where the programs are, why, and what to try.
std::string explain(const Lab &lab, const std::string &what, unsigned seed);

// Whether a report is of a program that may have crashed; a process that served one client
// among them.
bool may_have_crashed(const std::string &report);

// The same report with the place of the crash that closer, on a build with sanitizers, tells.
std::string with_place(std::string report, const std::string &closer);

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
