// Does all that it should, save that it never ends.
// Step: 1
// Says: your server should end now
#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

int main(int argc, char *argv[])
{
    atexit([] { pause(); });
    int port = argc > 1 ? atoi(argv[1]) : 5000;
    if (port < 0 || port > 65535)
        return 2;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, reinterpret_cast<sockaddr *>(&address), size) == -1 || listen(listener, 5) == -1)
        return 1;
    getsockname(listener, reinterpret_cast<sockaddr *>(&address), &size);
    fprintf(stderr, "listening on port %d\n", ntohs(address.sin_port));
    pause();
}
