#include "clients.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../harness/need.hpp"
#include "bench.hpp"

namespace
{

const size_t WINDOW = 64; // connections under way at once: less than any backlog
const int PATIENCE = 500; // ms without a greeting: the server takes no more
const int ANSWER = 5000;  // ms for an answer, when thousands are asked for at once
const long GROWTH = 15;   // seconds that a server has to take all clients in

// The number in "hello N\n", or 0 and what came instead.
int greeting(int fd, std::string &said)
{
    char bytes[64];
    ssize_t n = recv(fd, bytes, sizeof bytes - 1, 0);
    int id = 0;
    if (n <= 0) {
        said = n == 0 ? "closed without a word" : "reset";
        return 0;
    }
    bytes[n] = '\0';
    if (sscanf(bytes, "hello %d\n", &id) != 1)
        said = std::string(bytes, static_cast<size_t>(n) - (bytes[n - 1] == '\n'));
    return id;
}

} // namespace

Clients::~Clients()
{
    for (const Client &client : active)
        close(client.fd);
    for (pid_t holder : holders) {
        kill(holder, SIGKILL);
        waitpid(holder, nullptr, 0);
    }
}

// Starts to connect. Refusals show when the greeting is read. -1: nothing is left to
// connect with, and refusal says what.
int Clients::start_connect()
{
    sockaddr_in address = address_of(host, server_port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connect(fd, reinterpret_cast<sockaddr *>(&address), sizeof address) == 0 || errno == EINPROGRESS)
        return fd;
    refusal = std::string("the load generator cannot connect: ") + strerror(errno);
    close(fd);
    return -1;
}

bool Clients::grow(size_t count)
{
    size_t before = active.size();
    std::vector<pollfd> under_way;
    for (long since = now_ns(); active.size() < count;) {
        while (refusal.empty() && under_way.size() < WINDOW && active.size() + under_way.size() < count)
            under_way.push_back({start_connect(), POLLIN, 0});
        if (under_way.empty() || !take_greetings(under_way))
            break;
        if (now_ns() - since > GROWTH * 1000000000) {
            refusal = "it took no more in " + std::to_string(GROWTH) + " s";
            break;
        }
    }
    for (const pollfd &entry : under_way)
        close(entry.fd);
    return ask_each(before);
}

// Waits for greetings, and takes those that have come out of under_way. False: none came.
bool Clients::take_greetings(std::vector<pollfd> &under_way)
{
    if (poll(under_way.data(), under_way.size(), PATIENCE) <= 0) {
        if (refusal.empty())
            refusal = "the next one is not greeted";
        return false;
    }
    std::vector<pollfd> still;
    for (const pollfd &entry : under_way) {
        int id = entry.revents ? greeting(entry.fd, refusal) : 0;
        if (!entry.revents)
            still.push_back(entry);
        else if (id > 0)
            active.push_back({entry.fd, std::to_string(id) + ": " + REQUEST});
        else
            close(entry.fd);
    }
    under_way = still;
    return true;
}

bool Clients::ask_each(size_t from)
{
    const std::string request = REQUEST;
    for (size_t i = from; i < active.size(); i++)
        if (send(active[i].fd, request.data(), request.size(), MSG_NOSIGNAL) == -1)
            return false;
    for (size_t i = from; i < active.size(); i++)
        if (!expect(active[i].fd, active[i].answer, ANSWER))
            return false;
    return true;
}

bool Clients::grow_idle(size_t count)
{
    size_t keep = active.size();
    bool answered = grow(keep + count - idle);
    park(keep);
    return answered;
}

// Hands all but the first keep to a process that only holds them, so that they cost this
// one no descriptors.
void Clients::park(size_t keep)
{
    if (active.size() <= keep)
        return;
    pid_t holder = fork();
    need(holder != -1, "fork");
    if (holder == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
    holders.push_back(holder);
    for (size_t i = keep; i < active.size(); i++)
        close(active[i].fd);
    idle += active.size() - keep;
    active.resize(keep);
}

bool expect(int fd, const std::string &wanted, int milliseconds)
{
    char bytes[64];
    size_t size = 0;
    while (size < wanted.size()) {
        pollfd watch{fd, POLLIN, 0};
        if (poll(&watch, 1, milliseconds) != 1)
            return false;
        ssize_t n = recv(fd, bytes + size, wanted.size() - size, 0);
        if (n <= 0)
            return false;
        size += static_cast<size_t>(n);
    }
    return wanted.compare(0, size, bytes, size) == 0;
}
