#include "story.hpp"

#include <algorithm>
#include <cstdio>

namespace {

const size_t SHOWN = 12;  // events in a picture
const size_t ACTORS = 3;  // columns in a picture
const size_t APART = 26;  // characters from one column to the next
const size_t MARGIN = 12; // characters before the first column

std::string repeat(const std::string &text, size_t times)
{
    std::string all;
    while (times-- > 0)
        all += text;
    return all;
}

} // namespace

std::string quoted(const std::string &text, size_t width)
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

void Story::tell(const std::string &from, const std::string &to, const std::string &text)
{
    events.push_back({from, to, text});
}

std::string Story::picture(bool unicode) const
{
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
    for (size_t i = first; i < events.size(); i++) {
        const Event &event = events[i];
        size_t from = column(event.from), to = event.to.empty() ? from : column(event.to);
        if (from == actors.size() || to == actors.size())
            continue; // of somebody who is not in the picture
        std::string row = std::string(MARGIN, ' ');
        size_t low = std::min(from, to);
        for (size_t k = 0; k < low; k++)
            row += bar + std::string(APART - 1, ' ');
        std::string text = event.text;
        if (from == to) {
            row += bar + ' ' + text;
        } else {
            size_t shaft = (std::max(from, to) - low) * APART - 1;
            size_t wide = text.size();
            for (size_t at = text.find("…"); at != std::string::npos; at = text.find("…", at + 1))
                wide -= 2; // three bytes, one column
            size_t fill = shaft > wide + 5 ? shaft - wide - 5 : 0;
            row += from < to ? bar + line + line + ' ' + text + ' ' + repeat(line, fill) + right + bar
                             : bar + left + repeat(line, fill) + ' ' + text + ' ' + line + line + bar;
            for (size_t k = std::max(from, to) + 1; k < actors.size(); k++)
                row += std::string(APART - 1, ' ') + bar;
        }
        out += row + '\n';
    }
    if (!unicode)
        for (size_t at; (at = out.find("…")) != std::string::npos;)
            out.replace(at, 3, "~");
    return out;
}
