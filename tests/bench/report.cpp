#include "report.hpp"

#include <algorithm>
#include <functional>
#include <set>

#include "bench.hpp"
#include "format.hpp"

namespace
{

using Format = std::function<std::string(double)>;

const int NAME = 12, CELL = 12; // columns on the terminal

// Pads to width columns; µ and × are two bytes and one column.
std::string padded(const std::string &text, int width, bool left = false)
{
    int columns = 0;
    for (char c : text)
        columns += (c & 0xC0) != 0x80;
    std::string spaces(static_cast<size_t>(std::max(0, width - columns)), ' ');
    return left ? text + spaces : spaces + text;
}

std::string cell(const Figure &figure, const Format &format)
{
    if (figure.noisy)
        return "too noisy";
    std::string text = format(figure.value);
    return figure.low == figure.high ? text
                                     : text + " (" + format(figure.low) + "-" + format(figure.high) + ")";
}

class Tables
{
  public:
    Tables(const Findings &found, const std::vector<std::string> &servers, int runs)
        : findings(found), names(servers), width(runs == 1 ? CELL : 27)
    {
    }
    void heading(const std::string &text, const std::string &chart, const std::string &x_name)
    {
        std::set<size_t> all;
        for (const Figure &figure : findings.of(chart, FLOOR, "ns of processor time"))
            all.insert(figure.x);
        columns.assign(all.begin(), all.end());
        printf("\n%s\n  %s", text.c_str(), padded(x_name, NAME, true).c_str());
        for (size_t x : columns)
            printf("%s", padded(with_commas(x), width).c_str());
        putchar('\n');
    }
    void row(const std::string &name, const std::string &chart, const std::string &series,
             const std::string &quantity, const Format &format)
    {
        std::vector<Figure> row = findings.of(chart, series, quantity);
        if (row.empty())
            return;
        std::string text = "  " + padded(name, NAME, true);
        size_t least = 0;
        for (size_t x : columns) {
            auto in = std::find_if(row.begin(), row.end(),
                                   [&](const Figure &f) { return f.x <= x && f.x >= least; });
            text += padded(in == row.end() ? "" : cell(*in, format), width);
            least = x + 1;
        }
        puts(text.substr(0, text.find_last_not_of(' ') + 1).c_str());
    }
    void rows(const std::string &chart, const std::string &quantity, const Format &format)
    {
        for (const std::string &name : names)
            row(name, chart, name, quantity, format);
    }

  private:
    const Findings &findings;
    const std::vector<std::string> &names;
    const int width;
    std::vector<size_t> columns;
};

std::string in_time(double ns)
{
    return duration(ns);
}

std::string whole(double value)
{
    return with_commas(static_cast<size_t>(std::max(0.0, value) + 0.5));
}

std::string times(double ratio)
{
    return "×" + short_number(ratio);
}

// The same program twice: how far apart the two were says how far to believe the rest.
void print_control(const Findings &findings)
{
    double apart = 0;
    size_t count = 0, noisy = 0;
    for (const char *chart : {"idle", "active"})
        for (const Figure &figure : findings.of(chart, CONTROL, "ratio to its twin")) {
            count++;
            noisy += figure.noisy;
            if (!figure.noisy)
                apart = std::max({apart, figure.high - 1, 1 - figure.low});
        }
    if (count == 0)
        return;
    printf("\nControl: the same program twice, compared %zu times: ", count);
    if (count == noisy)
        printf("always too noisy.\nRun it again when the machine has less to do.\n");
    else
        printf("at most %.1f %% apart%s.\nBelieve no smaller difference.\n", 100 * apart,
               noisy ? (", too noisy " + std::to_string(noisy) + " times").c_str() : "");
}

void print_pause(const Findings &findings, const std::string &name)
{
    auto closed = findings.of("pause", name, "ns at the 99th percentile in a closed loop");
    auto open = findings.of("pause", name, "ns at the 99th percentile in an open loop");
    if (closed.empty() || open.empty())
        return;
    printf("\n%s stood still for 100 ms. What the load generator saw, 99th percentile:\n"
           "  closed loop  %s   each request waits for the answer before it\n"
           "  open loop    %s   requests leave when they are due, as those of many clients do\n",
           name.c_str(), padded(cell(closed[0], in_time), CELL).c_str(),
           padded(cell(open[0], in_time), CELL).c_str());
}

// A generator that is late itself measures itself.
void print_lateness(const Findings &findings, const std::vector<std::string> &names)
{
    double most = 0;
    for (const std::string &name : names) {
        auto latency = findings.of("latency", name, "ns at the 99th percentile");
        auto late = findings.of("latency", name, "ns of lateness of the generator at the 99th percentile");
        for (size_t i = 0; i < latency.size() && i < late.size(); i++)
            if (!latency[i].noisy)
                most = std::max(most, late[i].high);
    }
    if (most > 0)
        printf("  the load generator's own lateness is in these: its 99th percentile is at most %s\n",
               in_time(most).c_str());
}

void print_memory(const Findings &findings, const std::vector<std::string> &names)
{
    printf("\nMemory that the server's processes take for each connection, with kernel stacks\n"
           "and page tables, without the kernel's sockets\n");
    for (const std::string &name : names)
        for (const Figure &figure : findings.of("memory", name, "bytes for each connection"))
            printf("  %s%s bytes, at %s\n", padded(name, NAME, true).c_str(),
                   padded(cell(figure, whole), CELL).c_str(), with_commas(figure.x).c_str());
}

} // namespace

void print_report(const Findings &findings, const std::vector<std::string> &names, int runs)
{
    Tables tables(findings, names, runs);
    const char *idle = "idle clients", *active = "clients";
    tables.heading("Processor time for each request of one client, the others idle,\n"
                   "over that of the floor: a program that only reads and writes the same bytes",
                   "idle", idle);
    tables.row("the floor", "idle", FLOOR, "ns of processor time", in_time);
    tables.rows("idle", "ratio to the floor", times);
    tables.heading("Latency at a steady 2,000 requests a second (open loop), median", "idle", idle);
    tables.rows("latency", "ns at the median", in_time);
    tables.heading("Latency, 99th percentile", "idle", idle);
    tables.rows("latency", "ns at the 99th percentile", in_time);
    print_lateness(findings, names);
    print_memory(findings, names);
    tables.heading("All clients active: processor time for each request, over that of the floor", "active",
                   active);
    tables.row("the floor", "active", FLOOR, "ns of processor time", in_time);
    tables.rows("active", "ratio to the floor", times);
    tables.heading("All clients active: how many are served", "active", active);
    tables.rows("active", "served", whole);
    tables.heading("All clients active: system calls for each request", "active", active);
    tables.rows("active", "system calls for each request", short_number);
    for (const std::string &name : names)
        print_pause(findings, name);
    print_control(findings);
    if (!findings.notes.empty())
        putchar('\n');
    for (const std::string &note : findings.notes)
        printf("%s\n", note.c_str());
}
