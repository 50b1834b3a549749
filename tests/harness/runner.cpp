// runner.cpp: builds the programs of one folder and checks them step by step.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <poll.h>
#include <random>
#include <stdexcept>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "box.hpp"
#include "check.hpp"
#include "compile.hpp"

namespace {

namespace fs = std::filesystem;

enum Exit { HOLDS = 0, FAILS = 1, DOES_NOT_COMPILE = 2, CANNOT = 3, KIT_BROKEN = 4 };
enum Verdict { PASSED = 'p', FAILED = 'f', SKIPPED = 's', BROKEN = 'b' };

struct Options {
    std::string folder;                     // lessons/03-select
    std::string output;                     // where the binaries go; folder, if not said
    std::string command = "g++ -Og -g -Wall -Wextra";
    int lesson = 0;
    int step = 0;      // only this one; 0: all
    bool own = false;  // only the lesson's own steps
    bool brief = false; // one line: which check failed first
};

struct Outcome {
    Verdict verdict;
    std::string report; // for FAILED and BROKEN
};

struct Job {
    const Check *check;
    pid_t pid;
    int fd;
    std::string text;
};

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

std::string colour(const char *code, const std::string &text)
{
    static const bool on = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
    return on ? std::string("\033[") + code + 'm' + text + "\033[0m" : text;
}

std::string number(const Check &check)
{
    return std::to_string(check.lesson) + '.' + std::to_string(check.step);
}

// What a failed check has to say, ready to be printed.
std::string explain(const Lab &lab, const Check &check, const std::string &what, unsigned seed)
{
    std::string text = '\n' + lab.story.picture(UNICODE) + '\n';
    text += "     what happened " + what + '\n';
    for (const Program &program : lab.programs)
        text += "     your " + program.name + "   " + lab.where_is(program) + '\n';
    if (!lab.why.empty())
        text += "     why           " + lab.why + "\n     try           " + lab.remedy + '\n';
    std::string words = lab.last_words();
    size_t heard = words.find("listening on port");
    if (heard == 0)
        words.erase(0, words.find('\n') == std::string::npos ? words.size() : words.find('\n') + 1);
    if (!words.empty())
        text += "     last words    " + quoted(words.substr(words.size() > 50 ? words.size() - 50 : 0), 58) + '\n';
    return text + "     see           README.md of the lesson, step " + std::to_string(check.step) +
           "   (seed " + std::to_string(seed) + ")\n";
}

// Tells the story of check, in its box, and writes the outcome to fd.
int run_story(const Check &check, const Binaries &binaries, bool isolated, int fd)
{
    const char *slow = getenv("SLOW");
    unsigned seed = std::random_device()();
    std::string result;
    try {
        Lab lab(isolated ? make_network() : loopback_network(), binaries, slow ? atof(slow) : 1);
        lab.random.seed(seed);
        try {
            check.story(lab);
            result = static_cast<char>(PASSED);
        } catch (const Unmet &unmet) {
            result = static_cast<char>(FAILED) + explain(lab, check, unmet.what, seed);
        }
    } catch (const std::exception &error) {
        result = static_cast<char>(BROKEN) + std::string(error.what());
    }
    return write(fd, result.data(), result.size()) == -1 ? 4 : 0;
}

Job start(const Check &check, const Binaries &binaries, bool isolated)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) == -1)
        throw std::runtime_error("pipe2");
    Job job{&check, 0, ends[0], ""};
    job.pid = start_in_box(isolated, fs::current_path(),
                           [&] { return run_story(check, binaries, isolated, ends[1]); });
    close(ends[1]);
    return job;
}

// True: the job has ended, and outcome says how.
bool finish(Job &job, Outcome &outcome)
{
    char bytes[65536];
    ssize_t n = read(job.fd, bytes, sizeof bytes);
    if (n > 0) {
        job.text.append(bytes, static_cast<size_t>(n));
        return false;
    }
    close(job.fd);
    waitpid(job.pid, nullptr, 0);
    if (job.text.empty())
        outcome = {BROKEN, "the check ended without a word"};
    else
        outcome = {static_cast<Verdict>(job.text[0]), job.text.substr(1)};
    return true;
}

// Runs checks, some at a time, until all have ended or one that comes before all
// others still unknown has failed.
std::map<const Check *, Outcome> run(const std::vector<const Check *> &checks,
                                     const Binaries &binaries, bool isolated)
{
    const size_t at_once = 4 * std::max(1U, std::thread::hardware_concurrency());
    std::map<const Check *, Outcome> outcomes;
    std::vector<Job> jobs;
    size_t next = 0;
    auto decided = [&] {
        for (const Check *check : checks) {
            auto found = outcomes.find(check);
            if (found == outcomes.end())
                return false;
            if (found->second.verdict == FAILED || found->second.verdict == BROKEN)
                return true;
        }
        return true;
    };
    while (!decided()) {
        while (next < checks.size() && jobs.size() < at_once) {
            const Check *check = checks[next++];
            if (check->isolated && !isolated)
                outcomes[check] = {SKIPPED, ""};
            else
                jobs.push_back(start(*check, binaries, isolated));
        }
        std::vector<pollfd> watch;
        for (Job &job : jobs)
            watch.push_back({job.fd, POLLIN, 0});
        poll(watch.data(), watch.size(), -1);
        for (size_t i = jobs.size(); i-- > 0;) {
            Outcome outcome;
            if (watch[i].revents && finish(jobs[i], outcome)) {
                outcomes[jobs[i].check] = outcome;
                jobs.erase(jobs.begin() + static_cast<long>(i));
            }
        }
    }
    for (Job &job : jobs) {
        kill(job.pid, SIGKILL);
        waitpid(job.pid, nullptr, 0);
        close(job.fd);
    }
    return outcomes;
}

std::vector<const Check *> chosen(const Options &options)
{
    std::vector<const Check *> checks = Check::all(), picked;
    std::copy_if(checks.begin(), checks.end(), std::back_inserter(picked), [&](const Check *check) {
        if (options.step || options.own)
            return check->lesson == options.lesson && (!options.step || check->step == options.step);
        return check->lesson <= options.lesson && check->last >= options.lesson;
    });
    // The lesson's own steps first, then what the lessons before taught.
    std::stable_sort(picked.begin(), picked.end(), [&](const Check *a, const Check *b) {
        bool own_a = a->lesson == options.lesson, own_b = b->lesson == options.lesson;
        if (own_a != own_b)
            return own_a;
        return std::make_pair(a->lesson, a->step) < std::make_pair(b->lesson, b->step);
    });
    return picked;
}

bool stale(const std::string &output, const std::string &source)
{
    std::error_code none;
    auto made = fs::last_write_time(output, none);
    return none || made < fs::last_write_time(source, none) || made < fs::last_write_time("common/error.hpp", none);
}

// "" or what the compiler said, of both programs; built side by side.
std::string build(const Options &options, bool isolated)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) == -1)
        return "pipe2";
    std::vector<pid_t> builders;
    for (const char *name : {"server", "client"}) {
        std::string output = options.output + '/' + name;
        if (!stale(output, options.folder + '/' + name + ".cpp"))
            continue;
        pid_t builder = fork();
        if (builder == 0) {
            std::string said = compile({fs::current_path(), options.folder, name}, options.command, output, isolated);
            _exit(said.empty() || write(ends[1], said.data(), said.size()) == 0 ? 0 : 1);
        }
        builders.push_back(builder);
    }
    close(ends[1]);
    std::string said;
    char bytes[4096];
    ssize_t n;
    while ((n = read(ends[0], bytes, sizeof bytes)) > 0)
        said.append(bytes, static_cast<size_t>(n));
    close(ends[0]);
    for (pid_t builder : builders)
        waitpid(builder, nullptr, 0);
    return said;
}

// FILE:LINE of the first STEP in the folder's programs; "" if there is none.
std::string first_step(const std::string &folder, int step)
{
    for (const char *name : {"/server.cpp", "/client.cpp"}) {
        std::ifstream file(folder + name);
        std::string line, mark = "STEP " + std::to_string(step) + ":";
        for (int n = 1; std::getline(file, line); n++)
            if (line.find(mark) != std::string::npos)
                return folder + name + ':' + std::to_string(n);
    }
    return "";
}

const char *tick(Verdict verdict)
{
    if (verdict == PASSED)
        return UNICODE ? "✓" : "ok ";
    if (verdict == SKIPPED)
        return UNICODE ? "–" : "skip";
    return UNICODE ? "✗" : "NOT";
}

int report(const Options &options, const std::vector<const Check *> &checks,
           std::map<const Check *, Outcome> &outcomes)
{
    size_t passed = 0, skipped = 0, waiting = 0;
    const Check *failed = nullptr;
    Exit status = HOLDS;
    for (const Check *check : checks) {
        if (failed) {
            waiting++;
            continue;
        }
        Outcome &outcome = outcomes[check];
        std::string line = std::string("  ") + tick(outcome.verdict) + ' ' + number(*check) + "  " + check->name;
        passed += outcome.verdict == PASSED;
        skipped += outcome.verdict == SKIPPED;
        if (!options.brief)
            puts(colour(outcome.verdict == PASSED ? "32" : "31", line).c_str());
        if (outcome.verdict == FAILED || outcome.verdict == BROKEN) {
            failed = check;
            status = outcome.verdict == FAILED ? FAILS : KIT_BROKEN;
            if (!options.brief)
                printf("%s\n", outcome.report.c_str());
        }
    }
    if (options.brief) {
        printf("%s\n", failed ? number(*failed).c_str() : "all hold");
        return status;
    }
    std::string start = failed && failed->lesson == options.lesson ? first_step(options.folder, failed->step) : "";
    if (!start.empty())
        printf("  %s: %s\n", passed == 0 ? "This is where you start" : "Go on at", start.c_str());
    if (waiting)
        printf("  %s %zu more wait for %s\n", UNICODE ? "–" : "-", waiting, number(*failed).c_str());
    printf("\n  %zu of %zu checks hold", passed, checks.size());
    if (skipped)
        printf(", %zu skipped", skipped);
    int lesson = options.lesson;
    if (failed)
        printf(" · again: make lesson%d · only this one: make lesson%d STEP=%d\n", lesson, lesson, failed->step);
    else
        printf(" · compare with solutions/ · what comes next: lesson %d\n", lesson + 1);
    return status;
}

Options parse(int argc, char *argv[])
{
    Options options;
    for (int i = 1; i < argc; i++) {
        std::string word = argv[i];
        if (word == "--step" && i + 1 < argc)
            options.step = atoi(argv[++i]);
        else if (word == "--output" && i + 1 < argc)
            options.output = argv[++i];
        else if (word == "--command" && i + 1 < argc)
            options.command = argv[++i];
        else if (word == "--lesson" && i + 1 < argc)
            options.lesson = atoi(argv[++i]);
        else if (word == "--own")
            options.own = true;
        else if (word == "--brief")
            options.brief = true;
        else
            options.folder = word;
    }
    if (options.lesson == 0)
        options.lesson = atoi(fs::path(options.folder).filename().c_str());
    if (options.output.empty())
        options.output = options.folder;
    return options;
}

} // namespace

int main(int argc, char *argv[])
{
    Options options = parse(argc, argv);
    if (options.lesson == 0 || !fs::exists("common/error.hpp")) {
        fprintf(stderr, "usage, at the top of the kit: %s lessons/01-blocking [--step N]\n", argv[0]);
        return KIT_BROKEN;
    }
    std::vector<const Check *> checks = chosen(options);
    if (checks.empty()) {
        std::string known;
        for (int step = 1; step <= 20; step++)
            for (const Check *check : Check::all())
                if (check->lesson == options.lesson && check->step == step) {
                    known += ' ' + std::to_string(step);
                    break;
                }
        fprintf(stderr, "lesson %d has no step %d; it has%s\n", options.lesson, options.step, known.c_str());
        return KIT_BROKEN;
    }
    std::string missing = why_no_box(fs::current_path());
    if (!missing.empty())
        fprintf(stderr, "This machine does not let us make private networks (%s). Not your fault: the "
                        "checks run on loopback, some are skipped. See README.md, \"When something does "
                        "not work\".\n", missing.c_str());
    std::string said = build(options, missing.empty());
    if (!said.empty()) {
        fprintf(stderr, "%s\n", said.c_str());
        return DOES_NOT_COMPILE;
    }
    if (!options.brief)
        printf("\nlesson %d · %s\n\n", options.lesson, options.folder.c_str());
    Binaries binaries{open((options.output + "/server").c_str(), O_RDONLY | O_CLOEXEC),
                      open((options.output + "/client").c_str(), O_RDONLY | O_CLOEXEC)};
    auto outcomes = run(checks, binaries, missing.empty());
    return report(options, checks, outcomes);
}
