#include "servers.hpp"

#include <arpa/inet.h>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../harness/need.hpp"
#include "../harness/proc.hpp"

namespace
{

const long QUIET = 20000;        // ns without a move of its clock: the server sleeps
const long KERNEL_STACK = 16384; // bytes for each thread, on x86-64 and arm64

// A port that nobody used in this run; on loopback others may sit on it.
int next_port()
{
    static int port = 20000;
    for (;;) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<uint16_t>(++port));
        int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool free = bind(probe, reinterpret_cast<sockaddr *>(&address), sizeof address) == 0;
        close(probe);
        if (free)
            return port;
    }
}

[[noreturn]] void become(const Contender &who, const Host &host, int core, int port, size_t count)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0); // so that its children can be ended with it
    enter(host);
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(core, &cores);
    sched_setaffinity(0, sizeof cores, &cores);
    sched_param none{};
    sched_setscheduler(0, SCHED_BATCH, &none); // does not push the gate aside when woken
    signal(SIGPIPE, SIG_DFL);
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++)
        dup2(null, fd);
    for (int fd = 3; fd < 256; fd++) // make may have left some; they would count against FD_SETSIZE
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    std::string name = "server", where = std::to_string(port), many = std::to_string(count);
    char *arguments[] = {&name[0], &where[0], count ? &many[0] : nullptr, nullptr};
    char *environment[] = {nullptr};
    fexecve(who.binary, arguments, environment);
    _exit(127);
}

// The field of a /proc file that is called name, in bytes; -1: not there.
long kilobytes(pid_t pid, const std::string &file, const std::string &name)
{
    std::ifstream lines("/proc/" + std::to_string(pid) + '/' + file);
    std::string word;
    long value;
    while (lines >> word)
        if (word == name && lines >> value)
            return value * 1024;
    return -1;
}

} // namespace

Server::Server(const Contender &contender, const Host &host, int core, size_t count)
    : who(contender), port(next_port()), pid(fork())
{
    need(pid != -1, "fork");
    if (pid == 0)
        become(who, host, core, port, count);
    tree = {pid};
}

Server::~Server()
{
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL); // if it has not yet got to setpgid()
    if (status == -1)
        waitpid(pid, nullptr, 0);
}

bool Server::listening() const
{
    for (int tries = 0; tries < 2000 && fate().empty(); tries++) {
        if (listens(pid, port))
            return true;
        poll(nullptr, 0, 1);
    }
    return false;
}

void Server::find_children()
{
    tree = {pid};
    for (size_t i = 0; i < tree.size(); i++)
        for (pid_t child : children_of(tree[i]))
            tree.push_back(child);
}

// Children that have been waited for are not in it: no measurement may let one end.
long Server::cpu() const
{
    long total = 0;
    for (pid_t process : tree) {
        clockid_t clock;
        timespec t;
        if (clock_getcpuclockid(process, &clock) == 0 && clock_gettime(clock, &t) == 0)
            total += t.tv_sec * 1000000000L + t.tv_nsec;
    }
    return total;
}

long Server::waited() const
{
    long total = 0;
    for (pid_t process : tree) {
        long ran = 0, waited = 0;
        std::ifstream("/proc/" + std::to_string(process) + "/schedstat") >> ran >> waited;
        total += waited;
    }
    return total;
}

long Server::memory() const
{
    long total = 0;
    for (pid_t process : tree) {
        long pages = kilobytes(process, "smaps_rollup", "Pss:");
        long tables = kilobytes(process, "status", "VmPTE:");
        if (pages == -1 || tables == -1)
            return -1;
        total += pages + tables + KERNEL_STACK;
    }
    return total;
}

void Server::settle() const
{
    for (long before = cpu(), since = now_ns(); now_ns() - since < QUIET;) {
        long after = cpu();
        if (after != before)
            since = now_ns();
        before = after;
    }
}

bool Server::wants_core() const
{
    for (pid_t process : tree)
        if (look(process).state == 'R')
            return true;
    return false;
}

std::string Server::fate() const
{
    if (status == -1 && waitpid(pid, &status, WNOHANG) != pid)
        return "";
    if (WIFSIGNALED(status))
        return std::string("ended by a signal: ") + strsignal(WTERMSIG(status));
    return "ended by itself with status " + std::to_string(WEXITSTATUS(status));
}
