// Right but odd: epoll, a map of clients, sockets that accept4() makes non-blocking,
// answers gathered in one buffer and sent with send().
#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define DIE(what) (fprintf(stderr, "server.cpp:%d: %s: %s\n", __LINE__, what, strerror(errno)), exit(1))

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

static int ep, lsock;
static bool listening = true;
static long idle_ms; // 0: no limit

struct Session {
    int id;
    std::string in, out;
    bool eof, doomed, shut; // doomed: told why, and not heard any more
    Clock::time_point last;
};
static std::map<int, Session> sessions;

static void arm(int op, int fd, unsigned events)
{
    epoll_event e{};
    e.events = events;
    e.data.fd = fd;
    epoll_ctl(ep, op, fd, &e);
}

static void listener(bool on)
{
    if (on != listening)
        arm(EPOLL_CTL_MOD, lsock, on ? EPOLLIN : 0);
    listening = on;
}

static void drop(int fd)
{
    close(fd);
    sessions.erase(fd);
    listener(true);
}

// False: the session is over.
static bool flush(int fd, Session &s)
{
    while (!s.out.empty()) {
        ssize_t n = send(fd, s.out.data(), s.out.size(), MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            break;
        if (n < 0)
            return false;
        s.out.erase(0, n);
    }
    if (s.out.size() > 64 * 1024 || (s.out.empty() && s.eof))
        return false;
    if (s.out.empty() && s.doomed && !s.shut) {
        shutdown(fd, SHUT_WR);
        s.shut = true;
    }
    arm(EPOLL_CTL_MOD, fd, (s.eof ? 0u : unsigned(EPOLLIN)) | (s.out.empty() ? 0u : unsigned(EPOLLOUT)));
    return true;
}

static void doom(Session &s, const char *why)
{
    s.out += why;
    s.doomed = true;
    s.in.clear();
    s.last = Clock::now();
}

static void understand(Session &s)
{
    for (;;) {
        size_t nl = s.in.find('\n');
        if (nl > 1024 && (nl != std::string::npos || s.in.size() > 1024))
            return doom(s, "error: line too long\n");
        if (nl == std::string::npos)
            return;
        std::string line = s.in.substr(0, nl), head = std::to_string(s.id) + ": ";
        s.in.erase(0, nl + 1);
        if (line.rfind("/all ", 0) == 0) {
            for (auto &other : sessions)
                if (!other.second.doomed)
                    other.second.out += head + line.substr(5) + "\n";
        } else {
            s.out += head + line + "\n";
        }
    }
}

// False: the session is over.
static bool hear(int fd, Session &s)
{
    char buffer[16384];
    ssize_t n = recv(fd, buffer, sizeof buffer, 0);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n == 0) {
        s.eof = true;
        return true;
    }
    if (!s.doomed) {
        s.last = Clock::now();
        s.in.append(buffer, n);
        understand(s);
    }
    return true;
}

static long until_next()
{
    long next = -1;
    for (auto &entry : sessions) {
        Session &s = entry.second;
        if (!s.doomed && !idle_ms)
            continue;
        long limit = s.doomed ? 1000 : idle_ms;
        long left = limit - std::chrono::duration_cast<milliseconds>(Clock::now() - s.last).count();
        left = left < 0 ? 0 : left;
        next = next < 0 || left < next ? left : next;
    }
    return next;
}

static void expire()
{
    for (auto it = sessions.begin(); it != sessions.end();) {
        auto here = it++;
        Session &s = here->second;
        long age = std::chrono::duration_cast<milliseconds>(Clock::now() - s.last).count();
        if (s.doomed && age >= 1000)
            drop(here->first);
        else if (!s.doomed && idle_ms && age >= idle_ms) {
            doom(s, "error: idle too long\n");
        }
    }
}

int main(int argc, char **argv)
{
    char *end = nullptr;
    long port = argc > 1 ? strtol(argv[1], &end, 10) : 5000;
    if (argc > 3 || (end && (*end || end == argv[1])) || port < 0 || port > 65535) {
        fprintf(stderr, "usage: server [PORT [IDLE]]\n");
        return 2;
    }
    idle_ms = argc > 2 ? 1000 * atol(argv[2]) : 0;
    if ((lsock = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) < 0)
        DIE("socket");
    int on = 1;
    setsockopt(lsock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in sin{};
    sin.sin_family = AF_INET;
    sin.sin_port = htons(port);
    if (bind(lsock, (sockaddr *)&sin, sizeof sin) < 0)
        DIE("bind");
    if (listen(lsock, 128) < 0)
        DIE("listen");
    socklen_t len = sizeof sin;
    getsockname(lsock, (sockaddr *)&sin, &len);
    fprintf(stderr, "listening on port %d\n", ntohs(sin.sin_port));
    if ((ep = epoll_create1(0)) < 0)
        DIE("epoll_create1");
    arm(EPOLL_CTL_ADD, lsock, EPOLLIN);
    for (int count = 0;;) {
        epoll_event events[64];
        int n = epoll_wait(ep, events, 64, int(until_next()));
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (fd == lsock) {
                int c;
                while ((c = accept4(lsock, nullptr, nullptr, SOCK_NONBLOCK)) >= 0) {
                    Session &s = sessions[c];
                    s = Session{++count, "", "hello " + std::to_string(count) + "\n", false, false, false,
                                Clock::now()};
                    arm(EPOLL_CTL_ADD, c, EPOLLIN);
                }
                if (errno == EMFILE || errno == ENFILE)
                    listener(false);
            } else if (sessions.count(fd)) {
                Session &s = sessions[fd];
                bool dead = s.eof && (events[i].events & (EPOLLERR | EPOLLHUP));
                if (dead || !((events[i].events & ~EPOLLOUT) == 0 || hear(fd, s)))
                    drop(fd);
            }
        }
        expire();
        for (auto it = sessions.begin(); it != sessions.end();) {
            auto here = it++;
            if (!flush(here->first, here->second))
                drop(here->first);
        }
    }
}
