#include "box.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <grp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <stdexcept>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "need.hpp"
#include "network.hpp"
#include "proc.hpp"

namespace
{

const unsigned CLOSE_ON_EXEC = 1 << 2; // CLOSE_RANGE_CLOEXEC, of Linux 5.11; older headers lack it
const int NOBODY = 65534;

// Whether this user namespace has a name for id; map is uid_map or gid_map.
bool is_mapped(const std::string &map, long id)
{
    std::ifstream file("/proc/self/" + map);
    for (long first, outside, count; file >> first >> outside >> count;)
        if (id >= first && id < first + count)
            return true;
    return false;
}

// Who the programs run as: the caller, or for root the user behind sudo, or nobody, or,
// where root is the only user, root without its powers.
int plain_id(int own, const char *behind_sudo, const std::string &map)
{
    const char *text = getenv(behind_sudo);
    int id = text && atoi(text) > 0 ? atoi(text) : NOBODY;
    return geteuid() == 0 && is_mapped(map, id) ? id : own;
}

struct User {
    int uid, gid;
};

User plain_user()
{
    return {plain_id(static_cast<int>(getuid()), "SUDO_UID", "uid_map"),
            plain_id(static_cast<int>(getgid()), "SUDO_GID", "gid_map")};
}

// The same in a user namespace of our own, where nobody is root.
User name_inside(User user)
{
    return {user.uid ? user.uid : NOBODY, user.gid ? user.gid : NOBODY};
}

void write_file(const std::string &path, const std::string &text)
{
    int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    need(fd != -1 && write(fd, text.data(), text.size()) != -1, path);
    close(fd);
}

// Gives user a name in the user namespace of the process with this /proc folder.
void write_maps(const std::string &proc, User inside, User user)
{
    write_file(proc + "/uid_map", std::to_string(inside.uid) + ' ' + std::to_string(user.uid) + " 1");
    write_file(proc + "/gid_map", std::to_string(inside.gid) + ' ' + std::to_string(user.gid) + " 1");
}

void become(User user)
{
    if (setgroups(0, nullptr) == -1)
        need(errno == EPERM, "setgroups"); // an ordinary user may not, and need not
    auto gid = static_cast<gid_t>(user.gid);
    auto uid = static_cast<uid_t>(user.uid);
    need(setresgid(gid, gid, gid) != -1, "setresgid");
    need(setresuid(uid, uid, uid) != -1, "setresuid");
}

// User, mount and network namespaces of our own for this process. A helper outside of them
// writes the maps: root may name another user than itself there.
void unshare_as(User user)
{
    int gate[2];
    need(pipe2(gate, O_CLOEXEC) != -1, "pipe2");
    pid_t self = getpid();
    pid_t helper = fork();
    need(helper != -1, "fork");
    if (helper == 0) {
        char go;
        close(gate[1]);
        try {
            std::string proc = "/proc/" + std::to_string(self);
            if (read(gate[0], &go, 1) == 1) {
                if (geteuid() != 0)
                    write_file(proc + "/setgroups", "deny");
                write_maps(proc, name_inside(user), user);
            }
            _exit(0);
        } catch (const std::runtime_error &) {
            _exit(errno);
        }
    }
    close(gate[0]);
    int error = unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET) == -1 ? errno : 0;
    if (error == 0)
        need(write(gate[1], "g", 1) == 1, "pipe");
    close(gate[1]);
    int status;
    need(waitpid(helper, &status, 0) != -1, "waitpid");
    errno = error;
    need(error == 0, "unshare");
    errno = WEXITSTATUS(status);
    need(errno == 0, "uid_map");
}

void bind_read_only(const std::string &from, const std::string &to)
{
    need(mount(from.c_str(), to.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != -1, "bind " + from);
    struct statvfs found;
    need(statvfs(to.c_str(), &found) != -1, "statvfs " + to);
    // Flags that were locked by the outer namespace must be kept; they have the same numbers as MS_ flags.
    unsigned long keep = found.f_flag & (MS_NOSUID | MS_NODEV | MS_NOEXEC);
    need(mount(nullptr, to.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | keep, nullptr) != -1,
         "read-only " + from);
}

// A root of our own: the system's programs and libraries to read, /tmp to write.
void make_root(const std::string &kit)
{
    need(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != -1, "mount private");
    const std::string root = "/tmp";
    need(mount("box", root.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=64m,mode=755") != -1, "tmpfs");
    for (const char *name :
         {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix", "/gnu"}) {
        std::string to = root + name;
        struct stat found;
        char target[4096];
        if (lstat(name, &found) == -1)
            continue;
        if (S_ISLNK(found.st_mode)) {
            ssize_t n = readlink(name, target, sizeof target - 1);
            need(n != -1, name);
            target[n] = '\0';
            need(symlink(target, to.c_str()) != -1, to);
        } else {
            need(mkdir(to.c_str(), 0755) != -1, to);
            bind_read_only(name, to);
        }
    }
    for (const char *name : {"/proc", "/dev", "/tmp", "/old"})
        need(mkdir((root + name).c_str(), 0755) != -1, name);
    need(chmod((root + "/tmp").c_str(), 01777) != -1, "chmod");
    for (const char *name : {"/dev/null", "/dev/urandom"}) {
        int fd = open((root + name).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
        need(fd != -1, name);
        close(fd);
        need(mount(name, (root + name).c_str(), nullptr, MS_BIND, nullptr) != -1, name);
    }
    need(mount("/proc", (root + "/proc").c_str(), nullptr, MS_BIND | MS_REC, nullptr) != -1, "bind /proc");
    need(chdir(root.c_str()) != -1 && syscall(SYS_pivot_root, ".", "old") != -1, "pivot_root");
    need(chdir("/") != -1 && umount2("/old", MNT_DETACH) != -1, "umount");
    if (access(kit.c_str(), F_OK) == 0) // it lies under one of those above
        need(mount("hidden", kit.c_str(), "tmpfs", MS_RDONLY, nullptr) != -1, "hide " + kit);
    // The same root for every box: nothing may be left in it.
    need(mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, nullptr) != -1,
         "read-only /");
}

// What is the same in every box: the user namespace, a mount namespace with the root, and
// the network namespace of who has no host. It is made once; these descriptors keep it.
struct Template {
    int user, mounts, network;
};

int open_namespace(pid_t pid, const std::string &name)
{
    std::string path = "/proc/" + std::to_string(pid) + "/ns/" + name;
    int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    need(fd != -1, path);
    return fd;
}

// Never returns. Holds the namespaces open until the caller has them.
[[noreturn]] void hold_template(pid_t caller, int words)
{
    std::string said;
    try {
        User user = plain_user();
        unshare_as(user);
        become(name_inside(user));
        die_with(caller, SIGKILL);
        prctl(PR_SET_DUMPABLE, 1); // else /proc/PID/ns is root's
        use_small_tables(); // for the hosts to come
        make_root(std::filesystem::current_path());
    } catch (const std::runtime_error &error) {
        said = error.what();
    }
    if (write(words, said.data(), said.size()) == -1)
        _exit(1);
    close(words);
    pause();
    _exit(0);
}

Template make_template()
{
    int words[2];
    need(pipe2(words, O_CLOEXEC) != -1, "pipe2");
    pid_t caller = getpid();
    pid_t holder = fork();
    need(holder != -1, "fork");
    if (holder == 0)
        hold_template(caller, words[1]);
    close(words[1]);
    char text[256];
    ssize_t n = read(words[0], text, sizeof text);
    close(words[0]);
    Template made{-1, -1, -1};
    if (n == 0)
        made = {open_namespace(holder, "user"), open_namespace(holder, "mnt"), open_namespace(holder, "net")};
    kill(holder, SIGKILL);
    waitpid(holder, nullptr, 0);
    if (n != 0)
        throw std::runtime_error(n > 0 ? std::string(text, static_cast<size_t>(n)) : "pipe");
    return made;
}

const Template &box_template()
{
    static const Template made = make_template();
    return made;
}

// Neither the terminal nor anything else that is open here goes along to a program inside.
void keep_descriptors_in()
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    need(null != -1 && dup2(null, STDIN_FILENO) != -1, "/dev/null");
#ifdef SYS_close_range
    if (syscall(SYS_close_range, 3U, ~0U, CLOSE_ON_EXEC) == 0)
        return;
#endif
    for (int fd : numbers_in("/proc/self/fd"))
        if (fd > 2)
            fcntl(fd, F_SETFD, FD_CLOEXEC);
}

// No signal ends the keeper of a box: those of the terminal end its caller, and then
// SIGTERM comes here.
void hold_signals()
{
    sigset_t all;
    sigfillset(&all);
    need(sigprocmask(SIG_BLOCK, &all, nullptr) != -1, "sigprocmask");
}

// In a process of its own: inside, with the signals as they were.
pid_t start_first(const std::function<int()> &inside)
{
    pid_t keeper = getpid();
    pid_t first = fork();
    need(first != -1, "fork");
    if (first != 0)
        return first;
    try {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != 0 && getppid() != keeper) // 0: it is outside of our PID namespace
            _exit(4);
        sigset_t none;
        sigemptyset(&none);
        need(sigprocmask(SIG_SETMASK, &none, nullptr) != -1, "sigprocmask");
        _exit(inside());
    } catch (const std::runtime_error &error) {
        fprintf(stderr, "%s\n", error.what());
        _exit(3);
    }
}

// Waits for first, or ends it on SIGTERM. Process 1 of a PID namespace has ended only
// when all others there have.
int wait_for(pid_t first)
{
    sigset_t news;
    sigemptyset(&news);
    sigaddset(&news, SIGCHLD);
    sigaddset(&news, SIGTERM);
    int status;
    pid_t ended;
    while ((ended = waitpid(first, &status, WNOHANG)) == 0)
        if (sigwaitinfo(&news, nullptr) == SIGTERM)
            kill(first, SIGKILL);
    need(ended != -1, "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 4;
}

int run_isolated(pid_t caller, const Template &box, const std::function<int()> &inside)
{
    User inside_box = name_inside(plain_user());
    need(setns(box.user, CLONE_NEWUSER) != -1 && setns(box.mounts, CLONE_NEWNS) != -1 &&
             setns(box.network, CLONE_NEWNET) != -1,
         "setns");
    become(inside_box);
    hold_signals();
    die_with(caller, SIGTERM);
    prctl(PR_SET_DUMPABLE, 1); // else /proc/self is root's
    // A user namespace of its own once more: RLIMIT_NPROC counts by user namespace.
    need(unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS) != -1, "unshare");
    write_file("/proc/self/setgroups", "deny");
    write_maps("/proc/self", inside_box, inside_box);
    prctl(PR_SET_DUMPABLE, 0);
    return wait_for(start_first([&] {
        const unsigned long plain = MS_NOSUID | MS_NODEV;
        need(mount("proc", "/proc", "proc", plain | MS_NOEXEC, nullptr) != -1, "mount /proc");
        need(mount("box", "/tmp", "tmpfs", plain, "size=64m,nr_inodes=4k,mode=1777") != -1, "mount /tmp");
        need(chdir("/tmp") != -1, "/tmp");
        // In a user namespace of its own a program would be root, with mounts and networks to make.
        write_file("/proc/sys/user/max_user_namespaces", "0");
        return inside();
    }));
}

// Ends whatever inside left behind, where there is no PID namespace that does it. Who
// loses its parent becomes our child; who forks fast is met in its process group.
void kill_descendants()
{
    while (waitpid(-1, nullptr, WNOHANG) != -1) { // until ECHILD: none is left
        for (pid_t pid : descendants_of(getpid())) {
            pid_t group = getpgid(pid);
            if (group > 0 && group != getpgrp())
                kill(-group, SIGKILL);
            kill(pid, SIGKILL);
        }
        while (waitpid(-1, nullptr, WNOHANG) > 0)
            ;
    }
}

int run_in_the_open(pid_t caller, const std::function<int()> &inside)
{
    prctl(PR_SET_SECUREBITS, SECBIT_NOROOT); // where even nobody is root
    become(plain_user());
    hold_signals();
    die_with(caller, SIGTERM);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    char folder[] = "/tmp/box-XXXXXX"; // to write to; gone when we are
    need(mkdtemp(folder) && chdir(folder) != -1, folder);
    int status = wait_for(start_first([&] {
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        return inside();
    }));
    kill_descendants();
    std::error_code gone;
    std::filesystem::remove_all(folder, gone);
    return status;
}

} // namespace

size_t allow_descriptors()
{
    rlimit limit;
    need(getrlimit(RLIMIT_NOFILE, &limit) != -1, "getrlimit");
    limit.rlim_cur = limit.rlim_max;
    need(setrlimit(RLIMIT_NOFILE, &limit) != -1, "setrlimit");
    return limit.rlim_max;
}

void die_with(pid_t parent, int signal)
{
    prctl(PR_SET_PDEATHSIG, signal);
    if (getppid() != parent)
        _exit(4);
}

pid_t fork_tied()
{
    pid_t parent = getpid(), pid = fork();
    need(pid != -1, "fork");
    if (pid == 0)
        die_with(parent, SIGKILL);
    return pid;
}

pid_t start_in_box(bool isolated, const std::function<int()> &inside)
{
    const Template *box = isolated ? &box_template() : nullptr;
    pid_t caller = getpid();
    pid_t pid = fork();
    need(pid != -1, "fork");
    if (pid != 0)
        return pid;
    try {
        keep_descriptors_in();
        prctl(PR_SET_DUMPABLE, 0); // programs inside may not look into us
        _exit(box ? run_isolated(caller, *box, inside) : run_in_the_open(caller, inside));
    } catch (const std::runtime_error &error) {
        fprintf(stderr, "%s\n", error.what());
        _exit(3);
    }
}

int end_box(pid_t box)
{
    int status;
    kill(box, SIGTERM);
    return waitpid(box, &status, 0) == box && WIFEXITED(status) ? WEXITSTATUS(status) : 4;
}

std::string how_to_allow()
{
    auto says = [](const char *path, long value) {
        long found = -1;
        return std::ifstream(path) >> found && found == value;
    };
    if (says("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 1))
        return "To allow them: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";
    if (says("/proc/sys/kernel/unprivileged_userns_clone", 0))
        return "To allow them: sudo sysctl -w kernel.unprivileged_userns_clone=1";
    if (says("/proc/sys/user/max_user_namespaces", 0))
        return "To allow them: sudo sysctl -w user.max_user_namespaces=10000";
    if (says("/proc/sys/user/max_net_namespaces", 0))
        return "To allow them: sudo sysctl -w user.max_net_namespaces=10000";
    return "In Docker, to allow them: docker run --security-opt seccomp=unconfined IMAGE";
}

std::string why_no_box()
{
    try {
        box_template();
    } catch (const std::runtime_error &error) {
        return error.what();
    }
    int words[2];
    if (pipe2(words, O_CLOEXEC) == -1)
        return "pipe2";
    pid_t pid = fork();
    need(pid != -1, "fork");
    if (pid == 0) { // so that what it says goes to our pipe
        dup2(words[1], STDERR_FILENO);
        pid_t box = start_in_box(true, [] { return make_network(), 0; });
        int status = 0;
        waitpid(box, &status, 0);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 4);
    }
    close(words[1]);
    char text[256] = "";
    ssize_t n = read(words[0], text, sizeof text - 1);
    close(words[0]);
    int status = 0;
    waitpid(pid, &status, 0);
    if (status == 0)
        return "";
    return n > 1 ? std::string(text, static_cast<size_t>(n) - 1) : "a child was killed";
}
