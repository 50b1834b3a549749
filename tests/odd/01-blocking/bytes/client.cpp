// Right but odd: select() to wait for each answer, a byte for each read() and write().
#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    sockaddr_in to = {};
    to.sin_family = AF_INET;
    to.sin_port = htons(argc > 2 ? std::atoi(argv[2]) : 5000);
    inet_aton(argc > 1 ? argv[1] : "127.0.0.1", &to.sin_addr);
    int fd = socket(PF_INET, SOCK_STREAM, 0);
    if (connect(fd, (sockaddr *)&to, sizeof to)) {
        std::fprintf(stderr, "client.cpp:%d: connect: %s\n", __LINE__, std::strerror(errno));
        return 1;
    }
    for (;;) {
        char c;
        do {
            fd_set wait;
            FD_ZERO(&wait);
            FD_SET(fd, &wait);
            select(fd + 1, &wait, nullptr, nullptr, nullptr);
            if (recv(fd, &c, 1, 0) != 1) {
                std::fputs("the server does not answer any more\n", stderr);
                return 1;
            }
            if (write(1, &c, 1) != 1)
                return 1;
        } while (c != '\n');
        do {
            if (read(0, &c, 1) != 1)
                return 0;
            send(fd, &c, 1, MSG_NOSIGNAL); // if it fails so will recv()
        } while (c != '\n');
    }
}
