#include "mark.hpp"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <list>
#include <map>
#include <set>

#include "../harness/compile.hpp"
#include "../harness/report.hpp"

namespace
{

namespace fs = std::filesystem;

const size_t CHECKS_AT_ONCE = 4;

// FNV-1a. Whoever makes two files with one hash keeps a mark that was his own.
std::string hash(const std::vector<std::string> &texts)
{
    unsigned long long value = 14695981039346656037ULL;
    for (const std::string &text : texts)
        for (char c : std::to_string(text.size()) + ' ' + text) // so that texts do not run together
            value = (value ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    char digits[17];
    snprintf(digits, sizeof digits, "%016llx", value);
    return digits;
}

// Of the compiler. STATIC is what linkable.sh says.
std::string options()
{
    const char *linked = getenv("STATIC");
    return std::string("-Og ") + (linked ? linked : "");
}

// Builds program; returns what is wrong with it, in short in the first line, or "".
std::string complaint_about(const std::string &program, const HandedIn &source, const std::string &lesson,
                            const std::string &stage, bool isolated)
{
    std::string folder = stage + '/' + lesson;
    write_whole(folder + '/' + program + ".cpp", source.text);
    Built built = compile({folder, program}, compiler(options()), folder + '/' + program, isolated);
    if (built.done)
        return "";
    std::string said = first_complaint(built.said), path = fs::path(stage).relative_path().string() + '/';
    for (size_t at; (at = said.find(path)) != std::string::npos;)
        said.erase(at, path.size());
    said.erase(0, said.find_first_not_of("/\n"));
    return lesson + '/' + program + ".cpp does not compile: " + said;
}

// A step that does not pass gets a second chance: what a busy machine spoils once must not
// cost anybody a mark. One check that fails twice has spoilt its step.
Outcomes outcomes_of(const std::vector<const Check *> &checks, const std::string &folder, bool isolated)
{
    Outcomes outcomes = run({checks, folder, false, false, CHECKS_AT_ONCE}, isolated);
    std::map<std::pair<int, int>, Run> again; // by lesson and step
    for (const auto &[check, outcome] : outcomes) {
        if (outcome.verdict != FAILED && outcome.verdict != BROKEN)
            continue;
        Run fresh{{}, folder, false, true, 1};
        again.insert({{check->lesson, check->step}, fresh}).first->second.checks.push_back(check);
    }
    std::list<Run *> runs;
    for (auto &step : again)
        runs.push_back(&step.second);
    run(runs, isolated, CHECKS_AT_ONCE, [&](const Run &done) {
        for (const auto &[check, outcome] : done.outcomes)
            outcomes[check] = outcome;
    });
    return outcomes;
}

} // namespace

std::vector<std::string> all_lessons()
{
    std::set<std::string> names;
    std::set<int> numbers;
    for (const Check *check : Check::all())
        numbers.insert(check->lesson);
    for (const auto &entry : fs::directory_iterator("lessons"))
        if (numbers.count(atoi(entry.path().filename().c_str())))
            names.insert(entry.path().filename());
    return {names.begin(), names.end()};
}

std::string fingerprint_of_kit(bool isolated)
{
    return hash({contents("/proc/self/exe"), contents("common/error.hpp"), compiler(options()),
                 isolated ? "box" : "open"});
}

std::string fingerprint(const std::string &kit, const Work &work)
{
    return hash({kit, work.server.text, work.server.problem, work.client.text, work.client.problem});
}

Result mark(const Work &work, const std::string &stage, bool isolated)
{
    auto began = std::chrono::steady_clock::now();
    Result result{"", 0, {}, {}};
    std::string folder = stage + '/' + work.lesson;
    fs::create_directories(folder);
    for (const char *program : {"server", "client"}) {
        const HandedIn &source = program[0] == 's' ? work.server : work.client;
        std::string complaint =
            source.problem.empty() ? complaint_about(program, source, work.lesson, stage, isolated) : "";
        if (!complaint.empty())
            result.complaints.push_back(complaint);
    }
    if (!fs::exists(folder + "/server") && !fs::exists(folder + "/client"))
        return unchecked(work.lesson, FAILED, "there is no program to run", result.complaints);
    std::vector<const Check *> checks = checks_of(atoi(work.lesson.c_str()));
    Outcomes outcomes = outcomes_of(checks, folder, isolated);
    for (const Check *check : checks) {
        const Outcome &outcome = outcomes.at(check);
        result.checks.push_back({check->lesson, check->step, check->name, outcome.verdict, outcome.seconds,
                                 text_of(outcome.explanation)});
    }
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    return result;
}

Result unchecked(const std::string &lesson, Verdict verdict, const std::string &why,
                 const std::vector<std::string> &complaints)
{
    Result result{"", 0, complaints, {}};
    for (const Check *check : checks_of(atoi(lesson.c_str())))
        result.checks.push_back({check->lesson, check->step, check->name, verdict, 0, why + '\n'});
    return result;
}
