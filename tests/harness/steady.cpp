// steady.cpp: the command behind `make steady`: repeats the checks of the solutions, two busy
// loops beside them on each core, and says how near each check came to its deadline.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "box.hpp"
#include "build.hpp"
#include "report.hpp"
#include "session.hpp"

namespace
{

namespace fs = std::filesystem;

const unsigned CORES = static_cast<unsigned>(get_nprocs());

struct Lesson {
    std::string folder;
    int number;
    Run run;
};

// What a check of a lesson came to, in all repeats.
struct Record {
    int lesson;
    const Check *check;
    double seconds, tension; // of the slowest, of the nearest to its deadline
    int flakes;
    std::string report; // of the first flake
};

// Never ends; its end is that of this process.
pid_t start_busy_loop()
{
    pid_t pid = fork_tied();
    if (pid != 0)
        return pid;
    for (volatile unsigned long turns = 0;; turns = turns + 1)
        ;
}

std::vector<Lesson> build_solutions(bool isolated)
{
    std::vector<Lesson> lessons;
    for (const auto &entry : fs::directory_iterator("solutions")) {
        std::string folder = entry.path(), output = "build/solutions/" + entry.path().filename().string();
        int number = atoi(entry.path().filename().c_str());
        Built built = build({folder, output, compiler("-Og")}, isolated);
        if (!built.done) {
            fprintf(stderr, "%s does not compile: %s\n", folder.c_str(), built.said.c_str());
            exit(2);
        }
        lessons.push_back({folder, number, {checks_of(number), output, false, false, 4 * CORES}});
    }
    std::sort(lessons.begin(), lessons.end(),
              [](const Lesson &a, const Lesson &b) { return a.number < b.number; });
    return lessons;
}

void note(std::vector<Record> &records, const Lesson &lesson)
{
    for (const auto &[check, outcome] : lesson.run.outcomes) {
        if (outcome.verdict == SKIPPED)
            continue;
        auto same = std::find_if(records.begin(), records.end(), [&, which = check](const Record &record) {
            return record.lesson == lesson.number && record.check == which;
        });
        if (same == records.end())
            same = records.insert(records.end(), {lesson.number, check, 0, 0, 0, ""});
        same->seconds = std::max(same->seconds, outcome.seconds);
        same->tension = std::max(same->tension, outcome.tension);
        if (outcome.verdict != PASSED && same->flakes++ == 0)
            same->report = text_of(outcome.explanation);
    }
}

// One line for each check, the nearest to its deadline first. Returns the number of flakes.
int print(std::vector<Record> &records)
{
    std::sort(records.begin(), records.end(),
              [](const Record &a, const Record &b) { return a.tension > b.tension; });
    puts("\n  slowest   nearest to its deadline");
    int flakes = 0;
    for (const Record &record : records)
        printf("  %7.3f s   %5.1f %%   solution %d, %s  %s\n", record.seconds, 100 * record.tension,
               record.lesson, number(*record.check).c_str(), record.check->name);
    for (const Record &record : records) {
        flakes += record.flakes;
        if (record.flakes)
            printf("\nfailed %d times: solution %d, %s  %s\n%s", record.flakes, record.lesson,
                   number(*record.check).c_str(), record.check->name, record.report.c_str());
    }
    return flakes;
}

// -1: text is no number.
long number_in(const char *text)
{
    char *end;
    long number = strtol(text, &end, 10);
    return *text != '\0' && *end == '\0' ? number : -1;
}

} // namespace

int main(int argc, char *argv[])
try {
    slowness(); // or a word on what it must be
    long repeats = argc > 1 ? number_in(argv[1]) : -1, loops = argc > 2 ? number_in(argv[2]) : -1;
    if (repeats < 1 || loops < 0) {
        fprintf(stderr,
                "REPEATS must be a number from 1 on; LOOPS, busy loops for each core, one from 0 on\n");
        return 64;
    }
    bool isolated = why_no_box().empty();
    std::vector<Lesson> lessons = build_solutions(isolated);
    std::vector<pid_t> load;
    for (unsigned i = 0; i < CORES * static_cast<unsigned>(loops); i++)
        load.push_back(start_busy_loop());
    std::vector<Record> records;
    for (long repeat = 1; repeat <= repeats; repeat++) {
        std::list<Run *> runs;
        for (Lesson &lesson : lessons) {
            lesson.run.outcomes.clear();
            lesson.run.started.clear();
            runs.push_back(&lesson.run);
        }
        run(runs, isolated, 4 * CORES, [](const Run &) {});
        for (const Lesson &lesson : lessons)
            note(records, lesson);
        if (isatty(STDOUT_FILENO))
            printf("\r\033[K%ld of %ld", repeat, repeats), fflush(stdout);
    }
    for (pid_t loop : load) {
        kill(loop, SIGKILL);
        waitpid(loop, nullptr, 0);
    }
    int flakes = print(records);
    printf("\n%ld repeats, %d flakes\n", repeats, flakes);
    return flakes == 0 ? 0 : 1;
} catch (const std::exception &error) { // no process to be had, or no memory
    fprintf(stderr, "%s\n", error.what());
    return 4;
}
