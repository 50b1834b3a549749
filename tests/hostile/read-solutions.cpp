// Looks for the solutions where its executable lies.
// Says: read nothing
#include "attack.hpp"

int main()
{
    for (const char *root : {"", "/proc/1/root", "/proc/1/cwd", "/proc/self/root", "/proc/self/cwd/.."})
        for (const char *file :
             {"/solutions/01-blocking/server.cpp", "/build/check/solution/01-blocking/server"})
            if (open(text("%s%s%s", root, KIT, file), O_RDONLY) != -1)
                return end("read a solution");
    return end("read nothing");
}
