// Prints without end.
// Says: your server writes without end
#include <unistd.h>

int main()
{
    static char bytes[65536];
    for (int i = 0; i < 100000; i++)
        if (write(STDOUT_FILENO, bytes, sizeof bytes) == -1)
            return 1;
}
