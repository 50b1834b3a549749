#include "charts.hpp"

#include <cstdlib>
#include <fstream>

#include "bars.hpp"
#include "bench.hpp"
#include "chart.hpp"
#include "format.hpp"

namespace
{

const std::vector<double> IDLE_TICKS = {0, 100, 1000, 10000}, ACTIVE_TICKS = {1, 10, 100, 1000};

// 0: it is the server of no lesson.
int lesson_of(const std::string &name)
{
    return atoi(name.c_str());
}

std::string round_duration(double ns)
{
    return duration(ns, round_number);
}

class Charts
{
  public:
    Charts(const Findings &found, const std::vector<std::string> &servers, const std::string &where)
        : findings(found), names(servers), folder(where)
    {
    }
    void idle_cost();
    void latency();
    void active();
    void memory();

  private:
    const Findings &findings;
    const std::vector<std::string> &names;
    const std::string folder;

    void add(Chart &chart, const std::string &name, const std::vector<Figure> &figures, Stroke stroke,
             size_t asking, bool named = true) const;
    void save(const std::string &name, const Chart &chart) const;
    void write(const std::string &file, const std::string &text) const
    {
        std::ofstream(folder + '/' + file) << text;
    }
};

// asking: clients beside those that x counts.
void Charts::add(Chart &chart, const std::string &name, const std::vector<Figure> &figures, Stroke stroke,
                 size_t asking, bool named) const
{
    Line line{name, lesson_of(name), stroke, {}, "", named};
    for (const Figure &figure : figures)
        if (figure.noisy)
            chart.remark = "What was too noisy is left out; bench.csv says where.";
        else
            line.points.push_back({static_cast<double>(figure.x), figure.value, figure.low, figure.high});
    if (line.points.empty())
        return;
    line.end = figures.back().noisy ? "then too noisy" : "ends at " + clients(figures.back().x + asking);
    chart.lines.push_back(line);
}

void Charts::save(const std::string &name, const Chart &chart) const
{
    if (chart.lines.empty())
        return;
    write(name + ".svg", svg(chart, false));
    write(name + "-dark.svg", svg(chart, true));
}

void Charts::idle_cost()
{
    Chart chart{"What idle clients cost",
                "Processor time that the server takes for each request of the one client that is not idle",
                "idle clients",
                IDLE_TICKS,
                round_duration,
                {},
                ""};
    const char *quantity = "ns of processor time";
    add(chart, FLOOR, findings.of("idle", FLOOR, quantity), DOTTED, 1);
    for (const std::string &name : names)
        add(chart, name, findings.of("idle", name, quantity), lesson_of(name) ? SOLID : DASHED, 1);
    save("idle-cost", chart);
}

void Charts::latency()
{
    Chart chart{
        "Latency under a steady rate",
        "2,000 requests a second, whatever the answers do; dotted: the 99th percentile, else the median",
        "idle clients",
        IDLE_TICKS,
        round_duration,
        {},
        ""};
    for (const std::string &name : names) {
        add(chart, name, findings.of("latency", name, "ns at the median"), lesson_of(name) ? SOLID : DASHED,
            1);
        add(chart, name, findings.of("latency", name, "ns at the 99th percentile"), DOTTED, 1, false);
    }
    save("latency", chart);
}

void Charts::active()
{
    Chart chart{
        "All clients active",
        "Processor time for each request, over that of a program that only reads and writes the same bytes",
        "clients, all of them asking",
        ACTIVE_TICKS,
        [](double ratio) { return "×" + round_number(ratio); },
        {},
        ""};
    for (const std::string &name : names)
        add(chart, name, findings.of("active", name, "ratio to the floor"), lesson_of(name) ? SOLID : DASHED,
            0);
    save("active", chart);
}

void Charts::memory()
{
    std::vector<Bar> bars;
    for (const std::string &name : names)
        for (const Figure &figure : findings.of("memory", name, "bytes for each connection"))
            if (figure.value >= 1)
                bars.push_back({name, lesson_of(name), figure.value,
                                with_commas(static_cast<size_t>(figure.value + 0.5)) + " bytes"});
    if (bars.empty())
        return;
    for (bool dark : {false, true})
        write(
            dark ? "memory-dark.svg" : "memory.svg",
            bars_svg(
                "Memory for each connection",
                "Of the server's processes, with kernel stacks and page tables, without the kernel's sockets",
                "bytes, on a logarithmic scale", bars, dark));
}

} // namespace

void draw_charts(const Findings &findings, const std::vector<std::string> &names, const std::string &folder)
{
    Charts charts(findings, names, folder);
    charts.idle_cost();
    charts.latency();
    charts.active();
    charts.memory();
}
