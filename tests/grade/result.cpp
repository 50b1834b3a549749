#include "result.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "text.hpp"

namespace
{

const size_t LONGEST = 16 << 10; // bytes of a report that go into a file

std::string shortened(const std::string &text)
{
    return text.size() <= LONGEST ? text : text.substr(0, LONGEST) + "\n[cut here]\n";
}

std::string seconds(double time)
{
    char text[32];
    snprintf(text, sizeof text, "%.3f", time);
    return text;
}

// Fields are told apart by their length: nothing that is in them can be mistaken for one.
void put(std::string &out, const std::string &field)
{
    out += std::to_string(field.size()) + ' ' + field + '\n';
}

std::string take(std::istream &in)
{
    size_t size = 0;
    char space = 0, newline = 0;
    in >> size;
    in.get(space);
    if (!in || size > (64U << 20))
        throw std::runtime_error("not a record");
    std::string field(size, '\0');
    in.read(&field[0], static_cast<std::streamsize>(size));
    in.get(newline);
    if (!in || newline != '\n')
        throw std::runtime_error("not a record");
    return field;
}

Result take_result(std::istream &in)
{
    Result result{take(in), std::stod(take(in)), {}, {}};
    for (size_t left = std::stoul(take(in)); left > 0; left--)
        result.complaints.push_back(take(in));
    for (size_t left = std::stoul(take(in)); left > 0; left--) {
        int lesson = std::stoi(take(in)), step = std::stoi(take(in));
        std::string name = take(in);
        Verdict verdict = static_cast<Verdict>(take(in).at(0));
        double time = std::stod(take(in));
        result.checks.push_back({lesson, step, name, verdict, time, take(in)});
    }
    return result;
}

const char *word(Verdict verdict)
{
    return verdict == PASSED    ? "passed"
           : verdict == FAILED  ? "failed"
           : verdict == SKIPPED ? "skipped"
                                : "not checked: the kit stumbled";
}

// What a step has to say: its checks, and of those that are not passed why.
std::string told(const Step &step)
{
    std::string text;
    for (const CheckResult *check = step.first; check != step.first + step.count; check++)
        text += std::string(word(check->verdict)) + ": " + check->name + '\n' + shortened(check->report);
    return text;
}

std::string test_of(const std::string &lesson, const Step &step)
{
    bool passed = step.verdict == PASSED;
    return "    {\"number\": " + json(step.number) + ", \"name\": " + json(lesson + ": " + step.name) +
           ", \"score\": " + (passed ? "1" : "0") + ", \"max_score\": 1, \"status\": \"" +
           (passed ? "passed" : "failed") + "\", \"output\": " + json(told(step)) +
           ", \"visibility\": \"visible\"}";
}

std::string lines(const std::vector<std::string> &texts)
{
    std::string all;
    for (const std::string &text : texts)
        all += text + '\n';
    return all;
}

} // namespace

std::vector<Step> steps_of(const Result &result)
{
    std::vector<Step> steps;
    for (const CheckResult &check : result.checks) {
        bool own = check.lesson == result.checks[0].lesson;
        std::string number =
            std::to_string(result.checks[0].lesson) + '.' + (own ? std::to_string(check.step) : "0");
        if (steps.empty() || steps.back().number != number)
            steps.push_back({number, own ? check.name : "what the lessons before taught", PASSED, &check, 0});
        Step &step = steps.back();
        step.count++;
        for (Verdict worse : {SKIPPED, BROKEN, FAILED}) // the last that applies
            if (check.verdict == worse || step.verdict == worse)
                step.verdict = worse;
    }
    return steps;
}

Score score_of(const Result &result)
{
    Score score{0, 0, 0};
    for (const Step &step : steps_of(result)) {
        score.passed += step.verdict == PASSED;
        score.skipped += step.verdict == SKIPPED || step.verdict == BROKEN;
        score.most++;
    }
    return score;
}

bool kit_stumbled(const Result &result)
{
    return std::any_of(result.checks.begin(), result.checks.end(),
                       [](const CheckResult &check) { return check.verdict == BROKEN; });
}

Score total_of(const Report &report)
{
    Score total{0, 0, 0};
    for (const Result &result : report.results) {
        Score score = score_of(result);
        total = {total.passed + score.passed, total.skipped + score.skipped, total.most + score.most};
    }
    return total;
}

bool handed_in(const Report &report, size_t lesson)
{
    const std::vector<Work> &works = report.submission.works;
    return std::any_of(works.begin(), works.end(),
                       [&](const Work &work) { return work.lesson == report.lessons[lesson]; });
}

std::vector<std::string> notes_of(const Report &report)
{
    std::vector<std::string> notes = report.submission.notes;
    for (size_t i = 0; i < report.lessons.size(); i++) {
        const Result &result = report.results[i];
        for (const std::string &complaint : result.complaints)
            notes.push_back(complaint.substr(0, std::min<size_t>(complaint.find('\n'), 160)));
        if (kit_stumbled(result))
            notes.push_back(report.lessons[i] + ": the kit stumbled, grade again");
        else if (size_t skipped = score_of(result).skipped)
            notes.push_back(report.lessons[i] +
                            ": steps that could not be checked: " + std::to_string(skipped));
    }
    return notes;
}

void write_whole(const std::string &path, const std::string &text)
{
    std::string fresh = path + ".new";
    std::ofstream file(fresh, std::ios::binary);
    file << text;
    file.close();
    if (!file)
        throw std::runtime_error("cannot write " + path);
    std::filesystem::rename(fresh, path);
}

std::string record(const Result &result)
{
    std::string out;
    put(out, result.key);
    put(out, seconds(result.seconds));
    put(out, std::to_string(result.complaints.size()));
    for (const std::string &complaint : result.complaints)
        put(out, complaint);
    put(out, std::to_string(result.checks.size()));
    for (const CheckResult &check : result.checks) {
        put(out, std::to_string(check.lesson));
        put(out, std::to_string(check.step));
        put(out, check.name);
        put(out, std::string(1, static_cast<char>(check.verdict)));
        put(out, seconds(check.seconds));
        put(out, check.report);
    }
    return out;
}

Result load(const std::string &path)
{
    std::ifstream file(path, std::ios::binary);
    try {
        return take_result(file);
    } catch (const std::exception &) { // there is none, or not from this version
        return {};
    }
}

std::string gradescope(const Report &report)
{
    std::string tests, output;
    double time = 0;
    for (size_t i = 0; i < report.results.size(); i++) {
        time += report.results[i].seconds;
        for (const Step &step : steps_of(report.results[i]))
            tests += (tests.empty() ? "\n" : ",\n") + test_of(report.lessons[i], step);
        output += lines(report.results[i].complaints);
    }
    Score total = total_of(report);
    output = lines(notes_of(report)) + std::to_string(total.passed) + " of " + std::to_string(total.most) +
             " steps passed\n" + output;
    return "{\n  \"score\": " + std::to_string(total.passed) +
           ",\n  \"max_score\": " + std::to_string(total.most) + ",\n  \"execution_time\": " + seconds(time) +
           ",\n  \"visibility\": \"visible\",\n  \"output\": " + json(shortened(output)) +
           ",\n  \"tests\": [" + tests + "\n  ]\n}\n";
}

std::string junit(const Report &report)
{
    std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"" +
                      xml(one_line(report.submission.student)) + "\">\n";
    for (size_t i = 0; i < report.results.size(); i++) {
        const Result &result = report.results[i];
        std::string cases;
        size_t count[128] = {};
        for (const CheckResult &check : result.checks) {
            count[static_cast<size_t>(check.verdict)]++;
            std::string step = std::to_string(check.lesson) + '.' + std::to_string(check.step);
            const char *kind = check.verdict == FAILED   ? "failure"
                               : check.verdict == BROKEN ? "error"
                                                         : "skipped";
            cases += "    <testcase classname=\"" + report.lessons[i] + ".step " + step + "\" name=\"" +
                     xml(one_line(check.name)) + "\" time=\"" + seconds(check.seconds) + '"';
            if (check.verdict == PASSED)
                cases += "/>\n";
            else
                cases += std::string("><") + kind + " message=\"" + word(check.verdict) + "\">" +
                         xml(shortened(check.report)) + "</" + kind + "></testcase>\n";
        }
        out += "  <testsuite name=\"" + report.lessons[i] + "\" tests=\"" +
               std::to_string(result.checks.size()) + "\" failures=\"" + std::to_string(count[FAILED]) +
               "\" errors=\"" + std::to_string(count[BROKEN]) + "\" skipped=\"" +
               std::to_string(count[SKIPPED]) + "\" time=\"" + seconds(result.seconds) + "\">\n" + cases +
               "    <system-out>" + xml(shortened(lines(result.complaints))) +
               "</system-out>\n  </testsuite>\n";
    }
    return out + "</testsuites>\n";
}
