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
    // STEP 3: "/all TEXT" goes as "ID: TEXT\n" to the output of every client that is not
    // leaving; every other line L as "ID: L\n" to its sender's alone.
    (void)clients;                                                  // (until step 3)
    from.output += std::to_string(from.id) + ": " + line + '\n'; // (until step 3)
}

// Says why to client, and gives it a second to read that.
void dismiss(Client &client, const std::string &why)
{
    // STEP 5: add why to the client's output, mark it as leaving, and let it be gone LINGER
    // from now() at the latest.
    client.output += why; // (until step 5)
    client.gone = true;   // (until step 5)
    (void)LINGER;         // (until step 5)
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
    // STEP 2: one read(), no more: a second one could block. At the end, or lost: mark the
    // client as gone. Else add the bytes to its input and answer_input(), unless it is
    // leaving. man 2 read, 2 select
    (void)clients;      // (until step 2)
    client.gone = true; // (until step 2)
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
    // STEP 6: say "error: server full\n", end our half, and read what is there already
    // without waiting for more (MSG_DONTWAIT), so that close() sends no reset. man 2 recv
    (void)fd; // (until step 6)
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
    // STEP 6: a descriptor that does not fit into an fd_set: turn it away, close it, return.
    // man 2 select
    int id = next_id++;
    clients.push_back({fd, id, "", "hello " + std::to_string(id) + '\n', false, 0, false});
}

// Waits until the listener or a client can be read, or somebody's second is over.
// Sets readable to those that can: select() overwrites its sets, so each call gets
// a new one. False: interrupted, and the sets are worth nothing.
bool wait_readable(int listener, const std::vector<Client> &clients, fd_set &readable)
{
    // STEP 1: empty readable, put the listener and every client into it, and call select()
    // with the highest of them plus one. The timeout is the time until the first leaving
    // client's deadline; nullptr if nobody is leaving. False if it was interrupted. man 2 select
    (void)listener, (void)clients, (void)readable; // (until step 1)
    exit(EXIT_SUCCESS);                            // (until step 1)
}

// Closes and forgets those that have gone, and those whose second is over.
void sweep(std::vector<Client> &clients)
{
    // STEP 4: those who should have left by now have gone. Close the descriptors of all
    // that have gone, then take them out of clients: std::remove_if() and erase(), or a
    // loop of your own. man 2 close
    (void)clients; // (until step 4)
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
