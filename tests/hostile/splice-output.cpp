// Moves a connection that says nothing to its output, so that reading the output never ends.
// Says: splice: Invalid argument
#include "attack.hpp"

#include <sys/socket.h>

int main()
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == -1)
        return end("socketpair");
    printf("something to be read\n");
    fflush(stdout);
    if (splice(ends[0], nullptr, STDOUT_FILENO, nullptr, 1, 0) == -1)
        fprintf(stderr, "splice: %s\n", strerror(errno));
    return 1;
}
