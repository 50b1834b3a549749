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
#include "need.hpp"
#include "story.hpp"

namespace
{

namespace fs = std::filesystem;

const size_t LONGEST_SOURCE = 1 << 20; // bytes
const size_t MOST_SAID = 1 << 20;      // bytes; what comes after them nobody reads

// The top of the kit below the folder of its copy: two deep, so that ../../common of the kit is in there too.
const std::string TOP_OF_COPY = "/copy/of-the-kit/";

// Headers that were read ahead: what the compiler is told to include first, and the folder where it finds
// what it has made of them, for two pairs of programs.
const std::string HEADERS = "headers-read-ahead.hpp";
const std::string KEPT_HEADERS = "build/headers";
const size_t MOST_KEPT = 4;

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
// a compiler needs. It complains in English, as we look for its words.
void forget_environment()
{
    std::map<std::string, std::string> kept{{"TMPDIR", "."}, {"LC_MESSAGES", "C"}};
    if (const char *path = getenv("PATH"))
        kept["PATH"] = path;
    for (const char *name : {"LANG", "LC_CTYPE", "LC_ALL"}) // which characters there are: the last one counts
        if (const char *value = getenv(name))
            kept["LC_CTYPE"] = value;
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

// What a compiler is to make, of these files and no others.
struct Task {
    std::map<std::string, std::string> files; // texts by their paths, from where the compiler runs
    std::string command, product;             // product: the file that the command makes
    int ahead;                                // descriptor of HEADERS, precompiled; -1: none
};

// Runs the compiler, and passes on what it says. With headers that were read ahead that is the same, unless
// it speaks of these: then it reads the program as it stands.
int run_compiler(const Task &task)
{
    if (task.ahead != -1) {
        fcntl(task.ahead, F_SETFD, 0);
        fs::create_symlink("/proc/self/fd/" + std::to_string(task.ahead), HEADERS + ".gch");
        int status = system((task.command + " -include " + HEADERS + " >words 2>&1").c_str());
        std::string words = contents("words");
        if (words.find(HEADERS) == std::string::npos)
            return write_all(STDOUT_FILENO, words) ? status : -1;
    }
    return system(task.command.c_str());
}

// Inside the box: a copy of the kit that holds the files, no more. The compiler runs where
// the paths that it prints are those that the student knows.
int run_task(const Task &task, int result)
{
    char copy[] = "build-XXXXXX";
    if (!mkdtemp(copy))
        return 3;
    fs::path top = copy + TOP_OF_COPY;
    for (const auto &[name, text] : task.files) {
        fs::path file = (top / name).lexically_normal();
        fs::create_directories(file.parent_path());
        std::ofstream(file) << text;
    }
    if (chdir(top.c_str()) == -1)
        return 3;
    forget_environment();
    limit_compiler();
    return run_compiler(task) == 0 && write_all(result, contents(task.product)) ? 0 : 2;
}

struct Made {
    bool in_time;
    int status; // of run_task()
    std::string said, product;
};

Made make_in_box(const Task &task, bool isolated)
{
    // Pipes could be opened again, by an #include of /proc/self/fd/1; sockets cannot.
    int words[2], result[2];
    need(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, words) != -1, "socketpair");
    need(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, result) != -1, "socketpair");
    pid_t box = start_in_box(isolated, [&] {
        dup2(words[1], STDOUT_FILENO);
        dup2(words[1], STDERR_FILENO);
        return run_task(task, result[1]);
    });
    close(words[1]);
    close(result[1]);
    Made made;
    made.in_time = drain_both(words[0], made.said, result[0], made.product);
    made.status = end_box(box);
    return made;
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
    done = done && rename(fresh.c_str(), output.c_str()) == 0;
    if (!done)
        unlink(fresh.c_str());
    return done;
}

// The lines of text that include the system's headers, up to the first line that is anything else: what
// stands there may change the meaning of the headers after it.
std::string first_headers(const std::string &text)
{
    std::istringstream lines(text);
    std::string headers;
    for (std::string line; std::getline(lines, line) && (line.empty() || line.back() != '\\');) {
        if (line.compare(0, 10, "#include <") == 0)
            headers += line + '\n';
        else if (!line.empty() && line.compare(0, 2, "//") != 0)
            break;
    }
    return headers;
}

// Where these headers lie once command has read them. A compiler that cannot use what is there reads the
// text.
std::string path_of_kept(const std::string &headers, const std::string &command)
{
    return KEPT_HEADERS + '/' + std::to_string(std::hash<std::string>()(command + '\n' + headers)) + ".gch";
}

std::string path_of(const Source &source)
{
    return source.folder + '/' + source.program + ".cpp";
}

// Makes room for one more.
void drop_old_headers()
{
    std::multimap<fs::file_time_type, fs::path> found;
    for (const fs::directory_entry &entry : fs::directory_iterator(KEPT_HEADERS))
        found.insert({entry.last_write_time(), entry.path()});
    while (found.size() >= MOST_KEPT) {
        fs::remove(found.begin()->second);
        found.erase(found.begin());
    }
}

// Whether that is what the linker complains of: ld, gold, or lld.
bool lacks_main(const std::string &said)
{
    for (const char *complaint :
         {"undefined reference to `main'", "undefined reference to 'main'", "undefined symbol: main\n"})
        if (said.find(complaint) != std::string::npos)
            return true;
    return false;
}

// What the compiler said, without the folder of the copy, which the linker knows from the program's debug
// information.
std::string without_copy(const std::string &said)
{
    std::string kept;
    size_t from = 0;
    for (size_t found; (found = said.find(TOP_OF_COPY, from)) != std::string::npos;
         from = found + TOP_OF_COPY.size()) {
        kept += said.substr(from, found - from);
        kept.erase(kept.find_last_of(" (\n") + 1);
    }
    return kept + said.substr(from);
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
    const std::string name = path_of(source);
    if (!fs::is_regular_file(name))
        return {false, name + ": error: no such file\n"};
    if (access(name.c_str(), R_OK) == -1)
        return {false, name + ": error: cannot be read: " + strerror(errno) + '\n'};
    if (fs::file_size(name) > LONGEST_SOURCE)
        return {false, name + ": error: longer than a mebibyte: that is no lesson's program\n"};
    fs::path file = fs::path(name).lexically_normal().relative_path();
    std::string text = contents(name), headers = first_headers(text);
    int ahead = open(path_of_kept(headers, command).c_str(), O_RDONLY | O_CLOEXEC);
    Made made = make_in_box(
        {{{file, text},
          {file.parent_path() / "../../common/error.hpp", contents("common/error.hpp")},
          {HEADERS, headers}},
         command + " -o program " + for_shell(file),
         "program",
         ahead},
        isolated);
    close(ahead);
    if (!made.in_time || (made.said.empty() && made.status != 0))
        return {false, name + ": error: the compiler was stopped: it took too long, or too much memory\n"};
    if (lacks_main(made.said))
        return {false, name + ": error: there is no main() in it\n"};
    if (made.status != 0)
        return {false, printable(without_copy(made.said))};
    if (!install(made.product, output))
        return {false, output + ": error: cannot be written: " + strerror(errno) + '\n'};
    return {true, printable(without_copy(made.said))};
}

pid_t read_ahead(const Source &source, const std::string &command, bool isolated)
{
    std::string headers = first_headers(contents(path_of(source))), output = path_of_kept(headers, command);
    if (headers.empty() || access(output.c_str(), F_OK) == 0)
        return 0;
    pid_t reader = fork_tied();
    if (reader != 0)
        return reader;
    try {
        setpriority(PRIO_PROCESS, 0, 19); // the checks come first
        fs::create_directories(KEPT_HEADERS);
        drop_old_headers();
        Made made = make_in_box(
            {{{HEADERS, headers}}, command + " -x c++-header -o product " + HEADERS, "product", -1}, isolated);
        _exit(made.status == 0 && install(made.product, output) ? 0 : 1);
    } catch (const std::exception &) { // then the next compilation takes as long as this one
        _exit(1);
    }
}
