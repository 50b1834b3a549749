#include "explain.hpp"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <map>
#include <sstream>
#include <sys/wait.h>

namespace
{

const size_t LABELS = 19; // columns of "     your server   "

// The last line that programs wrote to stderr, but for "listening on".
std::string last_line(const std::string &words)
{
    std::string last;
    std::istringstream lines(words);
    for (std::string line; std::getline(lines, line);)
        if (!line.empty() && line.compare(0, 12, "listening on") != 0)
            last = line;
    return last;
}

// "server.cpp:45, heap-buffer-overflow": what a sanitizer has found; or "".
std::string sanitizer_found(const std::string &words)
{
    size_t at = words.find("ERROR: AddressSanitizer: ");
    std::string kind;
    if (at != std::string::npos) {
        at += strlen("ERROR: AddressSanitizer: ");
        at += words.compare(at, strlen("attempting "), "attempting ") == 0 ? strlen("attempting ") : 0;
        kind = words.substr(at, words.find_first_of(" \n", at) - at);
    } else if ((at = words.find("runtime error: ")) != std::string::npos) {
        kind = words.substr(at + strlen("runtime error: "), 100);
        kind.erase(std::min(kind.size(), kind.find('\n')));
        at = words.rfind('\n', at) == std::string::npos ? 0 : words.rfind('\n', at);
    } else {
        return "";
    }
    size_t file = std::min(words.find("server.cpp:", at), words.find("client.cpp:", at));
    if (file == std::string::npos)
        return kind;
    return words.substr(file, words.find_first_not_of("0123456789", file + 11) - file) + ", " + kind;
}

// Of each name the program that was started last.
std::map<std::string, const Program *> latest(const Lab &lab)
{
    std::map<std::string, const Program *> found;
    for (const Program &program : lab.programs)
        if (!program.stopped)
            found[program.name] = &program;
    return found;
}

// The signal that ended it, or 0.
int signal_of(const Program *program)
{
    return program->status != -1 && WIFSIGNALED(program->status) ? WTERMSIG(program->status) : 0;
}

// Whether it was ended for what it did itself, not for what a peer did (SIGPIPE).
bool has_crashed(const Program *program)
{
    int signal = signal_of(program);
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGABRT || signal == SIGFPE || signal == SIGILL;
}

// Whether text has one of these in it.
bool has_any(const std::string &text, std::initializer_list<const char *> words)
{
    return std::any_of(words.begin(), words.end(),
                       [&](const char *word) { return text.find(word) != std::string::npos; });
}

// "why" and "try" for a crash by this signal, if that and what was said of it tell enough. Said: the kind
// that a sanitizer has found, or the last line of stderr.
std::vector<Entry> advice_on_crash(const std::string &said, int signal)
{
    if (has_any(said, {"basic_string", "vector", "bad_alloc", "negative-size"}))
        return {{"why", "a string or vector was asked for more than it can hold, or for a part that is not there; -1, "
                        "which read() returns when it fails, is a huge size"},
                {"try", "look at what read() returned before you use it as a size, and at size() before substr()"}};
    if (signal == SIGSEGV || signal == SIGBUS ||
        has_any(said, {"buffer-overflow", "use-after-", "double-free", "SEGV", "out of bounds", "load of value",
                       "shift exponent", "stack smashing", "double free", "invalid pointer", "corrupt"}))
        return {{"why", "it read or wrote outside an array, used an element that erase() had already moved or "
                        "removed, or a value that was never set"},
                {"try", "read() no more than sizeof your array; no erase() in a loop that goes on as if nothing had "
                        "moved"}};
    return {};
}

bool is_advice(const Entry &each)
{
    return each.label == "why" || each.label == "try";
}

} // namespace

Explanation explain(const Lab &lab, const std::string &what, unsigned seed)
{
    const std::string found = sanitizer_found(lab.last_words());
    bool crashed = !found.empty(), exited = false;
    int signal = 0;
    Explanation all{lab.story.picture(), {{"what happened", what}}, false};
    if (!found.empty())
        all.entries.push_back({"the place", found});
    std::string words;
    for (const auto &[name, program] : latest(lab)) {
        std::string where = lab.where_is(*program);
        words += '\n' + program->err;
        crashed = crashed || has_crashed(program);
        signal = signal ? signal : signal_of(program);
        exited = exited || (program->status != -1 && WIFEXITED(program->status));
        if (what.find(where) == std::string::npos)
            all.entries.push_back({"your " + name, where});
    }
    // A process that served one client may crash too, and nobody but that client hears of it.
    all.may_have_crashed = signal != 0 || (!exited && what.find("connection ended") != std::string::npos);
    const std::string last = last_line(words);
    if (found.empty() && !last.empty())
        all.entries.push_back({"last words", in_quotes(last, 120)});
    std::vector<Entry> advice;
    if (crashed) // which has reasons of its own
        advice = advice_on_crash(found.empty() ? last : found, signal);
    else if (!lab.why.empty())
        advice = {{"why", lab.why}, {"try", lab.remedy}};
    all.entries.insert(all.entries.end(), advice.begin(), advice.end());
    all.entries.push_back(
        {"again", "with SEED=" + std::to_string(seed) + " before make: the same random lines"});
    return all;
}

Explanation with_place(const Explanation &crash, const Explanation &closer)
{
    const std::string place = entry(closer, "the place");
    if (place.find(".cpp:") == std::string::npos) // a kind of crash, and no line: nothing gained
        return crash;
    Explanation all{crash.picture, {}, true};
    for (const Entry &each : crash.entries) {
        if (each.label == "again") // before it, closer's advice: what crash has to say was a guess
            std::copy_if(closer.entries.begin(), closer.entries.end(), std::back_inserter(all.entries), is_advice);
        if (each.label != "last words" && !is_advice(each))
            all.entries.push_back(each);
        if (each.label == "what happened")
            all.entries.push_back({"the place", place});
    }
    return all;
}

std::string entry(const Explanation &explanation, const std::string &label)
{
    for (const Entry &each : explanation.entries)
        if (each.label == label)
            return each.text;
    return "";
}

std::string labelled(const std::string &label, const std::string &text)
{
    std::string out, margin = "     " + label;
    for (const std::string &line : wrapped(text, WIDTH - LABELS)) {
        margin.resize(LABELS, ' ');
        out += margin + line + '\n';
        margin.clear();
    }
    return out;
}

std::string text_of(const Explanation &explanation)
{
    std::string text = explanation.picture.empty() ? "" : '\n' + explanation.picture + '\n';
    for (const Entry &each : explanation.entries)
        text += labelled(each.label, each.text);
    for (size_t at; !unicode_terminal() && (at = text.find("…")) != std::string::npos;)
        text.replace(at, strlen("…"), "~");
    return text;
}

std::string packed(const Explanation &explanation)
{
    std::string bytes = (explanation.may_have_crashed ? 'c' : '-') + printable(explanation.picture);
    for (const Entry &each : explanation.entries)
        bytes += '\0' + each.label + '\0' + printable(each.text);
    return bytes;
}

Explanation unpacked(const std::string &bytes)
{
    std::istringstream fields(bytes);
    Explanation explanation{"", {}, fields.get() == 'c'};
    std::getline(fields, explanation.picture, '\0');
    for (Entry each; std::getline(fields, each.label, '\0') && std::getline(fields, each.text, '\0');)
        explanation.entries.push_back(each);
    return explanation;
}
