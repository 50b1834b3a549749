// Writes to its own executable, which lies outside of the box, as soon as nobody runs it.
// Says: wrote nothing
#include "attack.hpp"

int main()
{
    int self = open("/proc/self/exe", O_RDONLY);
    const char *script = text("echo '#' >>/proc/self/fd/%d && echo it wrote >&2 || echo wrote nothing >&2", self);
    execl("/bin/sh", "sh", "-c", script, nullptr); // from here on this is another program
}
