// Looks for a power that it should not have.
// Says: may nothing
#include "attack.hpp"

#include <arpa/inet.h>
#include <sched.h>
#include <sys/mount.h>

int main()
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(80);
    if (geteuid() == 0 || setuid(0) != -1)
        return end("is root");
    if (bind(socket(AF_INET, SOCK_STREAM, 0), reinterpret_cast<sockaddr *>(&address), sizeof address) != -1)
        return end("may use port 80");
    if (open("/proc/sys/net/ipv4/ip_unprivileged_port_start", O_WRONLY) != -1)
        return end("may change its network");
    if (mount("x", "/tmp", "tmpfs", 0, nullptr) != -1 || umount2("/tmp", MNT_DETACH) != -1)
        return end("may mount");
    for (const char *ns : {"user", "net", "mnt", "pid"})
        if (setns(open(text("/proc/1/ns/%s", ns), O_RDONLY), 0) != -1)
            return end("may enter a namespace of the check");
    if (sethostname("hostile", 7) != -1 || chroot("/tmp") != -1 || nice(-5) != -1)
        return end("has a capability");
    if (unshare(CLONE_NEWUSER) != -1)
        return end("is root in a user namespace of its own");
    return end("may nothing");
}
