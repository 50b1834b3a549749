#include "session.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <sstream>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <tuple>
#include <unistd.h>

#include "box.hpp"
#include "need.hpp"
#include "proc.hpp"

namespace
{

using Clock = std::chrono::steady_clock;

// The tasks on this machine, this user's among them.
unsigned long count_tasks()
{
    unsigned long count = 0;
    for (pid_t pid : numbers_in("/proc")) {
        struct stat tasks;
        if (stat(("/proc/" + std::to_string(pid) + "/task").c_str(), &tasks) == 0)
            count += tasks.st_nlink - 2;
    }
    return count;
}

// A copy of an executable that nobody can write to. A program finds the file that it was
// started from behind /proc/self/exe, whatever box it is in.
int sealed_copy(const std::string &path)
{
    const unsigned executable = 0x10; // MFD_EXEC, of Linux 6.3
    int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file == -1)
        return -1;
    std::string name = path.substr(path.size() > 200 ? path.size() - 200 : 0);
    int copy = memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING | executable);
    if (copy == -1)
        copy = memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING);
    ssize_t n;
    while ((n = sendfile(copy, file, nullptr, 1 << 20)) > 0)
        ;
    close(file);
    if (n == -1 || fcntl(copy, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == -1)
        throw std::runtime_error("sealing " + path);
    return copy;
}

// So that a run has its programs whatever becomes of the files.
void open_binaries(Run &run)
{
    static const unsigned long tasks = count_tasks();
    run.binaries = {sealed_copy(run.folder + "/server"), sealed_copy(run.folder + "/client"), run.sanitized,
                    tasks};
    run.open = true;
}

void close_binaries(Run &run)
{
    for (int fd : {run.binaries.server, run.binaries.client})
        if (run.open && fd != -1)
            close(fd);
    run.open = false;
}

struct Job {
    Run *run;
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
    unsigned seed = text ? static_cast<unsigned>(strtoul(text, nullptr, 10)) : 0;
    need(text || getrandom(&seed, sizeof seed, 0) != -1, "getrandom");
    return seed;
}

// Seconds that a check may take: time to tell, too, how far a story came that took too long.
double longest()
{
    return 1.25 * Lab::LONGEST * slowness();
}

// What happened, where there is nothing more to say of it.
Explanation just(const std::string &what)
{
    return {"", {{"what happened", what}}, false};
}

// Tells the story of check, in its box, and writes the outcome to fd.
int run_story(const Check &check, const Binaries &binaries, bool isolated, int fd)
{
    unsigned seed = choose_seed();
    srandom(seed);
    char verdict = PASSED;
    double tension = 0;
    Explanation explanation{};
    std::string used = "-"; // then s for each server, c for each client that it ran
    try {
        allow_descriptors(); // the lab has one end of every connection, in lessons 3 and 4 of over 1,000
        Lab lab(isolated ? make_network() : loopback_network(), binaries);
        try {
            check.story(lab);
            tension = lab.tension;
        } catch (const Unmet &unmet) {
            verdict = FAILED;
            lab.settle();
            explanation = explain(lab, unmet.what, seed);
        }
        for (const Program &program : lab.programs)
            used += program.name[0];
    } catch (const std::exception &error) {
        verdict = BROKEN;
        explanation = just(error.what());
    }
    std::string result = verdict + std::to_string(tension) + ' ' + used + '\n' + packed(explanation);
    return write(fd, result.data(), result.size()) == -1 ? 4 : 0;
}

Job start(Run &run, const Check &check, bool isolated)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) == -1)
        throw std::runtime_error("pipe2");
    Job job{&run, &check, 0, ends[0], Clock::now(), ""};
    job.pid = start_in_box(isolated, [&] { return run_story(check, run.binaries, isolated, ends[1]); });
    close(ends[1]);
    return job;
}

void end(const Job &job)
{
    end_box(job.pid);
    close(job.fd);
}

Outcome outcome_of(const Job &job, bool isolated)
{
    Outcome outcome{
        BROKEN, seconds_since(job.started), 0, false, false, just("the check ended without a word")};
    if (!isolated) { // where no box keeps signals in
        outcome.verdict = FAILED;
        outcome.explanation = just("a signal ended the check. Whom does your program kill()?");
    }
    std::istringstream head(job.text);
    char verdict;
    std::string used;
    if (head >> verdict >> outcome.tension >> used) {
        outcome.verdict = static_cast<Verdict>(verdict);
        outcome.server = used.find('s') != std::string::npos;
        outcome.client = used.find('c') != std::string::npos;
        outcome.explanation = unpacked(job.text.substr(job.text.find('\n') + 1));
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
bool decided(const Run &run)
{
    for (const Check *check : run.checks) {
        auto found = run.outcomes.find(check);
        if (found == run.outcomes.end())
            return false;
        if (run.stop && (found->second.verdict == FAILED || found->second.verdict == BROKEN))
            return true;
    }
    return true;
}

// The check to start next, or null. One that waits comes first: the others run meanwhile.
const Check *next_of(const Run &run)
{
    const Check *next = nullptr;
    for (const Check *check : run.checks) {
        bool better = !next || (check->waits && !next->waits && run.at_once > 1);
        if (better && run.started.count(check) == 0 && run.outcomes.count(check) == 0)
            next = check;
    }
    return next;
}

// The checks under way, of all runs.
class Pool {
public:
    Pool(bool in_boxes, size_t most) : isolated(in_boxes), at_once(most) {}

    // Starts what there is room for.
    void start_some(Run &run)
    {
        const Check *check;
        while (!decided(run) && (check = next_of(run)) && jobs.size() < at_once &&
               under_way(run) < run.at_once) {
            run.started.insert(check);
            if (check->isolated && !isolated) {
                run.outcomes[check] = {SKIPPED, 0, 0, false, false, {}};
                continue;
            }
            if (!run.open)
                open_binaries(run);
            jobs.push_back(start(run, *check, isolated));
        }
    }

    // Waits until a check has ended or run out of time, and takes its outcome.
    void wait_for_one()
    {
        std::vector<pollfd> ready;
        for (const Job &job : jobs)
            ready.push_back({job.fd, POLLIN, 0});
        poll(ready.data(), ready.size(), 1000);
        for (size_t i = jobs.size(); i-- > 0;) {
            // What has come counts, however late we look.
            double taken = seconds_since(jobs[i].started);
            bool late = taken > 2 * longest() || (taken > longest() && ready[i].revents == 0);
            if (!late && !(ready[i].revents && ended(jobs[i])))
                continue;
            end(jobs[i]);
            jobs[i].run->outcomes[jobs[i].check] =
                late ? Outcome{FAILED, longest(), 1, false, false, just("it did not come to an end in time")}
                     : outcome_of(jobs[i], isolated);
            jobs.erase(jobs.begin() + static_cast<long>(i));
        }
    }

    // Ends those of run that are under way.
    void drop(const Run &run)
    {
        for (size_t i = jobs.size(); i-- > 0;) {
            if (jobs[i].run != &run)
                continue;
            end(jobs[i]);
            jobs.erase(jobs.begin() + static_cast<long>(i));
        }
    }

    bool empty() const { return jobs.empty(); }

private:
    const bool isolated;
    const size_t at_once;
    std::vector<Job> jobs;

    size_t under_way(const Run &run) const
    {
        return static_cast<size_t>(
            std::count_if(jobs.begin(), jobs.end(), [&](const Job &job) { return job.run == &run; }));
    }
};

// A statically linked program sorts its tables for unwinding when it throws for the first time: once here,
// and not in the process of each check.
void sort_unwind_tables()
{
    try {
        throw 0;
    } catch (int) {
    }
}

} // namespace

std::vector<const Check *> checks_of(int lesson)
{
    std::vector<const Check *> picked;
    for (const Check *check : Check::all())
        if (check->lesson <= lesson && check->last >= lesson)
            picked.push_back(check);
    std::stable_sort(picked.begin(), picked.end(), [&](const Check *a, const Check *b) {
        return std::make_tuple(a->lesson != lesson, a->lesson, a->step) <
               std::make_tuple(b->lesson != lesson, b->lesson, b->step);
    });
    return picked;
}

void run(std::list<Run *> runs, bool isolated, size_t at_once, const std::function<void(const Run &)> &done)
{
    sort_unwind_tables();
    Pool pool(isolated, at_once);
    while (!runs.empty()) {
        for (Run *each : runs)
            pool.start_some(*each);
        if (!pool.empty())
            pool.wait_for_one();
        runs.remove_if([&](Run *each) {
            if (!decided(*each))
                return false;
            pool.drop(*each);
            close_binaries(*each);
            done(*each);
            return true;
        });
    }
}

Outcomes run(Run one, bool isolated)
{
    run({&one}, isolated, one.at_once, [](const Run &) {});
    return one.outcomes;
}
