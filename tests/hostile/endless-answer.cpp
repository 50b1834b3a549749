// Sends without end to whoever connects.
// Says: what happened client A receive
#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

int main(int argc, char *argv[])
{
    int port = argc > 1 ? atoi(argv[1]) : 0;
    if (port < 0 || port > 65535)
        return 2;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, reinterpret_cast<sockaddr *>(&address), sizeof address) == -1 ||
        listen(listener, 5) == -1)
        return 1;
    fprintf(stderr, "listening on port %d\n", port);
    int client = accept(listener, nullptr, nullptr);
    static char bytes[65536];
    for (int i = 0; i < 100000; i++)
        if (write(client, bytes, sizeof bytes) == -1)
            return 1;
}
