#include "compile.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <sstream>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "box.hpp"

namespace {

namespace fs = std::filesystem;

std::string contents(const std::string &path)
{
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

// Reads two pipes to their ends. False: that took too long, or there was too much.
bool drain_both(int words, std::string &said, int result, std::string &program)
{
    const int seconds = 120;
    const size_t most_said = 1 << 20;
    auto start = std::chrono::steady_clock::now();
    pollfd ends[] = {{words, POLLIN, 0}, {result, POLLIN, 0}};
    std::string *texts[] = {&said, &program};
    char bytes[65536];
    while ((ends[0].fd != -1 || ends[1].fd != -1) && said.size() < most_said &&
           std::chrono::steady_clock::now() - start < std::chrono::seconds(seconds)) {
        poll(ends, 2, 1000);
        for (int i = 0; i < 2; i++) {
            ssize_t n = ends[i].revents ? read(ends[i].fd, bytes, sizeof bytes) : -1;
            if (n > 0)
                texts[i]->append(bytes, static_cast<size_t>(n));
            else if (n == 0)
                ends[i].fd = -1;
        }
    }
    close(words);
    close(result);
    return ends[0].fd == -1 && ends[1].fd == -1;
}

void write_out(int fd, const std::string &text)
{
    for (size_t done = 0; done < text.size();) {
        ssize_t n = write(fd, text.data() + done, text.size() - done);
        if (n <= 0)
            return;
        done += static_cast<size_t>(n);
    }
}

// Inside the box: a copy of the kit that holds one source and the header, no more. The
// compiler runs where the paths that it prints are those that the student knows.
int build_copy(const Source &source, const std::string &text, const std::string &header,
               const std::string &command, int result)
{
    char copy[] = "/tmp/build-XXXXXX";
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
    rlimit cpu{60, 60}, size{64 << 20, 64 << 20}, memory{3UL << 30, 3UL << 30};
    setrlimit(RLIMIT_CPU, &cpu);
    setrlimit(RLIMIT_FSIZE, &size);
    setrlimit(RLIMIT_AS, &memory);
    int status = system((command + " -o program " + file).c_str());
    if (status == 0)
        write_out(result, contents("program"));
    fs::remove_all(copy);
    return status == 0 ? 0 : 2;
}

} // namespace

Built compile(const Source &source, const std::string &command, const std::string &output, bool isolated)
{
    std::string name = source.folder + '/' + source.program + ".cpp";
    std::string path = name[0] == '/' ? name : source.kit + '/' + name;
    if (!fs::is_regular_file(path))
        return {false, name + ": error: no such file\n"};
    std::string text = contents(path), header = contents(source.kit + "/common/error.hpp");
    int words[2], result[2];
    if (pipe2(words, O_CLOEXEC) == -1 || pipe2(result, O_CLOEXEC) == -1)
        return {false, "pipe2 failed\n"};
    pid_t box = start_in_box(isolated, source.kit, [&] {
        dup2(words[1], STDOUT_FILENO);
        dup2(words[1], STDERR_FILENO);
        return build_copy(source, text, header, command, result[1]);
    });
    close(words[1]);
    close(result[1]);
    std::string said, program;
    bool in_time = drain_both(words[0], said, result[0], program);
    if (!in_time)
        kill(box, SIGKILL);
    int status;
    waitpid(box, &status, 0);
    if (!in_time || (said.empty() && (status != 0 || program.empty())))
        return {false, name + ": error: the compiler was stopped: it took too long, or too much memory\n"};
    if (status != 0 || program.empty())
        return {false, said};
    std::string fresh = output + '.' + std::to_string(getpid());
    std::ofstream(fresh, std::ios::binary) << program;
    fs::permissions(fresh, fs::perms(0755));
    fs::rename(fresh, output); // at once: another run may be using the old one
    return {true, said};
}
