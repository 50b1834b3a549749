// Opens all sockets that it may, in many processes.
// Says: has opened more than 20000 sockets
#include <sys/socket.h>
#include <unistd.h>

int main()
{
    for (int i = 0; i < 3; i++)
        fork();
    for (int i = 0; i < 4000; i++)
        socket(AF_UNIX, SOCK_STREAM, 0);
    pause();
}
