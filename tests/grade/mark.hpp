// mark.hpp: builds and checks what one student has handed in for one lesson.
#pragma once

#include <string>
#include <vector>

#include "result.hpp"
#include "submission.hpp"

// The folders of the lessons that have checks: 01-blocking, 02-fork …
std::vector<std::string> all_lessons();

// Whatever else the outcome depends on: the checks, the header, the compiler.
std::string fingerprint_of_kit(bool isolated);
std::string fingerprint(const std::string &kit, const Work &work);

// Builds and checks work in stage, a folder that is not there yet.
Result mark(const Work &work, const std::string &stage, bool isolated);

// All checks of lesson with the same verdict.
Result unchecked(const std::string &lesson, Verdict verdict, const std::string &why,
                 const std::vector<std::string> &complaints = {});
