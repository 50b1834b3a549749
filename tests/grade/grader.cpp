#include "grader.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <stdexcept>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../harness/box.hpp"
#include "mark.hpp"
#include "table.hpp"

namespace fs = std::filesystem;

namespace
{

// Programs under test wait, most of the time.
const size_t WORKERS = 3 * static_cast<size_t>(get_nprocs());

} // namespace

Grader::Grader(const std::vector<Submission> &submissions, const std::vector<std::string> &lessons,
               const fs::path &where, bool in_boxes)
    : grades(where), isolated(in_boxes), unfinished(submissions.size(), 0)
{
    for (const Submission &submission : submissions)
        reports.push_back({submission, lessons, std::vector<Result>(lessons.size())});
}

fs::path Grader::folder_of(size_t student) const
{
    return grades / "students" / reports[student].submission.student;
}

fs::path Grader::record_of(const Job &job) const
{
    return folder_of(job.student) / ('.' + reports[job.student].lessons[job.lesson]);
}

// Fills in what is known already; the rest becomes jobs.
void Grader::plan()
{
    const std::string kit = fingerprint_of_kit(isolated);
    for (size_t student = 0; student < reports.size(); student++) {
        Report &report = reports[student];
        fs::create_directories(folder_of(student));
        for (size_t lesson = 0; lesson < report.lessons.size(); lesson++) {
            const std::vector<Work> &works = report.submission.works;
            auto work = std::find_if(works.begin(), works.end(),
                                     [&](const Work &one) { return one.lesson == report.lessons[lesson]; });
            if (work == works.end()) {
                report.results[lesson] = unchecked(report.lessons[lesson], FAILED, NOT_HANDED_IN);
                continue;
            }
            Job job{student, lesson, &*work, fingerprint(kit, *work)};
            Result known = load(record_of(job));
            if (known.key == job.key && !kit_stumbled(known)) {
                report.results[lesson] = known;
                reused++;
            } else {
                unfinished[student]++;
                jobs.push_back(job);
            }
        }
    }
}

// In a process of its own, so that what goes wrong with one leaves the others alone.
void Grader::start(const Job &job)
{
    const std::string stage = stages() / std::to_string(&job - jobs.data());
    pid_t pid = fork_tied();
    if (pid != 0) {
        workers[pid] = &job;
        return;
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    try {
        Result result = mark(*job.work, stage, isolated);
        result.key = job.key;
        write_whole(record_of(job), record(result));
        fs::remove_all(stage);
        _exit(0);
    } catch (const std::exception &error) {
        fprintf(stderr, "%s\n", error.what());
        _exit(1);
    }
}

// The worker of job has ended: takes in what it leaves.
void Grader::end(const Job &job)
{
    Report &report = reports[job.student];
    Result &result = report.results[job.lesson];
    result = load(record_of(job));
    if (result.key != job.key)
        result = unchecked(report.lessons[job.lesson], BROKEN, "the grading of this lesson broke off");
    if (--unfinished[job.student] == 0)
        finish(job.student);
}

// All is known of student.
void Grader::finish(size_t student)
{
    write_whole(folder_of(student) / "results.json", gradescope(reports[student]));
    write_whole(folder_of(student) / "junit.xml", junit(reports[student]));
    std::string rows = csv_head(reports[student].lessons);
    for (size_t i = 0; i < reports.size(); i++)
        rows += unfinished[i] == 0 ? csv_row(reports[i]) : "";
    write_whole(grades / "grades.csv", rows);
    for (; shown < reports.size() && unfinished[shown] == 0; shown++)
        print_row(reports[shown], name_width(reports));
}

void Grader::stop_workers()
{
    for (const auto &worker : workers) {
        kill(worker.first, SIGKILL);
        waitpid(worker.first, nullptr, 0);
    }
    workers.clear();
    fs::remove_all(stages());
}

bool Grader::run()
{
    sigset_t signals;
    sigemptyset(&signals);
    for (int number : {SIGCHLD, SIGINT, SIGTERM, SIGHUP})
        sigaddset(&signals, number);
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    fs::remove_all(stages()); // of a run that was killed
    plan();
    print_head(reports[0].lessons, name_width(reports));
    for (size_t student = 0; student < reports.size(); student++)
        if (unfinished[student] == 0)
            finish(student);
    for (size_t next = 0; next < jobs.size() || !workers.empty();) {
        while (next < jobs.size() && workers.size() < WORKERS)
            start(jobs[next++]);
        print_progress(next - workers.size(), jobs.size());
        int signal = sigwaitinfo(&signals, nullptr);
        if (signal == -1) // EINTR: it was stopped, and goes on
            continue;
        if (signal != SIGCHLD) {
            stop_workers();
            return false;
        }
        for (pid_t pid; (pid = waitpid(-1, nullptr, WNOHANG)) > 0;) {
            const Job &job = *workers.at(pid);
            workers.erase(pid);
            end(job);
        }
    }
    fs::remove_all(stages());
    printf("\n  %zu lessons checked now, %zu unchanged since they were checked\n", jobs.size(), reused);
    return true;
}

bool Grader::stumbled() const
{
    return std::any_of(reports.begin(), reports.end(), [](const Report &report) {
        return std::any_of(report.results.begin(), report.results.end(), kit_stumbled);
    });
}
