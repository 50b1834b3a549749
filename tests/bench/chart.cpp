#include "chart.hpp"

#include <algorithm>

#include "axis.hpp"
#include "format.hpp"
#include "paper.hpp"

namespace
{

const double WIDTH = 760, LEFT = 70, RIGHT = 130, PLANE = 300, TOP = 62, BOTTOM = 76;
const double ROW = 17; // height of a line of text

class Drawing
{
  public:
    Drawing(const Chart &what, const Palette &colours)
        : chart(what), top(TOP + ROW * static_cast<double>(ended().size())), bottom(top + PLANE),
          x(least_x(), chart.x_ticks.back(), LEFT, WIDTH - RIGHT, chart.x_ticks[0] <= 0),
          low(round_down(extreme(true))), high(round_up(extreme(false))), y(low, high, bottom, top),
          paper(colours, WIDTH, bottom + BOTTOM, chart.title, chart.subtitle), palette(paper.palette)
    {
    }
    std::string draw()
    {
        axes();
        for (const Line &line : chart.lines)
            curve(line);
        names_at_the_right();
        names_on_top();
        paper.text(16, bottom + BOTTOM - 12, "start", palette.faint, chart.remark);
        return paper.finish();
    }

  private:
    const Chart &chart;
    const double top, bottom;
    const Axis x;
    const double low, high;
    const Axis y;
    Paper paper;
    const Palette &palette;

    double least_x() const { return chart.x_ticks[0] > 0 ? chart.x_ticks[0] : chart.x_ticks[1]; }
    double extreme(bool least) const
    {
        double found = least ? 1e300 : 0;
        for (const Line &line : chart.lines)
            for (const Point &point : line.points)
                found = least ? std::min(found, point.low) : std::max(found, point.high);
        return found;
    }
    // The named lines that end before the axis does, from left to right; and the others.
    std::vector<const Line *> ended() const { return named(true); }
    std::vector<const Line *> named(bool before_the_end) const
    {
        std::vector<const Line *> found;
        for (const Line &line : chart.lines)
            if (line.named && (line.points.back().x < chart.x_ticks.back()) == before_the_end)
                found.push_back(&line);
        std::stable_sort(found.begin(), found.end(),
                         [](auto *a, auto *b) { return a->points.back().x < b->points.back().x; });
        return found;
    }

    void axes()
    {
        for (double tick : ticks(low, high)) {
            paper.rule(LEFT, y.at(tick), WIDTH - RIGHT, y.at(tick), palette.grid);
            paper.text(LEFT - 8, y.at(tick) + 4.5, "end", palette.faint, chart.y_format(tick));
        }
        paper.rule(LEFT, bottom, WIDTH - RIGHT, bottom, palette.faint);
        for (double tick : chart.x_ticks) {
            paper.rule(x.at(tick), bottom, x.at(tick), bottom + 5, palette.faint);
            paper.text(x.at(tick), bottom + 20, "middle", palette.faint,
                       with_commas(static_cast<size_t>(tick + 0.5)));
        }
        if (chart.x_ticks[0] <= 0) { // the axis is no logarithmic one between 0 and the next
            double cut = (x.at(0) + x.at(chart.x_ticks[1])) / 2;
            paper.put("<path d=\"M%.1f %.1fl8 0\" stroke=\"%s\" stroke-width=\"3\"/>\n", cut - 4, bottom,
                      palette.paper);
            paper.rule(cut - 7, bottom + 5, cut - 1, bottom - 5, palette.faint);
            paper.rule(cut + 1, bottom + 5, cut + 7, bottom - 5, palette.faint);
        }
        paper.text((LEFT + WIDTH - RIGHT) / 2, bottom + 41, "middle", palette.ink, chart.x_title);
    }
    void curve(const Line &line)
    {
        const char *dashes = line.stroke == SOLID ? "none" : line.stroke == DASHED ? "6 4" : "1.5 4";
        paper.put("<g stroke=\"%s\" fill=\"%s\">\n<polyline fill=\"none\" stroke-width=\"2\" "
                  "stroke-linecap=\"round\" "
                  "stroke-dasharray=\"%s\" points=\"",
                  palette.of(line.colour), palette.of(line.colour), dashes);
        for (const Point &point : line.points)
            paper.put("%.1f,%.1f ", x.at(point.x), y.at(point.y));
        paper.put("%s", "\"/>\n");
        for (const Point &point : line.points) {
            paper.rule(x.at(point.x), y.at(point.low), x.at(point.x), y.at(point.high),
                       palette.of(line.colour));
            paper.put("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\"/>\n", x.at(point.x), y.at(point.y));
        }
        paper.put("%s", "</g>\n");
    }
    // Beside the last points, moved apart where they would lie on each other.
    void names_at_the_right()
    {
        std::vector<const Line *> lines = named(false);
        std::stable_sort(lines.begin(), lines.end(),
                         [&](auto *a, auto *b) { return height(*a) < height(*b); });
        std::vector<double> places;
        for (const Line *line : lines)
            places.push_back(places.empty() ? height(*line) : std::max(height(*line), places.back() + ROW));
        double most = bottom - 4;
        for (size_t i = places.size(); i-- > 0; most = places[i] - ROW)
            places[i] = std::min(places[i], most);
        for (size_t i = 0; i < lines.size(); i++) {
            paper.rule(WIDTH - RIGHT + 5, height(*lines[i]), WIDTH - RIGHT + 16, places[i],
                       palette.of(lines[i]->colour));
            paper.text(WIDTH - RIGHT + 20, places[i] + 4.5, "start", palette.of(lines[i]->colour),
                       lines[i]->name);
        }
    }
    double height(const Line &line) const { return y.at(line.points.back().y); }
    // Above the plane, the leftmost highest, so that none crosses another's pole.
    void names_on_top()
    {
        double row = TOP + 12;
        for (const Line *line : ended()) {
            double at = x.at(line->points.back().x);
            paper.rule(at, row - 10, at, height(*line) - 5, palette.of(line->colour), "2 3");
            paper.text(at + 5, row, "start", palette.of(line->colour),
                       line->name + (line->end.empty() ? "" : ": " + line->end));
            row += ROW;
        }
    }
};

} // namespace

std::string svg(const Chart &chart, bool dark)
{
    return Drawing(chart, dark ? DARK : LIGHT).draw();
}
