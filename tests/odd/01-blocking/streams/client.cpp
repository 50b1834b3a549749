// Right but odd: stdio on everything.
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct sockaddr_in sin;
    memset(&sin, 0, sizeof sin);
    sin.sin_family = AF_INET;
    sin.sin_port = htons((unsigned short)(argc > 2 ? atoi(argv[2]) : 5000));
    sin.sin_addr.s_addr = inet_addr(argc > 1 ? argv[1] : "127.0.0.1");
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(s, (struct sockaddr *)&sin, sizeof sin) < 0) {
        fprintf(stderr, "client.cpp:%d: connect: %s\n", __LINE__, strerror(errno));
        return 1;
    }
    signal(SIGPIPE, SIG_IGN);
    FILE *from = fdopen(s, "r"), *to = fdopen(dup(s), "w");
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    while ((n = getline(&line, &room, from)) > 0 && line[n - 1] == '\n') {
        fwrite(line, 1, (size_t)n, stdout);
        fflush(stdout);
        n = getline(&line, &room, stdin);
        if (n <= 0 || line[n - 1] != '\n')
            return 0;
        fwrite(line, 1, (size_t)n, to);
        fflush(to);
    }
    fprintf(stderr, "no answer\n");
    return 1;
}
