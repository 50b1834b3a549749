// compile.hpp: builds one program of a lesson, in a box of its own. Started at the top of the kit.
#pragma once

#include <string>
#include <sys/types.h>

struct Source {
    std::string folder;  // lessons/01-blocking
    std::string program; // server or client
};

struct Built {
    bool done;
    std::string said; // by the compiler: warnings, or why it is not done
};

// The command line of the compiler, which is $CXX, or g++.
std::string compiler(const std::string &options);

// All bytes of a file; "" if it cannot be read.
std::string contents(const std::string &path);

// Builds source with the compiler's command line (as in "g++ -g") into the file output,
// whole or not at all.
Built compile(const Source &source, const std::string &command, const std::string &output, bool isolated);

// Has the compiler read the headers that source begins with, for compilations to come by the same
// command: that takes longer than the rest of them. Returns the process that does so, to be waited for;
// 0: there is nothing to be done.
pid_t read_ahead(const Source &source, const std::string &command, bool isolated);
