#include "session.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <stdexcept>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "box.hpp"
#include "compile.hpp"
#include "report.hpp"

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

const int LONGEST = 120; // seconds that a check may take, at SLOW=1

struct Job {
    const Check *check;
    pid_t pid;
    int fd;
    Clock::time_point started;
    std::string text;
};

double seconds_since(Clock::time_point start)
{
    return std::chrono::duration<double>(Clock::now() - start).count();
}

unsigned choose_seed()
{
    const char *text = getenv("SEED");
    return text ? static_cast<unsigned>(strtoul(text, nullptr, 10)) : std::random_device()();
}

double longest()
{
    const char *slow = getenv("SLOW");
    return LONGEST * std::max(1.0, slow ? atof(slow) : 1.0);
}

// Tells the story of check, in its box, and writes the outcome to fd.
int run_story(const Check &check, const Binaries &binaries, bool isolated, int fd)
{
    unsigned seed = choose_seed();
    char verdict = PASSED;
    double tension = 0;
    std::string report;
    try {
        Lab lab(isolated ? make_network() : loopback_network(), binaries);
        lab.random.seed(seed);
        try {
            check.story(lab);
            tension = lab.tension;
        } catch (const Unmet &unmet) {
            verdict = FAILED;
            report = explain(lab, unmet.what, seed);
        }
    } catch (const std::exception &error) {
        verdict = BROKEN;
        report = error.what();
    }
    std::string result = verdict + std::to_string(tension) + '\n' + report;
    return write(fd, result.data(), result.size()) == -1 ? 4 : 0;
}

Job start(const Check &check, const Binaries &binaries, bool isolated)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) == -1)
        throw std::runtime_error("pipe2");
    Job job{&check, 0, ends[0], Clock::now(), ""};
    job.pid = start_in_box(isolated, fs::current_path(),
                           [&] { return run_story(check, binaries, isolated, ends[1]); });
    close(ends[1]);
    return job;
}

void end(const Job &job)
{
    kill(job.pid, SIGKILL);
    waitpid(job.pid, nullptr, 0);
    close(job.fd);
}

Outcome outcome_of(const Job &job)
{
    Outcome outcome{BROKEN, seconds_since(job.started), 0, "the check ended without a word"};
    size_t line = job.text.find('\n');
    if (line != std::string::npos) {
        outcome.verdict = static_cast<Verdict>(job.text[0]);
        outcome.tension = atof(job.text.c_str() + 1);
        outcome.report = job.text.substr(line + 1);
    }
    return outcome;
}

// Takes in what job has said. True: it has ended.
bool ended(Job &job)
{
    char bytes[65536];
    ssize_t n = read(job.fd, bytes, sizeof bytes);
    job.text.append(bytes, n > 0 ? static_cast<size_t>(n) : 0);
    return n <= 0;
}

// Whether the outcomes still to come change nothing.
bool decided(const std::vector<const Check *> &checks, const Outcomes &outcomes, bool stop)
{
    for (const Check *check : checks) {
        auto found = outcomes.find(check);
        if (found == outcomes.end())
            return false;
        if (stop && (found->second.verdict == FAILED || found->second.verdict == BROKEN))
            return true;
    }
    return true;
}

// Waits until a job has ended or run out of time; its outcome goes to outcomes.
void wait_for_one(std::vector<Job> &jobs, Outcomes &outcomes)
{
    std::vector<pollfd> ready;
    for (const Job &job : jobs)
        ready.push_back({job.fd, POLLIN, 0});
    poll(ready.data(), ready.size(), 1000);
    for (size_t i = jobs.size(); i-- > 0;) {
        bool late = seconds_since(jobs[i].started) > longest();
        if (!late && !(ready[i].revents && ended(jobs[i])))
            continue;
        end(jobs[i]);
        outcomes[jobs[i].check] = late ? Outcome{FAILED, longest(), 1, "  it did not come to an end in time\n"}
                                       : outcome_of(jobs[i]);
        jobs.erase(jobs.begin() + static_cast<long>(i));
    }
}

bool stale(const std::string &output, const Subject &subject, const std::string &source)
{
    std::error_code none;
    auto made = fs::last_write_time(output, none);
    return none || made < fs::last_write_time(source, none) ||
           made < fs::last_write_time(subject.kit + "/common/error.hpp", none);
}

// In a process of its own: says what the compiler says, ends with 0 if it compiles.
pid_t start_building(const Subject &subject, const std::string &program, const std::string &output,
                     bool isolated, int words)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    Built built = compile({subject.kit, subject.folder, program}, subject.command, output, isolated);
    bool told = built.said.empty() || write(words, built.said.data(), built.said.size()) != -1;
    _exit(built.done && told ? 0 : 1);
}

// The tasks of this user on this machine.
unsigned long count_tasks()
{
    unsigned long count = 0;
    if (DIR *proc = opendir("/proc")) {
        while (dirent *entry = readdir(proc)) {
            struct stat owner;
            std::string tasks = std::string("/proc/") + entry->d_name + "/task";
            if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && stat(tasks.c_str(), &owner) == 0)
                count += owner.st_nlink - 2;
        }
        closedir(proc);
    }
    return count;
}

} // namespace

Built build(const Subject &subject, bool isolated)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) == -1)
        return {false, "pipe2 failed"};
    std::error_code exists;
    fs::create_directories(subject.output, exists);
    std::vector<pid_t> builders;
    for (const char *name : {"server", "client"}) {
        std::string output = subject.output + '/' + name;
        if (stale(output, subject, subject.folder + '/' + name + ".cpp"))
            builders.push_back(start_building(subject, name, output, isolated, ends[1]));
    }
    close(ends[1]);
    Built built{true, ""};
    char bytes[4096];
    ssize_t n;
    while ((n = read(ends[0], bytes, sizeof bytes)) > 0)
        built.said.append(bytes, static_cast<size_t>(n));
    close(ends[0]);
    for (pid_t builder : builders) {
        int status = 1;
        waitpid(builder, &status, 0);
        built.done = built.done && status == 0;
    }
    return built;
}

Binaries open_binaries(const std::string &folder, bool sanitized)
{
    return {open((folder + "/server").c_str(), O_RDONLY | O_CLOEXEC),
            open((folder + "/client").c_str(), O_RDONLY | O_CLOEXEC), sanitized, count_tasks()};
}

Outcomes run(const std::vector<const Check *> &checks, const Binaries &binaries, bool isolated, bool stop,
             size_t at_once)
{
    Outcomes outcomes;
    std::vector<Job> jobs;
    size_t next = 0;
    while (!decided(checks, outcomes, stop)) {
        for (; next < checks.size() && jobs.size() < at_once; next++) {
            if (checks[next]->isolated && !isolated)
                outcomes[checks[next]] = {SKIPPED, 0, 0, ""};
            else
                jobs.push_back(start(*checks[next], binaries, isolated));
        }
        if (!jobs.empty())
            wait_for_one(jobs, outcomes);
    }
    for (const Job &job : jobs)
        end(job);
    return outcomes;
}
