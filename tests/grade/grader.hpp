// grader.hpp: grades many submissions, several lessons at a time.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

#include "result.hpp"

class Grader {
public:
    // grades: the folder for the results, a folder students/NAME for each of them.
    Grader(const std::vector<Submission> &submissions, const std::vector<std::string> &lessons,
           const std::filesystem::path &grades, bool isolated);

    // Checks all that has not been checked before, and shows a table. False: interrupted.
    bool run();
    // Whether something could not be checked through a fault of the kit.
    bool stumbled() const;

private:
    struct Job {
        size_t student, lesson;
        const Work *work;
        std::string key;
    };
    const std::filesystem::path grades;
    const bool isolated;
    std::vector<Report> reports;    // one a student
    std::vector<size_t> unfinished; // lessons of each student
    std::vector<Job> jobs;
    std::map<pid_t, const Job *> workers;
    size_t shown = 0, reused = 0;

    std::filesystem::path folder_of(size_t student) const;
    std::filesystem::path record_of(const Job &job) const;
    std::filesystem::path stages() const { return grades / ".being-checked"; }
    void plan();
    void start(const Job &job);
    void end(const Job &job);
    void finish(size_t student);
    void stop_workers();
};
