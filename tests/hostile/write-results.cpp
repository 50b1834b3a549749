// Looks for the pipe or the file that the verdict goes to, and for the process that writes it.
// Says: wrote nothing
#include "attack.hpp"

#include <csignal>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

int main()
{
    for (int fd = 3; fd < 4096; fd++)
        if (fcntl(fd, F_GETFD) != -1)
            return end("inherited a descriptor");
    for (pid_t pid : {1, static_cast<int>(getppid())}) {
        for (int fd = 3; fd < 64; fd++)
            if (open(text("/proc/%d/fd/%d", pid, fd), O_WRONLY | O_NONBLOCK) != -1)
                return end("opened a descriptor of the check");
        if (open(text("/proc/%d/mem", pid), O_RDWR) != -1)
            return end("opened the memory of the check");
        if (ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) != -1)
            return end("traces the check");
        long pidfd = syscall(434, pid, 0);                  // pidfd_open
        if (pidfd != -1 && syscall(438, pidfd, 3, 0) != -1) // pidfd_getfd
            return end("took a descriptor of the check");
    }
    for (const char *file : {"results.json", "grades.csv", "build/runner", "@HERE@/results.json"})
        if (open(text("%s/%s", KIT, file), O_WRONLY | O_CREAT, 0600) != -1)
            return end("wrote beside the results");
    return end("wrote nothing");
}
