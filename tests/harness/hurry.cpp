#include "hurry.hpp"

#include <cerrno>
#include <csignal>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#ifdef __x86_64__

namespace
{

// A call that was interrupted stands at one of these, which no program ever sees.
const long ERESTARTNOHAND = 514, ERESTART_RESTARTBLOCK = 516;

bool waits_for_descriptors(const user_regs_struct &regs)
{
    long result = static_cast<long>(regs.rax);
    bool interrupted = result == -ERESTARTNOHAND || result == -ERESTART_RESTARTBLOCK || result == -EINTR;
    switch (regs.orig_rax) {
    case SYS_poll:
    case SYS_ppoll:
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
        return interrupted;
    default:
        return false;
    }
}

// False: it has ended in place of that; then its status stays for whoever waits for it.
bool comes_to_stop(pid_t pid)
{
    siginfo_t info{};
    return waitid(P_PID, static_cast<id_t>(pid), &info, WSTOPPED | WEXITED | WNOWAIT | __WALL) == 0 &&
           (info.si_code == CLD_TRAPPED || info.si_code == CLD_STOPPED);
}

} // namespace

bool hurry(pid_t pid)
{
    if (ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) == -1)
        return false;
    bool done = false;
    int status;
    user_regs_struct regs;
    if (ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr) != -1 && comes_to_stop(pid) &&
        waitpid(pid, &status, __WALL) == pid && ptrace(PTRACE_GETREGS, pid, nullptr, &regs) != -1 &&
        waits_for_descriptors(regs)) {
        regs.rax = 0;
        regs.orig_rax = static_cast<unsigned long long>(-1); // no call to be started again
        done = ptrace(PTRACE_SETREGS, pid, nullptr, &regs) != -1;
    }
    ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
    return done;
}

#else

bool hurry(pid_t)
{
    return false;
}

#endif
