// clients.hpp: connects the clients of the load, active and idle ones.
#pragma once

#include <poll.h>
#include <string>
#include <sys/types.h>
#include <vector>

#include "../harness/network.hpp"

const char *const REQUEST = "what is the time\n";

struct Client {
    int fd;
    std::string answer; // to REQUEST, as this client must get it
};

// Clients of one server. Closed with it.
class Clients {
public:
    Clients(const Host &server, int port) : host(server), server_port(port) {}
    Clients(const Clients &) = delete;
    ~Clients();

    // Connects more until there are count, or the server takes no more. All that were
    // taken have been greeted and have got one answer. False: it stopped answering.
    bool grow(size_t count);
    // Grows until there are count idle ones beside the active, or the server takes no more.
    bool grow_idle(size_t count);

    std::vector<Client> active;
    size_t idle = 0;
    std::string refusal; // what the server said to the first that it did not take

private:
    const Host host;
    const int server_port;
    std::vector<pid_t> holders;
    int start_connect();
    bool take_greetings(std::vector<pollfd> &under_way);
    bool ask_each(size_t from);
    void park(size_t keep);
};

// Waits for what the client must get next. False: it got something else, or nothing in time.
bool expect(int fd, const std::string &wanted, int milliseconds);
