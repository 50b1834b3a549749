#include "lab.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc.hpp"

namespace {

const size_t FLOOD = 8 << 20; // bytes of output that no lesson needs

double seconds_now()
{
    using namespace std::chrono;
    return duration<double>(steady_clock::now().time_since_epoch()).count();
}

void need(bool done, const std::string &step)
{
    if (!done)
        throw std::runtime_error(step + ": " + strerror(errno));
}

sockaddr_in address_of(const Host &host, int port)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    inet_pton(AF_INET, host.address.c_str(), &address.sin_addr);
    return address;
}

void set_limit(int resource, rlim_t most)
{
    rlimit limit{most, most};
    rlimit old;
    if (getrlimit(static_cast<decltype(RLIMIT_NOFILE)>(resource), &old) == 0 && old.rlim_max < most)
        limit.rlim_cur = limit.rlim_max = old.rlim_max;
    setrlimit(static_cast<decltype(RLIMIT_NOFILE)>(resource), &limit);
}

// Where there is no private network a port must be free on the host. The lock keeps
// it ours among checks that run at the same time, and goes with this process.
int free_port()
{
    for (int port = 20000 + getpid() % 10000;; port++) {
        int lock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address = address_of({"0.0.0.0", -1}, port);
        auto *plain = reinterpret_cast<sockaddr *>(&address);
        bool ours = bind(lock, plain, sizeof address) == 0 && bind(probe, plain, sizeof address) == 0;
        close(probe);
        if (ours)
            return port;
        close(lock);
    }
}

// Never returns: becomes the program.
void become_program(int executable, const std::string &name, const std::vector<std::string> &arguments,
                    const int (&fds)[3])
{
    set_limit(RLIMIT_NPROC, 400);
    set_limit(RLIMIT_NOFILE, 4096);
    set_limit(RLIMIT_FSIZE, 16 << 20);
    set_limit(RLIMIT_CORE, 0);
    set_limit(RLIMIT_CPU, 60);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    signal(SIGPIPE, SIG_DFL); // what is ignored stays so across exec
    setsid();
    for (int fd = 3; fd < 1024; fd++) // nothing of ours, or of who started us, goes along
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    for (int i = 0; i < 3; i++)
        dup2(fds[i], i);
    std::vector<char *> argv{const_cast<char *>(name.c_str())};
    for (const std::string &argument : arguments)
        argv.push_back(const_cast<char *>(argument.c_str()));
    argv.push_back(nullptr);
    std::string path = "PATH=/usr/bin:/bin";
    char *environment[] = {&path[0], nullptr};
    fexecve(executable, argv.data(), environment);
    _exit(127);
}

} // namespace

Lab::Lab(const Network &where, const Binaries &what, double deadline_factor)
    : network(where), port(where.isolated ? 5000 : free_port()), binaries(what), slow(deadline_factor)
{
    signal(SIGPIPE, SIG_IGN);
}

void Lab::because(const std::string &reason, const std::string &try_this)
{
    why = reason;
    remedy = try_this;
}

void Lab::unmet(const std::string &what)
{
    throw Unmet{what};
}

void Lab::fill(Peer &peer)
{
    char bytes[65536];
    ssize_t n;
    while (!peer.ended && (n = recv(peer.fd, bytes, sizeof bytes, MSG_DONTWAIT)) != -1) {
        peer.got.append(bytes, static_cast<size_t>(n));
        peer.ended = n == 0;
    }
    if (!peer.ended && errno != EAGAIN) {
        peer.ended = true;
        peer.error = errno;
    }
}

void Lab::pump()
{
    std::vector<pollfd> watch;
    for (Program &program : programs)
        for (int fd : {program.out_fd, program.err_fd})
            if (fd != -1)
                watch.push_back({fd, POLLIN, 0});
    poll(watch.data(), watch.size(), 2);
    char bytes[65536];
    for (Program &program : programs) {
        for (int *fd : {&program.out_fd, &program.err_fd}) {
            std::string &all = fd == &program.out_fd ? program.out : program.err;
            ssize_t n;
            while (*fd != -1 && (n = read(*fd, bytes, sizeof bytes)) != -1) {
                all.append(bytes, static_cast<size_t>(n));
                if (n == 0) {
                    close(*fd);
                    *fd = -1;
                }
                if (all.size() > FLOOD)
                    unmet("your " + program.name + " writes without end");
            }
        }
    }
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) // orphans too: they are ours now
        for (Program &program : programs)
            if (program.pid == pid)
                program.status = status;
}

void Lab::wait_for(const std::string &what, const std::function<bool()> &holds, double seconds)
{
    double deadline = seconds_now() + seconds * slow;
    while (!holds()) {
        if (seconds_now() > deadline)
            unmet(what);
        pump();
    }
}

Program &Lab::start(const std::string &name, const std::vector<std::string> &arguments)
{
    int in[2], out[2], err[2];
    need(pipe2(in, O_CLOEXEC) != -1 && pipe2(out, O_CLOEXEC) != -1 && pipe2(err, O_CLOEXEC) != -1, "pipe2");
    programs.emplace_back();
    Program &program = programs.back();
    program.lab = this;
    program.name = name;
    program.pid = fork();
    need(program.pid != -1, "fork");
    if (program.pid == 0) {
        enter(name == "server" ? network.server : network.client);
        become_program(name == "server" ? binaries.server : binaries.client, name, arguments,
                       {in[0], out[1], err[1]});
    }
    close(in[0]);
    close(out[1]);
    close(err[1]);
    program.in = in[1];
    program.out_fd = out[0];
    program.err_fd = err[0];
    for (int fd : {in[1], out[0], err[0]})
        fcntl(fd, F_SETFL, O_NONBLOCK);
    std::string line = "./" + name;
    for (const std::string &argument : arguments)
        line += ' ' + argument;
    story.tell(name, "", "starts: " + line);
    return program;
}

Program &Lab::start_server(std::vector<std::string> arguments)
{
    if (arguments.empty())
        arguments = {std::to_string(port)};
    else if (arguments[0].empty())
        arguments[0] = std::to_string(port);
    Program &server = start("server", arguments);
    wait_for("your server does not listen on port " + arguments[0], [&] {
        server.must_run();
        return listens(server.pid, atoi(arguments[0].c_str()));
    });
    return server;
}

Program &Lab::start_client()
{
    return start("client", {network.server.address, std::to_string(port)});
}

Peer &Lab::connect()
{
    enter(network.client);
    peers.emplace_back();
    Peer &peer = peers.back();
    peer.lab = this;
    peer.name = peers.size() <= 26 ? std::string("client ") + static_cast<char>('A' + peers.size() - 1)
                                   : "client " + std::to_string(peers.size());
    peer.other = "server";
    peer.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    need(peer.fd != -1, "socket");
    sockaddr_in address = address_of(network.server, port);
    story.tell(peer.name, "server", "connects");
    if (::connect(peer.fd, reinterpret_cast<sockaddr *>(&address), sizeof address) == -1) {
        std::string reason = strerror(errno);
        for (Program &program : programs)
            program.must_run();
        unmet(peer.name + " cannot connect: " + reason);
    }
    socklen_t size = sizeof address;
    getsockname(peer.fd, reinterpret_cast<sockaddr *>(&address), &size);
    peer.local_port = ntohs(address.sin_port);
    return peer;
}

Peer &Lab::greeted(int id)
{
    Peer &peer = connect();
    peer.expect("hello " + std::to_string(id) + '\n');
    return peer;
}

void Lab::listen(int backlog)
{
    enter(network.server);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address = address_of(network.server, port);
    need(bind(listener, reinterpret_cast<sockaddr *>(&address), sizeof address) != -1, "bind");
    need(::listen(listener, backlog) != -1, "listen");
}

Peer &Lab::accept()
{
    wait_for("your client does not connect", [&] {
        pollfd watch{listener, POLLIN, 0};
        return poll(&watch, 1, 0) == 1;
    });
    peers.emplace_back();
    Peer &peer = peers.back();
    peer.lab = this;
    peer.name = "server";
    peer.other = "client";
    peer.fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    need(peer.fd != -1, "accept");
    story.tell("client", "server", "connects");
    return peer;
}

void Lab::tiny_buffers()
{
    for (const Host *host : {&network.server, &network.client}) {
        enter(*host);
        for (const char *name : {"tcp_rmem", "tcp_wmem"}) {
            std::ofstream file("/proc/sys/net/ipv4/" + std::string(name));
            file << "4096 4096 8192" << std::flush;
            need(file.good(), name);
        }
    }
}

std::string Lab::where_is(const Program &program) const
{
    if (program.status != -1 && WIFSIGNALED(program.status))
        return std::string("was ended by a signal: ") + strsignal(WTERMSIG(program.status));
    if (program.status != -1)
        return "has ended with status " + std::to_string(WEXITSTATUS(program.status));
    Call call = sleeping_in(program.pid);
    if (call.name.empty())
        return look(program.pid).state == 'T' ? "is stopped" : "is busy";
    std::string text = "sits in " + call.name + "()";
    if (call.name == "poll" || call.name == "select" || call.name == "waitpid" || call.name == "sleep" ||
        call.name == "pause")
        return text;
    text += " on fd " + std::to_string(call.fd);
    int other_end = peer_port(program.pid, call.fd);
    for (const Peer &peer : peers)
        if (other_end > 0 && peer.port() == other_end)
            text += ", the connection of " + peer.name;
    return other_end == 0 ? text + ", its listener" : text;
}

std::string Lab::last_words() const
{
    std::string words;
    for (const Program &program : programs)
        words += program.err;
    return words;
}

void Program::must_run()
{
    lab->pump();
    if (status != -1)
        lab->unmet("your " + name + ' ' + lab->where_is(*this));
}

void Program::type(const std::string &text)
{
    lab->story.tell(name, "", "you type " + quoted(text));
    size_t done = 0;
    lab->wait_for("your " + name + " does not read its standard input", [&] {
        ssize_t n = write(in, text.data() + done, text.size() - done);
        done += n == -1 ? 0 : static_cast<size_t>(n);
        return done == text.size() || (n == -1 && errno == EPIPE);
    }, 20);
}

void Program::end_input()
{
    lab->story.tell(name, "", "end of your input");
    close(in);
    in = -1;
}

void Program::expect_output(const std::string &text)
{
    lab->wait_for("your " + name + " should have printed " + quoted(text), [&] {
        if (out.size() > text.size() || out != text.substr(0, out.size()))
            lab->unmet("your " + name + " printed " + quoted(out) + " in place of " + quoted(text));
        return out.size() == text.size();
    });
    lab->story.tell(name, "", "prints " + quoted(text));
}

void Program::expect_exit(int wanted)
{
    lab->wait_for("your " + name + " should end now", [&] { return status != -1; }, 8);
    lab->pump();
    if (!WIFEXITED(status) || WEXITSTATUS(status) != wanted)
        lab->unmet("your " + name + ' ' + lab->where_is(*this) + ", not with status " +
                   std::to_string(wanted));
    lab->story.tell(name, "", "ends with status " + std::to_string(wanted));
}

void Program::expect_error(const std::string &part)
{
    lab->wait_for("your " + name + " should say \"" + part + "\" on stderr",
                  [&] { return err.find(part) != std::string::npos; });
}

void Program::expect_quiet()
{
    const double window = 0.1;
    long cpu = -1;
    double since = 0;
    lab->wait_for("your " + name + " has nothing to do, yet it does not come to rest", [&] {
        must_run();
        ProcessState now = look(pid);
        if (now.state != 'S' || now.cpu != cpu) {
            cpu = now.cpu;
            since = seconds_now();
        }
        return seconds_now() - since > window;
    }, 2);
}

void Program::freeze()
{
    kill(pid, SIGSTOP);
    lab->wait_for("your " + name + " does not stop", [&] { return look(pid).state == 'T'; });
    lab->story.tell(name, "", "is stopped (SIGSTOP)");
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
    need(prlimit(pid, which, nullptr, &limits) != -1, "prlimit");
    limits.rlim_cur = std::min<rlim_t>(soft, limits.rlim_max);
    need(prlimit(pid, which, &limits, nullptr) != -1, "prlimit");
}

void Program::stop()
{
    kill(-pid, SIGKILL); // its group: the children too
    lab->wait_for("your " + name + " cannot be ended", [&] { return status != -1; });
}

void Peer::send(const std::string &text)
{
    lab->story.tell(name, other, quoted(text, 16));
    size_t done = 0;
    lab->wait_for("nobody reads what " + name + " sends", [&] {
        ssize_t n = ::send(fd, text.data() + done, text.size() - done, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n == -1 && errno != EAGAIN)
            lab->unmet(name + " cannot send: " + strerror(errno));
        done += n == -1 ? 0 : static_cast<size_t>(n);
        return done == text.size();
    }, 10);
}

void Peer::expect(const std::string &text)
{
    std::string here = "expected " + quoted(text, 20);
    try {
        lab->wait_for(name + " should have received " + quoted(text), [&] {
            lab->fill(*this);
            if (got.compare(0, std::min(got.size(), text.size()), text, 0, std::min(got.size(), text.size())) != 0)
                lab->unmet(name + " received " + quoted(got, 40) + " in place of " + quoted(text));
            if (got.size() < text.size() && ended)
                lab->unmet(name + " should have received " + quoted(text) + ", but the connection ended" +
                           (error ? std::string(": ") + strerror(error) : ""));
            return got.size() >= text.size();
        });
    } catch (const Unmet &) {
        lab->story.tell(name, "", here + ", got " + (got.empty() ? "nothing" : quoted(got, 20)));
        throw;
    }
    got.erase(0, text.size());
    lab->story.tell(other, name, quoted(text, 16));
}

std::string Peer::receive(size_t size)
{
    lab->wait_for(name + " should receive " + std::to_string(size) + " bytes", [&] {
        lab->fill(*this);
        if (ended && got.size() < size)
            lab->unmet(name + " received " + std::to_string(got.size()) + " bytes of " +
                       std::to_string(size) + ", then the connection ended");
        return got.size() >= size;
    }, 20);
    std::string text = got.substr(0, size);
    got.erase(0, size);
    lab->story.tell(other, name, std::to_string(size) + " bytes");
    return text;
}

void Peer::expect_end()
{
    lab->wait_for("the connection of " + name + " should end now", [&] {
        lab->fill(*this);
        if (!got.empty())
            lab->unmet(name + " received " + quoted(got, 40) + " where the end should be");
        return ended;
    });
    lab->story.tell(other, name, error ? "RST" : "end");
}

void Peer::expect_clean_end()
{
    expect_end();
    if (error)
        lab->unmet(name + "'s connection ended in an error: " + strerror(error));
}

void Peer::expect_nothing(const std::string &reason)
{
    lab->fill(*this);
    if (!got.empty() || ended)
        lab->unmet(name + (ended ? " was closed" : " received " + quoted(got)) + ", but " + reason);
}

void Peer::discard_until_end()
{
    lab->wait_for("the connection of " + name + " should end now", [&] {
        lab->fill(*this);
        got.clear();
        return ended;
    });
    lab->story.tell(other, name, "end");
}

void Peer::half_close()
{
    lab->story.tell(name, other, "end (FIN)");
    shutdown(fd, SHUT_WR);
}

void Peer::close()
{
    lab->story.tell(name, other, "closes");
    ::close(fd);
    ended = true;
}

void Peer::reset()
{
    lab->story.tell(name, other, "RST");
    linger hard{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    ::close(fd);
    ended = true;
}
