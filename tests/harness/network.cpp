#include "network.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "need.hpp"

namespace
{

// One rtnetlink request, built attribute by attribute.
class Request {
public:
    Request(int type, int flags, const void *header, size_t size) : bytes(NLMSG_HDRLEN)
    {
        nlmsghdr *message = this->message();
        message->nlmsg_type = static_cast<uint16_t>(type);
        message->nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
        append(header, size);
    }
    void attribute(int type, const void *data, size_t size)
    {
        rtattr head{static_cast<uint16_t>(RTA_LENGTH(size)), static_cast<uint16_t>(type)};
        append(&head, sizeof head);
        append(data, size);
    }
    size_t open(int type)
    {
        size_t at = bytes.size();
        attribute(type, nullptr, 0);
        return at;
    }
    void close(size_t at)
    {
        reinterpret_cast<rtattr *>(&bytes[at])->rta_len = static_cast<uint16_t>(bytes.size() - at);
    }
    void append(const void *data, size_t size)
    {
        const char *from = static_cast<const char *>(data);
        if (size != 0)
            bytes.insert(bytes.end(), from, from + size);
        bytes.resize(NLMSG_ALIGN(bytes.size()));
    }
    // Sends it and returns the kernel's answer: one message.
    std::vector<char> ask(const std::string &step)
    {
        message()->nlmsg_len = static_cast<uint32_t>(bytes.size());
        int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
        std::vector<char> answer(8192);
        need(fd != -1 && ::send(fd, bytes.data(), bytes.size(), 0) != -1 &&
                 recv(fd, answer.data(), answer.size(), 0) != -1,
             step);
        ::close(fd);
        auto *head = reinterpret_cast<nlmsghdr *>(answer.data());
        errno = head->nlmsg_type == NLMSG_ERROR ? -static_cast<nlmsgerr *>(NLMSG_DATA(head))->error : 0;
        need(errno == 0, step);
        return answer;
    }
    void send(const std::string &step) { ask(step); }

private:
    std::vector<char> bytes;
    nlmsghdr *message() { return reinterpret_cast<nlmsghdr *>(bytes.data()); }
};

// The two ends of the cable, by their index.
const int CLIENT_END = 6, SERVER_END = 7;

std::array<unsigned char, 6> hardware_address(int end)
{
    return {2, 0, 0, 0, 0, static_cast<unsigned char>(end)};
}

// A veth pair eth0 - eth0, one end here, the other in namespace peer.
void make_cable(int peer)
{
    // Two ends of the same index would pass for one device: the kernel then reports
    // their state with other changes, once a second (linkwatch_urgent_event()).
    ifinfomsg link{};
    link.ifi_index = CLIENT_END;
    Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &link, sizeof link);
    request.attribute(IFLA_IFNAME, "eth0", 5);
    request.attribute(IFLA_ADDRESS, hardware_address(CLIENT_END).data(), 6);
    size_t info = request.open(IFLA_LINKINFO);
    request.attribute(IFLA_INFO_KIND, "veth", 4);
    size_t data = request.open(IFLA_INFO_DATA);
    size_t end = request.open(VETH_INFO_PEER);
    link.ifi_index = SERVER_END;
    request.append(&link, sizeof link);
    request.attribute(IFLA_IFNAME, "eth0", 5);
    request.attribute(IFLA_ADDRESS, hardware_address(SERVER_END).data(), 6);
    request.attribute(IFLA_NET_NS_FD, &peer, sizeof peer);
    request.close(end);
    request.close(data);
    request.close(info);
    request.send("add veth");
}

void link_up(const char *name)
{
    ifinfomsg link{};
    link.ifi_index = static_cast<int>(if_nametoindex(name));
    link.ifi_flags = link.ifi_change = IFF_UP;
    Request(RTM_NEWLINK, 0, &link, sizeof link).send(std::string(name) + " up");
}

void add_address(const Host &host)
{
    in_addr address = address_of(host, 0).sin_addr;
    ifaddrmsg message{};
    message.ifa_family = AF_INET;
    message.ifa_prefixlen = 24;
    message.ifa_index = if_nametoindex("eth0");
    Request request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &message, sizeof message);
    request.attribute(IFA_LOCAL, &address, sizeof address);
    request.attribute(IFA_ADDRESS, &address, sizeof address);
    request.send("add address");
}

// So that nobody has to ask for it: on a busy machine the answer may come too late, and
// connect() fails with EHOSTUNREACH.
void know_neighbour(const Host &neighbour, int end)
{
    in_addr address = address_of(neighbour, 0).sin_addr;
    ndmsg message{};
    message.ndm_family = AF_INET;
    message.ndm_ifindex = static_cast<int>(if_nametoindex("eth0"));
    message.ndm_state = NUD_PERMANENT;
    Request request(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &message, sizeof message);
    request.attribute(NDA_DST, &address, sizeof address);
    request.attribute(NDA_LLADDR, hardware_address(end).data(), 6);
    request.send("add neighbour");
}

// The same TCP on every machine; a network inherits these from its host.
void pin_tcp()
{
    set_ipv4("tcp_congestion_control", "reno");
    set_ipv4("tcp_rmem", "4096 131072 6291456"); // bytes: least, at first, most
    set_ipv4("tcp_wmem", "4096 16384 4194304");
}

void bring_up(const Host &host, const Host &neighbour, int end)
{
    enter(host);
    pin_tcp();
    link_up("lo");
    add_address(host);
    link_up("eth0");
    know_neighbour(neighbour, end);
}

Host make_host(const std::string &address)
{
    need(unshare(CLONE_NEWNET) != -1, "unshare(CLONE_NEWNET)");
    int netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    need(netns != -1, "/proc/self/ns/net");
    return {address, netns};
}

// Whether a packet sent from here now would go out. It would not when the flags first say so
// (SIOCGIFFLAGS, IFF_RUNNING: a state that is unknown counts as running), but once the kernel
// has come to dev_activate(), which it has to wait for its lock for. It answers us in its turn.
bool operational()
{
    const char up = 6; // IF_OPER_UP of <linux/if.h>, which does not go with <net/if.h>
    ifinfomsg link{};
    link.ifi_index = static_cast<int>(if_nametoindex("eth0"));
    std::vector<char> answer = Request(RTM_GETLINK, 0, &link, sizeof link).ask("state of eth0");
    auto *head = reinterpret_cast<nlmsghdr *>(answer.data());
    int left = static_cast<int>(IFLA_PAYLOAD(head));
    for (rtattr *a = IFLA_RTA(NLMSG_DATA(head)); RTA_OK(a, left); a = RTA_NEXT(a, left))
        if (a->rta_type == IFLA_OPERSTATE)
            return *static_cast<const char *>(RTA_DATA(a)) == up;
    return false;
}

// A packet sent before that is lost, and TCP sends it again only a second later.
void wait_operational(const Host &host)
{
    enter(host);
    for (int tries = 0; !operational(); tries++) {
        errno = ETIMEDOUT;
        need(tries < 5000, "eth0 does not come up");
        poll(nullptr, 0, 1);
    }
}

} // namespace

sockaddr_in address_of(const Host &host, int port)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    inet_pton(AF_INET, host.address.c_str(), &address.sin_addr);
    return address;
}

void enter(const Host &host)
{
    need(host.netns == -1 || setns(host.netns, CLONE_NEWNET) != -1, "setns");
}

void use_small_tables()
{
    std::ofstream("/proc/sys/net/ipv4/tcp_child_ehash_entries") << 1024;
}

void set_ipv4(const std::string &name, const std::string &value)
{
    std::ofstream file("/proc/sys/net/ipv4/" + name);
    file << value << std::flush;
    need(file.good(), name);
}

Network make_network()
{
    Host server = make_host("192.168.1.6");
    use_small_tables();
    Network network{server, make_host("192.168.1.7"), true};
    make_cable(network.server.netns);
    bring_up(network.client, network.server, SERVER_END);
    bring_up(network.server, network.client, CLIENT_END);
    wait_operational(network.server);
    wait_operational(network.client);
    return network;
}

Network loopback_network()
{
    return {{"127.0.0.6", -1}, {"127.0.0.7", -1}, false};
}
