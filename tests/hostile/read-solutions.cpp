// Looks for the solutions where its executable lies.
// Says: read nothing
#include "attack.hpp"

#include <string>

int main()
{
    for (std::string root : {"", "/proc/1/root", "/proc/1/cwd", "/proc/self/root", "/proc/self/cwd/.."})
        for (std::string file :
             {"/solutions/01-blocking/server.cpp", "/build/check/solution/01-blocking/server"})
            if (open((root + KIT + file).c_str(), O_RDONLY) != -1)
                return end("read a solution");
    return end("read nothing");
}
