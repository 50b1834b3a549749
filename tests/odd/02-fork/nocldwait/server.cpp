// Right but odd: SA_NOCLDWAIT, so that there is never a zombie; the parent counts its
// children by one end of a pipe that each of them holds, a byte for each that has ended.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(int line, const char *call)
{
    fprintf(stderr, "server.cpp:%d: %s: %s\n", line, call, strerror(errno));
    exit(1);
}

static void put(int fd, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, text, size, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        text += n;
        size -= (size_t)n;
    }
}

// A byte at a time, into a buffer of fixed length.
static void serve(int fd, int number)
{
    char line[1025], head[40], byte;
    size_t used = 0;
    put(fd, head, (size_t)sprintf(head, "hello %d\n", number));
    size_t length = (size_t)sprintf(head, "%d: ", number);
    while (recv(fd, &byte, 1, 0) == 1) {
        if (byte != '\n' && used == 1024) {
            put(fd, "error: line too long\n", 21);
            shutdown(fd, SHUT_WR);
            while (recv(fd, line, sizeof line, 0) > 0)
                ;
            return;
        }
        line[used++] = byte;
        if (byte == '\n') {
            put(fd, head, length);
            put(fd, line, used);
            used = 0;
        }
    }
}

int main(int argc, char *argv[])
{
    int port = 5000, n = 0;
    if (argc > 1 && (strlen(argv[1]) > 5 || sscanf(argv[1], "%d%n", &port, &n) != 1 || argv[1][n] ||
                     port < 0 || port > 65535)) {
        fprintf(stderr, "usage: %s [PORT]\n", argv[0]);
        return 2;
    }
    struct sigaction never = {};
    never.sa_handler = SIG_DFL;
    never.sa_flags = SA_NOCLDWAIT;
    sigaction(SIGCHLD, &never, NULL);
    int l = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in a = {};
    a.sin_family = AF_INET;
    a.sin_port = htons((uint16_t)port);
    if (bind(l, (struct sockaddr *)&a, sizeof a) == -1)
        die(__LINE__, "bind");
    if (listen(l, 128) == -1)
        die(__LINE__, "listen");
    socklen_t size = sizeof a;
    getsockname(l, (struct sockaddr *)&a, &size);
    fprintf(stderr, "listening on port %d\n", ntohs(a.sin_port));
    int ends[2];
    if (pipe(ends) == -1)
        die(__LINE__, "pipe");
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    int living = 0, number = 0;
    for (;;) {
        fd_set set;
        FD_ZERO(&set);
        FD_SET(l, &set);
        FD_SET(ends[0], &set);
        if (select((l > ends[0] ? l : ends[0]) + 1, &set, NULL, NULL, NULL) == -1)
            continue;
        char gone[100];
        ssize_t ended = read(ends[0], gone, sizeof gone);
        living -= ended > 0 ? (int)ended : 0;
        if (!FD_ISSET(l, &set))
            continue;
        int c = accept(l, NULL, NULL);
        if (c == -1)
            continue;
        pid_t pid = living == 100 ? -1 : fork();
        if (pid == 0) {
            close(l);
            close(ends[0]);
            serve(c, number + 1);
            shutdown(c, SHUT_WR);
            (void)!write(ends[1], "x", 1);
            _exit(0);
        }
        if (pid == -1)
            send(c, "error: server full\n", 19, MSG_NOSIGNAL);
        else
            living++, number++;
        close(c);
    }
}
