#include "report.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

namespace
{

namespace fs = std::filesystem;

const size_t WIDTH = 80;  // columns
const size_t LABELS = 19; // columns of "     your server   "
const char *const BY_SIGNAL = "was ended by signal", *const WITH_STATUS = "has ended with status"; // see Lab::where_is()

bool unicode_terminal()
{
    for (const char *name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        const char *value = getenv(name);
        if (value && *value)
            return strstr(value, "UTF-8") || strstr(value, "utf8");
    }
    return false;
}

const bool UNICODE = unicode_terminal();
const char *const DOT = UNICODE ? "·" : "-";

std::string colour(const char *code, const std::string &text)
{
    static const bool on = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
    return on ? std::string("\033[") + code + 'm' + text + "\033[0m" : text;
}

// A label, and beside it text, broken between words to fit the line.
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

// The call that a text speaks of first, as "man 2 read".
std::string man_page(const std::string &text)
{
    size_t first = std::string::npos;
    std::string page;
    for (const char *call : {"socket", "setsockopt", "bind", "listen", "accept", "read", "write", "close", "fork",
                             "waitpid", "sigaction", "select", "poll", "connect", "shutdown", "recv", "fcntl",
                             "getsockname", "kill", "signal"}) {
        size_t at = text.find(std::string(call) + '(');
        bool whole = at != std::string::npos && (at == 0 || !isalnum(static_cast<unsigned char>(text[at - 1])));
        if (whole && at < first) {
            first = at;
            page = std::string("man 2 ") + call;
        }
    }
    return page;
}

std::string lesson_folder(int lesson)
{
    std::error_code none;
    std::string start = (lesson < 10 ? "0" : "") + std::to_string(lesson) + '-';
    for (const auto &entry : fs::directory_iterator("lessons", none))
        if (entry.path().filename().string().compare(0, start.size(), start) == 0)
            return entry.path();
    return "lessons";
}

// FILE:LINE of the first line with this mark; "" if there is none.
std::string place_of(const std::string &mark, const std::string &folder)
{
    for (const char *name : {"/server.cpp", "/client.cpp"}) {
        std::ifstream file(folder + name);
        std::string line;
        for (int n = 1; std::getline(file, line); n++)
            if (line.find(mark) != std::string::npos)
                return folder + name + ':' + std::to_string(n);
    }
    return "";
}

std::string place_of_step(const std::string &folder, int step)
{
    return place_of("STEP " + std::to_string(step) + ":", folder);
}

// Where a line still stands in for the work of a step that has been done; "" if nowhere.
std::string left_standing(const std::string &folder, int failed_step)
{
    for (int step = 1; step <= failed_step; step++) {
        std::string place = place_of("(until step " + std::to_string(step) + ")", folder);
        if (!place.empty() && place_of_step(folder, step).empty())
            return place;
    }
    return "";
}

std::string tick(Verdict verdict)
{
    if (verdict == PASSED)
        return UNICODE ? "✓" : "ok  ";
    if (verdict == SKIPPED)
        return UNICODE ? "–" : "skip";
    return UNICODE ? "✗" : "NOT ";
}

void print_line(const Check &check, Verdict verdict)
{
    const char *code = verdict == PASSED ? "32" : verdict == SKIPPED ? "33" : "31";
    std::string note = verdict == SKIPPED ? " (skipped)" : "";
    puts(colour(code, "  " + tick(verdict) + ' ' + number(check) + "  " + check.name + note).c_str());
}

struct Tally {
    size_t passed = 0, skipped = 0, before = 0; // before: of the lessons before, and passed
    const Check *failed = nullptr;
    std::set<int> steps, done; // of this lesson
    std::set<int> doubtful;    // of its steps: not all could be checked here
    std::vector<const Check *> waiting;
};

// Counts, and prints the lines of what comes before the first failure.
Tally print_lines(int lesson, const std::vector<const Check *> &checks, const Outcomes &outcomes)
{
    Tally tally;
    for (const Check *check : checks) {
        if (check->lesson == lesson)
            tally.steps.insert(check->step);
        if (tally.failed) {
            tally.waiting.push_back(check);
            continue;
        }
        Verdict verdict = outcomes.at(check).verdict;
        tally.passed += verdict == PASSED;
        tally.skipped += verdict == SKIPPED;
        if (verdict == SKIPPED && check->lesson == lesson)
            tally.doubtful.insert(check->step);
        tally.before += verdict == PASSED && check->lesson != lesson;
        if (verdict == FAILED || verdict == BROKEN)
            tally.failed = check;
        if (check->lesson == lesson || verdict != PASSED)
            print_line(*check, verdict);
    }
    for (int step : tally.steps) {
        bool reached = !tally.failed || tally.failed->lesson != lesson || step < tally.failed->step;
        if (reached && tally.doubtful.count(step) == 0)
            tally.done.insert(step);
    }
    return tally;
}

// Which of the lesson's own steps wait for the one that failed, and the rest in a word.
void print_waiting(const Tally &tally)
{
    const std::string failed = number(*tally.failed);
    std::vector<std::string> steps;
    for (const Check *check : tally.waiting)
        if (check->lesson == tally.failed->lesson && check->step > tally.failed->step)
            steps.push_back(number(*check));
    if (tally.waiting.empty())
        return;
    std::string who = "all that is left waits";
    if (!steps.empty())
        who = steps.front() == steps.back() ? steps.front() + " waits" : steps.front() + " to " + steps.back() + " wait";
    printf("  %s %s for %s\n", UNICODE ? "– " : "    ", who.c_str(), failed.c_str());
}

// place: the STEP in the student's own source, or "" where the check is of a lesson before;
// standing: see left_standing().
void print_failure(const std::string &place, const std::string &standing, const Check &check, const Outcome &outcome,
                   bool first)
{
    printf("%s%s", outcome.report.c_str(), outcome.verdict == BROKEN ? "  the kit itself has stumbled\n" : "");
    std::string see = lesson_folder(check.lesson) + "/README.md, step " + std::to_string(check.step);
    std::string page = man_page(outcome.report.substr(std::min(outcome.report.size(), outcome.report.find("     try "))));
    printf("%s\n", labelled("see", see + (page.empty() ? "" : std::string(" ") + DOT + ' ' + page)).c_str());
    if (!standing.empty())
        printf("  Take out the line that stood in for your work: %s\n", standing.c_str());
    if (!place.empty())
        printf("  %s: %s\n", first ? "This is where you start" : "Go on at", place.c_str());
}

// How far it has come, and what to do next.
void print_sum(const std::string &folder, int lesson, bool one_step, const Tally &tally)
{
    const std::string kind = folder.compare(0, 10, "solutions/") == 0 ? "solution" : "lesson";
    const std::string make = "make " + kind + std::to_string(lesson), dot = std::string(" ") + DOT + ' ';
    const std::string next = lesson_folder(lesson + 1) + "/README.md";
    std::string sum = std::to_string(tally.done.size()) + " of " + std::to_string(tally.steps.size()) + " steps";
    if (tally.skipped)
        sum += ", checks skipped: " + std::to_string(tally.skipped);
    if (tally.failed) {
        sum += dot + "again: " + make;
        if (tally.failed->lesson == lesson)
            sum += dot + "only this one: " + make + " STEP=" + std::to_string(tally.failed->step);
    } else if (one_step)
        sum = "this step holds" + dot + "all of them: " + make;
    else
        sum += (fs::exists("solutions") ? dot + "compare with solutions/" : "") + dot + // a handout has none
               (fs::exists(next) ? "what comes next: " + next : "that was the last lesson");
    putchar('\n');
    for (const std::string &line : wrapped(sum, WIDTH - 2))
        printf("  %s\n", line.c_str());
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

// Whether it was ended for what it did itself, not for what a peer did (SIGPIPE).
bool has_crashed(const Program *program)
{
    int signal = program->status != -1 && WIFSIGNALED(program->status) ? WTERMSIG(program->status) : 0;
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGABRT || signal == SIGFPE || signal == SIGILL;
}

// Where the entry with this label begins in a report, and where the next does; its end: there is none.
std::pair<size_t, size_t> entry(const std::string &report, const std::string &label)
{
    size_t begin = report.find("\n     " + label), end = begin;
    if (begin == std::string::npos)
        return {report.size(), report.size()};
    begin++;
    do
        end = report.find("\n     ", end + 1);
    while (end != std::string::npos && report[end + 6] == ' ');
    return {begin, end == std::string::npos ? report.size() : end + 1};
}

} // namespace

bool may_have_crashed(const std::string &report)
{
    bool exited = report.find(WITH_STATUS) != std::string::npos;
    return report.find(BY_SIGNAL) != std::string::npos ||
           (!exited && report.find("connection ended") != std::string::npos);
}

std::string with_place(std::string report, const std::string &closer)
{
    auto [begin, end] = entry(closer, "the place");
    if (begin == end)
        return report;
    report.insert(entry(report, "what happened").second, closer.substr(begin, end - begin));
    for (const char *guess : {"last words", "why", "try"}) {
        auto [from, to] = entry(report, guess);
        report.erase(from, to - from);
    }
    return report;
}

std::string number(const Check &check)
{
    return std::to_string(check.lesson) + '.' + std::to_string(check.step);
}

std::string explain(const Lab &lab, const std::string &what, unsigned seed)
{
    std::string text = '\n' + lab.story.picture(UNICODE) + '\n' + labelled("what happened", what);
    std::string found = sanitizer_found(lab.last_words()), words;
    if (!found.empty())
        text += labelled("the place", found);
    bool crashed = !found.empty(); // which has reasons of its own
    for (const auto &[name, program] : latest(lab)) {
        std::string where = lab.where_is(*program);
        crashed = crashed || has_crashed(program);
        words += '\n' + program->err;
        if (what.find(where) == std::string::npos)
            text += labelled("your " + name, where);
    }
    words = last_line(words);
    if (found.empty() && !words.empty())
        text += labelled("last words", in_quotes(words, 120));
    if (!crashed && !lab.why.empty())
        text += labelled("why", lab.why) + labelled("try", lab.remedy);
    text += labelled("again", "with SEED=" + std::to_string(seed) + " before make: the same random lines");
    for (size_t at; !UNICODE && (at = text.find("…")) != std::string::npos;)
        text.replace(at, strlen("…"), "~");
    return text;
}

int report(const std::string &folder, int lesson, bool one_step,
           const std::vector<const Check *> &checks, const Outcomes &outcomes)
{
    Tally tally = print_lines(lesson, checks, outcomes);
    if (tally.failed) {
        bool own = tally.failed->lesson == lesson;
        print_failure(own ? place_of_step(folder, tally.failed->step) : "",
                      left_standing(folder, own ? tally.failed->step : 99), *tally.failed,
                      outcomes.at(tally.failed), !one_step && tally.done.empty() && tally.passed == 0);
        print_waiting(tally);
    }
    if (tally.before)
        puts(colour("32", "  " + tick(PASSED) + "      " + std::to_string(tally.before) +
                              " checks of the lessons before still hold").c_str());
    print_sum(folder, lesson, one_step, tally);
    if (!tally.failed)
        return 0;
    return outcomes.at(tally.failed).verdict == BROKEN ? 4 : 1;
}

void report_times(const std::vector<const Check *> &checks, const Outcomes &outcomes)
{
    puts("\n  seconds   of its deadline");
    std::vector<const Check *> slowest = checks;
    std::stable_sort(slowest.begin(), slowest.end(), [&](const Check *a, const Check *b) {
        return outcomes.at(a).seconds > outcomes.at(b).seconds;
    });
    for (const Check *check : slowest)
        printf("  %7.3f   %5.1f %%   %s  %s\n", outcomes.at(check).seconds, 100 * outcomes.at(check).tension,
               number(*check).c_str(), check->name);
}

std::string first_complaint(const std::string &said)
{
    const size_t most = 12; // lines
    std::string kind = "warning: ", shown;
    // What the linker misses comes before its error, which does not say it.
    for (const char *worse : {"error: ", "undefined reference", "multiple definition"})
        if (said.find(worse) != std::string::npos)
            kind = worse;
    std::istringstream lines(said);
    size_t count = 0;
    for (std::string line; std::getline(lines, line);) {
        bool starts = line.find("error: ") != std::string::npos || line.find("warning: ") != std::string::npos;
        if (count == 0 ? line.find(kind) == std::string::npos : starts || count == most) {
            if (count != 0)
                break;
            continue;
        }
        shown += line + '\n';
        count++;
    }
    return shown.empty() ? said.substr(0, 2000) : shown;
}
