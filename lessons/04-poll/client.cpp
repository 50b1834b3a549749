// Lesson 4, poll: a client that is never stuck in a send.
#include <algorithm>
#include <arpa/inet.h>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
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

const int PATIENCE = 3000; // milliseconds that connecting may take

// Bytes that are read at once. Answers may be several times longer than lines: we take in
// more than our lines cause, and keep no server waiting for us to read.
const size_t LINES = 4096, ANSWERS = 32768;

// A non-blocking socket that is connected to address.
int connect_in_time(const sockaddr_in &address)
{
    // STEP 6: connect a non-blocking socket: EINPROGRESS, then poll() for POLLOUT with
    // PATIENCE, then SO_ERROR tells how it went. Out of time: ETIMEDOUT. man 2 connect, 2 poll
    int fd = check(socket(AF_INET, SOCK_STREAM, 0), "socket"); // (until step 6)
    const sockaddr *server = reinterpret_cast<const sockaddr *>(&address); // (until step 6)
    check(connect(fd, server, sizeof address), "connect"); // (until step 6)
    (void)PATIENCE; // (until step 6)
    return fd;      // (until step 6)
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

// Adds what fd has, at most so many bytes, to queue. 1: it had some, 0: end of input,
// -1: it is lost.
int take_in(int fd, std::string &queue, size_t most)
{
    char bytes[ANSWERS];
    ssize_t n = read_some(fd, bytes, std::min(most, sizeof bytes));
    if (n == -1 && errno == EAGAIN)
        return 1;
    if (n == -1)
        complain("read");
    if (n <= 0)
        return static_cast<int>(n);
    queue.append(bytes, static_cast<size_t>(n));
    return 1;
}

// Sends as much of queue as the socket takes now. False: the server is lost.
bool send_queue(int fd, std::string &queue)
{
    ssize_t n = write(fd, queue.data(), queue.size());
    if (n == -1 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (n == -1) {
        complain("write"); // EPIPE or ECONNRESET: the peer has gone
        return false;
    }
    queue.erase(0, static_cast<size_t>(n));
    return true;
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
    int server = connect_in_time(address);

    int typed = 1, received = 1; // as take_in() says
    std::string unsent;
    // STEP 7: while received is 1: poll() the server for POLLIN, for POLLOUT too while there
    // is something unsent, and while there is not, and typed is 1, standard input. Before all
    // else, take in what the server sends (ANSWERS) and print it. Of your input take LINES; at
    // its end, end our half only: a pipe tells of its end by POLLHUP, often without POLLIN.
    // If send_queue() fails, typed is -1, and nothing is unsent. man 2 poll
    (void)server;         // (until step 7)
    (void)LINES;          // (until step 7)
    typed = received = 0; // (until step 7)
    if (typed == 1 && received == 0)
        fprintf(stderr, "the server has closed the connection\n");
    return typed == 0 && received == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
