// Right but odd: poll() before every call, with a time-out that means nothing, on sockets
// that do not block; answers are gathered until all that has come is read.
#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

static void until(int fd, short event)
{
    pollfd one{fd, event, 0};
    while (poll(&one, 1, 250) <= 0)
        ;
}

static bool send_all(int fd, std::deque<char> &owed)
{
    while (!owed.empty()) {
        std::string part(owed.begin(),
                         owed.begin() + static_cast<long>(owed.size() < 777 ? owed.size() : 777));
        ssize_t n = send(fd, part.data(), part.size(), MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            until(fd, POLLOUT);
        else if (n < 0)
            return false;
        else
            owed.erase(owed.begin(), owed.begin() + n);
    }
    return true;
}

static void add(std::deque<char> &owed, const std::string &text)
{
    owed.insert(owed.end(), text.begin(), text.end());
}

static void entertain(int fd, int id)
{
    std::deque<char> owed;
    std::string line;
    bool refused = false;
    add(owed, "hello " + std::to_string(id) + "\n");
    while (send_all(fd, owed)) {
        if (refused)
            shutdown(fd, SHUT_WR);
        until(fd, POLLIN);
        char bytes[333];
        ssize_t n;
        while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0 && !refused) {
            for (ssize_t i = 0; i < n && !refused; i++) {
                if (bytes[i] == '\n') {
                    add(owed, std::to_string(id) + ": " + line + "\n");
                    line.clear();
                } else if (line.size() == 1024) {
                    add(owed, "error: line too long\n");
                    refused = true;
                } else {
                    line.push_back(bytes[i]);
                }
            }
            if (owed.size() > 100000)
                break;
        }
        if (n == 0 || (n < 0 && errno != EAGAIN)) {
            send_all(fd, owed);
            return;
        }
    }
}

int main(int argc, char **argv)
{
    int port = 5000;
    char after;
    if (argc > 1 &&
        (strlen(argv[1]) > 5 || sscanf(argv[1], "%d%c", &port, &after) != 1 || port < 0 || port > 65535))
        return fprintf(stderr, "%s is no port\n", argv[1]), 2;
    int door = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in here{AF_INET, htons(static_cast<uint16_t>(port)), {INADDR_ANY}, {}};
    for (const char *call : {"bind", "listen"}) {
        bool bound = *call == 'b';
        if ((bound ? bind(door, reinterpret_cast<sockaddr *>(&here), sizeof here) : listen(door, 9)) == -1) {
            fprintf(stderr, "server.cpp:%d: %s: %s\n", __LINE__, call, strerror(errno));
            return 1;
        }
    }
    socklen_t size = sizeof here;
    getsockname(door, reinterpret_cast<sockaddr *>(&here), &size);
    fprintf(stderr, "listening on port %d\n", ntohs(here.sin_port));
    for (int id = 1;;) {
        until(door, POLLIN);
        int guest = accept4(door, nullptr, nullptr, SOCK_NONBLOCK);
        if (guest < 0)
            continue;
        entertain(guest, id++);
        close(guest);
    }
}
