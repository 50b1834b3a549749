// Lesson 1, blocking: a client that sends a line, waits for its answer, prints it.
#include <arpa/inet.h>
#include <csignal>
#include <cstdlib>
#include <string>
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

// Moves the next line of fd, '\n' included, to line; input keeps what came after
// it. 1: done, 0: the input has ended (an unfinished line is no line), -1: it failed.
int read_line(int fd, std::string &input, std::string &line)
{
    char bytes[4096];
    size_t end;
    while ((end = input.find('\n')) == std::string::npos) {
        ssize_t n = read_some(fd, bytes, sizeof bytes);
        if (n == -1)
            complain("read");
        if (n <= 0)
            return static_cast<int>(n);
        input.append(bytes, static_cast<size_t>(n));
    }
    line = input.substr(0, end + 1);
    input.erase(0, end + 1);
    return 1;
}

// Prints the next line that the server sends. False: it has gone, or our output has.
bool print_answer(int server, std::string &input)
{
    std::string line;
    int got = read_line(server, input, line);
    if (got == 0)
        fprintf(stderr, "the server has closed the connection\n");
    return got == 1 && write_all(STDOUT_FILENO, line);
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

    // While we wait for you to type we do not notice that the server has gone
    // (lesson 2 mends it).
    std::string typed, received, line;
    int more = 0; // what read_line() last said of standard input
    bool served = print_answer(server, received);
    while (served && (more = read_line(STDIN_FILENO, typed, line)) == 1)
        served = write_all(server, line) && print_answer(server, received);
    close(server);
    return served && more == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
