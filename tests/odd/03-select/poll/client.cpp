// Right but odd: poll() where select() is taught, and stdio for what is printed.
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct sockaddr_in a = {};
    a.sin_family = AF_INET;
    a.sin_port = htons(argc > 2 ? atoi(argv[2]) : 5000);
    inet_pton(AF_INET, argc > 1 ? argv[1] : "127.0.0.1", &a.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&a, sizeof a)) {
        fprintf(stderr, "client.cpp:%d: connect: %m\n", __LINE__);
        exit(1);
    }
    struct pollfd p[2] = {{fd, POLLIN, 0}, {0, POLLIN, 0}};
    for (;;) {
        poll(p, 2, -1);
        char b[100];
        if (p[1].revents) {
            ssize_t n = read(0, b, sizeof b), done = 0, k = 0;
            if (n <= 0) {
                p[1].fd = -1;
                shutdown(fd, SHUT_WR);
            }
            for (; done < n; done += k)
                if ((k = send(fd, b + done, n - done, MSG_NOSIGNAL)) < 0)
                    break;
        }
        if (p[0].revents) {
            ssize_t n = recv(fd, b, sizeof b, 0);
            if (n <= 0) {
                if (p[1].fd == 0)
                    fprintf(stderr, "connection lost\n");
                return p[1].fd == 0;
            }
            fwrite(b, 1, n, stdout);
            fflush(stdout);
        }
    }
}
