// runner.cpp: the command behind `make lessonN`: builds one folder's programs and checks them.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <stdexcept>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "box.hpp"
#include "build.hpp"
#include "report.hpp"
#include "session.hpp"
#include "story.hpp"

namespace
{

enum Exit { HOLDS = 0, FAILS = 1, DOES_NOT_COMPILE = 2, CANNOT = 3, KIT_BROKEN = 4, USAGE = 64 };

const char *const SANITIZERS = " -fsanitize=address,undefined -fno-sanitize-recover=all -g";

// They wait, most of the time.
const size_t AT_ONCE = 8 * static_cast<size_t>(get_nprocs());

struct Options {
    Subject subject;
    int lesson = 0;
    std::string step; // only this one; "": all
    bool times = false;
};

Options parse(int argc, char *argv[])
{
    Options options;
    std::string folder;
    for (int i = 1; i < argc; i++) {
        std::string word = argv[i];
        if (word == "--step" && i + 1 < argc)
            options.step = argv[++i];
        else if (word == "--times")
            options.times = true;
        else
            folder = word;
    }
    while (!folder.empty() && folder.back() == '/') // as the shell completes it
        folder.pop_back();
    options.subject = {folder, folder, compiler("-Og -g1 -Wall -Wextra")};
    options.lesson = atoi(folder.c_str() + folder.rfind('/') + 1);
    return options;
}

std::vector<const Check *> chosen(const Options &options)
{
    std::vector<const Check *> picked = checks_of(options.lesson);
    auto other = [&](const Check *check) {
        return check->lesson != options.lesson || std::to_string(check->step) != options.step;
    };
    if (!options.step.empty())
        picked.erase(std::remove_if(picked.begin(), picked.end(), other), picked.end());
    return picked;
}

// Paragraphs on stderr.
void say(const std::string &text)
{
    for (const std::string &line : wrapped(text, 80))
        fprintf(stderr, "%s\n", line.c_str());
}

int no_such_step(const Options &options)
{
    std::set<int> steps;
    for (const Check *check : Check::all())
        if (check->lesson == options.lesson)
            steps.insert(check->step);
    fprintf(stderr, "lesson %d has no step '%s'; it has", options.lesson, options.step.c_str());
    for (int step : steps)
        fprintf(stderr, " %d", step);
    fputc('\n', stderr);
    return USAGE;
}

// The processes that make ready for the next time, while checks wait for a second of the programs' own:
// where none does, nobody has time for that.
std::vector<pid_t> make_ready(const Subject &subject, const std::vector<const Check *> &checks, bool isolated)
{
    std::vector<pid_t> readers;
    if (std::any_of(checks.begin(), checks.end(), [](const Check *check) { return check->waits; }))
        for (const char *program : {"server", "client"})
            if (pid_t reader = read_ahead({subject.folder, program}, subject.command, isolated))
                readers.push_back(reader);
    return readers;
}

// The first check that failed, if a program may have crashed: tried again on a build with
// sanitizers, which may tell the line.
void look_closer(Options options, const std::vector<const Check *> &checks, Outcomes &outcomes, bool isolated)
{
    for (const Check *check : checks) {
        auto found = outcomes.find(check);
        if (found == outcomes.end() || found->second.verdict != FAILED)
            continue;
        if (!found->second.explanation.may_have_crashed)
            return;
        options.subject.command += SANITIZERS;
        options.subject.output = "build/sanitized/" + options.subject.folder;
        if (!build(options.subject, isolated).done)
            return;
        Outcomes closer = run({{check}, options.subject.output, true, true, 1}, isolated);
        Explanation &first = found->second.explanation;
        first = with_place(first, closer[check].explanation);
        return;
    }
}

} // namespace

int main(int argc, char *argv[])
try {
    setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
    Options options = parse(argc, argv);
    if (options.lesson == 0 || access("common/error.hpp", F_OK) == -1) {
        fprintf(stderr, "usage, at the top of the kit: %s lessons/01-blocking [--step N] [--times]\n",
                argv[0]);
        return USAGE;
    }
    slowness(); // or a word on what it must be
    std::vector<const Check *> checks = chosen(options);
    if (checks.empty())
        return no_such_step(options);
    std::string missing = why_no_box();
    bool isolated = missing.empty();
    if (!isolated)
        say("Not your fault: this machine allows no private networks (" + missing +
            ").\nThe checks run on loopback, some are skipped. " + how_to_allow());
    if (access(options.subject.output.c_str(), W_OK) == -1) {
        say("Not your fault: " + options.subject.output + " cannot be written to (" + strerror(errno) +
            ").\nCopy the kit to a folder of yours.");
        return CANNOT;
    }
    Built built = build(options.subject, isolated);
    if (!built.said.empty())
        fprintf(stderr, "%s", first_complaint(built.said).c_str());
    if (!built.done) {
        fprintf(stderr, "%s does not compile: the first error is above\n", options.subject.folder.c_str());
        return DOES_NOT_COMPILE;
    }
    printf("\nlesson %d: %s\n\n", options.lesson, options.subject.folder.c_str());
    std::vector<pid_t> readers = make_ready(options.subject, checks, isolated);
    Outcomes outcomes = run({checks, options.subject.output, false, !options.times, AT_ONCE}, isolated);
    look_closer(options, checks, outcomes, isolated);
    int status = report(options.subject.folder, options.lesson, !options.step.empty(), checks, outcomes);
    if (options.times)
        report_times(checks, outcomes);
    for (pid_t reader : readers)
        waitpid(reader, nullptr, 0);
    return status;
} catch (const std::invalid_argument &error) {
    fprintf(stderr, "%s\n", error.what());
    return USAGE;
} catch (const std::exception &error) { // no process to be had, or no memory
    fprintf(stderr, "%s\n", error.what());
    return KIT_BROKEN;
}
