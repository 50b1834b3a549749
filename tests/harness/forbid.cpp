#include "forbid.hpp"

#include <cerrno>
#include <cstddef>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <vector>

namespace
{

const unsigned FORBIDDEN[] = {
    SYS_shmget,         SYS_semget, SYS_msgget, SYS_add_key, SYS_request_key, SYS_keyctl, SYS_memfd_create,
#ifdef SYS_memfd_secret
    SYS_memfd_secret,
#endif
#ifdef SYS_io_uring_setup
    SYS_io_uring_setup,
#endif
};

// Steps of the filter's program: load the number of the call, or the lower half of an argument, compare it,
// refuse the call.
sock_filter load(size_t field)
{
    return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(field));
}

sock_filter load_argument(size_t which)
{
    return load(offsetof(seccomp_data, args) + which * sizeof seccomp_data::args[0]);
}

sock_filter skip_unless(unsigned value, unsigned char steps)
{
    return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, steps);
}

const sock_filter REFUSE = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
const sock_filter NOT_ON_THIS = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL);
const sock_filter PRETEND = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 0); // done, and not an error
const sock_filter ALLOW = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);

} // namespace

void forbid_calls()
{
    std::vector<sock_filter> steps;
    const size_t number = offsetof(seccomp_data, nr);
#ifdef __x86_64__ // it has all calls twice more, under other numbers
    steps = {load(offsetof(seccomp_data, arch)),
             BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
             REFUSE,
             load(number),
             BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1),
             REFUSE};
#endif
    steps.push_back(load(number));
    for (unsigned call : FORBIDDEN)
        steps.insert(steps.end(), {skip_unless(call, 1), REFUSE});
    steps.insert(steps.end(), {skip_unless(SYS_splice, 1), NOT_ON_THIS});
    for (unsigned size : {SO_SNDBUF, SO_RCVBUF})
        steps.insert(steps.end(),
                     {skip_unless(SYS_setsockopt, 5), load_argument(1), skip_unless(SOL_SOCKET, 3),
                      load_argument(2), skip_unless(size, 1), PRETEND, load(number)});
    const unsigned everybody = ~0U; // kill(-1, …)
    steps.insert(steps.end(),
                 {skip_unless(SYS_kill, 3), load_argument(0), skip_unless(everybody, 1), REFUSE, ALLOW});
    sock_fprog program{static_cast<unsigned short>(steps.size()), steps.data()};
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program); // where there is none, so be it
}
