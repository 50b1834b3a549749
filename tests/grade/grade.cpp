// grade.cpp: the command behind `make grade`: grade SUBMISSIONS GRADES LESSONS
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <unistd.h>

#include "../harness/box.hpp"
#include "grader.hpp"
#include "mark.hpp"
#include "text.hpp"

namespace
{

namespace fs = std::filesystem;

enum Exit { GRADED = 0, BAD_INPUT = 2, KIT_BROKEN = 4, INTERRUPTED = 130 };

struct BadInput : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// The lessons that somebody has handed in.
std::vector<std::string> lessons_in(const std::vector<Submission> &submissions)
{
    std::vector<std::string> lessons;
    for (const std::string &lesson : all_lessons())
        for (const Submission &submission : submissions)
            for (const Work &work : submission.works)
                if (work.lesson == lesson && (lessons.empty() || lessons.back() != lesson))
                    lessons.push_back(lesson);
    return lessons;
}

// The lesson with this number, "2" or "02".
std::string lesson_with(const std::string &number)
{
    std::string known;
    for (const std::string &lesson : all_lessons()) {
        std::string plain = std::to_string(atoi(lesson.c_str()));
        if (number == plain || number == '0' + plain)
            return lesson;
        known += ' ' + plain;
    }
    throw BadInput("LESSON: there is no lesson '" + one_line(number) + "'; there are:" + known);
}

// The lessons whose numbers are in chosen, "1 2", in their order.
std::vector<std::string> lessons_named(const std::string &chosen)
{
    std::set<std::string> lessons;
    std::istringstream words(chosen);
    for (std::string word; words >> word;)
        lessons.insert(lesson_with(word));
    return {lessons.begin(), lessons.end()};
}

bool is_inside(const fs::path &folder, const fs::path &other)
{
    fs::path inner = fs::weakly_canonical(folder), outer = fs::canonical(other);
    return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

// Makes the folder and keeps a second run out of it for as long as this process lives.
void occupy(const fs::path &grades)
{
    std::error_code error;
    fs::create_directories(grades, error);
    int fd = open((grades / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    struct flock whole{};
    whole.l_type = F_WRLCK;
    if (fd == -1)
        throw BadInput("cannot write in " + grades.string());
    if (fcntl(fd, F_SETLK, &whole) == -1)
        throw BadInput("another make grade is at work in " + grades.string() +
                       ": wait for its end, or choose another folder with GRADES=DIR");
}

int grade(const std::string &folder, const fs::path &grades, const std::string &chosen)
{
    if (folder.empty())
        throw BadInput("usage: make grade SUBMISSIONS=DIR, where DIR has a folder for each student, such as "
                       "DIR/ada/01-blocking/server.cpp");
    if (!fs::is_directory(folder) || access(folder.c_str(), R_OK | X_OK) == -1)
        throw BadInput("SUBMISSIONS=" + one_line(folder) + " is no folder that can be read");
    try {
        slowness();
    } catch (const std::invalid_argument &error) {
        throw BadInput(error.what());
    }
    if (is_inside(grades, folder))
        throw BadInput(
            "GRADES is inside of SUBMISSIONS: the next run would take it for a student's. Choose another");
    std::vector<std::string> notes, asked = lessons_named(chosen);
    std::vector<Submission> submissions = read_submissions(folder, all_lessons(), notes);
    std::vector<std::string> lessons = asked.empty() ? lessons_in(submissions) : asked;
    if (lessons.empty())
        throw BadInput("nothing to grade in " + one_line(folder) +
                       ": there should be a folder for each student, such as " + one_line(folder) +
                       "/ada/01-blocking/server.cpp");
    occupy(grades);
    std::string missing = why_no_box();
    if (!missing.empty())
        notes.push_back("this machine allows no private networks (" + missing +
                        "): some steps cannot be checked, and programs run less apart from your files. " +
                        how_to_allow());
    if (!asked.empty())
        notes.push_back("LESSON=" + one_line(chosen) +
                        ": what was handed in of other lessons does not count");
    for (const std::string &note : notes)
        printf("  %s\n", note.c_str());
    Grader grader(submissions, lessons, grades, missing.empty());
    if (!grader.run()) {
        puts("\n  interrupted; the same command goes on from here");
        return INTERRUPTED;
    }
    printf("  %s\n", (grades / "grades.csv").c_str());
    return grader.stumbled() ? KIT_BROKEN : GRADED;
}

} // namespace

int main(int argc, char *argv[])
{
    setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
    try {
        return grade(argc > 1 ? argv[1] : "", fs::absolute(argc > 2 && argv[2][0] ? argv[2] : "build/grade"),
                     argc > 3 ? argv[3] : "");
    } catch (const BadInput &bad) {
        fprintf(stderr, "%s\n", bad.what());
        return BAD_INPUT;
    } catch (const std::exception &error) {
        fprintf(stderr, "%s\n", error.what());
        return KIT_BROKEN;
    }
}
