// Lesson 3, select: one process that serves many clients and lets them talk.
#include <algorithm>
#include <arpa/inet.h>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <string>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "../../common/error.hpp"

const size_t LONGEST = 1024; // bytes in a line, without its '\n'
const long LINGER = 1000;    // milliseconds that a client has to read our last words

struct Client {
    int fd;
    int id;
    std::string input;  // received, not yet a whole line
    std::string output; // to be sent at the end of this round
    bool leaving;       // it was refused: what it sends is thrown away
    long deadline;      // when it must have gone; counts only while it is leaving
    bool gone;          // to be closed at the end of this round
};

// Milliseconds on a clock that nobody sets. A long of 32 bits has room for 24 days of them.
long now()
{
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000L + t.tv_nsec / 1000000;
}

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

// What the line of client from, without its '\n', asks for: an answer to itself, or
// for "/all TEXT" one to all.
void answer(std::vector<Client> &clients, Client &from, const std::string &line)
{
    const std::string all = "/all ";
    bool to_all = line.compare(0, all.size(), all) == 0;
    std::string text =
        std::to_string(from.id) + ": " + (to_all ? line.substr(all.size()) : line) + '\n';
    for (Client &client : clients)
        if ((to_all && !client.leaving) || &client == &from)
            client.output += text;
}

// Says why to client, and gives it a second to read that.
void dismiss(Client &client, const std::string &why)
{
    client.output += why;
    client.leaving = true;
    client.deadline = now() + LINGER;
}

// Answers every whole line of client's input; an unfinished one stays.
void answer_input(std::vector<Client> &clients, Client &client)
{
    size_t start = 0;
    size_t end = client.input.find('\n');
    while (end != std::string::npos && end - start <= LONGEST) {
        answer(clients, client, client.input.substr(start, end - start));
        start = end + 1;
        end = client.input.find('\n', start);
    }
    client.input.erase(0, start);
    if (end != std::string::npos || client.input.size() > LONGEST)
        dismiss(client, "error: line too long\n");
}

// Takes in what client has sent. One read(): select() promised no more than that.
void receive(std::vector<Client> &clients, Client &client)
{
    char bytes[4096];
    ssize_t n = read_some(client.fd, bytes, sizeof bytes);
    if (n == -1)
        complain("read"); // ECONNRESET: the peer has gone
    if (n <= 0)
        client.gone = true;
    else if (!client.leaving) {
        client.input.append(bytes, static_cast<size_t>(n));
        answer_input(clients, client);
    }
}

// Sends client what it is owed. This blocks while the client does not read, and
// then holds up everyone (lesson 4 mends it).
void send_output(Client &client)
{
    if (client.output.empty())
        return;
    if (!write_all(client.fd, client.output))
        client.gone = true;
    client.output.clear();
    if (client.leaving)
        shutdown(client.fd, SHUT_WR);
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

// Lets the next client in. Where the limit on descriptors is not above FD_SETSIZE,
// accept() fails with EMFILE, again and again until somebody leaves. And it may sleep: the
// client for whom it was ready may have left (lesson 4 mends both).
void welcome(int listener, std::vector<Client> &clients, int &next_id)
{
    int fd = accept(listener, nullptr, nullptr);
    if (fd == -1) {
        complain("accept");
        return;
    }
    if (fd >= FD_SETSIZE) { // FD_SET() would write past the end of the set
        turn_away(fd);
        close(fd);
        return;
    }
    int id = next_id++;
    clients.push_back({fd, id, "", "hello " + std::to_string(id) + '\n', false, 0, false});
}

// Waits until the listener or a client can be read, or somebody's second is over.
// Sets readable to those that can: select() overwrites its sets, so each call gets
// a new one. False: interrupted, and the sets are worth nothing.
bool wait_readable(int listener, const std::vector<Client> &clients, fd_set &readable)
{
    int highest = listener;
    long wake = -1;
    FD_ZERO(&readable);
    FD_SET(listener, &readable);
    for (const Client &client : clients) {
        FD_SET(client.fd, &readable);
        highest = std::max(highest, client.fd);
        if (client.leaving)
            wake = wake == -1 ? client.deadline : std::min(wake, client.deadline);
    }
    long wait = std::max(0L, wake - now());
    timeval timeout{wait / 1000, static_cast<suseconds_t>(wait % 1000 * 1000)};
    int ready = select(highest + 1, &readable, nullptr, nullptr, wake == -1 ? nullptr : &timeout);
    if (ready == -1 && errno != EINTR)
        complain("select");
    return ready != -1;
}

// Closes and forgets those that have gone, and those whose second is over.
void sweep(std::vector<Client> &clients)
{
    for (Client &client : clients) {
        if (client.leaving && now() >= client.deadline)
            client.gone = true;
        if (client.gone)
            close(client.fd);
    }
    clients.erase(std::remove_if(clients.begin(), clients.end(),
                                 [](const Client &client) { return client.gone; }),
                  clients.end());
}

int main(int argc, char *argv[])
{
    int port = argc > 1 ? number_from(argv[1]) : 5000;
    if (argc > 2 || port == -1) {
        fprintf(stderr, "usage: %s [PORT], where PORT is a number from 0 to 65535\n", argv[0]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN); // else a write() to a client that has gone would end us
    int listener = listen_on(port);

    // Descriptors from FD_SETSIZE (1024) on cannot be watched (lesson 4 mends it).
    std::vector<Client> clients;
    for (int next_id = 1;;) {
        fd_set readable;
        if (!wait_readable(listener, clients, readable))
            continue;
        for (Client &client : clients)
            if (FD_ISSET(client.fd, &readable))
                receive(clients, client);
        if (FD_ISSET(listener, &readable))
            welcome(listener, clients, next_id);
        for (Client &client : clients)
            send_output(client);
        sweep(clients);
    }
}
