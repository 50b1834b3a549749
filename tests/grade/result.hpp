// result.hpp: what came out for a student, and the files that tell it.
#pragma once

#include <string>
#include <vector>

#include "../harness/session.hpp"
#include "submission.hpp"

struct CheckResult {
    int lesson, step;
    std::string name;
    Verdict verdict;
    double seconds;
    std::string report; // of what is not passed
};

// What came out for one lesson of one student.
struct Result {
    std::string key; // of all that it depends on
    double seconds;
    std::vector<std::string> complaints; // of the compiler
    std::vector<CheckResult> checks;     // all of them, the lesson's own first
};

// What a point is given for: all checks of a step of the lesson, or, as one more, all
// those of the lessons before that still hold. It is passed when all of them are.
struct Step {
    std::string number, name;
    Verdict verdict;
    const CheckResult *first; // of its checks, one after the other
    size_t count;
};
std::vector<Step> steps_of(const Result &result);

struct Score {
    size_t passed, skipped, most; // in steps; skipped: could not be checked
};
Score score_of(const Result &result);

// Whether something could not be checked through a fault of the kit.
bool kit_stumbled(const Result &result);

const char *const NOT_HANDED_IN = "not handed in";

// One student and a result for each of the lessons that are graded.
struct Report {
    const Submission &submission;
    std::vector<std::string> lessons;
    std::vector<Result> results;
};
Score total_of(const Report &report);
bool handed_in(const Report &report, size_t lesson);

// What there is to say beside the scores, a line each.
std::vector<std::string> notes_of(const Report &report);

// Writes text to path, whole or not at all. Throws std::runtime_error.
void write_whole(const std::string &path, const std::string &text);

// A result as it is kept for the next run; load() gives back what record() was given,
// or a result without a key.
std::string record(const Result &result);
Result load(const std::string &path);

std::string gradescope(const Report &report); // results.json
std::string junit(const Report &report);      // junit.xml
