// Right but odd: poll() where select() is taught, a table of fixed size with the wall
// further out, no blocking send: what waits is sent when poll() says so.
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static const int SEATS = 2000;

static struct Seat {
    int number; // 0: free
    std::string in, out;
    bool ended, out_of_favour;
    long until;
} seats[SEATS];
static pollfd watched[SEATS + 1];

static long milliseconds()
{
    timeval t;
    gettimeofday(&t, nullptr);
    return t.tv_sec * 1000L + t.tv_usec / 1000;
}

static void leave(int i)
{
    close(watched[i].fd);
    watched[i].fd = -1;
    seats[i] = Seat();
}

static void handle_lines(int i)
{
    Seat &s = seats[i];
    std::string::size_type begin = 0, end;
    while ((end = s.in.find('\n', begin)) != std::string::npos && end <= begin + 1024) {
        std::string line(s.in, begin, end - begin), from = std::to_string(s.number) + ": ";
        begin = end + 1;
        if (strncmp(line.c_str(), "/all ", 5) == 0) {
            for (int k = 0; k < SEATS; k++)
                if (seats[k].number && !seats[k].out_of_favour)
                    seats[k].out.append(from).append(line, 5, std::string::npos).append("\n");
        } else {
            s.out.append(from).append(line).append("\n");
        }
    }
    s.in.erase(0, begin);
    if (s.in.size() > 1024) {
        s.out += "error: line too long\n";
        s.out_of_favour = true;
        s.until = milliseconds() + 900;
        s.in.clear();
    }
}

int main(int argc, char **argv)
{
    char *rest;
    unsigned long port = 5000;
    if (argc >= 2) {
        errno = 0;
        port = strtoul(argv[1], &rest, 10);
        if (errno || *rest || !isdigit((unsigned char)argv[1][0]) || port > 65535)
            return fprintf(stderr, "%s: no port: %s\n", argv[0], argv[1]), 2;
    }
    int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in a = {};
    a.sin_family = AF_INET;
    a.sin_port = htons(port);
    if (bind(l, (struct sockaddr *)&a, sizeof a)) {
        fprintf(stderr, "server.cpp:%d: bind: %m\n", __LINE__);
        return 1;
    }
    if (listen(l, 50)) {
        fprintf(stderr, "server.cpp:%d: listen: %m\n", __LINE__);
        return 1;
    }
    socklen_t size = sizeof a;
    getsockname(l, (struct sockaddr *)&a, &size);
    dprintf(2, "listening on port %d\n", ntohs(a.sin_port));
    for (int i = 0; i < SEATS; i++)
        watched[i].fd = -1;
    watched[SEATS].fd = l;
    watched[SEATS].events = POLLIN;

    int numbers = 0;
    for (;;) {
        bool someone_leaves = false;
        for (int i = 0; i < SEATS; i++) {
            Seat &s = seats[i];
            watched[i].events = s.ended ? 0 : POLLIN;
            if (!s.out.empty())
                watched[i].events |= POLLOUT;
            someone_leaves |= s.out_of_favour;
        }
        if (poll(watched, SEATS + 1, someone_leaves ? 50 : -1) < 0)
            continue;
        for (int i = 0; i < SEATS; i++) {
            Seat &s = seats[i];
            if (!s.number)
                continue;
            char b[512];
            if (watched[i].revents & (POLLIN | POLLERR | POLLHUP)) {
                ssize_t n = recv(watched[i].fd, b, sizeof b, MSG_DONTWAIT);
                if (n == 0)
                    s.ended = true;
                else if (n < 0 && errno != EAGAIN) {
                    leave(i);
                    continue;
                } else if (n > 0 && !s.out_of_favour) {
                    s.in.append(b, n);
                    handle_lines(i);
                }
            }
        }
        if (watched[SEATS].revents) {
            int c = accept(l, nullptr, nullptr), i = 0;
            while (i < SEATS && seats[i].number)
                i++;
            if (c >= 0 && i == SEATS) {
                send(c, "error: server full\n", 19, MSG_NOSIGNAL);
                close(c);
            } else if (c >= 0) {
                watched[i].fd = c;
                watched[i].revents = 0;
                seats[i].number = ++numbers;
                seats[i].out = "hello " + std::to_string(numbers) + "\n";
            }
        }
        for (int i = 0; i < SEATS; i++) {
            Seat &s = seats[i];
            if (!s.number)
                continue;
            if (!s.out.empty()) {
                ssize_t n = send(watched[i].fd, s.out.data(), s.out.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
                if (n > 0)
                    s.out.erase(0, n);
                else if (errno != EAGAIN) {
                    leave(i);
                    continue;
                }
            }
            if ((s.ended && s.out.empty()) || (s.out_of_favour && milliseconds() >= s.until))
                leave(i); // who is refused is not half-closed: it sees the end when its second is over
        }
    }
}
