// Right but odd: wakes twenty times a second, reads a byte at a time from the keyboard,
// ppoll(), and connects with retries of poll() until three seconds are over.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char waiting[8192];
static size_t from, to;

static int fail(const char *call, int error, int line)
{
    fprintf(stderr, "client.cpp:%d: %s: %s\n", line, call, strerror(error));
    return 1;
}

int main(int argc, char *argv[])
{
    const timespec tick = {0, 50000000};
    signal(SIGPIPE, SIG_IGN);
    sockaddr_in server = {};
    server.sin_family = AF_INET;
    server.sin_port = htons(uint16_t(argc > 2 ? atoi(argv[2]) : 5000));
    server.sin_addr.s_addr = inet_addr(argc > 1 ? argv[1] : "127.0.0.1");
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), error = 0;
    if (connect(fd, (sockaddr *)&server, sizeof server) == -1) {
        if (errno != EINPROGRESS)
            return fail("connect", errno, __LINE__);
        timespec start, t;
        clock_gettime(CLOCK_MONOTONIC, &start);
        pollfd p = {fd, POLLOUT, 0};
        while (ppoll(&p, 1, &tick, nullptr) != 1) {
            clock_gettime(CLOCK_MONOTONIC, &t);
            if ((t.tv_sec - start.tv_sec) * 1000 + (t.tv_nsec - start.tv_nsec) / 1000000 >= 3000)
                return fail("connect", ETIMEDOUT, __LINE__);
        }
        socklen_t size = sizeof error;
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error)
            return fail("connect", error, __LINE__);
    }
    int eof = 0, shut = 0;
    for (;;) {
        if (eof && from == to && !shut)
            shut = shutdown(fd, SHUT_WR) == 0;
        pollfd p[2] = {{fd, short(POLLIN | (from < to ? POLLOUT : 0)), 0},
                       {!eof && to < sizeof waiting ? 0 : -1, POLLIN, 0}};
        if (ppoll(p, 2, &tick, nullptr) < 1)
            continue;
        if (p[0].revents & ~POLLOUT) {
            char c[700];
            ssize_t n = read(fd, c, sizeof c);
            if (n <= 0 && errno != EAGAIN) {
                if (!eof)
                    fprintf(stderr, "lost the server\n");
                return !eof;
            }
            if (n == 0)
                return !eof;
            for (ssize_t i = 0; i < n; i++)
                if (write(1, c + i, 1) != 1)
                    return 1;
        }
        if (p[0].revents & POLLOUT) {
            ssize_t n = write(fd, waiting + from, to - from);
            if (n > 0)
                from += size_t(n);
            if (from == to)
                from = to = 0;
        }
        if (p[1].revents) {
            if (read(0, waiting + to, 1) == 1)
                to++;
            else
                eof = 1;
        }
    }
}
