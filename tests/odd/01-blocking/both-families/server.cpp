// Right but odd: a listener on :: that takes both families of addresses, answers held back
// with MSG_MORE until all that has come is answered, lines found with memchr().
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <netdb.h>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

[[noreturn]] static void fail(const char *call, int line)
{
    fprintf(stderr, "server.cpp:%d: %s: %s\n", line, call, strerror(errno));
    exit(1);
}

static bool say(int fd, const char *text, size_t size, bool more)
{
    while (size > 0) {
        ssize_t n = send(fd, text, size, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return false;
        text += n;
        size -= static_cast<size_t>(n);
    }
    return true;
}

static void talk(int fd, const std::string &id)
{
    std::string hello = "hello " + id + "\n", prefix = id + ": ";
    char held[8192];
    size_t have = 0;
    if (!say(fd, hello.data(), hello.size(), false))
        return;
    for (;;) {
        ssize_t n = recv(fd, held + have, sizeof held - have, 0);
        if (n == -1 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        have += static_cast<size_t>(n);
        char *line = held, *end;
        size_t left = have;
        while ((end = static_cast<char *>(memchr(line, '\n', left))) && end - line <= 1024) {
            size_t length = static_cast<size_t>(end - line) + 1;
            left -= length;
            if (!say(fd, prefix.data(), prefix.size(), true) ||
                !say(fd, line, length, left > 0 && memchr(end + 1, '\n', left)))
                return;
            line = end + 1;
        }
        if (left > 1024) {
            const char last[] = "error: line too long\n";
            say(fd, last, sizeof last - 1, false);
            shutdown(fd, SHUT_WR);
            while ((n = recv(fd, held, sizeof held, 0)) > 0 || (n == -1 && errno == EINTR))
                ;
            return;
        }
        memmove(held, line, left);
        have = left;
    }
}

int main(int argc, char **argv)
{
    std::string service = argc > 1 ? argv[1] : "5000";
    bool number = !service.empty() && service.size() < 6;
    for (char c : service)
        number = number && c >= '0' && c <= '9';
    if (!number || std::stoi(service) > 65535) {
        fprintf(stderr, "usage: server [PORT], 0 to 65535\n");
        return 2;
    }
    addrinfo hints{}, *found;
    hints.ai_family = AF_INET6;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    if (getaddrinfo(nullptr, service.c_str(), &hints, &found) != 0)
        fail("getaddrinfo", __LINE__);
    int listener = socket(found->ai_family, found->ai_socktype, found->ai_protocol), yes = 1, no = 0;
    if (listener == -1)
        fail("socket", __LINE__);
    setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, found->ai_addr, found->ai_addrlen) == -1)
        fail("bind", __LINE__);
    freeaddrinfo(found);
    if (listen(listener, 16) == -1)
        fail("listen", __LINE__);
    sockaddr_in6 name;
    socklen_t size = sizeof name;
    getsockname(listener, reinterpret_cast<sockaddr *>(&name), &size);
    fprintf(stderr, "listening on port %d\n", ntohs(name.sin6_port));
    for (long id = 1;; id++) {
        sockaddr_storage whom;
        socklen_t length = sizeof whom;
        int fd = accept(listener, reinterpret_cast<sockaddr *>(&whom), &length);
        if (fd == -1) {
            id--;
            continue;
        }
        talk(fd, std::to_string(id));
        close(fd);
    }
}
