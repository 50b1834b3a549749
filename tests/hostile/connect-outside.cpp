// Calls home. 192.0.2.1 is nobody's address (RFC 5737).
// Says: connect: Network is unreachable
#include <arpa/inet.h>
#include <cstdio>

int main()
{
    sockaddr_in here{}, home{};
    here.sin_family = home.sin_family = AF_INET;
    inet_pton(AF_INET, "192.168.1.6", &here.sin_addr);
    inet_pton(AF_INET, "192.0.2.1", &home.sin_addr);
    home.sin_port = htons(80);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, reinterpret_cast<sockaddr *>(&here), sizeof here) == -1)
        return 1; // this is no private network
    if (connect(fd, reinterpret_cast<sockaddr *>(&home), sizeof home) == -1)
        perror("connect");
    return 1;
}
