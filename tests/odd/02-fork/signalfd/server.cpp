// Right but odd: the parent polls its listener and a signalfd; children read with recvmsg(),
// and gather the answers to all that came at once for one writev().
#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <poll.h>
#include <string>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

static void child(int fd, unsigned number)
{
    const std::string name = std::to_string(number) + ": ";
    std::vector<std::string> out{"hello " + std::to_string(number) + "\n"};
    std::string begun;
    bool refused = false;
    for (;;) {
        std::vector<iovec> parts;
        for (std::string &text : out)
            parts.push_back({&text[0], text.size()});
        for (size_t first = 0; first < parts.size();) {
            int many = int(parts.size() - first > 64 ? 64 : parts.size() - first);
            ssize_t n = writev(fd, &parts[first], many);
            if (n < 0)
                return;
            for (; first < parts.size() && size_t(n) >= parts[first].iov_len; first++)
                n -= ssize_t(parts[first].iov_len);
            if (first < parts.size()) {
                parts[first].iov_base = static_cast<char *>(parts[first].iov_base) + n;
                parts[first].iov_len -= size_t(n);
            }
        }
        out.clear();
        char bytes[10000];
        iovec whole{bytes, sizeof bytes};
        msghdr message{};
        message.msg_iov = &whole;
        message.msg_iovlen = 1;
        ssize_t n = recvmsg(fd, &message, 0);
        if (n <= 0)
            return;
        for (ssize_t i = 0; i < n && !refused; i++) {
            if (bytes[i] != '\n') {
                begun += bytes[i];
                refused = begun.size() > 1024;
            } else {
                out.push_back(name + begun + '\n');
                begun.clear();
            }
        }
        if (refused && !begun.empty()) {
            out.push_back("error: line too long\n");
            begun.clear();
        }
    }
}

int main(int argc, char *argv[])
{
    char *end = nullptr;
    long port = argc > 1 ? std::strtol(argv[1], &end, 10) : 5000;
    if (end && (end == argv[1] || *end || port < 0 || port > 65535)) {
        std::fprintf(stderr, "not a port: %s\n", argv[1]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    int door = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), yes = 1;
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_port = htons(static_cast<unsigned short>(port));
    const char *failed = nullptr;
    if (bind(door, reinterpret_cast<sockaddr *>(&here), sizeof here) != 0)
        failed = "bind";
    else if (listen(door, 200) != 0)
        failed = "listen";
    if (failed) {
        std::fprintf(stderr, "server.cpp:%d: %s: %s\n", __LINE__, failed, std::strerror(errno));
        return 1;
    }
    socklen_t size = sizeof here;
    getsockname(door, reinterpret_cast<sockaddr *>(&here), &size);
    std::fprintf(stderr, "listening on port %d\n", ntohs(here.sin_port));

    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGCHLD);
    sigprocmask(SIG_BLOCK, &ends, nullptr);
    int deaths = signalfd(-1, &ends, SFD_NONBLOCK | SFD_CLOEXEC);
    int alive = 0;
    for (unsigned number = 1;;) {
        pollfd watch[] = {{deaths, POLLIN, 0}, {door, POLLIN, 0}};
        if (poll(watch, 2, -1) < 0)
            continue;
        signalfd_siginfo news;
        while (read(deaths, &news, sizeof news) > 0)
            ;
        while (waitpid(-1, nullptr, WNOHANG) > 0)
            alive--;
        int guest = watch[1].revents ? accept4(door, nullptr, nullptr, 0) : -1;
        if (guest == -1)
            continue;
        pid_t pid = alive < 100 ? fork() : -1;
        if (pid == 0) {
            close(door);
            close(deaths);
            child(guest, number);
            _exit(0);
        }
        if (pid > 0) {
            alive++;
            number++;
        } else {
            send(guest, "error: server full\n", 19, MSG_NOSIGNAL | MSG_DONTWAIT);
        }
        close(guest);
    }
}
