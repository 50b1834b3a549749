// lab.hpp: what a check is written with: a network, programs under test, scripted peers.
#pragma once

#include <cstdlib>
#include <functional>
#include <list>
#include <string>
#include <sys/types.h>
#include <vector>

#include "network.hpp"
#include "story.hpp"

class Lab;
struct Everyone;

// How many times as long everything may take: SLOW in the environment. Throws std::invalid_argument if
// that is no such number.
double slowness();

// What the student's programs are started from: descriptors of the executables.
struct Binaries {
    int server, client;
    bool sanitized;      // they need address space without end
    unsigned long tasks; // on this machine: RLIMIT_NPROC counts them before Linux 5.14
};

// A server or client under test. Every wait has a deadline and ends in Unmet.
class Program {
public:
    std::string name; // "server" or "client"
    pid_t pid = -1;
    std::string out, err; // all that it has written so far
    int status = -1;      // as from waitpid(); -1 while it runs
    bool stopped = false; // by stop(): its end is no fault of its own

    void type(const std::string &text);           // to its standard input
    void end_input();                             // closes its standard input
    void expect_output(const std::string &text);  // all of its output, to the letter
    void expect_exit(int wanted);                 // that it ends, with this status
    void expect_error(const std::string &part);   // that part appears on its stderr
    void expect_quiet(double most = 0.1);         // comes to rest before it burns most seconds of processor
    void freeze();                                // SIGSTOP, and waits until it has stopped
    void thaw();
    void limit(int resource, unsigned long soft); // of prlimit(2)
    void unlimit(int resource);                   // back to where it was
    void hear();                                  // from now on its stderr is read, see start_unheard()
    void stop();                                  // SIGKILL, and waits for its end
    void must_run();                              // Unmet if it has ended
    bool stuck_in_send() const;                   // it, or a child of its, sleeps in write() or the like

private:
    friend class Lab;
    Lab *lab = nullptr;
    int in = -1, out_fd = -1, err_fd = -1;
    int unheard_fd = -1; // of its stderr while that is full
    size_t filled = 0;   // bytes of ours in it
    size_t told = 0;     // bytes of out that the story has told
};

// One end of a TCP connection, in the hand of the check.
class Peer {
public:
    std::string name; // as it stands in the picture: "client A"
    void send(const std::string &text);          // all of it, or Unmet
    void expect(const std::string &text);        // that the next bytes are text
    void expect_end();                           // end of the stream, or a reset, after no more bytes
    void expect_clean_end();                     // end of the stream, no reset
    void expect_nothing(const std::string &why); // nothing is here; never waits
    void expect_all(const std::string &text);    // the same as expect(), for much text
    void discard_until_end();                    // whatever comes, until the stream ends
    void discard();                              // what has come, without waiting
    bool has_ended();                            // without waiting
    size_t has_received();                       // how many bytes not yet expected; without waiting
    std::string line();                          // the next line, without its '\n'
    size_t unacknowledged() const;               // bytes sent that the other host has not taken yet
    size_t unread() const;                       // bytes that have come, and wait in its socket
    void half_close();                           // shutdown(SHUT_WR)
    void close();
    void reset(); // closes with a RST instead of a FIN
    int port() const { return local_port; }

private:
    friend class Lab;
    Lab *lab = nullptr;
    std::string other; // who is at the other end
    int fd = -1, local_port = 0;
    std::string got; // received, not yet expected
    bool ended = false;
    int error = 0;

    void fill();
    void await(const std::string &what, const std::function<bool()> &holds, double seconds);
    void end_with_reset(); // when it is closed
};

class Lab {
public:
    Lab(const Network &where, const Binaries &what);
    ~Lab();

    const Network network;
    const int port; // that servers listen on
    Story story;
    std::string why, remedy; // of what comes next; shown if it does not hold
    double tension = 0;      // how near a wait that held came to its end: 1 is too late

    // From here on a failure is explained so.
    void because(const std::string &reason, const std::string &try_this);
    // The same for part of the story, and no longer.
    void because(const std::string &reason, const std::string &try_this, const std::function<void()> &part);

    Program &start_server(std::vector<std::string> arguments = {}); // waits until it says that it listens
    Program &start(const std::string &program, const std::vector<std::string> &arguments);
    // The same with a stderr that is full: its first word there waits for hear().
    Program &start_unheard(const std::string &program, const std::vector<std::string> &arguments);
    Program &start_client(); // of the peer that listens
    Peer &connect();         // the next client, "client A", "client B" …
    Peer &greeted(int id);   // the same, after "hello ID"
    void listen(int backlog = 16); // instead of the server under test
    void listen_on(const Host &host, int backlog, int at_port); // the same, there
    void stop_listening();
    Peer &accept();          // the connection of the client under test
    long random() { return ::random(); } // of a printed seed, see srandom(3)
    void tiny_buffers();     // in both hosts, for connections from now on
    void expect_awake(const Program &server); // from here on it must not sleep(), as its clients wait
    void expect_timers();    // from here on a program at rest may be waiting for its time

    // Unmet with what, unless holds() becomes true: before limit seconds are over (at SLOW=1),
    // before the programs have burned too much with nothing to show for it, and before all of
    // them have come to rest, so that nothing more can happen.
    void wait_for(const std::string &what, const std::function<bool()> &holds, double limit = DEADLINE,
                  double rest = REST);
    [[noreturn]] void unmet(const std::string &what);
    void settle(); // waits a moment for programs that are about to end: a crash ends connections first
    std::string where_is(const Program &program) const; // "is blocked in read() on fd 4, …"
    std::string last_words() const;                     // what the programs said on stderr
    double seconds() const;                             // since the check began
    std::list<Program> programs;
    std::list<Peer> peers;

    static constexpr double DEADLINE = 10; // seconds
    static constexpr double REST = 1;      // seconds at rest after which nothing will happen
    static constexpr double LONGEST = 120; // seconds that a story may take

private:
    friend class Peer;
    friend class Program;
    Binaries binaries;
    double slow, began;
    double least_rest = 0; // for connections whose timers work
    bool timers = false;
    const Program *awake = nullptr; // who must not sleep()
    int listener = -1;
    int awaited = -1; // the peer's socket that wait_for() is about
    struct Watch {
        double looked = 0;          // seconds
        double rested = 0;          // seconds at rest
        double dozed = 0;           // seconds asleep, time-outs or not, with nothing to show for it
        double slept = 0;           // seconds in sleep()
        double longest = 0;         // of the rest that is allowed: 1 is too long
        long cpu = -1, burned = 0;  // nanoseconds; burned: with nothing to show for it
        long own = 0, kernel = 0;   // ticks, of all, when it began to burn
        long memory = 0;            // bytes
        size_t moved = 0;           // bytes
    } watch;
    size_t moved = 0; // bytes to and from programs so far
    void pump(int milliseconds = 0); // takes in what programs wrote; waits so long for that, or for awaited
    void reap();
    Program &launch(const std::string &name, const std::vector<std::string> &arguments, bool heard);
    void watch_over(const std::string &what, double rest); // all of these in seconds
    void watch_hoards(const Everyone &all);
    void watch_sleep(double seen);
    void watch_burning(const std::string &what, const Everyone &all);
    void watch_rest(const std::string &what, const Everyone &all, double seen, double most);
    std::string where_is_process(pid_t pid) const;
};
