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
    // STEP 2: one read(). EAGAIN: nothing was there after all. Lost: gone. At the end the
    // client may still be owed something: ended. Else its idle time starts again, and its
    // input is answered unless it is leaving. man 2 read, 7 socket
    (void)clients, (void)idle; // (until step 2)
    client.gone = true;        // (until step 2)
}

// Sends client as much of what it is owed as its socket takes now.
void send_some(Client &client)
{
    // STEP 3: one write(); keep what it did not take. EAGAIN: the socket is full, later.
    // Any other error: gone. When a leaving client has all, end our half. A client has gone
    // that is owed more than QUEUE, or that has ended and is owed no more. man 2 write
    if (write(client.fd, client.output.data(), client.output.size()) != -1) // (until step 3)
        client.output.clear();                                              // (until step 3)
    (void)QUEUE;                                                            // (until step 3)
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
    // STEP 1: the listener with POLLIN, then each client: with POLLOUT while it is owed
    // something, and only then, as always armed it would never let us sleep; otherwise with
    // POLLIN, until it has ended. The field events is a short, not an int. man 2 poll
    (void)listener, (void)clients; // (until step 1)
    exit(EXIT_SUCCESS);            // (until step 1)
}

// Milliseconds until the first of clients' deadlines, and of until; -1: none.
int time_left(const std::vector<Client> &clients, long until)
{
    // STEP 5: the time until the first of all deadlines, until among them, never less than
    // 0; -1 if all are NEVER. man 2 poll
    return clients.empty() && until == NEVER ? -1 : 1000; // (until step 5)
}

// Tells those whose idle time is over. A client that is owed answers may have sent what we
// have not read yet: it is not idle.
void dismiss_idle(std::vector<Client> &clients, long idle)
{
    // STEP 5: from each that is not leaving, and whose deadline has come (NEVER never comes),
    // receive_some() once more. If that moved its deadline, or has dismissed it, it stays;
    // else dismiss it with "error: idle too long\n".
    (void)clients; // (until step 5)
    (void)idle;    // (until step 5)
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
    // STEP 2: receive_some() from each client whose revents has POLLIN, POLLHUP or POLLERR:
    // the last two come unasked. Entry 0 of watch is the listener's. If the client's input has
    // ended already, it has gone. man 2 poll
    (void)watch, (void)clients, (void)idle; // (until step 2)
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
        // STEP 4: out of descriptors the listener stays ready, and the loop would spin: when
        // let_in() fails, set closed_until, so that the listener is not watched for a second,
        // or until somebody leaves. man 2 accept
        if (watch[0].revents)                         // (until step 4)
            let_in(listener, clients, next_id, idle); // (until step 4)
        dismiss_idle(clients, idle);
        for (Client &client : clients)
            send_some(client);
        size_t before = clients.size();
        sweep(clients);
        if (clients.size() < before) // there are descriptors again
            closed_until = NEVER;
    }
}
