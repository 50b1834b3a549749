#include "report.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <unistd.h>

namespace
{

namespace fs = std::filesystem;

const bool UNICODE = unicode_terminal();
const char *const DOT = UNICODE ? "·" : "-";

std::string colour(const char *code, const std::string &text)
{
    static const char *terminal = getenv("TERM");
    static const bool on =
        isatty(STDOUT_FILENO) && !getenv("NO_COLOR") && terminal && strcmp(terminal, "dumb") != 0;
    return on ? std::string("\033[") + code + 'm' + text + "\033[0m" : text;
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
        bool whole =
            at != std::string::npos && (at == 0 || !isalnum(static_cast<unsigned char>(text[at - 1])));
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

// FILE:LINE of each line with this mark.
std::vector<std::string> places_of(const std::string &mark, const std::string &folder)
{
    std::vector<std::string> places;
    for (const char *name : {"/server.cpp", "/client.cpp"}) {
        std::ifstream file(folder + name);
        std::string line;
        for (int n = 1; std::getline(file, line); n++)
            if (line.find(mark) != std::string::npos)
                places.push_back(folder + name + ':' + std::to_string(n));
    }
    return places;
}

std::vector<std::string> places_of_step(const std::string &folder, int step)
{
    return places_of("STEP " + std::to_string(step) + ":", folder);
}

// Where a line still stands in for the work of a step that has been done; "" if nowhere.
std::string left_standing(const std::string &folder, int failed_step)
{
    for (int step = 1; step <= failed_step; step++) {
        std::vector<std::string> places = places_of("(until step " + std::to_string(step) + ")", folder);
        if (!places.empty() && places_of_step(folder, step).empty())
            return places.front();
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
        who = steps.front() == steps.back() ? steps.front() + " waits"
                                            : steps.front() + " to " + steps.back() + " wait";
    printf("  %s %s for %s\n", UNICODE ? "– " : "    ", who.c_str(), failed.c_str());
}

// places: of the STEP in the student's own source, or none where the check is of a lesson before;
// standing: see left_standing().
void print_failure(const std::vector<std::string> &places, const std::string &standing, const Check &check,
                   const Outcome &outcome, bool first)
{
    printf("%s%s", text_of(outcome.explanation).c_str(),
           outcome.verdict == BROKEN ? "  the kit itself has stumbled\n" : "");
    std::string see = lesson_folder(check.lesson) + "/README.md, step " + std::to_string(check.step);
    std::string page = man_page(entry(outcome.explanation, "try"));
    printf("%s\n", labelled("see", see + (page.empty() ? "" : std::string(" ") + DOT + ' ' + page)).c_str());
    if (!standing.empty())
        printf("  Take out the line that stood in for your work: %s\n", standing.c_str());
    std::string words = first ? "This is where you start" : "Go on at";
    for (const std::string &place : places) {
        printf("  %s: %s\n", words.c_str(), place.c_str());
        words = std::string(words.size() - 6, ' ') + "and at";
    }
}

// How far it has come, and what to do next.
void print_sum(const std::string &folder, int lesson, bool one_step, const Tally &tally)
{
    const std::string kind = folder.compare(0, 10, "solutions/") == 0 ? "solution" : "lesson";
    const std::string make = "make " + kind + std::to_string(lesson), dot = std::string(" ") + DOT + ' ';
    const std::string next = lesson_folder(lesson + 1) + "/README.md";
    std::string sum =
        std::to_string(tally.done.size()) + " of " + std::to_string(tally.steps.size()) + " steps";
    if (tally.skipped)
        sum += ", checks skipped: " + std::to_string(tally.skipped);
    if (tally.failed && one_step) {
        sum = "again: " + make + " STEP=" + std::to_string(tally.failed->step) + dot +
              "all steps, as one builds on another: " + make;
    } else if (tally.failed) {
        bool own = tally.failed->lesson == lesson;
        sum += (own ? ""
                    : ", but not all of lesson " + std::to_string(tally.failed->lesson) + " holds") +
               dot + "again: " + make;
        if (own)
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

} // namespace

std::string number(const Check &check)
{
    return std::to_string(check.lesson) + '.' + std::to_string(check.step);
}

int report(const std::string &folder, int lesson, bool one_step,
           const std::vector<const Check *> &checks, const Outcomes &outcomes)
{
    Tally tally = print_lines(lesson, checks, outcomes);
    if (tally.failed) {
        bool own = tally.failed->lesson == lesson;
        print_failure(own ? places_of_step(folder, tally.failed->step) : std::vector<std::string>(),
                      left_standing(folder, own ? tally.failed->step : 99), *tally.failed,
                      outcomes.at(tally.failed), !one_step && tally.done.empty() && tally.passed == 0);
        print_waiting(tally);
    }
    if (tally.before)
        puts(colour("32", "  " + tick(PASSED) + "      " + std::to_string(tally.before) +
                              " checks of the lessons before hold, too").c_str());
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
        bool starts =
            line.find("error: ") != std::string::npos || line.find("warning: ") != std::string::npos;
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
