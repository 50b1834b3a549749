// Lesson 3, select: one process that minds the keyboard and the server together.
#include <algorithm>
#include <arpa/inet.h>
#include <csignal>
#include <cstdlib>
#include <string>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../common/error.hpp"

// The number from 0 to 65535 that text names, or -1 if it is none.
int number_from(const char *text)
{
    char *end;
    long number = strtol(text, &end, 10);
    bool digits = *text >= '0' && *text <= '9' && *end == '\0';
    return digits && number <= 65535 ? static_cast<int>(number) : -1;
}

// A socket that is connected to address.
int connect_to(const sockaddr_in &address)
{
    int fd = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
    check(connect(fd, reinterpret_cast<const sockaddr *>(&address), sizeof address), "connect");
    return fd;
}

// read(), again if a signal came before a byte did.
ssize_t read_some(int fd, char *bytes, size_t size)
{
    ssize_t n;
    do {
        n = read(fd, bytes, size);
    } while (n == -1 && errno == EINTR);
    return n;
}

// Writes all of text, however little write() takes at a time. False: the peer is lost.
bool write_all(int fd, const std::string &text)
{
    size_t done = 0;
    while (done < text.size()) {
        ssize_t n = write(fd, text.data() + done, text.size() - done);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1) {
            complain("write"); // EPIPE or ECONNRESET: the peer has gone
            return false;
        }
        done += static_cast<size_t>(n);
    }
    return true;
}

// Passes on what from has. 1: passed on, 0: end of input, -1: one of the two is lost.
int pass_on(int from, int to)
{
    char bytes[4096];
    ssize_t n = read_some(from, bytes, sizeof bytes);
    if (n == -1)
        complain("read");
    if (n <= 0)
        return static_cast<int>(n);
    return write_all(to, std::string(bytes, static_cast<size_t>(n))) ? 1 : -1;
}

int main(int argc, char *argv[])
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    int port = argc > 2 ? number_from(argv[2]) : 5000;
    const char *host = argc > 1 ? argv[1] : "127.0.0.1";
    if (argc > 3 || port == -1 || inet_pton(AF_INET, host, &address.sin_addr) != 1) {
        fprintf(stderr, "usage: %s [HOST [PORT]], where HOST is an IPv4 address such as "
                        "192.168.1.6\n", argv[0]);
        return 2;
    }
    address.sin_port = htons(static_cast<uint16_t>(port));
    signal(SIGPIPE, SIG_IGN); // else a write() to a server that has gone would end us
    int server = connect_to(address);

    // A write() to a server that does not read blocks us while it may be waiting
    // for us to read (lesson 4 mends it).
    int typed = 1, printed = 1; // as pass_on() says
    while (printed == 1) {
        fd_set readable;
        FD_ZERO(&readable);
        FD_SET(server, &readable);
        if (typed == 1)
            FD_SET(STDIN_FILENO, &readable);
        if (select(std::max(server, STDIN_FILENO) + 1, &readable, nullptr, nullptr, nullptr) == -1)
            continue; // EINTR: the set is worth nothing
        if (FD_ISSET(server, &readable))
            printed = pass_on(server, STDOUT_FILENO);
        if (printed == 1 && typed == 1 && FD_ISSET(STDIN_FILENO, &readable)) {
            typed = pass_on(STDIN_FILENO, server);
            if (typed != 1)
                shutdown(server, SHUT_WR); // "no more from us"; answers still come
        }
    }
    if (typed == 1 && printed == 0)
        fprintf(stderr, "the server has closed the connection\n");
    return typed == 0 && printed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
