// main.cpp: the command behind `make bench`: measures servers that make has built, and
// shows what it found on the terminal, in a table and in charts.
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

#include "../harness/box.hpp"
#include "charts.hpp"
#include "experiments.hpp"
#include "findings.hpp"
#include "report.hpp"

namespace
{

namespace fs = std::filesystem;

enum Exit { DONE = 0, NOTHING_TO_MEASURE = 1, USAGE = 2, CANNOT = 3, BENCH_BROKEN = 4 };

const size_t MOST_IDLE = 10000; // of the chart
const size_t OWN = 100;         // descriptors that are no connections
const fs::path BUILD = "build/bench";

struct Options {
    int runs = 1;
    std::vector<std::string> folders; // solutions/04-poll
};

Options parse(int argc, char *argv[])
{
    Options options;
    for (int i = 1; i < argc; i++) {
        std::string word = argv[i];
        if (word == "--runs" && i + 1 < argc)
            options.runs = atoi(argv[++i]);
        else
            options.folders.push_back(word);
    }
    return options;
}

int open_binary(const fs::path &path)
{
    return open(path.c_str(), O_RDONLY | O_CLOEXEC);
}

// "4 poll", of solutions/04-poll
std::string name_of(const fs::path &folder)
{
    std::string name = folder.filename();
    name = name.substr(name.find_first_not_of('0'));
    name[name.find('-')] = ' ';
    return name;
}

// What make could build of all that is to be measured: the peers, then the lessons.
std::vector<Contender> contenders(const Options &options, Findings &findings)
{
    std::vector<Contender> found;
    for (const char *peer : {"libuv", "libevent", "asio"})
        if (int binary = open_binary(BUILD / "peers" / peer); binary != -1)
            found.push_back({peer, binary});
    size_t peers = found.size();
    for (const std::string &folder : options.folders) {
        int binary = open_binary(BUILD / folder / "server");
        if (binary == -1)
            findings.notes.push_back(name_of(folder) + " is not measured: " + folder +
                                     "/server.cpp does not build; the compiler's words are in " +
                                     (BUILD / folder / "server.log").string());
        else
            found.push_back({name_of(folder), binary});
    }
    return found.size() == peers ? std::vector<Contender>() : found;
}

// As many descriptors as this system allows. Returns how many connections that makes.
size_t allow_connections(Findings &findings)
{
    const size_t descriptors = allow_descriptors();
    if (descriptors >= MOST_IDLE + OWN)
        return MOST_IDLE;
    findings.notes.push_back("a process may have only " + std::to_string(descriptors) +
                             " descriptors here (ulimit -Hn), so no server gets more than " +
                             std::to_string(descriptors - OWN) + " connections");
    return descriptors - OWN;
}

// One run in a box of its own; what it finds comes through a pipe.
int run_once(const Plan &plan, Findings &findings)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) == -1)
        return BENCH_BROKEN;
    pid_t box = start_in_box(plan.isolated, [&] {
        close(ends[0]);
        return run_experiments(plan, fdopen(ends[1], "w"));
    });
    close(ends[1]);
    FILE *in = fdopen(ends[0], "r");
    char *line = nullptr;
    size_t room = 0;
    for (ssize_t size; (size = getline(&line, &room, in)) > 0;)
        add_line(std::string(line, static_cast<size_t>(size) - 1), findings);
    free(line);
    fclose(in);
    int status;
    waitpid(box, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : BENCH_BROKEN;
}

} // namespace

int main(int argc, char *argv[])
{
    Options options = parse(argc, argv);
    if (options.folders.empty() || options.runs < 1 || !fs::exists(BUILD / "peers" / FLOOR)) {
        fprintf(stderr, "usage: make bench, or make bench LESSON=4 BENCH=lessons, or make bench-full\n");
        return USAGE;
    }
    if (!two_cores()) {
        fprintf(stderr,
                "bench needs two processor cores, one for the load and one for the servers, and may use "
                "one only\n");
        return CANNOT;
    }
    Findings before;
    Plan plan{contenders(options, before),
              {FLOOR, open_binary(BUILD / "peers" / FLOOR)},
              allow_connections(before),
              why_no_box().empty(),
              ""};
    if (!plan.isolated)
        before.notes.push_back("measured on loopback, where others may be: this machine allows no private "
                               "networks. " +
                               how_to_allow());
    if (plan.contenders.empty()) {
        for (const std::string &note : before.notes)
            fprintf(stderr, "%s\n", note.c_str());
        return NOTHING_TO_MEASURE;
    }
    std::vector<Findings> runs{before};
    for (int run = 1; run <= options.runs; run++) {
        plan.prefix = options.runs == 1
                          ? ""
                          : "run " + std::to_string(run) + " of " + std::to_string(options.runs) + ", ";
        runs.emplace_back();
        if (int status = run_once(plan, runs.back())) {
            fprintf(stderr, "bench: the experiments ended early, with status %d\n", status);
            return BENCH_BROKEN;
        }
    }
    Findings findings = merge(runs);
    std::vector<std::string> names;
    for (const Contender &who : plan.contenders)
        names.push_back(who.name);
    print_report(findings, names, options.runs);
    write_csv(findings, BUILD / "bench.csv");
    draw_charts(findings, names, BUILD);
    printf("\n%s has it all in a table; charts, for light and for dark paper, are in %s/*.svg\n",
           (BUILD / "bench.csv").c_str(), BUILD.c_str());
    return DONE;
}
