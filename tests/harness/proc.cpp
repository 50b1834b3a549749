#include "proc.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <sys/syscall.h>
#include <unistd.h>

namespace
{

std::string path(pid_t pid, const std::string &name)
{
    return "/proc/" + std::to_string(pid) + '/' + name;
}

struct TcpEntry {
    std::string address; // its own, in hex, as the kernel shows it
    int port, peer_port;
    unsigned state, unsent, unread; // the last two in bytes; unsent: or unacknowledged
    unsigned long inode;

    bool everywhere() const { return strspn(address.c_str(), "0") == address.size(); } // 0.0.0.0 or ::
};

const unsigned SYN_RECV = 0x03, CLOSE_WAIT = 0x08, LISTEN = 0x0A; // states

// The first entry for which holds(). The kernel writes them as we read, listeners first: where many share
// a network that takes long, so no more are read than needed.
std::optional<TcpEntry> find_entry(pid_t pid, const std::function<bool(const TcpEntry &)> &holds,
                                   bool listeners_only = false)
{
    for (const char *family : {"net/tcp", "net/tcp6"}) {
        std::ifstream file(path(pid, family));
        std::string line;
        std::getline(file, line); // the heading
        while (std::getline(file, line)) {
            TcpEntry e{};
            char address[33];
            unsigned port, peer_port;
            if (sscanf(line.c_str(), " %*d: %32[0-9A-F]:%x %*[0-9A-F]:%x %x %x:%x %*s %*s %*s %*s %lu", address,
                       &port, &peer_port, &e.state, &e.unsent, &e.unread, &e.inode) != 7)
                continue;
            e.address = address;
            e.port = static_cast<int>(port);
            e.peer_port = static_cast<int>(peer_port);
            if (listeners_only && e.state != LISTEN && e.state != SYN_RECV) // which old kernels show among them
                break;
            if (holds(e))
                return e;
        }
    }
    return std::nullopt;
}

std::optional<TcpEntry> find_connection(pid_t pid, const Ports &ports)
{
    return find_entry(pid, [&](const TcpEntry &e) { return e.port == ports.own && e.peer_port == ports.peer; });
}

// Of the socket that descriptor fd of pid is; 0: it is none.
unsigned long inode_of(pid_t pid, int fd)
{
    char target[64];
    ssize_t n = readlink(path(pid, "fd/" + std::to_string(fd)).c_str(), target, sizeof target - 1);
    unsigned long inode;
    target[n < 0 ? 0 : n] = '\0';
    return sscanf(target, "socket:[%lu]", &inode) == 1 ? inode : 0;
}

// Of all the sockets that pid holds.
std::set<unsigned long> inodes_of(pid_t pid)
{
    std::set<unsigned long> inodes;
    for (int fd : numbers_in(path(pid, "fd")))
        inodes.insert(inode_of(pid, fd));
    inodes.erase(0); // what is no socket
    return inodes;
}

struct Known {
    long number;
    const char *name;
    int timeout;  // which argument is its time-out; -1: none; or KERNEL_TIMER
    bool pointer; // to a struct, null for ever; else milliseconds, -1 for ever
};

const int KERNEL_TIMER = -2;

const Known CALLS[] = {
    {SYS_read, "read", -1, false},
    {SYS_write, "write", -1, false},
    {SYS_readv, "readv", -1, false},
    {SYS_writev, "writev", -1, false},
    {SYS_accept4, "accept4", -1, false},
    {SYS_connect, "connect", KERNEL_TIMER, false}, // a lost SYN is sent again
    {SYS_sendto, "send", -1, false},
    {SYS_sendmsg, "sendmsg", -1, false},
    {SYS_recvfrom, "recv", -1, false},
    {SYS_recvmsg, "recvmsg", -1, false},
    {SYS_wait4, "waitpid", -1, false},
    {SYS_waitid, "waitid", -1, false},
    {SYS_rt_sigsuspend, "sigsuspend", -1, false},
    {SYS_rt_sigtimedwait, "sigwait", 2, true},
    {SYS_pselect6, "select", 4, true},
    {SYS_ppoll, "poll", 2, true},
    {SYS_epoll_pwait, "epoll_wait", 3, false},
    {SYS_futex, "futex", 3, true},
#ifdef SYS_accept // not on i386
    {SYS_accept, "accept", -1, false},
#endif
#ifdef SYS_poll // newer architectures have only the p… calls
    {SYS_poll, "poll", 2, false},
    {SYS_epoll_wait, "epoll_wait", 3, false},
    {SYS_pause, "pause", -1, false},
#endif
#if defined SYS__newselect // i386 and arm, which have another, older one
    {SYS__newselect, "select", 4, true},
#elif defined SYS_select
    {SYS_select, "select", 4, true},
#endif
#ifdef SYS_ppoll_time64 // architectures of 32 bits have these too
    {SYS_pselect6_time64, "select", 4, true},
    {SYS_ppoll_time64, "poll", 2, true},
    {SYS_rt_sigtimedwait_time64, "sigwait", 2, true},
    {SYS_futex_time64, "futex", 3, true},
    {SYS_clock_nanosleep_time64, "sleep", 3, true},
#endif
};

const Call SOMETHING{"", -1, true, -1}; // we do not know how long it takes

// The call in /proc/PID/task/TID/syscall: its number, then its six arguments in hex.
Call call_in(const std::string &task)
{
    std::ifstream file(task + "/syscall");
    long number;
    std::string word;
    unsigned long arguments[6];
    if (!(file >> number))
        return SOMETHING;
    for (unsigned long &argument : arguments) {
        if (!(file >> word))
            return SOMETHING;
        argument = strtoul(word.c_str(), nullptr, 16);
    }
    for (const Known &known : CALLS) {
        if (known.number != number)
            continue;
        Call call{known.name, static_cast<int>(arguments[0]), false, -1};
        call.timed = known.timeout == KERNEL_TIMER;
        if (known.timeout < 0)
            return call;
        unsigned long timeout = arguments[known.timeout];
        call.timed = known.pointer ? timeout != 0 : static_cast<int>(timeout) >= 0;
        if (!known.pointer)
            call.milliseconds = static_cast<int>(timeout);
        return call;
    }
    return number == SYS_clock_nanosleep || number == SYS_nanosleep ? Call{"sleep", -1, true, -1} : SOMETHING;
}

// All but cpu.
ProcessState stat_of(const std::string &task)
{
    ProcessState found{};
    found.state = 'X';
    std::ifstream file(task + "/stat");
    std::string line;
    size_t name_end;
    if (std::getline(file, line) && (name_end = line.rfind(')')) != std::string::npos)
        sscanf(line.c_str() + name_end + 1,
               " %c %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %ld %ld %*s %*s %*s %*s %ld %*s %*s %*s %ld",
               &found.state, &found.parent, &found.own, &found.kernel, &found.threads, &found.pages);
    return found;
}

ProcessState state_in(const std::string &task)
{
    ProcessState found = stat_of(task);
    std::ifstream(task + "/schedstat") >> found.cpu;
    return found;
}

// The children of pid, as the kernel lists them: one may be missed while another ends, but if there are
// any, not all.
std::vector<pid_t> listed_children(pid_t pid)
{
    std::vector<pid_t> found;
    for (int thread : numbers_in(path(pid, "task"))) {
        std::ifstream file(path(pid, "task/" + std::to_string(thread) + "/children"));
        for (pid_t child; file >> child;)
            found.push_back(child);
    }
    return found;
}

std::vector<pid_t> listed_descendants(pid_t ancestor)
{
    std::vector<pid_t> found = listed_children(ancestor);
    for (size_t i = 0; i < found.size(); i++) {
        std::vector<pid_t> more = listed_children(found[i]);
        found.insert(found.end(), more.begin(), more.end());
    }
    return found;
}

// Whether a thread in this state has ended or is stopped.
bool over(char state)
{
    return state == 'T' || state == 'Z' || state == 'X';
}

// Whether nothing but an event from outside can make this thread go on.
bool rests(const std::string &task, char state)
{
    return over(state) || (state == 'S' && !call_in(task).timed);
}

void add(Everyone &all, const std::string &task, const ProcessState &now)
{
    all.cpu += now.cpu;
    all.asleep = all.asleep && (now.state == 'S' || over(now.state));
    all.at_rest = all.at_rest && rests(task, now.state);
}

} // namespace

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

ProcessState look(pid_t pid)
{
    return state_in("/proc/" + std::to_string(pid));
}

std::vector<pid_t> children_of(pid_t pid)
{
    std::vector<pid_t> found;
    for (pid_t other : numbers_in("/proc"))
        if (stat_of("/proc/" + std::to_string(other)).parent == pid)
            found.push_back(other);
    return found;
}

std::vector<pid_t> descendants_of(pid_t ancestor)
{
    // Where the kernel lists children (CONFIG_PROC_CHILDREN) nobody else is looked at: on a busy host that
    // would take long.
    static const bool listed = access("/proc/thread-self/children", R_OK) == 0;
    if (listed)
        return listed_descendants(ancestor);
    std::map<pid_t, pid_t> parents;
    for (pid_t pid : numbers_in("/proc"))
        parents[pid] = stat_of("/proc/" + std::to_string(pid)).parent;
    std::vector<pid_t> found;
    for (auto [pid, above] : parents) {
        while (above > 1 && above != ancestor)
            above = parents.count(above) ? parents[above] : 0;
        if (above == ancestor)
            found.push_back(pid);
    }
    return found;
}

size_t threads_of(pid_t pid)
{
    return static_cast<size_t>(look(pid).threads);
}

long wakeups(pid_t pid)
{
    const std::string beginning = "voluntary_ctxt_switches:";
    std::ifstream file(path(pid, "status"));
    for (std::string line; std::getline(file, line);)
        if (line.compare(0, beginning.size(), beginning) == 0)
            return atol(line.c_str() + beginning.size());
    return 0;
}

int open_descriptors(pid_t pid)
{
    std::vector<int> found = numbers_in(path(pid, "fd"));
    return found.empty() ? -1 : static_cast<int>(found.size());
}

int first_free_descriptor(pid_t pid)
{
    std::vector<int> found = numbers_in(path(pid, "fd"));
    int free = 0;
    while (std::find(found.begin(), found.end(), free) != found.end())
        free++;
    return free;
}

Call sleeping_in(pid_t pid)
{
    return look(pid).state == 'S' ? call_in("/proc/" + std::to_string(pid)) : SOMETHING;
}

Everyone look_at_all(bool descendants_only)
{
    Everyone all{};
    all.asleep = all.at_rest = true;
    for (pid_t pid : descendants_only ? descendants_of(getpid()) : numbers_in("/proc")) {
        if (pid == getpid())
            continue;
        ProcessState now = look(pid);
        all.processes++;
        all.memory += now.pages * sysconf(_SC_PAGESIZE);
        all.own += now.own;
        all.kernel += now.kernel;
        if (now.threads <= 1) {
            add(all, "/proc/" + std::to_string(pid), now);
            continue;
        }
        for (int thread : numbers_in(path(pid, "task"))) {
            std::string task = path(pid, "task/" + std::to_string(thread));
            add(all, task, state_in(task));
        }
    }
    return all;
}

size_t sockets_in_network(pid_t pid)
{
    size_t count = 0;
    std::string word;
    std::ifstream(path(pid, "net/sockstat")) >> word >> word >> count; // "sockets: used 4"
    return count;
}

int peer_port(pid_t pid, int fd)
{
    unsigned long inode = inode_of(pid, fd);
    if (inode == 0)
        return -1;
    auto found = find_entry(pid, [&](const TcpEntry &e) { return e.inode == inode; });
    return found ? found->peer_port : -1;
}

std::set<int> connections_of(pid_t pid)
{
    const std::set<unsigned long> held = inodes_of(pid);
    std::set<int> ports; // all are looked at, none is the one
    find_entry(pid, [&](const TcpEntry &e) {
        if (held.count(e.inode))
            ports.insert(e.peer_port);
        return false;
    });
    return ports;
}

unsigned long socket_of(pid_t pid, const Ports &ports)
{
    auto found = find_connection(pid, ports);
    return found && holds_socket(pid, found->inode) ? found->inode : 0;
}

bool holds_socket(pid_t pid, unsigned long inode)
{
    for (int fd : numbers_in(path(pid, "fd")))
        if (inode_of(pid, fd) == inode)
            return true;
    return false;
}

std::string listener_of(pid_t pid)
{
    const std::set<unsigned long> held = inodes_of(pid);
    auto found = find_entry(pid, [&](const TcpEntry &e) { return held.count(e.inode) != 0; }, true);
    if (!found)
        return "";
    in_addr address{static_cast<in_addr_t>(strtoul(found->address.c_str(), nullptr, 16))};
    std::string where = found->address.size() > 8 ? "an IPv6 address" : inet_ntoa(address);
    return (found->everywhere() ? "every address" : where) + ", port " + std::to_string(found->port);
}

bool all_read(pid_t pid, const Ports &ports)
{
    auto found = find_connection(pid, ports);
    return found && found->unread == 0;
}

bool all_sent(pid_t pid, const Ports &ports)
{
    auto found = find_connection(pid, ports);
    return found && found->unsent == 0;
}

bool end_arrived(pid_t pid, const Ports &ports)
{
    auto found = find_connection(pid, ports);
    return found && found->state == CLOSE_WAIT;
}

bool listens(pid_t pid, int port)
{
    return find_entry(pid, [&](const TcpEntry &e) {
        return e.everywhere() && e.port == port;
    }, true).has_value();
}
