// Right but odd: select() where poll() is taught, sendmsg(), a socket that blocks with
// MSG_DONTWAIT on each call, and SO_SNDTIMEO as the limit for connect().
#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(argc > 2 ? atoi(argv[2]) : 5000);
    if (!inet_aton(argc > 1 ? argv[1] : "127.0.0.1", &to.sin_addr)) {
        fprintf(stderr, "usage: client [HOST [PORT]]\n");
        return 2;
    }
    int s = socket(PF_INET, SOCK_STREAM, IPPROTO_TCP);
    timeval patience{3, 0};
    setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(s, (sockaddr *)&to, sizeof to) != 0) {
        if (errno == EINPROGRESS || errno == EAGAIN)
            errno = ETIMEDOUT;
        fprintf(stderr, "client.cpp:%d: connect: %s\n", __LINE__, strerror(errno));
        return 1;
    }
    std::string pending;
    bool open = true;
    for (;;) {
        fd_set r, w;
        FD_ZERO(&r);
        FD_ZERO(&w);
        FD_SET(s, &r);
        if (open && pending.size() < 32768)
            FD_SET(0, &r);
        if (!pending.empty())
            FD_SET(s, &w);
        if (select(s + 1, &r, &w, nullptr, nullptr) < 0)
            continue;
        char chunk[2048];
        if (FD_ISSET(0, &r)) {
            ssize_t n = read(0, chunk, sizeof chunk);
            if (n > 0)
                pending.append(chunk, n);
            else
                open = false;
            if (!open && pending.empty())
                shutdown(s, SHUT_WR);
        }
        if (FD_ISSET(s, &w)) {
            iovec part{&pending[0], pending.size()};
            msghdr message{};
            message.msg_iov = &part;
            message.msg_iovlen = 1;
            ssize_t n = sendmsg(s, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
            if (n > 0)
                pending.erase(0, n);
            else if (n < 0 && errno != EAGAIN)
                pending.clear();
            if (!open && pending.empty())
                shutdown(s, SHUT_WR);
        }
        if (FD_ISSET(s, &r)) {
            ssize_t n = recv(s, chunk, sizeof chunk, MSG_DONTWAIT);
            if (n < 0 && errno == EAGAIN)
                continue;
            if (n <= 0) {
                if (open)
                    fputs("the server has gone\n", stderr);
                return open ? 1 : 0;
            }
            for (ssize_t at = 0; at < n;) {
                ssize_t k = write(1, chunk + at, n - at);
                if (k < 0)
                    return 1;
                at += k;
            }
        }
    }
}
