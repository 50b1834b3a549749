// program.cpp: what a check does to, and expects of, a program under test.
#include "lab.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "need.hpp"
#include "proc.hpp"

void Program::must_run()
{
    lab->pump();
    if (status != -1)
        lab->unmet("your " + name + ' ' + lab->where_is(*this));
}

void Program::type(const std::string &text)
{
    lab->story.tell(name, "", "you type " + in_quotes(text));
    size_t done = 0;
    lab->wait_for("your " + name + " does not read its standard input", [&] {
        ssize_t n = write(in, text.data() + done, text.size() - done);
        size_t typed = n == -1 ? 0 : static_cast<size_t>(n);
        done += typed;
        lab->moved += typed;
        return done == text.size() || (n == -1 && errno == EPIPE);
    }, 3 * Lab::DEADLINE);
}

void Program::end_input()
{
    lab->story.tell(name, "", "end of your input");
    close(in);
    in = -1;
}

void Program::expect_output(const std::string &text)
{
    lab->wait_for("your " + name + " should have printed " + in_quotes(text), [&] {
        size_t at = first_difference(out, text);
        if (at < out.size())
            lab->unmet("your " + name + " printed " + quoted_near(out, at) + " in place of " +
                       quoted_near(text, at));
        return out.size() == text.size();
    });
    if (text.size() > told)
        lab->story.tell(name, "", "prints " + in_quotes(text.substr(told)));
    told = text.size();
}

void Program::expect_exit(int wanted)
{
    lab->wait_for("your " + name + " should end now", [&] { return status != -1; });
    lab->pump();
    if (!WIFEXITED(status) || WEXITSTATUS(status) != wanted)
        lab->unmet("your " + name + ' ' + lab->where_is(*this) + ", not with status " +
                   std::to_string(wanted));
    lab->story.tell(name, "", "ends with status " + std::to_string(wanted));
}

void Program::expect_error(const std::string &part)
{
    try {
        lab->wait_for("your " + name + " should say " + in_quotes(part, 60) + " on stderr",
                      [&] { return err.find(part) != std::string::npos; });
    } catch (Unmet &unmet) {
        if (!err.empty() || !out.empty())
            unmet.what +=
                "; it said " + in_quotes(err.empty() ? out : err, 60) + (err.empty() ? " on stdout" : "");
        throw;
    }
}

void Program::expect_quiet(double most)
{
    // A tenth of a second with a tenth of a processor: a tick is no load.
    const double window = 0.1, idle = 0.1;
    const std::string what = "your " + name + " has nothing to do, yet it does not come to rest";
    const auto burned = [&] { return static_cast<double>(look(pid).cpu) / 1e9; };
    const double first = burned();
    double cpu = first, since = lab->seconds();
    size_t said = 0;
    lab->wait_for(what, [&] {
        must_run();
        double now = burned();
        if (now - first > most * lab->slow)
            lab->unmet(what + ": it keeps a processor busy");
        // Who writes more than we read sleeps too, in write().
        if (look(pid).state != 'S' || now - cpu > idle * window || said != out.size() + err.size()) {
            said = out.size() + err.size();
            cpu = now;
            since = lab->seconds();
        }
        return lab->seconds() - since > window;
    });
}

void Program::hear()
{
    char bytes[4096];
    while (filled > 0) {
        ssize_t n = read(unheard_fd, bytes, std::min(filled, sizeof bytes));
        need(n > 0, "read");
        filled -= static_cast<size_t>(n);
    }
    err_fd = unheard_fd;
    unheard_fd = -1;
}

void Program::freeze()
{
    kill(pid, SIGSTOP);
    lab->wait_for("your " + name + " does not stop", [&] { return look(pid).state == 'T'; });
    lab->story.tell(name, "", "is stopped for a moment (SIGSTOP)");
}

void Program::thaw()
{
    lab->story.tell(name, "", "goes on (SIGCONT)");
    kill(pid, SIGCONT);
}

void Program::limit(int resource, unsigned long soft)
{
    rlimit limits;
    auto which = static_cast<decltype(RLIMIT_NOFILE)>(resource);
    must_run();
    need(prlimit(pid, which, nullptr, &limits) != -1, "prlimit");
    limits.rlim_cur = std::min<rlim_t>(soft, limits.rlim_max);
    need(prlimit(pid, which, &limits, nullptr) != -1, "prlimit");
}

void Program::unlimit(int resource)
{
    limit(resource, RLIM_INFINITY);
}

bool Program::stuck_in_send() const
{
    std::vector<pid_t> family = children_of(pid);
    family.push_back(pid);
    for (pid_t member : family)
        for (const char *call : {"write", "send", "writev", "sendmsg"})
            if (sleeping_in(member).name == call)
                return true;
    return false;
}

void Program::stop()
{
    lab->story.tell(name, "", "is ended (SIGKILL)");
    stopped = true;
    for (pid_t child : descendants_of(pid))
        kill(child, SIGKILL);
    kill(pid, SIGKILL);
    lab->wait_for("your " + name + " cannot be ended", [&] { return status != -1; });
}
