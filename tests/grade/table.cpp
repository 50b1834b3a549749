#include "table.hpp"

#include <algorithm>
#include <cstdio>
#include <unistd.h>

#include "text.hpp"

namespace
{

const size_t LEAST = 7, MOST_OF_NAME = 32; // columns

int width_of(const std::string &lesson)
{
    return static_cast<int>(std::max(LEAST, lesson.size()));
}

std::string fraction(const Score &score)
{
    return std::to_string(score.passed) + '/' + std::to_string(score.most);
}

void forget_progress()
{
    if (isatty(STDOUT_FILENO))
        printf("\r\033[K");
}

} // namespace

int name_width(const std::vector<Report> &reports)
{
    size_t width = LEAST;
    for (const Report &report : reports)
        width = std::max(width, std::min(MOST_OF_NAME, columns(one_line(report.submission.student))));
    return static_cast<int>(width);
}

void print_head(const std::vector<std::string> &lessons, int width)
{
    printf("  %-*s", width, "student");
    for (const std::string &lesson : lessons)
        printf("  %*s", width_of(lesson), lesson.c_str());
    puts("    total");
}

void print_row(const Report &report, int width)
{
    std::string name = one_line(report.submission.student);
    forget_progress();
    printf("  %s%*s", name.c_str(), std::max(0, width - static_cast<int>(columns(name))), "");
    for (size_t i = 0; i < report.lessons.size(); i++)
        printf("  %*s", width_of(report.lessons[i]),
               handed_in(report, i) ? fraction(score_of(report.results[i])).c_str() : "-");
    printf("  %*s\n", static_cast<int>(LEAST), fraction(total_of(report)).c_str());
    for (const std::string &note : notes_of(report))
        printf("      %s\n", one_line(note).c_str());
}

void print_progress(size_t done, size_t of)
{
    if (!isatty(STDOUT_FILENO))
        return;
    printf("\r\033[K  %zu of %zu lessons", done, of);
    fflush(stdout);
}

std::string csv_head(const std::vector<std::string> &lessons)
{
    std::string row = "student";
    for (const std::string &lesson : lessons)
        row += ',' + lesson + ',' + lesson + " of";
    return row + ",score,score of,skipped,notes\n";
}

std::string csv_row(const Report &report)
{
    std::string row = csv(one_line(report.submission.student)), notes;
    for (size_t i = 0; i < report.results.size(); i++) {
        Score score = score_of(report.results[i]);
        row += ',' + (handed_in(report, i) ? std::to_string(score.passed) : "") + ',' +
               std::to_string(score.most);
    }
    for (const std::string &note : notes_of(report))
        notes += (notes.empty() ? "" : "; ") + one_line(note);
    Score total = total_of(report);
    return row + ',' + std::to_string(total.passed) + ',' + std::to_string(total.most) + ',' +
           std::to_string(total.skipped) + ',' + csv(notes) + '\n';
}
