// judge.cpp: the command behind `make check`: runs the checks on all variants of the lessons'
// programs that variants.sh has built, and compares what comes out with what should.
//
// Each line of standard input names a variant, as variants.sh lists it: KIND LESSON [NAME].
// For each a line is printed: "ok SKIPPED WHAT", "NOT SKIPPED WHAT: what is wrong", or where
// the check that should fail was skipped, or all were, "skipped SKIPPED WHAT". SKIPPED counts
// the checks that this machine does not allow.
#include <algorithm>
#include <climits>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "box.hpp"
#include "report.hpp"
#include "session.hpp"

namespace
{

const char *const ALL_HOLD = "all hold";

struct Variant {
    std::string kind, lesson, name;
    std::string folder; // where variants.sh has put it
    int number;         // of the lesson
};

Variant parse(const std::string &line)
{
    Variant variant;
    std::istringstream(line) >> variant.kind >> variant.lesson >> variant.name;
    variant.folder = "build/check/" + variant.kind + '/' + variant.lesson;
    if (!variant.name.empty())
        variant.folder += '/' + variant.name;
    variant.number = atoi(variant.lesson.c_str());
    return variant;
}

std::string first_line(const std::string &path, const std::string &beginning)
{
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
        if (line.compare(0, beginning.size(), beginning) == 0)
            return line.substr(beginning.size());
    return "";
}

// The check that must be the first to fail: "3.2", for a known mistake with the check's name.
std::string wanted(const Variant &variant)
{
    const std::string lesson = std::to_string(variant.number) + '.';
    if (variant.kind == "starter")
        return lesson + '1';
    if (variant.kind == "steps")
        return lesson + std::to_string(atoi(variant.name.c_str()) + 1);
    if (variant.kind == "mistake")
        return first_line("tests/mistakes/" + variant.lesson + '/' + variant.name + ".patch", "Caught by: ");
    return ALL_HOLD;
}

std::string label(const Check *check)
{
    return number(*check) + ' ' + check->name;
}

bool is(const Check *check, const std::string &awaited)
{
    return number(*check) == awaited || label(check) == awaited;
}

// What must hold or fail of it. A mistake meets the check that must catch it first, and
// the others only if that one does not. With some steps done, the last of these must hold,
// and the next must fail.
std::vector<const Check *> checks_for(const Variant &variant)
{
    std::vector<const Check *> checks = checks_of(variant.number);
    const std::string awaited = wanted(variant), before = std::to_string(variant.number) + '.' + variant.name;
    auto is_awaited = [&](const Check *check) { return is(check, awaited); };
    auto is_other = [&](const Check *check) { return !is(check, before) && !is(check, awaited); };
    if (variant.kind == "mistake")
        std::stable_partition(checks.begin(), checks.end(), is_awaited);
    if (variant.kind == "steps")
        checks.erase(std::remove_if(checks.begin(), checks.end(), is_other), checks.end());
    return checks;
}

std::string what(const Variant &variant)
{
    std::string text = variant.lesson + ", ";
    if (variant.kind == "sanitized")
        return text + "solution with sanitizers";
    if (variant.kind == "steps")
        return text + "starter with steps 1 to " + variant.name + " done";
    if (variant.kind == "odd")
        return text + "right but odd: " + variant.name;
    return text + variant.kind + (variant.name.empty() ? "" : ' ' + variant.name);
}

void say(const Variant &variant, const std::string &word, size_t skipped, const std::string &why = "")
{
    std::string text =
        word + ' ' + std::to_string(skipped) + ' ' + what(variant) + (why.empty() ? "" : ": " + why);
    std::replace(text.begin(), text.end(), '\n', ' ');
    puts(text.c_str());
}

// What the check has said of it, for whoever wants to know more.
std::string keep(const Variant &variant, const std::string &report)
{
    std::string path = variant.folder + "/report";
    std::ofstream(path) << report;
    return ", see " + path;
}

std::string hint(const Variant &variant)
{
    bool starts = variant.kind == "starter" || variant.kind == "steps";
    return starts ? "; has somebody worked in lessons/" + variant.lesson + '?' : "";
}

void judge(const Variant &variant, const Run &run)
{
    const std::string awaited = wanted(variant);
    std::string found = ALL_HOLD, report;
    size_t skipped = 0;
    bool awaited_skipped = false, excused = true; // excused: if the awaited check was skipped
    for (const Check *check : run.checks) {
        const Outcome &outcome = run.outcomes.at(check);
        skipped += outcome.verdict == SKIPPED;
        awaited_skipped = awaited_skipped || (outcome.verdict == SKIPPED && is(check, awaited));
        if (outcome.verdict == BROKEN || outcome.verdict == FAILED) {
            report = text_of(outcome.explanation);
            found = outcome.verdict == BROKEN
                        ? "the kit stumbled: " + entry(outcome.explanation, "what happened")
                    : is(check, awaited) ? awaited
                                         : label(check);
            excused = outcome.verdict == FAILED && variant.kind == "mistake";
            break;
        }
    }
    if (found == awaited)
        say(variant, "ok", skipped);
    else if (awaited_skipped && excused)
        say(variant, "skipped", skipped);
    else
        say(variant, "NOT", skipped,
            found + ", where it should be: " + awaited + keep(variant, report) + hint(variant));
}

struct Job {
    Variant variant;
    Run run;
};

// Where a link leads in the end.
std::string target_of(const std::string &path)
{
    char target[PATH_MAX];
    return realpath(path.c_str(), target) ? target : "";
}

// What the same programs have passed in another run need not be asked again.
void take_over(Job &job, const Job &other)
{
    auto same = [&](const char *program) {
        return target_of(job.variant.folder + program) == target_of(other.variant.folder + program);
    };
    bool same_server = same("/server"), same_client = same("/client");
    for (const auto &[check, outcome] : other.run.outcomes)
        if (outcome.verdict == PASSED && (same_server || !outcome.server) && (same_client || !outcome.client))
            job.run.outcomes[check] = outcome;
}

// One check after the other where one will fail: those after it would be in vain.
size_t most_at_once(const Variant &variant)
{
    return variant.kind == "mistake" || variant.kind == "steps" ? 1 : 3;
}

// What is wrong with what a mistake says of the check that catches it; "": nothing.
std::string misnamed(const Variant &variant, const std::vector<const Check *> &checks)
{
    const std::string awaited = wanted(variant);
    if (variant.kind != "mistake" ||
        std::any_of(checks.begin(), checks.end(), [&](const Check *check) { return is(check, awaited); }))
        return "";
    return awaited.empty() ? "its patch lacks the line \"Caught by: LESSON.STEP NAME OF THE CHECK\""
                           : "it is \"Caught by: " + awaited + "\", and there is no such check";
}

bool is_there(const std::string &path)
{
    return access(path.c_str(), F_OK) == 0;
}

// The variants named on standard input that can be judged; says of the others why they cannot.
std::vector<Job> read_jobs()
{
    std::vector<Job> jobs;
    for (std::string line; std::getline(std::cin, line);) {
        Variant variant = parse(line);
        std::vector<const Check *> checks = checks_for(variant);
        std::string wrong = misnamed(variant, checks);
        if (!wrong.empty())
            say(variant, "NOT", 0, wrong);
        else if (is_there(variant.folder + "/skipped"))
            say(variant, "skipped", checks.size());
        else if (is_there(variant.folder + "/server") && is_there(variant.folder + "/client"))
            jobs.push_back({variant, {checks, variant.folder, variant.kind == "sanitized", true,
                                      most_at_once(variant)}});
        else
            say(variant, "NOT", 0, "it does not build, see " + variant.folder + "/log");
    }
    return jobs;
}

// A variant of a solution: most have one of its two programs.
bool varies(const Job &job)
{
    return job.variant.kind != "solution" && job.variant.kind != "sanitized";
}

// What waits comes first, what keeps the processors busy last: else the end would be waiting.
int place_in_line(const Job *job)
{
    if (job->variant.kind == "odd")
        return 2;
    return job->variant.kind == "mistake" && job->run.checks.front()->waits ? 0 : 1;
}

// Runs the checks on these, and says what comes out.
void judge_all(std::vector<Job *> jobs, bool isolated)
{
    // They wait, most of the time. Without boxes they share what one user may have of processes.
    const size_t at_once = (isolated ? 20 : 12) * static_cast<size_t>(get_nprocs());
    std::list<Run *> runs;
    for (Job *job : jobs)
        runs.push_back(&job->run);
    run(runs, isolated, at_once, [&](const Run &done) {
        auto same =
            std::find_if(jobs.begin(), jobs.end(), [&](const Job *job) { return &job->run == &done; });
        judge((*same)->variant, done);
    });
}

} // namespace

int main()
try {
    setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
    slowness(); // or a word on what it must be
    bool isolated = why_no_box().empty();
    std::vector<Job> jobs = read_jobs();
    std::vector<Job *> solutions, variants;
    for (Job &job : jobs)
        (varies(job) ? variants : solutions).push_back(&job);
    std::stable_sort(variants.begin(), variants.end(),
                     [](const Job *a, const Job *b) { return place_in_line(a) < place_in_line(b); });
    judge_all(solutions, isolated);
    for (Job *job : variants)
        for (const Job *solution : solutions)
            if (solution->variant.number == job->variant.number)
                take_over(*job, *solution);
    judge_all(variants, isolated);
} catch (const std::exception &error) { // no process to be had, or no memory
    fprintf(stderr, "%s\n", error.what());
    return 4;
}
