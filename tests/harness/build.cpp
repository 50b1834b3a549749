#include "build.hpp"

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sys/stat.h>
#include <sys/wait.h>
#include <tuple>
#include <unistd.h>
#include <vector>

#include "box.hpp"

namespace
{

namespace fs = std::filesystem;

const std::string COMMANDS = "build/commands"; // a file for each folder: which command has built what is there

std::string command_file(const Subject &subject)
{
    return COMMANDS + '/' + std::to_string(std::hash<std::string>()(subject.output));
}

// Whether the programs were built by another command than they should be.
bool is_by_another(const Subject &subject)
{
    std::string command = contents(command_file(subject));
    return !command.empty() && command != subject.command;
}

// When source and the header came to be as they are: their status change, which a file that is
// moved to its place has too. Nothing: there is no source.
std::optional<timespec> last_change(const std::string &source)
{
    struct stat text, header;
    if (stat(source.c_str(), &text) == -1 || stat("common/error.hpp", &header) == -1)
        return std::nullopt;
    auto order = [](const timespec &time) { return std::make_tuple(time.tv_sec, time.tv_nsec); };
    return order(text.st_ctim) < order(header.st_ctim) ? header.st_ctim : text.st_ctim;
}

// A program that the kit has built bears the time of what it was made from, to the nanosecond;
// one that somebody has built by hand does not.
bool made_from(const std::string &output, const timespec &changed)
{
    struct stat made;
    return stat(output.c_str(), &made) == 0 && made.st_mtim.tv_sec == changed.tv_sec &&
           made.st_mtim.tv_nsec == changed.tv_nsec;
}

void date(const std::string &output, const timespec &changed)
{
    const timespec times[] = {changed, changed};
    utimensat(AT_FDCWD, output.c_str(), times, 0); // if that fails it is built again next time
}

// In a process of its own: says what the compiler says, ends with 0 if it compiles.
pid_t start_building(const Subject &subject, const std::string &program, const std::string &output,
                     const std::optional<timespec> &changed, bool isolated, int words)
{
    pid_t pid = fork_tied();
    if (pid != 0)
        return pid;
    Built built = compile({subject.folder, program}, subject.command, output, isolated);
    if (built.done && changed)
        date(output, *changed);
    bool told = built.said.empty() || write(words, built.said.data(), built.said.size()) != -1;
    _exit(built.done && told ? 0 : 1);
}

} // namespace

Built build(const Subject &subject, bool isolated)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) == -1)
        return {false, "pipe2 failed"};
    std::error_code exists;
    fs::create_directories(subject.output, exists);
    bool by_another = is_by_another(subject);
    std::vector<pid_t> builders;
    for (const char *name : {"server", "client"}) {
        std::string output = subject.output + '/' + name;
        std::optional<timespec> changed = last_change(subject.folder + '/' + name + ".cpp");
        if (by_another || !changed || !made_from(output, *changed))
            builders.push_back(start_building(subject, name, output, changed, isolated, ends[1]));
    }
    close(ends[1]);
    Built built{true, ""};
    char bytes[4096];
    ssize_t n;
    while ((n = read(ends[0], bytes, sizeof bytes)) > 0)
        built.said.append(bytes, static_cast<size_t>(n));
    close(ends[0]);
    for (pid_t builder : builders) {
        int status = 1;
        waitpid(builder, &status, 0);
        built.done = built.done && status == 0;
    }
    fs::create_directories(COMMANDS, exists);
    std::ofstream(command_file(subject)) << subject.command;
    return built;
}
