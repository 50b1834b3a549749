// Takes memory that counts for no process, or outlives them all.
// Says: took nothing
#include "attack.hpp"

#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/shm.h>
#include <sys/syscall.h>

int main()
{
    if (memfd_create("hidden", 0) != -1)
        return end("made a file in no folder");
    if (shmget(IPC_PRIVATE, 64 << 20, IPC_CREAT | 0600) != -1)
        return end("made shared memory that stays");
    if (msgget(IPC_PRIVATE, IPC_CREAT | 0600) != -1)
        return end("made a queue that stays");
    if (syscall(SYS_add_key, "user", "hidden", "bytes", 5L, -4L) != -1)
        return end("left a key in the kernel");
    return end("took nothing");
}
