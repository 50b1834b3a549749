#include "compile.hpp"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <poll.h>
#include <sstream>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "box.hpp"
#include "story.hpp"

namespace
{

namespace fs = std::filesystem;

const size_t LONGEST_SOURCE = 1 << 20; // bytes
const size_t MOST_SAID = 1 << 20;      // bytes; what comes after them nobody reads

// Reads both to their ends. False: that took too long.
bool drain_both(int words, std::string &said, int result, std::string &program)
{
    const int seconds = 120;
    auto start = std::chrono::steady_clock::now();
    pollfd ends[] = {{words, POLLIN, 0}, {result, POLLIN, 0}};
    std::string *texts[] = {&said, &program};
    char bytes[65536];
    while ((ends[0].fd != -1 || ends[1].fd != -1) &&
           std::chrono::steady_clock::now() - start < std::chrono::seconds(seconds)) {
        poll(ends, 2, 1000);
        for (int i = 0; i < 2; i++) {
            ssize_t n = ends[i].revents ? read(ends[i].fd, bytes, sizeof bytes) : -1;
            if (n > 0 && (i == 1 || said.size() < MOST_SAID))
                texts[i]->append(bytes, static_cast<size_t>(n));
            else if (n == 0)
                ends[i].fd = -1;
        }
    }
    close(words);
    close(result);
    return ends[0].fd == -1 && ends[1].fd == -1;
}

// Whether all of bytes went to fd.
bool write_all(int fd, const std::string &bytes)
{
    for (size_t done = 0; done < bytes.size();) {
        ssize_t n = write(fd, bytes.data() + done, bytes.size() - done);
        if (n <= 0)
            return false;
        done += static_cast<size_t>(n);
    }
    return true;
}

// Text as one word of the shell's.
std::string for_shell(const std::string &text)
{
    std::string quoted = "'";
    for (char c : text)
        quoted += c == '\'' ? "'\\''" : std::string(1, c);
    return quoted + '\'';
}

// A source can have /proc/self/environ assembled (.include), and complaints tell of it: keep what
// a compiler needs.
void forget_environment()
{
    std::map<std::string, std::string> kept{{"TMPDIR", "."}};
    for (const char *name : {"PATH", "LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES"})
        if (const char *value = getenv(name))
            kept[name] = value;
    clearenv();
    for (const auto &variable : kept)
        setenv(variable.first.c_str(), variable.second.c_str(), 1);
}

// Three times what an honest program with sanitizers takes.
void limit_compiler()
{
    rlimit cpu{60, 60}, size{64 << 20, 64 << 20}, memory{768 << 20, 768 << 20};
    setrlimit(RLIMIT_CPU, &cpu);
    setrlimit(RLIMIT_FSIZE, &size);
    setrlimit(RLIMIT_AS, &memory);
}

// Inside the box: a copy of the kit that holds one source and the header, no more. The
// compiler runs where the paths that it prints are those that the student knows.
int build_copy(const Source &source, const std::string &text, const std::string &header,
               const std::string &command, int result)
{
    char copy[] = "build-XXXXXX";
    if (!mkdtemp(copy))
        return 3;
    fs::path top = fs::path(copy) / "a" / "b"; // so that ../../common is below copy
    fs::path folder = fs::path(source.folder).relative_path();
    fs::path common = (top / folder / "../../common").lexically_normal();
    std::string file = folder / (source.program + ".cpp");
    fs::create_directories(top / folder);
    fs::create_directories(common);
    std::ofstream(top / file) << text;
    std::ofstream(common / "error.hpp") << header;
    if (chdir(top.c_str()) == -1)
        return 3;
    forget_environment();
    limit_compiler();
    int status = system((command + " -o program " + for_shell(file)).c_str());
    return status == 0 && write_all(result, contents("program")) ? 0 : 2;
}

// Makes the executable output, at once: another run may be using the old one.
bool install(const std::string &program, const std::string &output)
{
    std::string fresh = output + '.' + std::to_string(getpid());
    unlink(fresh.c_str());
    int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    if (fd == -1)
        return false;
    bool done = write_all(fd, program);
    close(fd);
    return done && rename(fresh.c_str(), output.c_str()) == 0;
}

} // namespace

std::string compiler(const std::string &options)
{
    const char *chosen = getenv("CXX");
    return std::string(chosen && *chosen ? chosen : "g++") + ' ' + options;
}

std::string contents(const std::string &path)
{
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

Built compile(const Source &source, const std::string &command, const std::string &output, bool isolated)
{
    std::string name = source.folder + '/' + source.program + ".cpp";
    std::string path = name[0] == '/' ? name : source.kit + '/' + name;
    if (!fs::is_regular_file(path))
        return {false, name + ": error: no such file\n"};
    if (access(path.c_str(), R_OK) == -1)
        return {false, name + ": error: cannot be read: " + strerror(errno) + '\n'};
    if (fs::file_size(path) > LONGEST_SOURCE)
        return {false, name + ": error: longer than a mebibyte: that is no lesson's program\n"};
    std::string text = contents(path), header = contents(source.kit + "/common/error.hpp");
    // Pipes could be opened again, by an #include of /proc/self/fd/1; sockets cannot.
    int words[2], result[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, words) == -1 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, result) == -1)
        return {false, "socketpair failed\n"};
    pid_t box = start_in_box(isolated, source.kit, [&] {
        dup2(words[1], STDOUT_FILENO);
        dup2(words[1], STDERR_FILENO);
        return build_copy(source, text, header, command, result[1]);
    });
    close(words[1]);
    close(result[1]);
    std::string said, program;
    bool in_time = drain_both(words[0], said, result[0], program);
    int status = end_box(box);
    if (!in_time || (said.empty() && status != 0))
        return {false, name + ": error: the compiler was stopped: it took too long, or too much memory\n"};
    if (said.find("undefined reference to `main'") != std::string::npos)
        return {false, name + ": error: there is no main() in it\n"};
    if (status != 0)
        return {false, printable(said)};
    if (!install(program, output))
        return {false, output + ": error: cannot be written: " + strerror(errno) + '\n'};
    return {true, printable(said)};
}
