// Right but odd: seven bytes for each recv(), 61 for each send(), clients in an array indexed by
// descriptor, a set that is kept and copied for each select().
#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

using std::string;

struct Line {
    int id = 0;
    string text;
    long leaves = 0; // milliseconds
};

static Line lines[FD_SETSIZE];
static fd_set all;
static int top;

static long now()
{
    timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void say(int fd, const string &text)
{
    for (size_t done = 0; done < text.size();) {
        ssize_t n = send(fd, text.data() + done, std::min<size_t>(61, text.size() - done), MSG_NOSIGNAL);
        if (n < 0)
            return; // recv() will tell
        done += n;
    }
}

static void end(int fd)
{
    close(fd);
    FD_CLR(fd, &all);
    lines[fd] = Line();
}

static void take(int fd, char c)
{
    Line &line = lines[fd];
    if (line.leaves)
        return;
    if (c != '\n') {
        line.text += c;
        if (line.text.size() > 1024) {
            say(fd, "error: line too long\n");
            shutdown(fd, SHUT_WR);
            line.leaves = now() + 1000;
        }
        return;
    }
    string name = std::to_string(line.id) + ": ";
    if (line.text.compare(0, 5, "/all ") == 0) {
        for (int other = 0; other <= top; other++)
            if (lines[other].id && !lines[other].leaves)
                say(other, name + line.text.substr(5) + "\n");
    } else {
        say(fd, name + line.text + "\n");
    }
    line.text.clear();
}

static void hear(int fd)
{
    char some[10000];
    ssize_t n = recv(fd, some, lines[fd].leaves ? sizeof some : 7, 0);
    if (n <= 0)
        return end(fd);
    for (ssize_t i = 0; i < n; i++)
        take(fd, some[i]);
}

int main(int argc, char **argv)
{
    int port = 5000;
    if (argc > 1) {
        char junk;
        if (strlen(argv[1]) > 5 || sscanf(argv[1], "%d%c", &port, &junk) != 1 || port < 0 || port > 65535) {
            fprintf(stderr, "usage: %s PORT\n", argv[0]);
            exit(2);
        }
    }
    int door = socket(PF_INET, SOCK_STREAM, 0), yes = 1;
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    sockaddr_in here;
    memset(&here, 0, sizeof(here));
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = INADDR_ANY;
    here.sin_port = htons(port);
    if (bind(door, (sockaddr *)&here, sizeof(here)) < 0 || listen(door, 5) < 0) {
        fprintf(stderr, "server.cpp:%d: bind: %s\n", __LINE__, strerror(errno));
        exit(1);
    }
    socklen_t length = sizeof(here);
    getsockname(door, (sockaddr *)&here, &length);
    fprintf(stderr, "listening on port %d\n", (int)ntohs(here.sin_port));

    FD_ZERO(&all);
    FD_SET(door, &all);
    top = door;
    int guests = 0;
    while (true) {
        fd_set ready = all;
        timeval second = {0, 500000};
        int n = select(top + 1, &ready, NULL, NULL, &second);
        for (int fd = 0; n > 0 && fd <= top; fd++) {
            if (!FD_ISSET(fd, &ready))
                continue;
            n--;
            if (fd != door) {
                hear(fd);
                continue;
            }
            int guest = accept(door, NULL, NULL);
            if (guest >= FD_SETSIZE) {
                say(guest, "error: server full\n");
                close(guest);
            } else if (guest >= 0) {
                FD_SET(guest, &all);
                top = guest > top ? guest : top;
                lines[guest].id = ++guests;
                say(guest, "hello " + std::to_string(guests) + "\n");
            }
        }
        for (int fd = 0; fd <= top; fd++)
            if (lines[fd].leaves && now() >= lines[fd].leaves)
                end(fd);
    }
}
