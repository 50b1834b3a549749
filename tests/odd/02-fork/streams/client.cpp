// Right but odd: one process with poll(), where two are taught.
#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

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
    std::string unsent;
    bool typing = true, ended = false;
    while (true) {
        pollfd p[2] = {{fd, static_cast<short>(POLLIN | (unsent.empty() ? 0 : POLLOUT)), 0},
                       {typing && unsent.size() < 1000000 ? 0 : -1, POLLIN, 0}};
        poll(p, 2, -1);
        char b[4000];
        if (p[1].revents) {
            ssize_t n = read(0, b, sizeof(b));
            typing = n > 0;
            if (n > 0)
                unsent.append(b, static_cast<size_t>(n));
        }
        if (!unsent.empty()) {
            ssize_t n = send(fd, unsent.data(), unsent.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            unsent.erase(0, n > 0 ? static_cast<size_t>(n) : 0);
        }
        if (!typing && unsent.empty() && !ended)
            ended = shutdown(fd, SHUT_WR) == 0;
        if (p[0].revents & ~POLLOUT) {
            ssize_t n = recv(fd, b, sizeof(b), MSG_DONTWAIT);
            if (n > 0)
                n = write(1, b, static_cast<size_t>(n));
            else if (n == 0 || errno != EAGAIN) {
                if (typing)
                    fputs("lost the server\n", stderr);
                return typing;
            }
        }
    }
}
