// Lesson 2, fork: a client of two processes, one that sends and one that prints.
#include <arpa/inet.h>
#include <csignal>
#include <cstdlib>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
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

// Copies from one descriptor to the other until the end of input. False: one is lost.
bool copy(int from, int to)
{
    char bytes[4096];
    ssize_t n;
    while ((n = read_some(from, bytes, sizeof bytes)) > 0)
        if (!write_all(to, std::string(bytes, static_cast<size_t>(n))))
            return false;
    if (n == -1)
        complain("read");
    return n == 0;
}

// SIGCHLD: the printing child has ended, so the server has gone before our input
// has. We sleep in read(); only a signal can tell us.
void server_gone(int)
{
    int status = 0;
    waitpid(-1, &status, WNOHANG);
    // A child that failed has said why itself. fprintf() is not for handlers.
    const char text[] = "the server has closed the connection\n";
    ssize_t told = status == 0 ? write(STDERR_FILENO, text, sizeof text - 1) : 0;
    (void)told;
    _exit(EXIT_FAILURE);
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

    // STEP 6: fork a child that copies from the server to standard output and ends with
    // _exit(). When it ends, the server has gone: have server_gone() called for SIGCHLD,
    // but not when the child is only stopped (SA_NOCLDSTOP); set that up before you fork.
    // man 2 fork, 2 sigaction

    // If the connection is reset while both processes use it, both may complain (lesson 3
    // mends it).
    bool sent = copy(STDIN_FILENO, server);
    // STEP 7: our input has ended. From here on the server may go: SIGCHLD back to
    // SIG_DFL. End our half of the connection only, then wait for the child, which prints
    // what still comes; succeed if it did. man 2 shutdown, 2 waitpid
    return sent ? EXIT_SUCCESS : EXIT_FAILURE; // (until step 7)
}
