// check.hpp: how a check is written down, and where all of them are found.
#pragma once

#include <vector>

#include "lab.hpp"

// One check: a story about a program. Defining one in a file of checks registers it.
struct Check {
    int lesson;
    int step;
    const char *name; // a sentence about what the program does
    void (*story)(Lab &);
    int last;      // the last lesson in which it still holds
    bool isolated; // needs a private network
    bool waits;    // for a second of the program's own; is started before the others

    Check(int in_lesson, int in_step, const char *sentence, void (*tell)(Lab &), int until = 99,
          bool private_network = false, bool a_second = false)
        : lesson(in_lesson), step(in_step), name(sentence), story(tell), last(until),
          isolated(private_network), waits(a_second)
    {
        all().push_back(this);
    }
    static std::vector<const Check *> &all()
    {
        static std::vector<const Check *> checks;
        return checks;
    }
};
