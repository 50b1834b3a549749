// Right but odd: pselect() that SIGALRM interrupts in place of a time-out, signals blocked
// all the time else, answers of a round gathered and sent with sendmsg().
#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <list>
#include <sstream>
#include <string>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <vector>

struct Member {
    int fd, id;
    std::string begun;
    std::vector<std::string> answers;
    int seconds; // left to one who is leaving; -1: stays
    bool lost;
};

static std::list<Member> members;
static volatile sig_atomic_t ticks;

static void tick(int) { ticks = ticks + 1; }

static void clock_runs(bool yes)
{
    itimerval each{};
    each.it_value.tv_usec = each.it_interval.tv_usec = yes ? 250000 : 0;
    setitimer(ITIMER_REAL, &each, nullptr);
}

static bool mind(Member &m)
{
    char buffer[1500];
    ssize_t n = recv(m.fd, buffer, sizeof buffer, 0);
    if (n <= 0)
        return false;
    if (m.seconds >= 0)
        return true;
    std::istringstream stream(m.begun + std::string(buffer, n));
    m.begun.clear();
    std::string line;
    while (std::getline(stream, line)) {
        if (line.size() > 1024) {
            m.answers.push_back("error: line too long\n");
            m.seconds = 4; // quarters
            clock_runs(true);
            return true;
        }
        if (stream.eof()) {
            m.begun = line;
            break;
        }
        std::string name = std::to_string(m.id) + ": ";
        bool everybody = line.size() >= 5 && line.substr(0, 5) == "/all ";
        for (Member &other : members)
            if (everybody ? other.seconds < 0 : &other == &m)
                other.answers.push_back(name + (everybody ? line.substr(5) : line) + '\n');
    }
    return true;
}

// All that m is owed, in one call where the socket takes it.
static bool tell(Member &m)
{
    std::vector<iovec> parts;
    size_t total = 0;
    for (std::string &a : m.answers) {
        parts.push_back({&a[0], a.size()});
        total += a.size();
    }
    for (size_t first = 0; total > 0;) {
        msghdr message{};
        message.msg_iov = &parts[first];
        message.msg_iovlen = parts.size() - first < 100 ? parts.size() - first : 100;
        ssize_t n = sendmsg(m.fd, &message, MSG_NOSIGNAL);
        if (n < 0)
            return false;
        total -= n;
        for (; n > 0 && size_t(n) >= parts[first].iov_len; first++)
            n -= parts[first].iov_len;
        if (n > 0) {
            parts[first].iov_base = static_cast<char *>(parts[first].iov_base) + n;
            parts[first].iov_len -= n;
        }
    }
    if (!m.answers.empty() && m.seconds >= 0)
        shutdown(m.fd, SHUT_WR);
    m.answers.clear();
    return true;
}

int main(int argc, char **argv)
{
    std::string word = argc > 1 ? argv[1] : "5000";
    bool number =
        !word.empty() && word.size() < 6 && word.find_first_not_of("0123456789") == std::string::npos;
    if (!number || atoi(word.c_str()) > 65535) {
        fprintf(stderr, "usage: server [PORT]\n");
        return 2;
    }
    sigset_t blocked, before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGALRM);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    struct sigaction action{};
    action.sa_handler = tick;
    sigaction(SIGALRM, &action, nullptr);

    int door = socket(AF_INET, SOCK_STREAM, 0), yes = 1, ids = 0;
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_port = htons(atoi(word.c_str()));
    if (bind(door, reinterpret_cast<sockaddr *>(&here), sizeof here) != 0) {
        fprintf(stderr, "server.cpp:%d: bind: %s\n", __LINE__, strerror(errno));
        return 1;
    }
    if (listen(door, 100) != 0) {
        fprintf(stderr, "server.cpp:%d: listen: %s\n", __LINE__, strerror(errno));
        return 1;
    }
    socklen_t size = sizeof here;
    getsockname(door, reinterpret_cast<sockaddr *>(&here), &size);
    fprintf(stderr, "listening on port %d\n", ntohs(here.sin_port));
    for (;;) {
        fd_set set;
        FD_ZERO(&set);
        FD_SET(door, &set);
        int highest = door;
        for (Member &m : members) {
            FD_SET(m.fd, &set);
            highest = m.fd > highest ? m.fd : highest;
        }
        int n = pselect(highest + 1, &set, nullptr, nullptr, nullptr, &before);
        if (n > 0) {
            for (Member &m : members)
                if (FD_ISSET(m.fd, &set))
                    m.lost = !mind(m);
            if (FD_ISSET(door, &set)) {
                int fd = accept(door, nullptr, nullptr);
                if (fd >= FD_SETSIZE) {
                    send(fd, "error: server full\n", 19, MSG_NOSIGNAL);
                    close(fd);
                } else if (fd != -1) {
                    ids++;
                    members.push_front({fd, ids, "", {"hello " + std::to_string(ids) + '\n'}, -1, false});
                }
            }
        }
        bool leaving = false;
        for (Member &m : members) {
            m.lost = m.lost || !tell(m);
            if (m.seconds >= 0) {
                m.seconds -= ticks;
                m.lost = m.lost || m.seconds < 0;
                leaving = true;
            }
        }
        ticks = 0;
        members.remove_if([](const Member &m) {
            if (m.lost)
                close(m.fd);
            return m.lost;
        });
        if (!leaving)
            clock_runs(false);
    }
}
