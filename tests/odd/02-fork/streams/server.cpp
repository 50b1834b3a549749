// Right but odd: children with stdio on the socket; the parent's SIGCHLD is blocked but in
// ppoll(), and it keeps a table of its children.
#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <poll.h>
#include <set>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void nothing(int) {}

static int serve(int fd, int number)
{
    FILE *in = fdopen(fd, "r"), *out = fdopen(dup(fd), "w");
    std::string line;
    fprintf(out, "hello %d\n", number);
    fflush(out);
    for (int c; (c = getc_unlocked(in)) != EOF;) {
        if (c == '\n') {
            fprintf(out, "%d: ", number);
            fwrite(line.data(), 1, line.size(), out);
            putc('\n', out);
            if (fflush(out) == EOF)
                return 1;
            line.clear();
        } else if (line.size() < 1024) {
            line += static_cast<char>(c);
        } else {
            fputs("error: line too long\n", out);
            fflush(out);
            while (getc_unlocked(in) != EOF)
                ;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    std::string text = argc > 1 ? argv[1] : "5000";
    if (text.empty() || text.size() > 5 || text.find_first_not_of("0123456789") != std::string::npos ||
        std::stoi(text) > 65535) {
        fprintf(stderr, "%s: %s is no port\n", argv[0], text.c_str());
        return 2;
    }
    sigset_t children, before;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &children, &before);
    signal(SIGCHLD, nothing);
    signal(SIGPIPE, SIG_IGN);

    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_port = htons(static_cast<uint16_t>(std::stoi(text)));
    if (bind(listener, reinterpret_cast<sockaddr *>(&any), sizeof(any)) == -1) {
        fprintf(stderr, "server.cpp:%d: bind: %s\n", __LINE__, strerror(errno));
        return 1;
    }
    if (listen(listener, 10) == -1) {
        fprintf(stderr, "server.cpp:%d: listen: %s\n", __LINE__, strerror(errno));
        return 1;
    }
    socklen_t length = sizeof(any);
    getsockname(listener, reinterpret_cast<sockaddr *>(&any), &length);
    fprintf(stderr, "listening on port %hu\n", ntohs(any.sin_port));
    std::set<pid_t> pids;
    int count = 0;
    while (true) {
        pollfd ready{listener, POLLIN, 0};
        int n = ppoll(&ready, 1, nullptr, &before);
        for (auto it = pids.begin(); it != pids.end();)
            it = waitpid(*it, nullptr, WNOHANG) == *it ? pids.erase(it) : std::next(it);
        if (n != 1)
            continue;
        int client = accept(listener, nullptr, nullptr);
        if (client == -1) {
            usleep(10000); // out of descriptors: a child may end
            continue;
        }
        pid_t pid = pids.size() == 100 ? -1 : fork();
        if (pid == 0) {
            close(listener);
            _exit(serve(client, count + 1));
        }
        if (pid > 0) {
            pids.insert(pid);
            count++;
        } else {
            const char full[] = "error: server full\n";
            ssize_t told = write(client, full, sizeof(full) - 1);
            (void)told;
        }
        close(client);
    }
}
