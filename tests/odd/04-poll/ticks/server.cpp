// Right but odd: wakes ten times a second whether there is something to do or not, reads
// sixty bytes at a time, keeps its clients in a linked list, and leaves its sockets blocking
// (MSG_DONTWAIT).
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 1024, MOST = 65536, TICK = 100 };

struct client {
    int fd, number, used, ended, leaving, finished, dead;
    char line[LINE + 1];
    char *queue;
    size_t queued, room;
    double heard;
    struct client *next;
};

static client *first, **last = &first;
static int count;

static double now()
{
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return double(t.tv_sec) + double(t.tv_nsec) / 1e9;
}

static void put(client *c, const char *bytes, size_t size)
{
    if (c->queued + size > c->room) {
        c->room = 2 * (c->queued + size);
        c->queue = static_cast<char *>(realloc(c->queue, c->room));
    }
    memcpy(c->queue + c->queued, bytes, size);
    c->queued += size;
}

static void answer(client *to, const client *from, const char *text, size_t size)
{
    char head[32];
    put(to, head, size_t(snprintf(head, sizeof head, "%d: ", from->number)));
    put(to, text, size);
    put(to, "\n", 1);
}

static void leave(client *c, const char *why)
{
    put(c, why, strlen(why));
    c->leaving = 1;
    c->heard = now();
}

static void take(client *c, char byte)
{
    if (byte != '\n') {
        if (c->used == LINE)
            leave(c, "error: line too long\n");
        else
            c->line[c->used++] = byte;
        return;
    }
    if (c->used >= 5 && memcmp(c->line, "/all ", 5) == 0) {
        for (client *o = first; o; o = o->next)
            if (!o->leaving && !o->dead)
                answer(o, c, c->line + 5, size_t(c->used - 5));
    } else {
        answer(c, c, c->line, size_t(c->used));
    }
    c->used = 0;
}

static void receive(client *c)
{
    char bytes[8192];
    for (int i = 0; i < 512; i++) {
        ssize_t n = recv(c->fd, bytes, c->leaving ? sizeof bytes : 60, MSG_DONTWAIT);
        if (n == 0)
            c->ended = 1;
        if (n == -1 && errno != EAGAIN && errno != EINTR)
            c->dead = 1;
        if (n < 1)
            return;
        if (!c->leaving)
            c->heard = now();
        for (ssize_t k = 0; k < n && !c->leaving; k++)
            take(c, bytes[k]);
    }
}

static void deliver(client *c)
{
    if (c->queued > 0) {
        ssize_t n = send(c->fd, c->queue, c->queued, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0) {
            c->queued -= size_t(n);
            memmove(c->queue, c->queue + n, c->queued);
        } else if (n == -1 && errno != EAGAIN && errno != EINTR) {
            c->dead = 1;
        }
    }
    if (c->queued > MOST || (c->ended && c->queued == 0))
        c->dead = 1;
    else if (c->leaving && c->queued == 0 && !c->finished)
        c->finished = shutdown(c->fd, SHUT_WR) == 0;
}

static int bury()
{
    int any = 0;
    for (client **at = &first; *at;) {
        client *c = *at;
        if (!c->dead) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        close(c->fd);
        free(c->queue);
        free(c);
        count--;
        any = 1;
    }
    for (last = &first; *last;)
        last = &(*last)->next;
    return any;
}

static void fail(const char *call, int line)
{
    fprintf(stderr, "server.cpp:%d: %s: %s\n", line, call, strerror(errno));
    exit(1);
}

int main(int argc, char *argv[])
{
    const char *text = argc > 1 ? argv[1] : "5000";
    if (argc > 3 || !*text || strlen(text) > 5 || strspn(text, "0123456789") != strlen(text) ||
        atoi(text) > 65535) {
        fputs("usage: ./server [PORT [IDLE]]\n", stderr);
        return 2;
    }
    double idle = argc > 2 ? atof(argv[2]) : 0;
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1, number = 0;
    if (listener == -1)
        fail("socket", __LINE__);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    sockaddr_in me;
    memset(&me, 0, sizeof me);
    me.sin_family = AF_INET;
    me.sin_port = htons(uint16_t(atoi(text)));
    if (bind(listener, (sockaddr *)&me, sizeof me) == -1)
        fail("bind", __LINE__);
    if (listen(listener, 200) == -1)
        fail("listen", __LINE__);
    socklen_t size = sizeof me;
    getsockname(listener, (sockaddr *)&me, &size);
    fprintf(stderr, "listening on port %u\n", unsigned(ntohs(me.sin_port)));

    pollfd *fds = nullptr;
    int full = 0;
    for (;;) {
        fds = static_cast<pollfd *>(realloc(fds, size_t(count + 1) * sizeof *fds));
        int n = 0;
        for (client *c = first; c; c = c->next)
            fds[n++] = pollfd{c->fd, short((c->ended ? 0 : POLLIN) | (c->queued ? POLLOUT : 0)), 0};
        fds[n] = pollfd{full ? -1 : listener, POLLIN, 0};
        if (poll(fds, nfds_t(n + 1), TICK) == -1)
            continue;
        int i = 0;
        double time = now();
        for (client *c = first; c; c = c->next, i++) {
            if (fds[i].revents & POLLIN)
                receive(c);
            else if (fds[i].revents & (POLLERR | POLLHUP))
                c->dead = 1;
            if (c->leaving && time - c->heard > 1)
                c->dead = 1;
            else if (!c->leaving && !c->ended && idle > 0 && time - c->heard > idle)
                leave(c, "error: idle too long\n");
        }
        if (fds[n].revents & POLLIN) {
            int fd = accept(listener, nullptr, nullptr);
            if (fd >= 0) {
                client *c = static_cast<client *>(calloc(1, sizeof *c));
                char hello[32];
                c->fd = fd;
                c->number = ++number;
                c->heard = now();
                put(c, hello, size_t(snprintf(hello, sizeof hello, "hello %d\n", c->number)));
                *last = c;
                last = &c->next;
                count++;
            } else {
                full = errno == EMFILE || errno == ENFILE;
            }
        }
        for (client *c = first; c; c = c->next)
            if (!c->dead)
                deliver(c);
        if (bury())
            full = 0;
    }
}
