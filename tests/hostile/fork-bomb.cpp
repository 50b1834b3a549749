// Every process forks, and so do those that it forked.
// Says: processes by now, and starts more
#include <unistd.h>

int main()
{
    for (int generation = 0; generation < 12; generation++)
        fork();
    pause();
}
