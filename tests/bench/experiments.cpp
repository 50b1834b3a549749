#include "experiments.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <map>
#include <memory>
#include <poll.h>
#include <sched.h>
#include <set>
#include <unistd.h>

#include "compare.hpp"
#include "estimate.hpp"
#include "findings.hpp"
#include "format.hpp"
#include "trace.hpp"

namespace
{

const std::vector<size_t> IDLE = {0, 100, 900, 5000, 10000};
const std::vector<size_t> ACTIVE = {1, 10, 100, 1000};
const size_t CONTROL_IDLE = 900; // the control needs no more to tell what to believe
const int BLOCKS = 4;
const long RATE = 2000;    // requests a second, open loop
const long REQUESTS = 250; // in one slice of it
const double LATE = 0.25;  // of the latency: as late as the generator may itself be
const int TRIES = 3;       // for a slice of it that was later
const int PAUSE = 100;     // ms

// The first two cores that we may use.
std::vector<int> cores()
{
    cpu_set_t allowed;
    sched_getaffinity(0, sizeof allowed, &allowed);
    std::vector<int> found;
    for (int core = 0; core < CPU_SETSIZE && found.size() < 2; core++)
        if (CPU_ISSET(core, &allowed))
            found.push_back(core);
    return found;
}

// Counts, none of them more than most.
std::vector<size_t> up_to(std::vector<size_t> counts, size_t most)
{
    for (size_t &count : counts)
        count = std::min(count, most);
    counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
    return counts;
}

double at(const Histogram &histogram, double share)
{
    return static_cast<double>(histogram.quantile(share));
}

bool too_late(const Latencies &found, double share)
{
    return at(found.late, share) > LATE * at(found.answered, share);
}

class Experiments
{
  public:
    Experiments(const Plan &the_plan, const Network &net, FILE *to)
        : plan(the_plan), network(net), core(cores()[1]), gate(core), out(to),
          idle_steps(up_to(IDLE, plan.most)),
          active_steps(up_to(ACTIVE, plan.most / (plan.contenders.size() + 2)))
    {
        cpu_set_t own;
        CPU_ZERO(&own);
        CPU_SET(cores()[0], &own);
        sched_setaffinity(0, sizeof own, &own);
    }
    void idle_connections();
    void all_active();
    void pause();

  private:
    using Setups = std::vector<std::unique_ptr<Setup>>;
    const Plan &plan;
    const Network network;
    const int core;
    Gate gate;
    FILE *out;
    const std::vector<size_t> idle_steps, active_steps; // the generator holds all active clients at once
    size_t stage = 0;
    std::set<std::string> failed; // those that did not start

    void progress(const std::string &text);
    void note(const std::string &text) const { fputs(line_of(text).c_str(), out); }
    void figure(const char *chart, const Setup &setup, const char *quantity, size_t x, Estimate found) const;
    std::unique_ptr<Setup> start(const Contender &who, size_t count = 0);
    Setups start_all(size_t floor_count, const std::set<std::string> &without);
    void drop_broken(Setups &setups, const std::string &when) const;
    void grow_idle(Setups &setups, size_t count) const;
    void costs(const char *chart, const std::vector<Setup *> &setups, const std::vector<size_t> &x);
    void steady_rate(const std::vector<Setup *> &setups);
    void latency(const Setup &setup, const Latencies &there, const Latencies &back) const;
    void memory(const Setups &setups, std::map<std::string, long> &empty) const;
    void calls(Setups &setups, size_t count);
};

void Experiments::progress(const std::string &text)
{
    const size_t stages = 3 * idle_steps.size() + active_steps.size() + 1;
    bool terminal = isatty(STDERR_FILENO);
    fprintf(stderr, terminal ? "\r\033[K%s%zu of %zu: %s" : "%s%zu of %zu: %s\n", plan.prefix.c_str(),
            ++stage, stages, text.c_str());
    if (terminal && stage == stages)
        fputc('\r', stderr);
}

void Experiments::figure(const char *chart, const Setup &setup, const char *quantity, size_t x,
                         Estimate found) const
{
    Figure figure{chart, setup.server.who.name, quantity, x, found.value, found.noisy, 0, 0};
    fputs(line_of(figure).c_str(), out);
}

// nullptr, and a note, if it does not get as far as answering its first client.
std::unique_ptr<Setup> Experiments::start(const Contender &who, size_t count)
{
    if (failed.count(who.name))
        return nullptr;
    auto setup = std::make_unique<Setup>(who, network, core, count);
    std::string why;
    if (!setup->server.listening())
        why = "does not listen";
    else if (!setup->clients.grow(std::max<size_t>(count, 1)))
        why = "does not answer its first client";
    else if (setup->clients.active.empty())
        why = "does not greet its first client: " + setup->clients.refusal;
    if (why.empty())
        return setup;
    std::string fate = setup->server.fate();
    failed.insert(who.name);
    note(who.name + " is not measured: it " + why + (fate.empty() ? "" : ", it " + fate));
    return nullptr;
}

// The floor comes first, the control last: the program before it a second time.
Experiments::Setups Experiments::start_all(size_t floor_count, const std::set<std::string> &without)
{
    Setups setups;
    auto add = [&](const Contender &who, size_t count) {
        if (without.count(who.name))
            return;
        if (auto setup = start(who, count))
            setups.push_back(std::move(setup));
    };
    add(plan.floor, floor_count);
    for (const Contender &who : plan.contenders)
        add(who, 0);
    if (setups.size() > 1)
        add({CONTROL, setups.back()->server.who.binary}, 0);
    return setups;
}

void Experiments::drop_broken(Setups &setups, const std::string &when) const
{
    for (const auto &setup : setups)
        if (!setup->broken.empty() && setup->server.who.name != CONTROL)
            note(setup->server.who.name + " broke " + when + ": it " + setup->broken);
    setups.erase(std::remove_if(setups.begin(), setups.end(),
                                [](const auto &setup) { return !setup->broken.empty(); }),
                 setups.end());
}

void Experiments::grow_idle(Setups &setups, size_t count) const
{
    for (auto &setup : setups) {
        const std::string &name = setup->server.who.name;
        if (name == FLOOR || (name == CONTROL && count > CONTROL_IDLE) || !setup->clients.refusal.empty())
            continue;
        if (!setup->clients.grow_idle(count))
            broke(*setup);
        setup->server.find_children();
    }
}

// Processor time for each request: in nanoseconds, as a ratio to the floor, and the
// control as a ratio to its twin.
void Experiments::costs(const char *chart, const std::vector<Setup *> &setups, const std::vector<size_t> &x)
{
    auto blocks = compare(setups, gate, BLOCKS);
    for (size_t i = 0; i < setups.size(); i++) {
        if (!setups[i]->broken.empty())
            continue;
        figure(chart, *setups[i], "ns of processor time", x[i], estimate(blocks[i]));
        if (setups[0]->server.who.name == FLOOR)
            figure(chart, *setups[i], "ratio to the floor", x[i], estimate(ratios(blocks[i], blocks[0])));
        for (size_t twin = 0; twin < setups.size(); twin++)
            if (setups[i]->server.who.name == CONTROL && twin != i && x[twin] == x[i] &&
                setups[twin]->server.who.binary == setups[i]->server.who.binary)
                figure(chart, *setups[i], "ratio to its twin", x[i],
                       estimate(ratios(blocks[i], blocks[twin])));
    }
}

void Experiments::steady_rate(const std::vector<Setup *> &setups)
{
    std::vector<Latencies> there(setups.size()), back(setups.size());
    auto play = [&](size_t i, std::vector<Latencies> &into) {
        for (int tries = 0; tries < TRIES && setups[i]->broken.empty(); tries++) {
            into[i] = open_loop(*setups[i], RATE, REQUESTS, [] {});
            setups[i]->server.settle();
            if (!into[i].disturbed && !too_late(into[i], 0.99))
                break;
        }
    };
    for (size_t i = 0; i < setups.size(); i++)
        play(i, there);
    for (size_t i = setups.size(); i-- > 0;)
        play(i, back);
    for (size_t i = 0; i < setups.size(); i++)
        if (setups[i]->broken.empty())
            latency(*setups[i], there[i], back[i]);
}

// Noisy: the generator was late itself, or the server's core was busy, or the two slices differ.
void Experiments::latency(const Setup &setup, const Latencies &there, const Latencies &back) const
{
    Latencies both = there;
    both.answered.add(back.answered);
    both.late.add(back.late);
    auto add = [&](const char *quantity, double share, double may_differ) {
        double one = at(there.answered, share), other = at(back.answered, share);
        bool apart = std::max(one, other) > may_differ * std::min(one, other);
        figure(
            "latency", setup, quantity, setup.clients.idle,
            {at(both.answered, share), there.disturbed || back.disturbed || too_late(both, share) || apart});
    };
    add("ns at the median", 0.5, 1.3);
    add("ns at the 99th percentile", 0.99, 2);
    figure("latency", setup, "ns of lateness of the generator at the 99th percentile", setup.clients.idle,
           {at(both.late, 0.99), false});
}

// Of the idle connections, once there will be no more of them.
void Experiments::memory(const Setups &setups, std::map<std::string, long> &empty) const
{
    for (const auto &setup : setups) {
        const std::string &name = setup->server.who.name;
        long total = setup->server.memory();
        size_t idle = setup->clients.idle;
        bool complete = !setup->clients.refusal.empty() || idle >= idle_steps.back();
        if (name == FLOOR || name == CONTROL || total == -1)
            continue;
        if (idle == 0)
            empty[name] = total;
        else if (complete && empty.count(name))
            figure("memory", *setup, "bytes for each connection", idle,
                   {static_cast<double>(total - empty[name]) / static_cast<double>(idle), false});
        if (complete)
            empty.erase(name); // it is measured once
    }
}

void Experiments::idle_connections()
{
    Setups setups = start_all(1, {});
    std::map<std::string, long> empty;
    std::set<std::string> full;
    for (size_t count : idle_steps) {
        std::string idle = std::to_string(count) + " idle connections: ";
        progress(idle + "connecting");
        grow_idle(setups, count);
        drop_broken(setups, "while " + std::to_string(count) + " idle clients connected");
        std::vector<Setup *> measured, answering;
        std::vector<size_t> x;
        for (auto &setup : setups) {
            const std::string &name = setup->server.who.name;
            if (full.count(name) || (name == CONTROL && setup->clients.idle < count))
                continue; // it was measured with as many before
            if (!setup->clients.refusal.empty() && full.insert(name).second && name != CONTROL)
                note(name + " gets no further than " + clients(setup->clients.idle) + ": " +
                     setup->clients.refusal);
            if (setup->clients.idle == 0 && count > 0 && name != FLOOR)
                continue;
            measured.push_back(setup.get());
            x.push_back(name == FLOOR ? count : setup->clients.idle);
            if (name != FLOOR && name != CONTROL)
                answering.push_back(setup.get());
        }
        memory(setups, empty);
        progress(idle + "processor time");
        costs("idle", measured, x);
        progress(idle + "latency");
        steady_rate(answering);
        drop_broken(setups, "with " + std::to_string(count) + " idle clients");
    }
}

// Last of all: a server that was traced is not measured again.
void Experiments::calls(Setups &setups, size_t count)
{
    for (auto &setup : setups) {
        double found = calls_per_request(*setup, gate);
        if (found > 0)
            figure("active", *setup, "system calls for each request", count, {found, false});
    }
}

void Experiments::all_active()
{
    std::set<std::string> full;
    for (size_t count : active_steps) {
        progress(std::to_string(count) + " active clients");
        Setups setups = start_all(count, full);
        for (auto &setup : setups) {
            if (!setup->clients.grow(count))
                broke(*setup);
            setup->server.find_children();
            size_t served = setup->clients.active.size();
            figure("active", *setup, "served", count, {static_cast<double>(served), false});
            if (served < count)
                full.insert(setup->server.who.name);
        }
        drop_broken(setups, "while " + std::to_string(count) + " active clients connected");
        setups.erase(std::remove_if(setups.begin(), setups.end(),
                                    [&](const auto &setup) { return full.count(setup->server.who.name); }),
                     setups.end());
        std::vector<Setup *> measured;
        for (auto &setup : setups)
            measured.push_back(setup.get());
        if (measured.empty())
            continue;
        costs("active", measured, std::vector<size_t>(measured.size(), count));
        drop_broken(setups, "with " + std::to_string(count) + " active clients");
        calls(setups, count);
    }
}

// The same pause, seen by a closed loop and by an open one.
void Experiments::pause()
{
    progress("a pause of the server, closed and open loop");
    std::unique_ptr<Setup> setup;
    for (size_t i = plan.contenders.size(); i-- > 0 && !setup;)
        setup = start(plan.contenders[i]);
    if (!setup)
        return;
    std::thread resume;
    auto freeze = [&] {
        pid_t pid = setup->server.processes()[0];
        kill(pid, SIGSTOP);
        resume = std::thread([pid] {
            poll(nullptr, 0, PAUSE);
            kill(pid, SIGCONT);
        });
    };
    for (bool open : {false, true}) {
        Latencies found = (open ? open_loop : closed_loop)(*setup, 1000, 500, freeze);
        resume.join();
        if (setup->broken.empty())
            figure("pause", *setup,
                   open ? "ns at the 99th percentile in an open loop"
                        : "ns at the 99th percentile in a closed loop",
                   0, {at(found.answered, 0.99), false});
    }
}

} // namespace

bool two_cores()
{
    return cores().size() == 2;
}

int run_experiments(const Plan &plan, FILE *out)
{
    signal(SIGPIPE, SIG_IGN);
    Network network = plan.isolated ? make_network() : loopback_network();
    enter(network.client);
    long stolen_before = stolen();
    Experiments experiments(plan, network, out);
    experiments.idle_connections();
    experiments.all_active();
    experiments.pause();
    if (long ticks = stolen() - stolen_before)
        fputs(line_of("this machine lost " + std::to_string(ticks * 1000 / sysconf(_SC_CLK_TCK)) +
                      " ms to other virtual machines; what they disturbed was dropped")
                  .c_str(),
              out);
    fflush(out);
    return 0;
}
