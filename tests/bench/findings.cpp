#include "findings.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <tuple>

std::vector<Figure> Findings::of(const std::string &chart, const std::string &series,
                                 const std::string &quantity) const
{
    std::vector<Figure> found;
    for (const Figure &figure : figures)
        if (figure.chart == chart && figure.series == series && figure.quantity == quantity)
            found.push_back(figure);
    std::stable_sort(found.begin(), found.end(), [](const Figure &a, const Figure &b) { return a.x < b.x; });
    return found;
}

std::string line_of(const Figure &figure)
{
    std::ostringstream line;
    line << "figure\t" << figure.chart << '\t' << figure.series << '\t' << figure.quantity << '\t' << figure.x
         << '\t' << figure.value << '\t' << figure.noisy << '\n';
    return line.str();
}

std::string line_of(const std::string &note)
{
    return "note\t" + note + '\n';
}

void add_line(const std::string &line, Findings &findings)
{
    std::istringstream in(line);
    std::string kind, x, value, noisy;
    std::getline(in, kind, '\t');
    if (kind == "note") {
        findings.notes.emplace_back();
        std::getline(in, findings.notes.back());
        return;
    }
    Figure figure{};
    for (std::string *field : {&figure.chart, &figure.series, &figure.quantity, &x, &value, &noisy})
        std::getline(in, *field, '\t');
    figure.x = strtoul(x.c_str(), nullptr, 10);
    figure.low = figure.high = figure.value = atof(value.c_str());
    figure.noisy = noisy == "1";
    findings.figures.push_back(figure);
}

Findings merge(const std::vector<Findings> &runs)
{
    Findings all;
    using Key = std::tuple<std::string, std::string, std::string, size_t>;
    std::map<Key, std::vector<double>> values;
    for (const Findings &run : runs) {
        for (const std::string &note : run.notes)
            if (std::find(all.notes.begin(), all.notes.end(), note) == all.notes.end())
                all.notes.push_back(note);
        for (const Figure &figure : run.figures) {
            Key key{figure.chart, figure.series, figure.quantity, figure.x};
            if (values.find(key) == values.end())
                all.figures.push_back(figure);
            values[key];
            if (!figure.noisy)
                values[key].push_back(figure.value);
        }
    }
    for (Figure &figure : all.figures) {
        auto &found = values[{figure.chart, figure.series, figure.quantity, figure.x}];
        figure.noisy = found.empty();
        if (figure.noisy)
            continue;
        std::sort(found.begin(), found.end());
        figure.low = found.front();
        figure.value = (found[(found.size() - 1) / 2] + found[found.size() / 2]) / 2;
        figure.high = found.back();
    }
    return all;
}

void write_csv(const Findings &findings, const std::string &path)
{
    std::ofstream csv(path);
    csv << "experiment,server,quantity,connections,minimum,median,maximum\n";
    for (const Figure &f : findings.figures) {
        csv << f.chart << ',' << f.series << ',' << f.quantity << ',' << f.x << ',';
        if (f.noisy)
            csv << "noisy,noisy,noisy\n";
        else
            csv << f.low << ',' << f.value << ',' << f.high << '\n';
    }
}
