// network.hpp: the two hosts of a check, 192.168.1.6 and 192.168.1.7, in private namespaces.
#pragma once

#include <netinet/in.h>
#include <string>

struct Host {
    std::string address; // IPv4, dotted
    int netns;           // descriptor of its network namespace; -1: the one we are in
};

struct Network {
    Host server, client;
    bool isolated; // in namespaces of its own; else on loopback
};

// From now on the hosts made from here begin with a small table of connections, in place of
// the system's, which takes a millisecond to list. Before Linux 6.1 there is no choice, and
// nothing changes.
void use_small_tables();

// Sets net.ipv4.NAME of the host that we are in. See tcp(7). Throws std::runtime_error.
void set_ipv4(const std::string &name, const std::string &value);

// Makes both hosts and waits until their link carries traffic. The caller must hold
// CAP_SYS_ADMIN and CAP_NET_ADMIN in its user namespace. Throws std::runtime_error
// with the step and its errno. See rtnetlink(7), veth(4), network_namespaces(7).
Network make_network();

// The same two hosts on loopback, 127.0.0.6 and 127.0.0.7, where that is all there is.
Network loopback_network();

// Where port of host is reached, for connect(2) and bind(2).
sockaddr_in address_of(const Host &host, int port);

// Moves this process to host; sockets opened from now on are its own. See setns(2).
void enter(const Host &host);
