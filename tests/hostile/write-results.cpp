// Looks for the pipe or the file that the verdict goes to, and for the process that writes it.
// Says: wrote nothing
#include "attack.hpp"

#include <csignal>
#include <string>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

int main()
{
    const std::string passed = "p0\n";
    for (int fd = 3; fd < 4096; fd++)
        if (fcntl(fd, F_GETFD) != -1)
            return end("inherited a descriptor");
    for (pid_t pid : {1, static_cast<int>(getppid())}) {
        const std::string proc = "/proc/" + std::to_string(pid);
        for (int fd = 3; fd < 64; fd++)
            if (open((proc + "/fd/" + std::to_string(fd)).c_str(), O_WRONLY | O_NONBLOCK) != -1)
                return end("opened a descriptor of the check");
        if (open((proc + "/mem").c_str(), O_RDWR) != -1)
            return end("opened the memory of the check");
        if (ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) != -1)
            return end("traces the check");
        long pidfd = syscall(434, pid, 0);                  // pidfd_open
        if (pidfd != -1 && syscall(438, pidfd, 3, 0) != -1) // pidfd_getfd
            return end("took a descriptor of the check");
    }
    for (const std::string &file : {std::string("results.json"), std::string("grades.csv"),
                                    std::string("build/lesson1"), HERE + std::string("/results.json")})
        if (open((KIT + ('/' + file)).c_str(), O_WRONLY | O_CREAT, 0600) != -1)
            return end("wrote beside the results");
    return end("wrote nothing");
}
