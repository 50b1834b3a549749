// Right but odd: epoll where select() is taught, the keyboard a line at a time with its own
// buffer, what is received printed with writev().
#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static void send_all(int fd, const char *bytes, ssize_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);
        if (n < 0)
            return;
        bytes += n;
        size -= n;
    }
}

int main(int argc, char **argv)
{
    sockaddr_in there{};
    there.sin_family = AF_INET;
    there.sin_port = htons(argc > 2 ? atoi(argv[2]) : 5000);
    there.sin_addr.s_addr = inet_addr(argc > 1 ? argv[1] : "127.0.0.1");
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, reinterpret_cast<sockaddr *>(&there), sizeof there) < 0) {
        fprintf(stderr, "client.cpp:%d: connect: %s\n", __LINE__, strerror(errno));
        return 1;
    }
    int ep = epoll_create1(0);
    epoll_event e{};
    e.events = EPOLLIN;
    e.data.fd = fd;
    epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
    e.data.fd = 0;
    bool is_file = epoll_ctl(ep, EPOLL_CTL_ADD, 0, &e) != 0; // epoll takes no files: always ready
    bool over = false;
    char bytes[3000];
    for (;;) {
        bool ready[2] = {is_file && !over, false};
        int n = epoll_wait(ep, &e, 1, ready[0] ? 0 : -1);
        if (n == 1)
            ready[e.data.fd == fd] = true;
        if (ready[0]) {
            ssize_t got = read(0, bytes, sizeof bytes);
            if (got > 0) {
                send_all(fd, bytes, got);
            } else {
                over = true;
                if (!is_file)
                    epoll_ctl(ep, EPOLL_CTL_DEL, 0, nullptr);
                shutdown(fd, SHUT_WR);
            }
        }
        if (ready[1]) {
            ssize_t got = recv(fd, bytes, sizeof bytes, 0);
            if (got <= 0) {
                if (!over)
                    fprintf(stderr, "the server went away\n");
                return over && got == 0 ? 0 : 1;
            }
            iovec halves[2] = {{bytes, size_t(got / 2)}, {bytes + got / 2, size_t(got - got / 2)}};
            if (writev(1, halves, 2) != got)
                return 1;
        }
    }
}
