// text.hpp: text of unknown origin made fit for a terminal, JSON, XML and CSV.
#pragma once

#include <string>

// text as valid UTF-8 without control characters but '\n' and '\t': what is not is
// written as \x1b.
std::string clean(const std::string &text);

// The same, and newlines and tabs are written as \n and \t.
std::string one_line(const std::string &text);

// How many columns clean text takes: one for each character.
size_t columns(const std::string &text);

// clean text as a string in JSON, in quotes.
std::string json(const std::string &text);

// clean text for an element of XML; in one line, for an attribute too.
std::string xml(const std::string &text);

// clean text as a field of CSV.
std::string csv(const std::string &text);
