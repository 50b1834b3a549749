// Takes memory without end, of a kind that RLIMIT_DATA does not count.
// Says: MiB of memory, and wants more
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

int main()
{
    const size_t piece = 16 << 20;
    for (int i = 0; i < 200; i++) {
        void *memory = mmap(nullptr, piece, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory != MAP_FAILED)
            memset(memory, 1, piece);
    }
    pause();
}
