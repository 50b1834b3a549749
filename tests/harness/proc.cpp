#include "proc.hpp"

#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <fstream>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

std::string path(pid_t pid, const std::string &name)
{
    return "/proc/" + std::to_string(pid) + '/' + name;
}

std::vector<int> numbers_in(const std::string &folder)
{
    std::vector<int> found;
    if (DIR *dir = opendir(folder.c_str())) {
        while (dirent *entry = readdir(dir))
            if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
                found.push_back(atoi(entry->d_name));
        closedir(dir);
    }
    return found;
}

struct TcpEntry {
    unsigned address, port, peer_port, state;
    unsigned long inode;
};

std::vector<TcpEntry> tcp_table(pid_t pid)
{
    std::vector<TcpEntry> table;
    std::ifstream file(path(pid, "net/tcp"));
    std::string line;
    std::getline(file, line); // the heading
    while (std::getline(file, line)) {
        TcpEntry e{};
        if (sscanf(line.c_str(), " %*d: %x:%x %*x:%x %x %*s %*s %*s %*s %*s %lu", &e.address, &e.port,
                   &e.peer_port, &e.state, &e.inode) == 5)
            table.push_back(e);
    }
    return table;
}

const char *call_name(long number)
{
    switch (number) {
    case SYS_read: return "read";
    case SYS_write: return "write";
    case SYS_readv: return "readv";
    case SYS_writev: return "writev";
    case SYS_accept: return "accept";
    case SYS_accept4: return "accept4";
    case SYS_connect: return "connect";
    case SYS_sendto: return "send";
    case SYS_sendmsg: return "sendmsg";
    case SYS_recvfrom: return "recv";
    case SYS_recvmsg: return "recvmsg";
    case SYS_wait4: return "waitpid";
    case SYS_pselect6: return "select";
    case SYS_ppoll: return "poll";
    case SYS_epoll_pwait: return "epoll_wait";
    case SYS_clock_nanosleep: return "sleep";
#ifdef SYS_poll // newer architectures have only the p… calls
    case SYS_poll: return "poll";
    case SYS_select: return "select";
    case SYS_epoll_wait: return "epoll_wait";
    case SYS_pause: return "pause";
#endif
    default: return "";
    }
}

} // namespace

ProcessState look(pid_t pid)
{
    ProcessState found{'X', 0, 0};
    std::ifstream file(path(pid, "stat"));
    std::string line;
    size_t name_end;
    if (std::getline(file, line) && (name_end = line.rfind(')')) != std::string::npos)
        sscanf(line.c_str() + name_end + 1, " %c %d", &found.state, &found.parent);
    std::ifstream(path(pid, "schedstat")) >> found.cpu;
    return found;
}

std::vector<pid_t> children_of(pid_t pid)
{
    std::vector<pid_t> found;
    for (pid_t other : numbers_in("/proc"))
        if (look(other).parent == pid)
            found.push_back(other);
    return found;
}

int open_descriptors(pid_t pid)
{
    std::vector<int> found = numbers_in(path(pid, "fd"));
    return found.empty() ? -1 : static_cast<int>(found.size());
}

Call sleeping_in(pid_t pid)
{
    std::ifstream file(path(pid, "syscall"));
    long number;
    std::string first;
    if (look(pid).state != 'S' || !(file >> number >> first))
        return {"", -1};
    return {call_name(number), static_cast<int>(strtoul(first.c_str(), nullptr, 16))};
}

int peer_port(pid_t pid, int fd)
{
    char target[64];
    ssize_t n = readlink(path(pid, "fd/" + std::to_string(fd)).c_str(), target, sizeof target - 1);
    unsigned long inode;
    target[n < 0 ? 0 : n] = '\0';
    if (sscanf(target, "socket:[%lu]", &inode) != 1)
        return -1;
    for (const TcpEntry &e : tcp_table(pid))
        if (e.inode == inode)
            return static_cast<int>(e.peer_port);
    return -1;
}

bool listens(pid_t pid, int port)
{
    for (const TcpEntry &e : tcp_table(pid))
        if (e.state == 0x0A && e.address == 0 && static_cast<int>(e.port) == port)
            return true;
    return false;
}
