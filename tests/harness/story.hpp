// story.hpp: what happened in a check, in order, and the picture drawn of it.
#pragma once

#include <string>
#include <vector>

const size_t WIDTH = 80; // columns of a line on a terminal

// Thrown by a step of a check that does not hold; what() is one sentence.
struct Unmet {
    std::string what;
};

struct Event {
    std::string from, to, text; // to "": it happens in one place
};

class Story {
public:
    // Text that goes from one actor to another; to "" for what happens in one place.
    void tell(const std::string &from, const std::string &to, const std::string &text);
    // The last steps as a sequence diagram of at most three actors, 80 columns wide.
    std::string picture() const;

private:
    std::vector<Event> events;
};

// Whether the locale is one in which more than ASCII can be printed.
bool unicode_terminal();

// Text in quotes, control characters as \n or \x00, cut to width.
std::string in_quotes(const std::string &text, size_t width = 24);

// The same, from shortly before byte at on.
std::string quoted_near(const std::string &text, size_t at, size_t width = 24);

// The first byte in which they differ, or the size of the shorter.
size_t first_difference(const std::string &a, const std::string &b);

// Text in lines of at most width columns, broken at '\n' and between words, not inside quotes; a word
// that is longer is broken too.
std::vector<std::string> wrapped(const std::string &text, size_t width);

// Text as it is safe for a terminal: no control characters but '\n' and '\t'.
std::string printable(std::string text);
