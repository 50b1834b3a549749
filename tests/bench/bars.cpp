#include "bars.hpp"

#include <algorithm>

#include "axis.hpp"
#include "format.hpp"
#include "paper.hpp"

namespace
{

const double WIDTH = 760, LEFT = 100, RIGHT = 130, TOP = 66, BAR = 18, ROW = 30, BOTTOM = 60;

} // namespace

std::string bars_svg(const std::string &title, const std::string &subtitle, const std::string &x_title,
                     const std::vector<Bar> &bars, bool dark)
{
    double bottom = TOP + ROW * static_cast<double>(bars.size());
    Paper paper(dark ? DARK : LIGHT, WIDTH, bottom + BOTTOM, title, subtitle);
    auto less = [](const Bar &a, const Bar &b) { return a.value < b.value; };
    double low = round_down(std::min_element(bars.begin(), bars.end(), less)->value / 5);
    double high = round_up(std::max_element(bars.begin(), bars.end(), less)->value);
    Axis axis(low, high, LEFT, WIDTH - RIGHT);
    for (double tick : ticks(low, high)) {
        paper.rule(axis.at(tick), TOP, axis.at(tick), bottom, paper.palette.grid);
        paper.text(axis.at(tick), bottom + 20, "middle", paper.palette.faint,
                   with_commas(static_cast<size_t>(tick + 0.5)));
    }
    paper.text((LEFT + WIDTH - RIGHT) / 2, bottom + 41, "middle", paper.palette.ink, x_title);
    for (size_t i = 0; i < bars.size(); i++) {
        const char *colour = paper.palette.of(bars[i].colour);
        double y = TOP + ROW * static_cast<double>(i) + (ROW - BAR) / 2, end = axis.at(bars[i].value);
        paper.text(LEFT - 8, y + 13.5, "end", colour, bars[i].name);
        paper.put("<rect x=\"%g\" y=\"%.1f\" width=\"%.1f\" height=\"%g\" rx=\"2\" fill=\"%s\"/>\n", LEFT, y,
                  end - LEFT, BAR, colour);
        paper.text(end + 8, y + 13.5, "start", colour, bars[i].label);
    }
    return paper.finish();
}
