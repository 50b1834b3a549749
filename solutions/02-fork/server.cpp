// Lesson 2, fork: a server with a process for each client.
#include <arpa/inet.h>
#include <csignal>
#include <cstdlib>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../common/error.hpp"

const size_t LONGEST = 1024; // bytes in a line, without its '\n'
const int MOST = 100;        // children at once

volatile sig_atomic_t children = 0;

// The number from 0 to 65535 that text names, or -1 if it is none.
int number_from(const char *text)
{
    char *end;
    long number = strtol(text, &end, 10);
    bool digits = *text >= '0' && *text <= '9' && *end == '\0';
    return digits && number <= 65535 ? static_cast<int>(number) : -1;
}

// A socket that listens on port, on every IPv4 address of this host.
int listen_on(int port)
{
    int listener = check(socket(AF_INET, SOCK_STREAM, 0), "socket");

    // Without this, bind() fails with EADDRINUSE for a minute after a restart:
    // connections that the old server closed still wait in state TIME_WAIT.
    int yes = 1;
    check(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), "setsockopt");

    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    check(bind(listener, reinterpret_cast<sockaddr *>(&address), sizeof address), "bind");
    check(listen(listener, SOMAXCONN), "listen");

    // For port 0 the kernel chose one: ask which.
    socklen_t size = sizeof address;
    check(getsockname(listener, reinterpret_cast<sockaddr *>(&address), &size), "getsockname");
    fprintf(stderr, "listening on port %d\n", ntohs(address.sin_port));
    return listener;
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

// Moves every whole line of input to answers, in the form in which client id gets
// it back; an unfinished line stays. False: what stays begins with too long a line.
bool answer_lines(int id, std::string &input, std::string &answers)
{
    size_t start = 0;
    size_t end = input.find('\n');
    while (end != std::string::npos && end - start <= LONGEST) {
        answers += std::to_string(id) + ": " + input.substr(start, end - start) + '\n';
        start = end + 1;
        end = input.find('\n', start);
    }
    input.erase(0, start);
    return end == std::string::npos && input.size() <= LONGEST;
}

// Ends our half of the connection, then throws away what still comes: close()
// with bytes unread would reset the connection, and our last answer may be lost.
// A client that never stops keeps us here for ever (lesson 3 mends it).
void drain(int fd)
{
    char bytes[4096];
    shutdown(fd, SHUT_WR);
    while (read_some(fd, bytes, sizeof bytes) > 0)
        ;
}

// Talks to client id until it has no more to say, or is lost.
void serve(int fd, int id)
{
    std::string input;
    std::string answers = "hello " + std::to_string(id) + '\n';
    while (write_all(fd, answers)) {
        char bytes[4096];
        ssize_t n = read_some(fd, bytes, sizeof bytes);
        if (n == -1)
            complain("read"); // ECONNRESET: the peer has gone
        if (n <= 0)
            return;
        input.append(bytes, static_cast<size_t>(n));
        answers.clear();
        if (!answer_lines(id, input, answers)) {
            if (write_all(fd, answers + "error: line too long\n"))
                drain(fd);
            return;
        }
    }
}

// SIGCHLD: waits for every child that has ended. Several that end together send one
// signal, so one waitpid() is not enough. The interrupted call gets its errno back.
void reap(int)
{
    int saved = errno;
    while (waitpid(-1, nullptr, WNOHANG) > 0)
        children = children - 1;
    errno = saved;
}

// Holds SIGCHLD back (SIG_BLOCK) or lets it through (SIG_UNBLOCK).
void mask_sigchld(int how)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(how, &set, nullptr);
}

// Tells a client that there is no room. What it has sent is read first, as close()
// would otherwise reset the connection; what is still on its way may yet do so.
void turn_away(int fd)
{
    char bytes[131072]; // by default a socket that nobody reads takes in no more
    write_all(fd, "error: server full\n");
    shutdown(fd, SHUT_WR);
    recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
}

// Serves client id in a new process. False: there is no room for one.
bool serve_in_child(int listener, int client, int id)
{
    if (children >= MOST)
        return false;

    mask_sigchld(SIG_BLOCK); // until the child is counted: reap() counts it out
    pid_t pid = fork();
    if (pid == 0) {
        mask_sigchld(SIG_UNBLOCK);
        close(listener); // the child has no use for it, and would keep the port busy
        serve(client, id);
        _exit(EXIT_SUCCESS); // exit() would flush what the parent had buffered
    }
    if (pid == -1)
        complain("fork"); // EAGAIN: too many processes
    else
        children = children + 1;
    mask_sigchld(SIG_UNBLOCK);
    return pid != -1;
}

int main(int argc, char *argv[])
{
    int port = argc > 1 ? number_from(argv[1]) : 5000;
    if (argc > 2 || port == -1) {
        fprintf(stderr, "usage: %s [PORT], where PORT is a number from 0 to 65535\n", argv[0]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN); // else a write() to a client that has gone would end us
    struct sigaction action{};
    action.sa_handler = reap;
    check(sigaction(SIGCHLD, &action, nullptr), "sigaction");
    int listener = listen_on(port);

    // Each child has its own copy of everything: clients cannot reach each other
    // (lesson 3 mends it).
    for (int id = 1;;) {
        int client = accept(listener, nullptr, nullptr);
        if (client == -1) {
            if (errno != EINTR) // EINTR: a child has ended
                complain("accept");
            continue;
        }
        if (serve_in_child(listener, client, id))
            id++;
        else
            turn_away(client);
        close(client); // the child's copy stays open; with ours too, no client would see the end
    }
}
