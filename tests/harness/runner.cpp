// runner.cpp: the command behind `make lessonN`: builds one folder's programs and checks them.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <thread>

#include "box.hpp"
#include "report.hpp"
#include "session.hpp"

namespace {

namespace fs = std::filesystem;

enum Exit { HOLDS = 0, FAILS = 1, DOES_NOT_COMPILE = 2, CANNOT = 3, KIT_BROKEN = 4 };

const char *const SANITIZERS = " -fsanitize=address,undefined -fno-sanitize-recover=all -g";

struct Options {
    Subject subject;
    int lesson = 0;
    int step = 0;       // only this one; 0: all
    size_t at_once = 4 * std::max(1U, std::thread::hardware_concurrency());
    bool own = false;   // only the lesson's own steps
    bool brief = false; // one line: which check failed first
    bool built = false; // the binaries are in the output folder already
    bool all = false;   // do not stop at the first failure
    bool times = false;
    bool sanitized = false; // the binaries have been built so
};

std::string compiler()
{
    const char *chosen = getenv("CXX");
    return std::string(chosen && *chosen ? chosen : "g++") + " -Og -g -Wall -Wextra";
}

Options parse(int argc, char *argv[])
{
    Options options;
    options.subject = {fs::current_path(), "", "", compiler()};
    for (int i = 1; i < argc; i++) {
        std::string word = argv[i], value = i + 1 < argc ? argv[i + 1] : "";
        bool takes_value = true;
        if (word == "--step")
            options.step = atoi(value.c_str());
        else if (word == "--output")
            options.subject.output = value;
        else if (word == "--command")
            options.subject.command = value;
        else if (word == "--lesson")
            options.lesson = atoi(value.c_str());
        else if (word == "--jobs")
            options.at_once = static_cast<size_t>(std::max(1, atoi(value.c_str())));
        else
            takes_value = false;
        i += takes_value;
        options.own |= word == "--own";
        options.brief |= word == "--brief";
        options.built |= word == "--built";
        options.all |= word == "--all" || word == "--times";
        options.times |= word == "--times";
        options.sanitized |= word == "--sanitized";
        if (word[0] != '-')
            options.subject.folder = word;
    }
    if (options.lesson == 0)
        options.lesson = atoi(fs::path(options.subject.folder).filename().c_str());
    if (options.subject.output.empty())
        options.subject.output = options.subject.folder;
    return options;
}

// The lesson's own steps first, then what the lessons before taught and still holds.
std::vector<const Check *> chosen(const Options &options)
{
    std::vector<const Check *> picked;
    for (const Check *check : Check::all()) {
        bool own = check->lesson == options.lesson;
        bool wanted = options.step ? own && check->step == options.step
                      : options.own ? own
                                    : check->lesson <= options.lesson && check->last >= options.lesson;
        if (wanted)
            picked.push_back(check);
    }
    std::stable_sort(picked.begin(), picked.end(), [&](const Check *a, const Check *b) {
        return std::make_tuple(a->lesson != options.lesson, a->lesson, a->step) <
               std::make_tuple(b->lesson != options.lesson, b->lesson, b->step);
    });
    return picked;
}

int no_such_step(const Options &options)
{
    std::set<int> steps;
    for (const Check *check : Check::all())
        if (check->lesson == options.lesson)
            steps.insert(check->step);
    fprintf(stderr, "lesson %d has no such step; it has", options.lesson);
    for (int step : steps)
        fprintf(stderr, " %d", step);
    fputc('\n', stderr);
    return KIT_BROKEN;
}

// The first check that failed because a program crashed: tried again on a build with
// sanitizers, which may tell the line.
void look_closer(Options options, const std::vector<const Check *> &checks, Outcomes &outcomes, bool isolated)
{
    for (const Check *check : checks) {
        auto found = outcomes.find(check);
        if (found == outcomes.end() || found->second.verdict != FAILED)
            continue;
        if (found->second.report.find("was ended by signal") == std::string::npos)
            return;
        options.subject.command += SANITIZERS;
        options.subject.output = "build/sanitized/" + fs::path(options.subject.folder).filename().string();
        if (!build(options.subject, isolated).done)
            return;
        Outcomes closer = run({check}, open_binaries(options.subject.output, true), isolated, true, 1);
        if (closer[check].verdict == FAILED && closer[check].report.find("the place") != std::string::npos)
            found->second = closer[check];
        return;
    }
}

std::string brief(const std::vector<const Check *> &checks, const Outcomes &outcomes)
{
    for (const Check *check : checks) {
        const Outcome &outcome = outcomes.at(check);
        if (outcome.verdict == SKIPPED)
            puts("skipped 1");
        if (outcome.verdict == BROKEN)
            return "the kit stumbled: " + outcome.report;
        if (outcome.verdict == FAILED)
            return number(*check);
    }
    return "all hold";
}

} // namespace

int main(int argc, char *argv[])
{
    setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
    Options options = parse(argc, argv);
    if (options.lesson == 0 || !fs::exists("common/error.hpp")) {
        fprintf(stderr, "usage, at the top of the kit: %s lessons/01-blocking [--step N]\n", argv[0]);
        return KIT_BROKEN;
    }
    std::vector<const Check *> checks = chosen(options);
    if (checks.empty() || options.step < 0)
        return no_such_step(options);
    std::string missing = why_no_box(options.subject.kit);
    bool isolated = missing.empty();
    if (!isolated)
        fprintf(stderr, "Not your fault: this machine allows no private networks (%s).\nThe checks run on loopback, "
                        "some are skipped. %s\n", missing.c_str(), how_to_allow().c_str());
    if (!options.built) {
        Built built = build(options.subject, isolated);
        if (!built.said.empty() && !options.brief)
            fprintf(stderr, "%s", first_complaint(built.said).c_str());
        if (!built.done) {
            fprintf(stderr, "%s does not compile: the first error is above\n", options.subject.folder.c_str());
            return DOES_NOT_COMPILE;
        }
    }
    if (!options.brief)
        printf("\nlesson %d: %s\n\n", options.lesson, options.subject.folder.c_str());
    Outcomes outcomes = run(checks, open_binaries(options.subject.output, options.sanitized), isolated, !options.all,
                            options.at_once);
    if (options.brief) {
        std::string first = brief(checks, outcomes);
        puts(first.c_str());
        return first == "all hold" ? HOLDS : FAILS;
    }
    if (!options.built)
        look_closer(options, checks, outcomes, isolated);
    int status = report(options.subject.folder, options.lesson, checks, outcomes);
    if (options.times)
        report_times(checks, outcomes);
    return status;
}
