// A process that is never the same: each starts the next, in a session of its own, and ends.
// Says: your server has ended with status 0
#include <unistd.h>

int main()
{
    for (int generation = 0; generation < 100000; generation++) {
        if (fork() != 0)
            return 0;
        setsid();
    }
}
