#include "lab.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forbid.hpp"
#include "need.hpp"
#include "proc.hpp"

namespace
{

const double HANDSHAKE = 3.5; // seconds at rest: a lost SYN is sent again after 1 s, then after 2

double seconds_now()
{
    using namespace std::chrono;
    return duration<double>(steady_clock::now().time_since_epoch()).count();
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
    for (int port = 20000 + getpid() % 10000; port < 60000; port++) {
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
    throw std::runtime_error("there is no free port on this machine");
}

// Fills a pipe, so that who writes to it sleeps. Returns how many bytes that took.
size_t fill_up(int pipe)
{
    const char nothing[4096] = "";
    size_t filled = 0;
    fcntl(pipe, F_SETFL, O_NONBLOCK);
    for (ssize_t n; (n = write(pipe, nothing, sizeof nothing)) > 0;)
        filled += static_cast<size_t>(n);
    fcntl(pipe, F_SETFL, 0);
    return filled;
}

// Never returns: becomes the program.
void become_program(const Binaries &binaries, const std::string &name,
                    const std::vector<std::string> &arguments, const int (&fds)[3])
{
    set_limit(RLIMIT_NPROC, binaries.tasks + 400);
    if (!binaries.sanitized) // those reserve terabytes for their shadow
        set_limit(RLIMIT_DATA, 1 << 30);
    set_limit(RLIMIT_NOFILE, 4096);
    set_limit(RLIMIT_FSIZE, 16 << 20);
    set_limit(RLIMIT_CORE, 0);
    set_limit(RLIMIT_CPU, 60);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    forbid_calls();
    signal(SIGPIPE, SIG_DFL); // what is ignored stays so across exec
    setsid();
    for (int i = 0; i < 3; i++)
        dup2(fds[i], i);
    std::vector<char *> argv{const_cast<char *>(name.c_str())};
    for (const std::string &argument : arguments)
        argv.push_back(const_cast<char *>(argument.c_str()));
    argv.push_back(nullptr);
    // What a program says in __asan_default_options() counts less than these.
    std::string path = "PATH=/usr/bin:/bin",
                memory = "ASAN_OPTIONS=log_path=stderr:exitcode=1:halt_on_error=1:handle_segv=1"
                         ":detect_leaks=0", // the lessons are not about leaks, and looking takes 30 ms
                behaviour = "UBSAN_OPTIONS=log_path=stderr:exitcode=1:halt_on_error=1";
    char *environment[] = {&path[0], &memory[0], &behaviour[0], nullptr};
    fexecve(name == "server" ? binaries.server : binaries.client, argv.data(), environment);
    _exit(127);
}

// Whether it is found running most of the time: it may have woken for a moment only.
bool is_busy(pid_t pid)
{
    int running = 0;
    for (int looks = 0; looks < 9 && running * 2 >= looks; looks++) {
        running += look(pid).state == 'R';
        usleep(2000);
    }
    return running > 4;
}

} // namespace

double slowness()
{
    const char *text = getenv("SLOW");
    if (!text || !*text)
        return 1;
    char *end;
    double factor = strtod(text, &end);
    if (*end != '\0' || !(factor >= 1 && factor <= 1000))
        throw std::invalid_argument("SLOW is '" + std::string(text) + "'; it must be a number from 1 to 1000");
    return factor;
}

Lab::Lab(const Network &where, const Binaries &what)
    : network(where), port(where.isolated ? 5000 : free_port()), binaries(what), slow(slowness()),
      began(seconds_now())
{
    signal(SIGPIPE, SIG_IGN);
}

// On a network that is everybody's: who closes first keeps the port for a minute (TIME_WAIT), unless
// it closes with a reset; and hundreds of checks have thousands of connections.
Lab::~Lab()
{
    if (!network.isolated)
        for (Peer &peer : peers)
            peer.end_with_reset();
}

void Lab::because(const std::string &reason, const std::string &try_this)
{
    why = reason;
    remedy = try_this;
}

void Lab::because(const std::string &reason, const std::string &try_this, const std::function<void()> &part)
{
    const std::string old_reason = why, old_remedy = remedy;
    because(reason, try_this);
    part();
    because(old_reason, old_remedy);
}

void Lab::unmet(const std::string &what)
{
    throw Unmet{what};
}

double Lab::seconds() const
{
    return seconds_now() - began;
}

void Lab::expect_awake(const Program &server)
{
    awake = &server;
}

void Lab::expect_timers()
{
    timers = true;
}

Program &Lab::start(const std::string &name, const std::vector<std::string> &arguments)
{
    return launch(name, arguments, true);
}

Program &Lab::start_unheard(const std::string &name, const std::vector<std::string> &arguments)
{
    return launch(name, arguments, false);
}

Program &Lab::launch(const std::string &name, const std::vector<std::string> &arguments, bool heard)
{
    if ((name == "server" ? binaries.server : binaries.client) == -1)
        unmet("there is no " + name + " to run: it is missing, or does not compile");
    int in[2], out[2], err[2];
    need(pipe2(in, O_CLOEXEC) != -1 && pipe2(out, O_CLOEXEC) != -1 && pipe2(err, O_CLOEXEC) != -1, "pipe2");
    programs.emplace_back();
    Program &program = programs.back();
    program.lab = this;
    program.name = name;
    program.filled = heard ? 0 : fill_up(err[1]);
    program.pid = fork();
    need(program.pid != -1, "fork");
    if (program.pid == 0) {
        enter(name == "server" ? network.server : network.client);
        become_program(binaries, name, arguments, {in[0], out[1], err[1]});
    }
    close(in[0]);
    close(out[1]);
    close(err[1]);
    program.in = in[1];
    program.out_fd = out[0];
    (heard ? program.err_fd : program.unheard_fd) = err[0];
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
    try {
        wait_for("your server does not listen on port " + arguments[0], [&] {
            server.must_run();
            return listens(server.pid, atoi(arguments[0].c_str()));
        });
    } catch (Unmet &unmet) {
        std::string where = listener_of(server.pid);
        unmet.what += where.empty() ? "" : "; it listens on " + where;
        throw;
    }
    because("who waits for that line knows when to connect",
            "say so on stderr, to the letter, once listen() has succeeded: lesson 1, step 1", [&] {
        const std::string line = "listening on port " + arguments[0];
        wait_for("your server listens, and should say so on stderr: " + in_quotes(line), [&] {
            server.must_run(); // until it has said so, it may still be setting itself up
            return server.err.find("listening on port ") != std::string::npos;
        });
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
    peer.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    need(peer.fd != -1, "socket");
    sockaddr_in address = address_of(network.server, port);
    story.tell(peer.name, "server", "connects");
    int error = ::connect(peer.fd, reinterpret_cast<sockaddr *>(&address), sizeof address) == -1 ? errno : 0;
    if (error == EINPROGRESS) {
        socklen_t length = sizeof error;
        wait_for(peer.name + " cannot connect: nobody answers. Is the queue of listen() too short?", [&] {
            pollfd connected{peer.fd, POLLOUT, 0};
            return poll(&connected, 1, 0) == 1;
        }, DEADLINE, HANDSHAKE);
        getsockopt(peer.fd, SOL_SOCKET, SO_ERROR, &error, &length);
    }
    if (error != 0) {
        for (Program &program : programs)
            program.must_run();
        unmet(peer.name + " cannot connect: " + strerror(error));
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
    listen_on(network.server, backlog, port);
}

void Lab::listen_on(const Host &host, int backlog, int at_port)
{
    enter(host);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address = address_of(host, at_port);
    need(bind(listener, reinterpret_cast<sockaddr *>(&address), sizeof address) != -1, "bind");
    need(::listen(listener, backlog) != -1, "listen");
}

void Lab::stop_listening()
{
    story.tell("server", "", "listens no more");
    close(listener);
}

Peer &Lab::accept()
{
    wait_for("your client does not connect", [&] {
        pollfd waiting{listener, POLLIN, 0};
        return poll(&waiting, 1, 0) == 1;
    }, DEADLINE, HANDSHAKE);
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
        for (const char *name : {"tcp_rmem", "tcp_wmem"})
            set_ipv4(name, "4096 4096 8192");
    }
    least_rest = 2.5; // the sender asks after a window that was closed once in a while
}

std::string Lab::where_is(const Program &program) const
{
    if (program.stopped)
        return "was ended by this check";
    if (program.status != -1 && WIFSIGNALED(program.status))
        return std::string("was ended by signal ") + strsignal(WTERMSIG(program.status));
    if (program.status != -1)
        return "has ended with status " + std::to_string(WEXITSTATUS(program.status));
    if (look(program.pid).state == 'Z')
        return "has just ended";
    std::string text = where_is_process(program.pid);
    std::vector<pid_t> children = children_of(program.pid);
    for (size_t i = 0; i < children.size() && i < 2; i++)
        text += "\nits child " + where_is_process(children[i]);
    if (children.size() > 2)
        text += "\nand so on: it has " + std::to_string(children.size()) + " children";
    return text;
}

// What a process does: the call it is in, and on whose connection.
std::string Lab::where_is_process(pid_t pid) const
{
    if (is_busy(pid))
        return "is busy: it burns processor time";
    Call call = sleeping_in(pid);
    char state = look(pid).state;
    if (state == 'Z')
        return "has ended, and nobody has waited for it: a zombie";
    if (call.name.empty())
        return state == 'T' ? "is stopped" : state == 'R' ? "has woken for a moment" : "sleeps";
    if (call.name == "write" && call.fd == STDERR_FILENO)
        return "writes to stderr, more than anybody reads";
    std::string text = "is blocked in " + call.name + "()";
    for (const char *of_no_descriptor :
         {"poll", "select", "waitpid", "waitid", "sleep", "pause", "sigsuspend", "sigwait", "futex"})
        if (call.name == of_no_descriptor)
            return text;
    text += " on fd " + std::to_string(call.fd);
    int other_end = peer_port(pid, call.fd);
    if (other_end == 0)
        return text + ", its listener";
    for (const Peer &peer : peers)
        if (other_end > 0 && peer.port() == other_end)
            return text + ", the connection of " + peer.name;
    if (other_end == port)
        return text + ", its connection to the server";
    return call.fd == STDIN_FILENO ? text + ", the keyboard" : text;
}

std::string Lab::last_words() const
{
    std::string words;
    for (const Program &program : programs)
        words += program.err;
    return words;
}
