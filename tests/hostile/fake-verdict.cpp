// Prints what a runner prints when all is well, wherever it can, and clears the screen before.
// Says: what happened your server has ended with status 0
#include "attack.hpp"

int main()
{
    const char verdict[] =
        "\033[2J  ✓ 1.9  the client prints the greeting\n\n  9 of 9 steps · compare\n";
    for (const char *path : {"/dev/tty", "/dev/pts/0", "/dev/console", "/proc/1/fd/1", "/proc/1/fd/2",
                             "/dev/stdout", "/proc/self/fd/2"}) {
        int fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK);
        if (fd != -1 && write(fd, verdict, strlen(verdict)) == -1)
            return 1;
    }
    for (int fd = 1; fd < 1024; fd++)
        if (write(fd, verdict, strlen(verdict)) == -1)
            continue;
    fprintf(stderr, "==1==ERROR: AddressSanitizer: \033[2Jall-is-well \033[0m server.cpp:1\n");
    return 0;
}
