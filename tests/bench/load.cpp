#include "load.hpp"

#include <cerrno>
#include <deque>
#include <fstream>
#include <poll.h>
#include <sys/socket.h>

namespace
{

const std::string REQUEST_LINE = REQUEST;
const long SLICE = 20000000;    // ns
const long HUNG = 5000000000;   // ns without an answer
const double UNDISTURBED = 0.9; // share of its time that the generator must have had
const double WAITED = 0.025;    // share of its time that a server may wait for its core

// The generator spins instead of sleeping: a server that has to wake somebody pays for it.
// poll() looks without the socket's lock, so that the server's write does not meet it.
bool spin_until_readable(int fd)
{
    pollfd watch{fd, POLLIN, 0};
    for (long since = now_ns(); poll(&watch, 1, 0) == 0;)
        if (now_ns() - since > HUNG)
            return false;
    return true;
}

long own_cpu()
{
    timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1000000000L + t.tv_nsec;
}

} // namespace

long stolen()
{
    std::ifstream stat("/proc/stat");
    std::string word;
    long ticks = 0;
    stat >> word;
    for (int field = 0; field < 8; field++)
        stat >> ticks;
    return ticks;
}

void broke(Setup &setup)
{
    poll(nullptr, 0, 20); // its end may be about to show
    setup.broken = setup.server.fate();
    if (setup.broken.empty())
        setup.broken = setup.server.wants_core() ? "got no processor time: this machine is too busy"
                                                 : "stopped answering";
}

namespace
{

// Requests under way, and their intended times, client by client.
class Pipeline
{
  public:
    Pipeline(std::vector<Client> &active, Latencies &into)
        : clients(active), latencies(into), due(active.size()), missing(active.size())
    {
        for (const Client &client : clients)
            watch.push_back({client.fd, POLLIN, 0});
    }
    bool leave(size_t client, long intended)
    {
        latencies.late.record(now_ns() - intended);
        due[client].push_back(intended);
        under_way++;
        return ask(clients[client]);
    }
    // Takes in what has come. False: a connection is lost.
    bool collect()
    {
        if (under_way == 0 || poll(watch.data(), watch.size(), 0) <= 0)
            return true;
        for (size_t i = 0; i < watch.size(); i++)
            if (watch[i].revents && !receive(i))
                return false;
        return true;
    }
    size_t size() const { return under_way; }

  private:
    std::vector<Client> &clients;
    Latencies &latencies;
    std::vector<pollfd> watch;
    std::vector<std::deque<long>> due;
    std::vector<size_t> missing; // bytes of an answer that has come in part
    size_t under_way = 0;

    bool receive(size_t client)
    {
        char bytes[4096];
        ssize_t n = recv(watch[client].fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n <= 0)
            return n == -1 && errno == EAGAIN;
        missing[client] += static_cast<size_t>(n);
        for (size_t whole = clients[client].answer.size(); missing[client] >= whole && !due[client].empty();
             missing[client] -= whole) {
            latencies.answered.record(now_ns() - due[client].front());
            due[client].pop_front();
            under_way--;
        }
        return true;
    }
};

} // namespace

bool ask(const Client &client)
{
    return send(client.fd, REQUEST_LINE.data(), REQUEST_LINE.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
           static_cast<ssize_t>(REQUEST_LINE.size());
}

bool play_round(Setup &setup, Gate &gate)
{
    bool whole = true;
    gate.close();
    for (const Client &client : setup.clients.active)
        whole = whole && ask(client);
    gate.open();
    for (const Client &client : setup.clients.active)
        whole = whole && spin_until_readable(client.fd) && expect(client.fd, client.answer, 1000);
    if (whole)
        setup.server.settle();
    else
        broke(setup);
    return whole;
}

Slice play_slice(Setup &setup, Gate &gate)
{
    Slice slice{0, 0, false};
    if (!play_round(setup, gate)) // warms the caches up again
        return slice;
    long stolen_before = stolen(), own_before = own_cpu(), start = now_ns();
    long before = setup.server.cpu();
    do {
        if (!play_round(setup, gate))
            return slice;
        slice.requests += setup.clients.active.size();
    } while (now_ns() - start < SLICE);
    slice.cpu = setup.server.cpu() - before;
    double had = static_cast<double>(own_cpu() - own_before);
    slice.disturbed = had < UNDISTURBED * static_cast<double>(now_ns() - start) || stolen() != stolen_before;
    return slice;
}

Latencies open_loop(Setup &setup, long rate, long requests, const std::function<void()> &meanwhile)
{
    Latencies latencies{};
    std::vector<Client> &active = setup.clients.active;
    Pipeline pipeline(active, latencies);
    bool whole = true;
    long start = now_ns() + 1000000, period = 1000000000 / rate, waited_before = setup.server.waited();
    for (long i = 0; i < requests && whole; i++) {
        long intended = start + i * period;
        if (i == requests / 2)
            meanwhile();
        while (now_ns() < intended && whole)
            whole = pipeline.collect();
        whole = whole && pipeline.leave(static_cast<size_t>(i) % active.size(), intended);
    }
    long end = now_ns();
    while (whole && pipeline.size() > 0 && now_ns() - end < HUNG)
        whole = pipeline.collect();
    if (!whole || pipeline.size() > 0)
        broke(setup);
    double waited = static_cast<double>(setup.server.waited() - waited_before);
    latencies.disturbed = waited > WAITED * static_cast<double>(now_ns() - start);
    return latencies;
}

Latencies closed_loop(Setup &setup, long rate, long requests, const std::function<void()> &meanwhile)
{
    Latencies latencies{};
    std::vector<Client> &active = setup.clients.active;
    Pipeline pipeline(active, latencies);
    bool whole = true;
    long next = now_ns(), period = 1000000000 / rate;
    for (long i = 0; i < requests && whole; i++) {
        if (i == requests / 2)
            meanwhile();
        while (now_ns() < next)
            ;
        long left = now_ns();
        next = left + period;
        whole = pipeline.leave(static_cast<size_t>(i) % active.size(), left);
        while (whole && pipeline.size() > 0)
            whole = pipeline.collect() && now_ns() - left < HUNG;
    }
    if (!whole)
        broke(setup);
    return latencies;
}
