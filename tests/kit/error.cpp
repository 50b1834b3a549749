// error.cpp: what common/error.hpp says, and with which status it ends.
#include <doctest/doctest.h>

#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include "../../common/error.hpp"

namespace
{

struct Ended {
    int status; // -1: by a signal
    std::string said;
};

// Runs act in a process of its own; it exits with 7 if act comes back.
Ended in_child(void (*act)())
{
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDERR_FILENO);
        act();
        _exit(7);
    }
    close(ends[1]);
    std::string said;
    char byte;
    while (read(ends[0], &byte, 1) == 1)
        said += byte;
    close(ends[0]);
    int status = 0;
    waitpid(pid, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, said};
}

} // namespace

TEST_CASE("check() hands on what does not fail")
{
    CHECK(check(0, "socket") == 0);
    CHECK(check(5L, "read") == 5L);
    CHECK(check(-2, "fcntl") == -2);
}

TEST_CASE("check() tells place, call and reason, and exits with 1")
{
    const int line = __LINE__ + 3;
    Ended ended = in_child([] {
        errno = EADDRINUSE;
        check(-1, "bind");
    });
    CHECK(ended.status == 1);
    CHECK(ended.said == "error.cpp:" + std::to_string(line) + ": bind: Address already in use\n");
}

TEST_CASE("complain() tells the same and comes back")
{
    const int line = __LINE__ + 3;
    Ended ended = in_child([] {
        errno = ECONNRESET;
        complain("read");
    });
    CHECK(ended.status == 7);
    CHECK(ended.said == "error.cpp:" + std::to_string(line) + ": read: Connection reset by peer\n");
}

TEST_CASE("a file is told by its name alone, in whatever folder it lies")
{
    Ended here = in_child([] {
        errno = EPIPE;
        complain("write", "server.cpp", 20);
    });
    CHECK(here.said == "server.cpp:20: write: Broken pipe\n");
    Ended there = in_child([] {
        errno = EPIPE;
        complain("write", "../of/mine/server.cpp", 20);
    });
    CHECK(there.said == here.said);
}
