#include "forbid.hpp"

#include <cerrno>
#include <cstddef>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
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

// Steps of the filter's program: load a field of the call, compare it, refuse the call.
sock_filter load(size_t field)
{
    return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(field));
}

sock_filter skip_unless(unsigned value, unsigned char steps)
{
    return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, steps);
}

const sock_filter REFUSE = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
const sock_filter NOT_ON_THIS = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL);
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
    const unsigned everybody = ~0U; // kill(-1, …)
    steps.insert(steps.end(), {skip_unless(SYS_kill, 3), load(offsetof(seccomp_data, args)),
                               skip_unless(everybody, 1), REFUSE, ALLOW});
    sock_fprog program{static_cast<unsigned short>(steps.size()), steps.data()};
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program); // where there is none, so be it
}
