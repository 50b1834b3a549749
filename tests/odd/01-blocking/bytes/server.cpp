// Right but odd: seven bytes for each recv(), 61 for each send() (TCP_NODELAY), a small receive
// buffer, and one of its own that is a ring.
#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

static bool put(int fd, const std::string &text)
{
    for (size_t done = 0; done < text.size();) {
        ssize_t n = send(fd, text.data() + done, std::min<size_t>(61, text.size() - done), MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            return false;
        done += n < 0 ? 0 : n;
    }
    return true;
}

int main(int argc, char **argv)
{
    long port = 5000;
    if (argc > 1) {
        char *stop;
        errno = 0;
        port = std::strtol(argv[1], &stop, 10);
        if (stop == argv[1] || *stop || errno || port < 0 || port >= 1L << 16) {
            std::fprintf(stderr, "no such port\n");
            return 2;
        }
    }
    int listener = socket(PF_INET, SOCK_STREAM, 0), yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in name = {};
    name.sin_family = AF_INET;
    name.sin_port = htons(port);
    if (bind(listener, (sockaddr *)&name, sizeof name) || listen(listener, 1)) {
        std::fprintf(stderr, "server.cpp:%d: bind: %s\n", __LINE__, std::strerror(errno));
        return 1;
    }
    socklen_t size = sizeof name;
    getsockname(listener, (sockaddr *)&name, &size);
    std::fprintf(stderr, "listening on port %d\n", ntohs(name.sin_port));

    for (int id = 1;; id++) {
        int fd;
        while ((fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)) < 0)
            ;
        const int small = 4096;
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        static char ring[2048];
        size_t head = 0, used = 0;
        bool good = put(fd, "hello " + std::to_string(id) + "\n"), refused = false;
        char few[7];
        ssize_t n = 0, at = 0;
        while (good) {
            if (at == n) {
                n = recv(fd, few, sizeof few, 0), at = 0;
                if (n < 0 && errno == EINTR) {
                    n = 0;
                    continue;
                }
                if (n <= 0)
                    break;
            }
            char c = few[at++];
            if (refused)
                continue;
            ring[(head + used++) % sizeof ring] = c;
            if (c != '\n' && used > 1024) {
                put(fd, "error: line too long\n");
                shutdown(fd, SHUT_WR);
                refused = true;
            } else if (c == '\n') {
                std::string answer = std::to_string(id) + ": ";
                for (; used > 0; used--, head = (head + 1) % sizeof ring)
                    answer += ring[head];
                good = put(fd, answer);
            }
        }
        close(fd);
    }
}
