// Lesson 4, poll: as many clients as there are descriptors, and none holds up another.
#include <algorithm>
#include <arpa/inet.h>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "../../common/error.hpp"

const size_t LONGEST = 1024; // bytes in a line, without its '\n'
const long LINGER = 1000;    // milliseconds that a client has to read our last words
const size_t QUEUE = 65536;  // bytes that may wait for a client that does not read

struct Client {
    int fd;
    int id;
    std::string input;  // received, not yet a whole line
    std::string output; // waiting until the socket takes it
    bool ended;         // its input has ended; closed once it has all its answers
    bool leaving;       // it was refused: what it sends is thrown away
    long deadline;      // of its second to leave, or of its idle time; NEVER: none
    bool gone;          // to be closed at the end of this round
};

const long NEVER = -1;

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

// Takes in what client has sent; the kernel tells of a reset here too.
void receive_some(std::vector<Client> &clients, Client &client, long idle)
{
    char bytes[4096];
    ssize_t n = read_some(client.fd, bytes, sizeof bytes);
    if (n == -1 && errno == EAGAIN)
        return;
    if (n == -1) {
        complain("read"); // ECONNRESET: the peer has gone
        client.gone = true;
    } else if (n == 0) {
        client.ended = true;
    } else if (!client.leaving) {
        if (idle != NEVER)
            client.deadline = now() + idle;
        client.input.append(bytes, static_cast<size_t>(n));
        answer_input(clients, client);
    }
}

// Sends client as much of what it is owed as its socket takes now.
void send_some(Client &client)
{
    if (!client.output.empty()) {
        ssize_t n = write(client.fd, client.output.data(), client.output.size());
        if (n == -1 && errno != EAGAIN && errno != EINTR) {
            complain("write"); // EPIPE or ECONNRESET: the peer has gone
            client.gone = true;
            return;
        }
        if (n > 0)
            client.output.erase(0, static_cast<size_t>(n));
        if (client.output.empty() && client.leaving)
            shutdown(client.fd, SHUT_WR);
    }
    if (client.output.size() > QUEUE || (client.ended && client.output.empty()))
        client.gone = true;
}

// Lets the next client in. False: it failed, most likely for want of descriptors.
bool let_in(int listener, std::vector<Client> &clients, int &next_id, long idle)
{
    int fd = accept(listener, nullptr, nullptr);
    if (fd == -1) {
        if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
            return true; // nobody to let in after all
        complain("accept"); // EMFILE, ENFILE
        return false;
    }
    if (fcntl(fd, F_SETFL, O_NONBLOCK) == -1) {
        complain("fcntl");
        close(fd);
        return true;
    }
    int id = next_id++;
    clients.push_back({fd, id, "", "hello " + std::to_string(id) + '\n', false, false,
                       idle == NEVER ? NEVER : now() + idle, false});
    return true;
}

// What poll() is to watch: the listener, then the clients in their order. A client that is
// owed answers is not read before it has taken them: one that sends fast would otherwise be
// owed too much, and be closed, though it reads.
std::vector<pollfd> watched(int listener, const std::vector<Client> &clients)
{
    std::vector<pollfd> watch{{listener, POLLIN, 0}};
    for (const Client &client : clients) {
        short events = client.ended ? 0 : POLLIN;
        if (!client.output.empty())
            events = POLLOUT;
        watch.push_back({client.fd, events, 0});
    }
    return watch;
}

// Milliseconds until the first of clients' deadlines, and of until; -1: none.
int time_left(const std::vector<Client> &clients, long until)
{
    for (const Client &client : clients)
        if (client.deadline != NEVER && (until == NEVER || client.deadline < until))
            until = client.deadline;
    return until == NEVER ? -1 : static_cast<int>(std::max(0L, until - now()));
}

// Tells those whose idle time is over. A client that is owed answers may have sent what we
// have not read yet: it is not idle.
void dismiss_idle(std::vector<Client> &clients, long idle)
{
    for (Client &client : clients) {
        if (client.leaving || client.deadline == NEVER || now() < client.deadline)
            continue;
        receive_some(clients, client, idle);
        if (!client.gone && now() >= client.deadline)
            dismiss(client, "error: idle too long\n");
    }
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

// poll() has filled watch: takes in what has come from each client that it found ready.
void receive_ready(const std::vector<pollfd> &watch, std::vector<Client> &clients, long idle)
{
    for (size_t i = 0; i + 1 < watch.size(); i++) {
        if (watch[i + 1].revents & (POLLIN | POLLHUP | POLLERR)) {
            if (clients[i].ended)
                clients[i].gone = true; // nobody is left to take its answers
            else
                receive_some(clients, clients[i], idle);
        }
    }
}

int main(int argc, char *argv[])
{
    int port = argc > 1 ? number_from(argv[1]) : 5000;
    int seconds = argc > 2 ? number_from(argv[2]) : 0;
    if (argc > 3 || port == -1 || seconds == -1) {
        fprintf(stderr, "usage: %s [PORT [IDLE]], each a number from 0 to 65535\n", argv[0]);
        return 2;
    }
    long idle = seconds == 0 ? NEVER : seconds * 1000L;
    signal(SIGPIPE, SIG_IGN); // else a write() to a client that has gone would end us
    int listener = listen_on(port);
    check(fcntl(listener, F_SETFL, O_NONBLOCK), "fcntl");

    // Every wake-up costs a look at every client (lesson 5 mends it).
    std::vector<Client> clients;
    long closed_until = NEVER; // out of descriptors: no new clients before that
    for (int next_id = 1;;) {
        std::vector<pollfd> watch = watched(closed_until == NEVER ? listener : -1, clients);
        int ready = poll(watch.data(), watch.size(), time_left(clients, closed_until));
        if (ready == -1) {
            if (errno != EINTR)
                complain("poll");
            continue;
        }
        // The clients first: let_in() adds to them, and watch knows nothing of it.
        receive_ready(watch, clients, idle);
        if (closed_until != NEVER && now() >= closed_until)
            closed_until = NEVER;
        if (watch[0].revents && !let_in(listener, clients, next_id, idle))
            closed_until = now() + 1000; // until somebody leaves; else the loop would spin
        dismiss_idle(clients, idle);
        for (Client &client : clients)
            send_some(client);
        size_t before = clients.size();
        sweep(clients);
        if (clients.size() < before) // there are descriptors again
            closed_until = NEVER;
    }
}
