// session.hpp: builds the programs of one folder, and runs checks on them, many at a time.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "check.hpp"

enum Verdict { PASSED = 'p', FAILED = 'f', SKIPPED = 's', BROKEN = 'b' };

struct Outcome {
    Verdict verdict;
    double seconds;     // how long it took
    double tension;     // see Lab
    std::string report; // for FAILED and BROKEN, ready to be printed
};
using Outcomes = std::map<const Check *, Outcome>;

// What is checked: the programs in one folder.
struct Subject {
    std::string kit;     // the top of the kit, absolute
    std::string folder;  // lessons/03-select
    std::string output;  // the folder that the binaries go to
    std::string command; // of the compiler, "g++ -Og -g"
};

struct Built {
    bool done;
    std::string said; // by the compiler: warnings, or why it is not done
};

// Builds what is older than its source, server and client side by side.
Built build(const Subject &subject, bool isolated);

// The executables that build() made. sanitized: with the address sanitizer.
Binaries open_binaries(const std::string &folder, bool sanitized);

// Runs checks, at_once of them at a time. With stop, until those before and including
// the first that fails have ended; else until all have.
Outcomes run(const std::vector<const Check *> &checks, const Binaries &binaries, bool isolated, bool stop,
             size_t at_once);
