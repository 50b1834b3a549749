// session.hpp: runs checks on programs, many at a time.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "check.hpp"
#include "explain.hpp"

enum Verdict { PASSED = 'p', FAILED = 'f', SKIPPED = 's', BROKEN = 'b' };

struct Outcome {
    Verdict verdict;
    double seconds;     // how long it took
    double tension;     // see Lab
    bool server, client; // which of the two programs it has run
    Explanation explanation; // for FAILED and BROKEN
};
using Outcomes = std::map<const Check *, Outcome>;

// The checks that the programs of a lesson must pass: its own steps first, in their order,
// then what the lessons before taught and still holds.
std::vector<const Check *> checks_of(int lesson);

// Checks on one pair of programs.
struct Run {
    std::vector<const Check *> checks;
    std::string folder;  // that build() put the executables in
    bool sanitized;      // with the address sanitizer
    bool stop;           // at the first that fails, once those before it have ended
    size_t at_once;      // checks of this run; more would be wasted where one is going to fail
    Outcomes outcomes{}; // what is here already is not run again
    std::set<const Check *> started{};
    bool open = false;   // while it is under way: has its executables
    Binaries binaries{-1, -1, false, 0};
};

// Runs all runs, the first ones first, at_once checks at a time; done is told of each run
// that has its outcomes.
void run(std::list<Run *> runs, bool isolated, size_t at_once, const std::function<void(const Run &)> &done);

// The same for one.
Outcomes run(Run one, bool isolated);
