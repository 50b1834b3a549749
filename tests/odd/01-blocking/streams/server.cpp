// Right but odd: stdio on the socket, a character at a time; who is refused is not
// half-closed, but heard to its end.
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TRY(call, name)                                                              \
    if ((call) == -1) {                                                              \
        fprintf(stderr, "server.cpp:%d: %s: %s\n", __LINE__, name, strerror(errno)); \
        exit(1);                                                                     \
    }

static void converse(FILE *in, FILE *out, int who)
{
    char line[1024];
    size_t length = 0;
    int c;
    fprintf(out, "hello %d\n", who);
    fflush(out);
    while ((c = getc(in)) != EOF) {
        if (c != '\n' && length < sizeof line) {
            line[length++] = (char)c;
        } else if (c != '\n') {
            fprintf(out, "error: line too long\n");
            fflush(out);
            while (getc(in) != EOF)
                ;
            return;
        } else {
            fprintf(out, "%d: ", who);
            fwrite(line, 1, length, out);
            putc('\n', out);
            fflush(out);
            if (ferror(out))
                return;
            length = 0;
        }
    }
}

int main(int argc, char **argv)
{
    const char *digits = argc == 1 ? "5000" : argv[1];
    if (argc > 2 || !*digits || strspn(digits, "0123456789") != strlen(digits) || strlen(digits) > 5 ||
        atoi(digits) > 65535) {
        fprintf(stderr, "usage: server [0..65535]\n");
        exit(2);
    }
    struct sigaction ignore;
    memset(&ignore, 0, sizeof ignore);
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ignore, NULL);
    int s = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    TRY(s, "socket");
    TRY(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "setsockopt");
    struct sockaddr_in sin;
    memset(&sin, 0, sizeof sin);
    sin.sin_family = AF_INET;
    sin.sin_port = htons((unsigned short)atoi(digits));
    TRY(bind(s, (struct sockaddr *)&sin, sizeof sin), "bind");
    TRY(listen(s, 5), "listen");
    socklen_t len = sizeof sin;
    TRY(getsockname(s, (struct sockaddr *)&sin, &len), "getsockname");
    fprintf(stderr, "listening on port %d\n", ntohs(sin.sin_port));
    for (int who = 1;;) {
        int fd = accept(s, NULL, NULL);
        if (fd < 0)
            continue;
        FILE *in = fdopen(fd, "r"), *out = fdopen(dup(fd), "w");
        converse(in, out, who++);
        fclose(in);
        fclose(out);
    }
}
