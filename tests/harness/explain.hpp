// explain.hpp: what a check that failed has to say: what happened, where the programs are, why, and
// what to try.
#pragma once

#include <string>
#include <vector>

#include "lab.hpp"

struct Entry {
    std::string label, text; // "your server", "is blocked in read() on fd 4, its listener"
};

struct Explanation {
    std::string picture; // ready to be printed; "": none
    std::vector<Entry> entries;
    bool may_have_crashed; // a program, or a process of its that served one client
};

// Of what does not hold, in the state in which it left lab.
Explanation explain(const Lab &lab, const std::string &what, unsigned seed);

// The same with the place of the crash that closer, on a build with sanitizers, tells.
Explanation with_place(const Explanation &crash, const Explanation &closer);

// The text of the entry with this label; "": there is none.
std::string entry(const Explanation &explanation, const std::string &label);

// A label, and beside it text, broken between words to fit the line.
std::string labelled(const std::string &label, const std::string &text);

// Ready to be printed.
std::string text_of(const Explanation &explanation);

// As bytes for a pipe, and back.
std::string packed(const Explanation &explanation);
Explanation unpacked(const std::string &bytes);
