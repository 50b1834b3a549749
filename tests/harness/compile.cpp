#include "compile.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
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

std::string drain(int fd)
{
    std::string all;
    char bytes[65536];
    ssize_t n;
    while ((n = read(fd, bytes, sizeof bytes)) > 0)
        all.append(bytes, static_cast<size_t>(n));
    close(fd);
    return all;
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

// Inside the box: a copy of the kit that holds one source and the header, no more.
int build_copy(const Source &source, const std::string &text, const std::string &header,
               const std::string &command, int result)
{
    char copy[] = "/tmp/build-XXXXXX";
    if (!mkdtemp(copy) || chdir(copy) == -1)
        return 3;
    fs::path folder = source.folder; // its last two parts, so that ../../common is there
    folder = folder.parent_path().filename() / folder.filename();
    std::string file = folder / (source.program + ".cpp");
    fs::create_directories(folder);
    fs::create_directories("common");
    std::ofstream(file) << text;
    std::ofstream("common/error.hpp") << header;
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

std::string compile(const Source &source, const std::string &command, const std::string &output,
                    bool isolated)
{
    std::string path = source.kit + '/' + source.folder + '/' + source.program + ".cpp";
    if (!fs::is_regular_file(path))
        return source.folder + '/' + source.program + ".cpp: no such file";
    std::string text = contents(path), header = contents(source.kit + "/common/error.hpp");
    int words[2], result[2];
    if (pipe2(words, O_CLOEXEC) == -1 || pipe2(result, O_CLOEXEC) == -1)
        return "pipe2 failed";
    pid_t box = start_in_box(isolated, source.kit, [&] {
        dup2(words[1], STDOUT_FILENO);
        dup2(words[1], STDERR_FILENO);
        return build_copy(source, text, header, command, result[1]);
    });
    close(words[1]);
    close(result[1]);
    std::string program = drain(result[0]), said = drain(words[0]);
    int status;
    waitpid(box, &status, 0);
    if (status != 0 || program.empty())
        return said.empty() ? "the compiler was stopped: it took too long, or too much memory" : said;
    std::string fresh = output + '.' + std::to_string(getpid());
    std::ofstream(fresh, std::ios::binary) << program;
    fs::permissions(fresh, fs::perms(0755));
    fs::rename(fresh, output); // at once: another run may be using the old one
    return "";
}
