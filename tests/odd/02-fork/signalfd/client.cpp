// Right but odd: the child minds the keyboard, the parent prints; each tells the other with
// a signal.
#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t typed_all = 0;

int main(int argc, char *argv[])
{
    sockaddr_in there{};
    there.sin_family = AF_INET;
    there.sin_port = htons(static_cast<unsigned short>(argc > 2 ? std::atoi(argv[2]) : 5000));
    inet_pton(AF_INET, argc > 1 ? argv[1] : "127.0.0.1", &there.sin_addr);
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(s, reinterpret_cast<sockaddr *>(&there), sizeof there)) {
        std::fprintf(stderr, "client.cpp:%d: connect: %s\n", __LINE__, std::strerror(errno));
        return 1;
    }
    signal(SIGUSR1, [](int) { typed_all = 1; });
    pid_t typist = fork();
    char bytes[512];
    ssize_t n;
    if (typist == 0) {
        while ((n = read(0, bytes, sizeof bytes)) > 0)
            for (ssize_t at = 0, k = 0; at < n; at += k)
                if ((k = send(s, bytes + at, size_t(n - at), MSG_NOSIGNAL)) < 0)
                    _exit(1);
        kill(getppid(), SIGUSR1); // before the server can know
        shutdown(s, SHUT_WR);
        _exit(0);
    }
    while ((n = recv(s, bytes, sizeof bytes, 0)) > 0)
        for (ssize_t at = 0, k = 0; at < n; at += k)
            if ((k = write(1, bytes + at, size_t(n - at))) < 0)
                return 1;
    kill(typist, SIGKILL);
    waitpid(typist, nullptr, 0);
    if (!typed_all)
        std::fprintf(stderr, "the server has gone\n");
    return !typed_all;
}
