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
const size_t WIDTH = 80;  // characters in a line

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

} // namespace

std::string in_quotes(const std::string &text, size_t width)
{
    std::string shown = "\"";
    for (unsigned char c : text) {
        if (shown.size() >= width) {
            shown += "…";
            break;
        }
        char code[8];
        snprintf(code, sizeof code, "\\x%02x", c);
        shown += c == '\n' ? "\\n" : c < ' ' || c > '~' ? code : std::string(1, static_cast<char>(c));
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
    size_t at = 0;
    while (at < a.size() && at < b.size() && a[at] == b[at])
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
        auto c = static_cast<unsigned char>(text[i]), before = static_cast<unsigned char>(i ? text[i - 1] : 0);
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
    const bool unicode = unicode_terminal();
    const std::string bar = unicode ? "│" : "|", line = unicode ? "─" : "-";
    const std::string right = unicode ? "▶" : ">", left = unicode ? "◀" : "<";
    size_t first = events.size() > SHOWN ? events.size() - SHOWN : 0;

    // Those who take part in what is shown; the latest matter most.
    std::vector<std::string> actors;
    for (size_t i = events.size(); i-- > first;)
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
    auto column = [&](const std::string &name) {
        return static_cast<size_t>(std::find(actors.begin(), actors.end(), name) - actors.begin());
    };

    std::string out(MARGIN, ' ');
    for (size_t i = 0; i < actors.size(); i++) {
        std::string name = actors[i];
        out += name + std::string(APART > name.size() ? APART - name.size() : 1, ' ');
    }
    out.erase(out.find_last_not_of(' ') + 1);
    out += '\n';
    if (first > 0) // there was more
        out += std::string(MARGIN, ' ') + "…\n";
    for (size_t i = first; i < events.size(); i++) {
        const Event &event = events[i];
        size_t from = column(event.from), to = event.to.empty() ? from : column(event.to);
        if (from == actors.size() || to == actors.size())
            continue; // of somebody who is not in the picture
        std::string before(MARGIN, ' '), after;
        size_t low = std::min(from, to), high = std::max(from, to);
        for (size_t k = 0; k < low; k++)
            before += bar + std::string(APART - 1, ' ');
        for (size_t k = high + 1; k < actors.size(); k++)
            after += std::string(APART - 1, ' ') + bar;
        if (from == to) {
            for (const std::string &text : wrapped(event.text, WIDTH - MARGIN - from * APART - 2))
                out += before + bar + ' ' + text + '\n';
            continue;
        }
        size_t shaft = (high - low) * APART - 1, wide = columns(event.text);
        std::string rest = repeat(line, shaft > wide + 5 ? shaft - wide - 5 : 0);
        out += before + (from < to ? bar + line + line + ' ' + event.text + ' ' + rest + right + bar
                                   : bar + left + rest + ' ' + event.text + ' ' + line + line + bar) + after + '\n';
    }
    return out;
}
