#include "story.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>

namespace
{

const size_t SHOWN = 12;  // events in a picture
const size_t ACTORS = 3;  // columns in a picture
const size_t APART = 25;  // characters from one column to the next
const size_t MARGIN = 8;  // characters before the first column

std::string repeat(const std::string &text, size_t times)
{
    std::string all;
    while (times-- > 0)
        all += text;
    return all;
}

// Columns that text takes.
size_t columns(const std::string &text)
{
    return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80; // not the rest of a UTF-8 character
    }));
}

// How many bytes the first characters of text take.
size_t end_of_columns(const std::string &text, size_t characters)
{
    size_t end = 0;
    while (end < text.size() && columns(text.substr(0, end + 1)) <= characters)
        end++;
    return end;
}

// The words of text. What stands in quotes is one, blanks and all, if it fits into width.
std::vector<std::string> words_of(const std::string &text, size_t width)
{
    std::vector<std::string> words{""};
    for (size_t i = 0; i < text.size(); i++) {
        size_t end = text[i] == '"' ? text.find('"', i + 1) : std::string::npos;
        std::string quote = end == std::string::npos ? "" : text.substr(i, end + 1 - i);
        if (!quote.empty() && columns(quote) <= width) {
            words.back() += quote;
            i = end;
        } else if (text[i] == ' ') {
            words.push_back("");
        } else {
            words.back() += text[i];
        }
    }
    return words;
}

// Those who take part in events, in the order of their columns; the latest matter most.
std::vector<std::string> actors_of(const std::vector<Event> &events)
{
    std::vector<std::string> actors;
    for (size_t i = events.size(); i-- > 0;)
        for (const std::string &name : {events[i].from, events[i].to})
            if (!name.empty() && std::find(actors.begin(), actors.end(), name) == actors.end() &&
                actors.size() < ACTORS)
                actors.push_back(name);
    std::sort(actors.begin(), actors.end());
    auto server = std::find(actors.begin(), actors.end(), "server");
    if (server != actors.end() && actors.size() > 1) { // between its clients
        actors.erase(server);
        actors.insert(actors.begin() + 1, "server");
    }
    return actors;
}

std::string heading(const std::vector<std::string> &actors)
{
    std::string line(MARGIN, ' ');
    for (const std::string &name : actors)
        line += name + std::string(APART > name.size() ? APART - name.size() : 1, ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    return line + '\n';
}

std::string bar()
{
    return unicode_terminal() ? "│" : "|";
}

// What stands before column: the lines of those who come first.
std::string before(size_t column)
{
    return std::string(MARGIN, ' ') + repeat(bar() + std::string(APART - 1, ' '), column);
}

// Something that happens to one, beside its line.
std::string remark(const std::string &text, size_t column)
{
    std::string out;
    for (const std::string &line : wrapped(text, WIDTH - MARGIN - column * APART - 2))
        out += before(column) + bar() + ' ' + line + '\n';
    return out;
}

// Something that goes from one column to another, of so many.
std::string arrow(const std::string &text, size_t from, size_t to, size_t columns_in_all)
{
    const std::string line = unicode_terminal() ? "─" : "-", right = unicode_terminal() ? "▶" : ">",
                      left = unicode_terminal() ? "◀" : "<";
    size_t low = std::min(from, to), high = std::max(from, to);
    size_t shaft = (high - low) * APART - 1, wide = columns(text);
    std::string rest = repeat(line, shaft > wide + 5 ? shaft - wide - 5 : 0);
    return before(low) + bar() +
           (from < to ? line + line + ' ' + text + ' ' + rest + right
                      : left + rest + ' ' + text + ' ' + line + line) +
           bar() + repeat(std::string(APART - 1, ' ') + bar(), columns_in_all - high - 1) + '\n';
}

} // namespace

std::string in_quotes(const std::string &text, size_t width)
{
    std::string shown = "\"";
    for (unsigned char c : text) {
        char code[8];
        snprintf(code, sizeof code, "\\x%02x", c);
        std::string sign = c == '\n' ? "\\n" : c < ' ' || c > '~' ? code : std::string(1, static_cast<char>(c));
        if (shown.size() + sign.size() > width) {
            shown += "…";
            break;
        }
        shown += sign;
    }
    return shown + '"';
}

std::string quoted_near(const std::string &text, size_t at, size_t width)
{
    size_t from = at > 12 ? std::min(at - 6, text.size()) : 0;
    return (from > 0 ? "…" : "") + in_quotes(text.substr(from), width);
}

size_t first_difference(const std::string &a, const std::string &b)
{
    size_t at = 0, most = std::min(a.size(), b.size());
    if (memcmp(a.data(), b.data(), most) == 0) // most often, and much faster
        return most;
    while (at < most && a[at] == b[at])
        at++;
    return at;
}

std::vector<std::string> wrapped(const std::string &text, size_t width)
{
    std::vector<std::string> lines;
    std::istringstream paragraphs(text);
    for (std::string paragraph; std::getline(paragraphs, paragraph);) {
        bool begins = true;
        for (std::string word : words_of(paragraph, width)) {
            for (; columns(word) > width; word.erase(0, end_of_columns(word, width)))
                lines.push_back(word.substr(0, end_of_columns(word, width)));
            if (begins || columns(lines.back()) + 1 + columns(word) > width)
                lines.push_back(word);
            else
                lines.back() += ' ' + word;
            begins = false;
        }
    }
    return lines;
}

std::string printable(std::string text)
{
    for (size_t i = 0; i < text.size(); i++) {
        auto c = static_cast<unsigned char>(text[i]),
             before = static_cast<unsigned char>(i ? text[i - 1] : 0);
        bool wide = before == 0xC2 && c >= 0x80 && c < 0xA0; // U+0080 to U+009F, in UTF-8
        if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7F || wide)
            text[i] = '?';
    }
    return text;
}

bool unicode_terminal()
{
    for (const char *name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        const char *value = getenv(name);
        if (value && *value)
            return strstr(value, "UTF-8") || strstr(value, "utf8");
    }
    return false;
}

void Story::tell(const std::string &from, const std::string &to, const std::string &text)
{
    events.push_back({from, to, text});
}

std::string Story::picture() const
{
    const size_t first = events.size() > SHOWN ? events.size() - SHOWN : 0;
    const std::vector<Event> shown(events.begin() + static_cast<long>(first), events.end());
    const std::vector<std::string> actors = actors_of(shown);
    auto column = [&](const std::string &name) {
        return static_cast<size_t>(std::find(actors.begin(), actors.end(), name) - actors.begin());
    };
    std::string out = heading(actors);
    if (first > 0) // there was more
        out += std::string(MARGIN, ' ') + "…\n";
    for (const Event &event : shown) {
        size_t from = column(event.from), to = event.to.empty() ? from : column(event.to);
        if (from == actors.size() || to == actors.size())
            continue; // of somebody who is not in the picture
        out += from == to ? remark(event.text, from) : arrow(event.text, from, to, actors.size());
    }
    return out;
}
