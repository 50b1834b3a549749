// Takes memory without end, of a kind that RLIMIT_DATA does not count.
// Says: MiB of memory, and wants more
#include <cstddef>
#include <sys/mman.h>
#include <unistd.h>

int main()
{
    const size_t piece = 16 << 20;
    for (int i = 0; i < 200; i++)
        mmap(nullptr, piece, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    pause();
}
