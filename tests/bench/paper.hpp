// paper.hpp: what both kinds of charts are drawn on: an SVG with a title, texts and rules.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

struct Palette {
    const char *paper, *ink, *faint, *grid;
    std::vector<const char *> lessons; // the first: of no lesson

    const char *of(int lesson) const
    {
        size_t number = static_cast<size_t>(lesson);
        return lessons[number < lessons.size() ? number : 0];
    }
};
const Palette LIGHT = {
    "#ffffff",
    "#1f2328",
    "#59636e",
    "#e4e7eb",
    {"#59636e", "#0067a5", "#b34700", "#00784f", "#a3318a", "#6b46c1", "#866000", "#a3262a", "#007184"}};
const Palette DARK = {
    "#0d1117",
    "#e6edf3",
    "#9198a1",
    "#262c34",
    {"#9198a1", "#58a6ff", "#ff9d57", "#3fc98f", "#ee8fd3", "#b197fc", "#d9b84a", "#ff8b87", "#4fd0e0"}};

class Paper {
public:
    const Palette palette;

    Paper(const Palette &colours, double width, double height, const std::string &title,
          const std::string &subtitle)
        : palette(colours)
    {
        put("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" width=\"%g\" height=\"%g\" "
            "font-family=\"system-ui, 'Segoe UI', Helvetica, Arial, sans-serif\" font-size=\"13\">\n",
            width, height, width, height);
        put("<title>%s</title>\n<rect width=\"100%%\" height=\"100%%\" fill=\"%s\"/>\n",
            escaped(title).c_str(), palette.paper);
        put("<text x=\"16\" y=\"25\" font-size=\"16\" font-weight=\"600\" fill=\"%s\">%s</text>\n",
            palette.ink, escaped(title).c_str());
        text(16, 45, "start", palette.faint, subtitle);
    }
    std::string finish() { return drawn + "</svg>\n"; }

    template <class... Arguments>
    void put(const char *format, Arguments... arguments)
    {
        char piece[1024];
        snprintf(piece, sizeof piece, format, arguments...);
        drawn += piece;
    }
    void text(double x, double y, const char *anchor, const char *colour, const std::string &what)
    {
        if (!what.empty())
            put("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\">%s</text>\n", x, y, anchor,
                colour, escaped(what).c_str());
    }
    void rule(double x1, double y1, double x2, double y2, const char *colour, const char *dashes = "none")
    {
        put("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" stroke-dasharray=\"%s\"/>\n",
            x1, y1, x2, y2, colour, dashes);
    }

private:
    std::string drawn;

    static std::string escaped(const std::string &text)
    {
        std::string safe;
        for (char c : text)
            safe += c == '&' ? "&amp;" : c == '<' ? "&lt;" : std::string(1, c);
        return safe;
    }
};
