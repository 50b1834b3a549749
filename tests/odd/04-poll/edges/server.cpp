// Right but odd: edge-triggered epoll, a timerfd for every deadline, answers kept apart in
// a deque and gathered with writev(), large send buffers, one listener on :: for both families
// of addresses.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <set>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>
#include <unordered_map>

namespace
{

[[noreturn]] void give_up(int line, const char *call)
{
    std::fprintf(stderr, "server.cpp:%d: %s: %s\n", line, call, std::strerror(errno));
    std::exit(1);
}

struct Guest {
    int fd, number;
    std::string partial;
    std::deque<std::string> owed;
    size_t sent_of_first = 0, bytes_owed = 0;
    bool over = false, refused = false, half_closed = false, gone = false;
    double deadline = 0; // 0: none
};

class Room {
public:
    Room(int port, double idle_seconds) : idle(idle_seconds)
    {
        listener = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (listener < 0)
            give_up(__LINE__, "socket");
        int yes = 1, no = 0;
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
        sockaddr_in6 any{};
        any.sin6_family = AF_INET6;
        any.sin6_addr = in6addr_any;
        any.sin6_port = htons(static_cast<uint16_t>(port));
        if (bind(listener, reinterpret_cast<sockaddr *>(&any), sizeof any) < 0)
            give_up(__LINE__, "bind");
        if (listen(listener, SOMAXCONN) < 0)
            give_up(__LINE__, "listen");
        socklen_t size = sizeof any;
        getsockname(listener, reinterpret_cast<sockaddr *>(&any), &size);
        std::fprintf(stderr, "listening on port %d\n", ntohs(any.sin6_port));
        epoll = epoll_create1(0);
        timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
        watch(listener);
        watch(timer);
    }

    void run()
    {
        for (;;) {
            epoll_event events[32];
            int n = epoll_wait(epoll, events, 32, -1);
            for (int i = 0; i < n; i++) {
                int fd = events[i].data.fd;
                uint64_t ticks;
                if (fd == listener)
                    welcome();
                else if (fd == timer)
                    (void)!read(timer, &ticks, sizeof ticks);
                else if (guests.count(fd))
                    listen_to(*guests[fd]);
            }
            enforce();
            for (auto &entry : guests)
                talk_to(*entry.second);
            if (part())
                welcome(); // an edge that came while there was no room will not come again
            set_timer();
        }
    }

private:
    int listener, epoll, timer, total = 0;
    double idle;
    std::unordered_map<int, std::unique_ptr<Guest>> guests;

    static double now()
    {
        timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
    }

    void watch(int fd)
    {
        epoll_event event{};
        event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
        event.data.fd = fd;
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }

    static void owe(Guest &guest, std::string text)
    {
        guest.bytes_owed += text.size();
        guest.owed.push_back(std::move(text));
    }

    void welcome()
    {
        for (int fd; (fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
            const int large = 1 << 18;
            setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &large, sizeof large);
            std::unique_ptr<Guest> guest(new Guest);
            guest->fd = fd;
            guest->number = ++total;
            guest->deadline = idle > 0 ? now() + idle : 0;
            owe(*guest, "hello " + std::to_string(total) + "\n");
            guests[fd] = std::move(guest);
            watch(fd);
        }
    }

    void refuse(Guest &guest, const char *why)
    {
        owe(guest, why);
        guest.refused = true;
        guest.deadline = now() + 1;
    }

    void say(Guest &from, const std::string &line)
    {
        std::string name = std::to_string(from.number) + ": ";
        if (line.substr(0, 5) != "/all ")
            return owe(from, name + line + "\n");
        for (auto &entry : guests)
            if (!entry.second->refused)
                owe(*entry.second, name + line.substr(5) + "\n");
    }

    void listen_to(Guest &guest)
    {
        char bytes[1000];
        ssize_t n;
        while ((n = recv(guest.fd, bytes, sizeof bytes, 0)) > 0) {
            if (guest.refused)
                continue;
            if (idle > 0)
                guest.deadline = now() + idle;
            for (ssize_t i = 0; i < n && !guest.refused; i++) {
                if (bytes[i] == '\n') {
                    say(guest, guest.partial);
                    guest.partial.clear();
                } else if (guest.partial.size() < 1024) {
                    guest.partial.push_back(bytes[i]);
                } else {
                    refuse(guest, "error: line too long\n");
                }
            }
        }
        if (n == 0)
            guest.over = true;
        else if (errno != EAGAIN && errno != EINTR)
            guest.gone = true;
    }

    void talk_to(Guest &guest)
    {
        while (!guest.gone && !guest.owed.empty()) {
            iovec parts[16];
            int count = 0;
            for (std::string &text : guest.owed) {
                size_t skip = count == 0 ? guest.sent_of_first : 0;
                parts[count++] = {&text[0] + skip, text.size() - skip};
                if (count == 16)
                    break;
            }
            ssize_t n = writev(guest.fd, parts, count);
            if (n < 0 && errno == EAGAIN)
                break;
            if (n < 0 && errno != EINTR)
                guest.gone = true;
            size_t left = n < 0 ? 0 : static_cast<size_t>(n);
            guest.bytes_owed -= left;
            left += guest.sent_of_first;
            while (!guest.owed.empty() && left >= guest.owed.front().size()) {
                left -= guest.owed.front().size();
                guest.owed.pop_front();
            }
            guest.sent_of_first = left;
        }
        if (guest.bytes_owed > 65536 || (guest.over && guest.owed.empty()))
            guest.gone = true;
        if (guest.refused && guest.owed.empty() && !guest.half_closed) // once: each time makes an edge
            guest.half_closed = shutdown(guest.fd, SHUT_WR) == 0;
    }

    void enforce()
    {
        for (auto &entry : guests) {
            Guest &guest = *entry.second;
            if (guest.deadline == 0 || now() < guest.deadline)
                continue;
            if (guest.refused)
                guest.gone = true;
            else
                refuse(guest, "error: idle too long\n");
        }
    }

    bool part()
    {
        std::set<int> leaving;
        for (auto &entry : guests)
            if (entry.second->gone)
                leaving.insert(entry.first);
        for (int fd : leaving) {
            close(fd);
            guests.erase(fd);
        }
        return !leaving.empty();
    }

    void set_timer()
    {
        double next = 0;
        for (auto &entry : guests)
            if (entry.second->deadline != 0)
                next = next == 0 ? entry.second->deadline : std::min(next, entry.second->deadline);
        itimerspec when{};
        when.it_value.tv_sec = static_cast<time_t>(next);
        when.it_value.tv_nsec = static_cast<long>((next - static_cast<double>(when.it_value.tv_sec)) * 1e9);
        timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, nullptr);
    }
};

} // namespace

int main(int argc, char **argv)
{
    size_t parsed = 0;
    long port = 5000;
    try {
        if (argc > 1)
            port = std::stol(argv[1], &parsed);
    } catch (const std::exception &) {
        port = -1;
    }
    if (argc > 3 || port < 0 || port > 65535 || (argc > 1 && argv[1][parsed] != '\0')) {
        std::fputs("usage: server [PORT [IDLE]]\n", stderr);
        return 2;
    }
    std::signal(SIGPIPE, SIG_IGN);
    Room(static_cast<int>(port), argc > 2 ? std::atof(argv[2]) : 0).run();
}
