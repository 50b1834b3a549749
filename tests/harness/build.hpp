// build.hpp: builds the two programs of a folder, where something has changed.
#pragma once

#include <string>

#include "compile.hpp"

// What is checked: the programs in one folder.
struct Subject {
    std::string folder;  // lessons/03-select
    std::string output;  // the folder that the binaries go to
    std::string command; // of the compiler, "g++ -Og -g"
};

// Builds what was not made from its source as it is, server and client side by side.
Built build(const Subject &subject, bool isolated);
