// Leaves a process behind: orphaned, in a session of its own, deaf to signals.
// Says: your server does not listen on port
#include <csignal>
#include <unistd.h>

int main()
{
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_IGN);
    pid_t child = fork();
    if (child == 0) {
        setsid();
        if (fork() != 0)
            return 0;
        for (int fd = 0; fd < 1024; fd++)
            close(fd);
    }
    for (;;)
        pause();
}
