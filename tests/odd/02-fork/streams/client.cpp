// Right but odd: both processes use the streams of stdio; a signal of its own, not SIGCHLD,
// tells the one that sends.
#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void lost(int)
{
    _exit(write(2, "lost the server\n", 16) > 0);
}

// Copies line by line. False: to takes no more.
static bool copy(FILE *from, FILE *to)
{
    char *line = nullptr;
    size_t size = 0;
    for (ssize_t n; (n = getline(&line, &size, from)) > 0;)
        if (fwrite(line, 1, static_cast<size_t>(n), to) < static_cast<size_t>(n) || fflush(to) != 0)
            return false;
    return true;
}

int main(int argc, char **argv)
{
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(static_cast<uint16_t>(argc > 2 ? atoi(argv[2]) : 5000));
    inet_pton(AF_INET, argc > 1 ? argv[1] : "127.0.0.1", &a.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, reinterpret_cast<sockaddr *>(&a), sizeof(a)) == -1) {
        fprintf(stderr, "client.cpp:%d: connect: %s\n", __LINE__, strerror(errno));
        return 1;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGUSR1, lost);
    if (fork() == 0) {
        copy(fdopen(fd, "r"), stdout);
        kill(getppid(), SIGUSR1);
        _exit(0);
    }
    bool sent = copy(stdin, fdopen(fd, "w"));
    signal(SIGUSR1, SIG_IGN);
    shutdown(fd, SHUT_WR);
    wait(nullptr);
    return sent ? 0 : 1;
}
