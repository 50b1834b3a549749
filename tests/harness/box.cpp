#include "box.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <grp.h>
#include <sched.h>
#include <stdexcept>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "network.hpp"

namespace {

const int NOBODY = 65534;

void need(bool done, const std::string &step)
{
    if (!done)
        throw std::runtime_error(step + ": " + strerror(errno));
}

// Who the programs run as: the caller, or for root the user behind sudo, or nobody.
int plain_id(int own, const char *behind_sudo)
{
    if (geteuid() != 0)
        return own;
    const char *text = getenv(behind_sudo);
    int id = text ? atoi(text) : 0;
    return id > 0 ? id : NOBODY;
}

void write_file(const std::string &path, const std::string &text)
{
    int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    need(fd != -1 && write(fd, text.data(), text.size()) != -1, path);
    close(fd);
}

// Maps one user and one group into the user namespace of the process with this /proc folder.
void write_maps(const std::string &proc, int uid, int gid)
{
    std::string user = std::to_string(uid), group = std::to_string(gid);
    write_file(proc + "/uid_map", user + ' ' + user + " 1");
    write_file(proc + "/gid_map", group + ' ' + group + " 1");
}

void become(int uid, int gid)
{
    if (setgroups(0, nullptr) == -1)
        need(errno == EPERM, "setgroups"); // an ordinary user may not, and need not
    need(setresgid(gid, gid, gid) != -1, "setresgid");
    need(setresuid(uid, uid, uid) != -1, "setresuid");
}

// A user namespace of our own for this process. A helper outside of it writes the maps:
// root may name another user than itself there.
void unshare_as(int uid, int gid)
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
                write_maps(proc, uid, gid);
            }
            _exit(0);
        } catch (const std::runtime_error &) {
            _exit(errno);
        }
    }
    close(gate[0]);
    int error = unshare(CLONE_NEWUSER | CLONE_NEWNS) == -1 ? errno : 0;
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
    // Flags that were locked by the outer namespace must be kept.
    for (unsigned long keep : {0UL, 0UL | MS_NODEV, 0UL | MS_NOSUID | MS_NODEV,
                               0UL | MS_NOSUID | MS_NODEV | MS_RELATIME})
        if (mount(nullptr, to.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | keep, nullptr) == 0)
            return;
    need(false, "read-only " + from);
}

// A root of our own: the system's programs and libraries to read, /tmp to write.
void make_root(const std::string &kit)
{
    need(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != -1, "mount private");
    const std::string root = "/tmp";
    need(mount("box", root.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=64m,mode=755") != -1, "tmpfs");
    for (const char *name : {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc",
                             "/opt", "/nix", "/gnu"}) {
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
    for (const char *name : {"/dev/null", "/dev/zero", "/dev/urandom"}) {
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

// What is the same in every box: the user namespace, and a mount namespace with the root.
// It is made once; these descriptors keep it.
struct Template {
    int user, mounts;
};

int open_namespace(pid_t pid, const std::string &name)
{
    std::string path = "/proc/" + std::to_string(pid) + "/ns/" + name;
    int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    need(fd != -1, path);
    return fd;
}

void die_with_parent(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(4);
}

// Ends whatever inside left behind; where there is no PID namespace that did it.
void kill_descendants()
{
    while (DIR *proc = opendir("/proc")) {
        while (dirent *entry = readdir(proc)) {
            int pid = atoi(entry->d_name), parent = 0;
            std::ifstream stat("/proc/" + std::string(entry->d_name) + "/stat");
            std::string line;
            if (pid > 0 && std::getline(stat, line))
                sscanf(line.c_str() + line.rfind(')') + 1, " %*c %d", &parent);
            if (parent == getpid())
                kill(pid, SIGKILL);
        }
        closedir(proc);
        if (waitpid(-1, nullptr, 0) == -1)
            return; // ECHILD: none is left
    }
}

// Never returns. Holds the namespaces open until the caller has them.
[[noreturn]] void hold_template(const std::string &kit, int words)
{
    std::string said;
    try {
        int uid = plain_id(static_cast<int>(getuid()), "SUDO_UID");
        int gid = plain_id(static_cast<int>(getgid()), "SUDO_GID");
        pid_t parent = getppid();
        unshare_as(uid, gid);
        become(uid, gid);
        die_with_parent(parent);
        prctl(PR_SET_DUMPABLE, 1); // else /proc/PID/ns is root's
        make_root(kit);
    } catch (const std::runtime_error &error) {
        said = error.what();
    }
    if (write(words, said.data(), said.size()) == -1)
        _exit(1);
    close(words);
    pause();
    _exit(0);
}

Template make_template(const std::string &kit)
{
    int words[2];
    need(pipe2(words, O_CLOEXEC) != -1, "pipe2");
    pid_t holder = fork();
    need(holder != -1, "fork");
    if (holder == 0)
        hold_template(kit, words[1]);
    close(words[1]);
    char text[256];
    ssize_t n = read(words[0], text, sizeof text);
    close(words[0]);
    Template made{-1, -1};
    if (n == 0)
        made = {open_namespace(holder, "user"), open_namespace(holder, "mnt")};
    kill(holder, SIGKILL);
    waitpid(holder, nullptr, 0);
    if (n != 0)
        throw std::runtime_error(n > 0 ? std::string(text, static_cast<size_t>(n)) : "pipe");
    return made;
}

const Template &box_template(const std::string &kit)
{
    static const Template made = make_template(kit);
    return made;
}

int run_first_process(const std::function<int()> &inside)
{
    try {
        const unsigned long plain = MS_NOSUID | MS_NODEV;
        need(mount("proc", "/proc", "proc", plain | MS_NOEXEC, nullptr) != -1, "mount /proc");
        need(mount("box", "/tmp", "tmpfs", plain, "size=64m,mode=1777") != -1, "mount /tmp");
        need(chdir("/tmp") != -1, "/tmp");
        return inside();
    } catch (const std::runtime_error &error) {
        fprintf(stderr, "%s\n", error.what());
        return 3;
    }
}

int run_isolated(const Template &box, const std::function<int()> &inside)
{
    int uid = plain_id(static_cast<int>(getuid()), "SUDO_UID");
    int gid = plain_id(static_cast<int>(getgid()), "SUDO_GID");
    pid_t parent = getppid();
    need(setns(box.user, CLONE_NEWUSER) != -1 && setns(box.mounts, CLONE_NEWNS) != -1, "setns");
    become(uid, gid);
    die_with_parent(parent);
    prctl(PR_SET_DUMPABLE, 1); // else /proc/self is root's
    // A user namespace of its own once more: RLIMIT_NPROC counts by user namespace.
    need(unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS) != -1, "unshare");
    write_file("/proc/self/setgroups", "deny");
    write_maps("/proc/self", uid, gid);
    pid_t first = fork();
    need(first != -1, "fork");
    if (first == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); // getppid() is 0 across a PID namespace
        _exit(run_first_process(inside));
    }
    int status;
    need(waitpid(first, &status, 0) != -1, "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 4;
}

int run_in_the_open(const std::function<int()> &inside)
{
    pid_t parent = getppid();
    become(plain_id(static_cast<int>(getuid()), "SUDO_UID"),
           plain_id(static_cast<int>(getgid()), "SUDO_GID"));
    die_with_parent(parent);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    int status = inside();
    kill_descendants();
    return status;
}

} // namespace

pid_t start_in_box(bool isolated, const std::string &kit, const std::function<int()> &inside)
{
    const Template *box = isolated ? &box_template(kit) : nullptr;
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    try {
        _exit(box ? run_isolated(*box, inside) : run_in_the_open(inside));
    } catch (const std::runtime_error &error) {
        fprintf(stderr, "%s\n", error.what());
        _exit(3);
    }
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
    return "In Docker, to allow them: docker run --security-opt seccomp=unconfined …";
}

std::string why_no_box(const std::string &kit)
{
    try {
        box_template(kit);
    } catch (const std::runtime_error &error) {
        return error.what();
    }
    int words[2];
    if (pipe2(words, O_CLOEXEC) == -1)
        return "pipe2";
    pid_t pid = fork();
    if (pid == 0) { // so that what it says goes to our pipe
        dup2(words[1], STDERR_FILENO);
        pid_t box = start_in_box(true, kit, [] { return make_network(), 0; });
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
