#include "text.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace
{

bool continues(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

// The length of the character that begins at text[at], if it is well-formed UTF-8 that
// every reader of JSON and XML takes, and no control character; else 0.
size_t fit_character(const std::string &text, size_t at)
{
    unsigned char first = static_cast<unsigned char>(text[at]);
    if (first < 0x80)
        return first >= 0x20 && first != 0x7f;
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || at + length > text.size())
        return 0;
    unsigned long code = first & (0xffU >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        unsigned char next = static_cast<unsigned char>(text[at + i]);
        if (!continues(next))
            return 0;
        code = code << 6 | (next & 0x3fU);
    }
    const unsigned long least[] = {0, 0, 0xa0, 0x800, 0x10000}; // 0x80 to 0x9f: control characters
    bool surrogate = code >= 0xd800 && code <= 0xdfff, no_character = (code & 0xfffe) == 0xfffe;
    return code < least[length] || code > 0x10ffff || surrogate || no_character ? 0 : length;
}

std::string replace(const std::string &text, const std::string &what, const char *const with[])
{
    std::string out;
    for (char c : text) {
        size_t at = what.find(c);
        if (at == std::string::npos)
            out += c;
        else
            out += with[at];
    }
    return out;
}

} // namespace

std::string clean(const std::string &text)
{
    std::string out;
    for (size_t at = 0, length; at < text.size(); at += std::max<size_t>(length, 1)) {
        length = fit_character(text, at);
        char code[5];
        snprintf(code, sizeof code, "\\x%02x", static_cast<unsigned char>(text[at]));
        if (length != 0)
            out.append(text, at, length);
        else if (text[at] == '\n' || text[at] == '\t')
            out += text[at];
        else
            out += code;
    }
    return out;
}

std::string one_line(const std::string &text)
{
    const char *const with[] = {"\\n", "\\t"};
    return replace(clean(text), "\n\t", with);
}

size_t columns(const std::string &text)
{
    return static_cast<size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return !continues(static_cast<unsigned char>(c)); }));
}

std::string json(const std::string &text)
{
    const char *const with[] = {"\\\"", "\\\\", "\\n", "\\t"};
    return '"' + replace(clean(text), "\"\\\n\t", with) + '"';
}

std::string xml(const std::string &text)
{
    const char *const with[] = {"&amp;", "&lt;", "&gt;", "&quot;"};
    return replace(clean(text), "&<>\"", with);
}

std::string csv(const std::string &text)
{
    const char *const with[] = {"\"\""};
    bool formula = !text.empty() && strchr("=+-@", text[0]); // to a spreadsheet
    return (formula ? "\"'" : "\"") + replace(clean(text), "\"", with) + '"';
}
