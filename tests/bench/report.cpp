#include "report.hpp"

#include <algorithm>
#include <functional>
#include <set>

#include "bench.hpp"
#include "format.hpp"

namespace {

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
    return figure.low == figure.high ? text : text + " (" + format(figure.low) + "-" + format(figure.high) + ")";
}

class Tables {
public:
    Tables(const Findings &found, const std::vector<std::string> &servers, int runs)
        : findings(found), names(servers), width(runs == 1 ? CELL : 2 * CELL + 6)
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
    void row(const std::string &name, const std::string &chart, const std::string &series, const std::string &quantity,
             const Format &format)
    {
        std::vector<Figure> row = findings.of(chart, series, quantity);
        if (row.empty())
            return;
        printf("  %s", padded(name, NAME, true).c_str());
        size_t least = 0;
        for (size_t x : columns) {
            auto in = std::find_if(row.begin(), row.end(),
                                   [&](const Figure &f) { return f.x <= x && f.x >= least; });
            printf("%s", padded(in == row.end() ? "" : cell(*in, format), width).c_str());
            least = x + 1;
        }
        putchar('\n');
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
    printf("\nControl: the same program twice, compared %zu times: ", count);
    if (count == noisy)
        printf("always too noisy. Believe nothing here; run it again on a quieter machine.\n");
    else
        printf("at most %.1f %% apart%s. Believe no smaller difference.\n", 100 * apart,
               noisy ? (", too noisy " + std::to_string(noisy) + " times").c_str() : "");
}

void print_pause(const Findings &findings, const std::string &name)
{
    auto closed = findings.of("pause", name, "ns at the 99th percentile, closed loop");
    auto open = findings.of("pause", name, "ns at the 99th percentile, open loop");
    if (closed.empty() || open.empty())
        return;
    printf("\nThe server stopped for 100 ms, once while a closed loop asked it (each request waits for the\n"
           "last answer) and once while an open loop did (requests leave when they are due). 99th percentile:\n"
           "  closed loop  %s\n  open loop    %s   what clients that do not wait for each other see\n",
           cell(closed[0], in_time).c_str(), cell(open[0], in_time).c_str());
}

void print_memory(const Findings &findings, const std::vector<std::string> &names)
{
    printf("\nMemory of the server's processes for each connection, kernel stacks and page tables included,\n"
           "the kernel's sockets not\n");
    for (const std::string &name : names)
        for (const Figure &figure : findings.of("memory", name, "bytes for each connection"))
            printf("  %s%s bytes   (at %s)\n", padded(name, NAME, true).c_str(),
                   padded(cell(figure, [](double v) { return with_commas(static_cast<size_t>(std::max(0.0, v))); }), CELL).c_str(),
                   with_commas(figure.x).c_str());
}

} // namespace

void print_report(const Findings &findings, const std::vector<std::string> &names, int runs)
{
    Tables tables(findings, names, runs);
    tables.heading("Processor time for each request, one client active, as a ratio to the floor: a program that only\n"
                   "reads and writes the same bytes", "idle", "idle clients");
    tables.row("the floor", "idle", FLOOR, "ns of processor time", in_time);
    tables.rows("idle", "ratio to the floor", times);
    tables.heading("Latency at a steady 2,000 requests a second (open loop), median", "idle", "idle clients");
    tables.rows("latency", "ns at the median", in_time);
    tables.heading("Latency, 99th percentile", "idle", "idle clients");
    tables.rows("latency", "ns at the 99th percentile", in_time);
    print_memory(findings, names);
    tables.heading("All clients active: processor time for each request, as a ratio to the floor", "active", "clients");
    tables.row("the floor", "active", FLOOR, "ns of processor time", in_time);
    tables.rows("active", "ratio to the floor", times);
    tables.heading("Served of those that connected", "active", "clients");
    tables.rows("active", "served", [](double v) { return with_commas(static_cast<size_t>(v)); });
    tables.heading("System calls for each request", "active", "clients");
    tables.rows("active", "system calls for each request", short_number);
    print_pause(findings, names.back());
    print_control(findings);
    putchar('\n');
    for (const std::string &note : findings.notes)
        printf("%s\n", note.c_str());
}
