// submission.hpp: reads what students have handed in, and trusts none of it.
#pragma once

#include <string>
#include <vector>

// One file: its text, or in a few words why there is none.
struct HandedIn {
    std::string text, problem;
};

// A student's programs of one lesson.
struct Work {
    std::string lesson; // 02-fork
    HandedIn server, client;
};

struct Submission {
    std::string student; // the name of the folder, any bytes but '/' and NUL
    std::vector<Work> works;
    std::vector<std::string> notes; // what was left out, a line each
};

// One for each folder in folder, sorted by name. Symbolic links are never followed.
// notes: what in folder is no submission. Throws std::runtime_error if folder cannot be read.
std::vector<Submission> read_submissions(const std::string &folder, const std::vector<std::string> &lessons,
                                         std::vector<std::string> &notes);
