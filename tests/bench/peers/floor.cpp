// The floor: what answering costs when there is nothing to decide. It takes COUNT clients,
// then reads from all of them and writes to all of them, for ever: no readiness, no lines,
// no memory management.
#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

struct Client {
    int fd;
    size_t prefix;    // length of "N: "
    char bytes[1100]; // "N: ", then what comes
    size_t size;      // of both
};

Client accept_client(int listener, int id)
{
    Client client{};
    client.fd = accept(listener, nullptr, nullptr);
    int size = snprintf(client.bytes, sizeof client.bytes, "hello %d\n", id);
    if (client.fd == -1 || write(client.fd, client.bytes, static_cast<size_t>(size)) != size)
        exit(EXIT_FAILURE);
    client.prefix = static_cast<size_t>(snprintf(client.bytes, sizeof client.bytes, "%d: ", id));
    return client;
}

int main(int argc, char *argv[])
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s PORT COUNT\n", argv[0]);
        return 2;
    }
    int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(atoi(argv[1])));
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, reinterpret_cast<sockaddr *>(&address), sizeof address) == -1 ||
        listen(listener, SOMAXCONN) == -1)
        return EXIT_FAILURE;
    std::vector<Client> clients;
    for (int id = 1; id <= atoi(argv[2]); id++)
        clients.push_back(accept_client(listener, id));
    for (;;) {
        for (Client &client : clients) {
            ssize_t n = read(client.fd, client.bytes + client.prefix, 1024);
            if (n <= 0)
                return EXIT_SUCCESS;
            client.size = client.prefix + static_cast<size_t>(n);
        }
        for (const Client &client : clients)
            if (write(client.fd, client.bytes, client.size) != static_cast<ssize_t>(client.size))
                return EXIT_FAILURE;
    }
}
