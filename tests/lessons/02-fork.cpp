// Lesson 2: what a server with a process for each client, and a client of two, do.
#include <algorithm>
#include <csignal>
#include <set>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

#include "../harness/check.hpp"
#include "../harness/proc.hpp"
#include "room.hpp"

namespace
{

// How many children have not ended yet.
size_t serving(const Program &program)
{
    size_t count = 0;
    for (pid_t child : children_of(program.pid))
        count += look(child).state != 'Z';
    return count;
}

Check side_by_side(2, 1, "serves a second client while the first is silent", [](Lab &lab) {
    lab.because("the process that serves the first client cannot serve another",
                "fork() after accept(): the child, to which it returns 0, closes listener and serves; the "
                "parent closes client, waits for nobody, and accepts again");
    lab.start_server();
    lab.because("the child serves on its own copy of the descriptor: it was closed before fork() made that "
                "copy, or shutdown() ended the connection for all who hold it; or it has ended without "
                "serving",
                "first fork(), then close(client) in the parent, no shutdown(); serve() in the child",
                [&] { lab.greeted(1); });
    Peer &first = lab.peers.front(), &second = lab.greeted(2);
    std::string text = word(lab, 7) + '\n';
    second.send(text);
    second.expect(answers(2, text));
    first.send(text);
    first.expect(answers(1, text));
});

Check process_each(2, 1, "gives each client a process of its own", [](Lab &lab) {
    lab.because("this lesson's server has one child for each client",
                "fork() once for each accept(); the child, to which it returns 0, serves, and its parent "
                "goes on");
    Program &server = lab.start_server();
    lab.greeted(1);
    lab.greeted(2);
    lab.greeted(3);
    lab.wait_for("there should be 3 children for 3 clients",
                 [&] { return children_of(server.pid).size() == 3; });
    lab.because("a child has nothing to do until its client says something",
                "a read() that blocks: it wakes the child when there is something");
    lab.wait_for("its children should sleep", [&] {
        std::vector<pid_t> children = children_of(server.pid);
        return std::all_of(children.begin(), children.end(), [](pid_t child) { return look(child).state == 'S'; });
    });
    lab.because("a child has one client: when that has gone it has nothing more to do",
                "_exit() after serve(); a child without it goes on in the parent's loop");
    lab.peers.front().close();
    lab.wait_for("the child of client A should end when client A has gone", [&] { return serving(server) == 2; });
}, 2);

Check child_closes(2, 1, "keeps no listener in its children", [](Lab &lab) {
    lab.because("a child that holds the listener keeps the port busy when the server has gone",
                "close(listener) in the child");
    Program &server = lab.start_server();
    lab.greeted(1);
    lab.wait_for("a child should hold no listener", [&] {
        for (pid_t child : children_of(server.pid))
            if (connections_of(child).count(0))
                return false;
        return true;
    });
}, 2);

Check parent_closes(2, 2, "keeps no descriptor of its clients in the parent", [](Lab &lab) {
    lab.because("fork() copied the descriptor; the connection ends when both copies are closed",
                "close(client) in the parent, after the fork()");
    Program &server = lab.start_server();
    Peer &client = lab.greeted(1);
    lab.greeted(2);
    lab.wait_for("the parent should hold its listener, and no connection",
                 [&] { return connections_of(server.pid) == std::set<int>{0}; });
    lab.wait_for("a child should hold the connection of its own client, and no other", [&] {
        for (pid_t child : children_of(server.pid))
            if (connections_of(child).size() != 1)
                return false;
        return true;
    });
    lab.because("a child inherits all that its parent has open, what it keeps of other children too",
                "close() in the child what belongs to others");
    lab.wait_for("the second child should hold no more descriptors than the first", [&] {
        std::vector<pid_t> children = children_of(server.pid);
        return open_descriptors(children.front()) == open_descriptors(children.back());
    });
    client.half_close();
    client.expect_clean_end();
}, 2);

Check accept_fails_in_the_parent(2, 3, "goes on when accept() fails", [](Lab &lab) {
    lab.because("accept() fails with EMFILE when there are no descriptors left, with EINTR when a signal "
                "comes: no reason to exit",
                "if accept() returns -1: complain(), unless it is EINTR, and continue");
    Program &server = lab.start_server();
    Peer &first = lab.greeted(1);
    server.expect_quiet();
    lives_on_without_descriptors(lab, server, first);
    serves_on(lab, 3);
}, 2);

Check no_zombies(2, 4, "leaves no process behind when clients come and go", [](Lab &lab) {
    lab.because("a child that ends interrupts accept(), if SIGCHLD has a handler: it fails with EINTR, and "
                "nothing is wrong; a number is given once, whoever has left",
                "if (errno == EINTR) continue; ids from a counter that only grows");
    Program &server = lab.start_server();
    for (int id = 1; id <= 20; id++) {
        Peer &client = lab.greeted(id);
        id % 2 ? client.close() : client.reset();
    }
    lab.because("a child ends when its client has gone, and stays a zombie until its parent waits for it",
                "_exit() in the child; in the parent sigaction() for SIGCHLD, all of the struct zero but its "
                "handler, which calls waitpid() until no more has ended; SIGCHLD let through after fork() in the "
                "parent too");
    lab.wait_for("its children should be gone", [&] { return children_of(server.pid).empty(); });
    server.expect_quiet();
}, 2);

// Client goes so that the child that serves it meets SIGPIPE when it answers.
void go_unanswered(Lab &lab, const Program &server, Peer &client)
{
    std::vector<pid_t> children = children_of(server.pid);
    for (pid_t child : children)
        if (socket_of(child, {lab.port, client.port()}) != 0)
            kill(child, SIGSTOP);
    client.send("hi\n");
    client.half_close(); // after the end of input a reset is told as EPIPE
    client.reset();
    for (pid_t child : children)
        kill(child, SIGCONT);
}

// The first clients come, and leave while the server is stopped: their children end together.
void come_and_go(Lab &lab, Program &server, int count)
{
    std::vector<Peer *> clients;
    for (int id = 1; id <= count; id++)
        clients.push_back(&lab.greeted(id));
    server.freeze();
    go_unanswered(lab, server, *clients[0]);
    for (size_t i = 1; i < clients.size(); i++) // a child may end well, or fail
        i % 2 ? clients[i]->close() : clients[i]->reset();
    lab.wait_for("all children should end", [&] { return serving(server) == 0; });
    server.thaw();
    lab.wait_for("its zombies should be gone", [&] { return children_of(server.pid).empty(); });
}

Check reaps_all(2, 4, "reaps 20 children that end together", [](Lab &lab) {
    lab.because("signals are not counted: 20 children may send one SIGCHLD",
                "waitpid(-1, ..., WNOHANG) as long as it returns more than 0");
    come_and_go(lab, lab.start_server(), 20);
}, 2);

Check interrupted_accept(2, 4, "goes on when SIGCHLD interrupts accept()", [](Lab &lab) {
    lab.because("a handler interrupts accept(): it fails with EINTR, and nothing is wrong; and while it waits "
                "for a child that still serves, nobody accepts",
                "if (errno == EINTR) continue; WNOHANG for waitpid(), whose 0 says that none has ended");
    Program &server = lab.start_server();
    Peer &first = lab.greeted(1);
    for (int id = 2; id <= 4; id++) {
        Peer &client = lab.greeted(id);
        server.expect_quiet();
        id == 3 ? client.reset() : client.close();
        lab.wait_for("its child should be gone", [&] { return children_of(server.pid).size() == 1; });
    }
    serves_on(lab, 5);
    first.send("hi\n");
    first.expect("1: hi\n");
}, 2);

Check buffers_once(2, 4, "writes what it has to say once, not once for each child", [](Lab &lab) {
    lab.because("fork() copies what stdio has buffered, and exit() in the child writes the copy",
                "leave the child with _exit()");
    Program &server = lab.start_server();
    for (int id = 1; id <= 5; id++) {
        Peer &client = lab.greeted(id);
        client.half_close();
        client.expect_clean_end();
    }
    expect_said_once(lab, server);
}, 2);

// That client, who has been told, is closed.
void expect_let_go(Lab &lab, Peer &client)
{
    lab.because("who is turned away is told why, and closed at once: nobody waits for it",
                "in turn_away(): write, shutdown(), recv() with MSG_DONTWAIT; then close()");
    client.expect_clean_end();
}

// That server, which can fork no more, turns the next client away.
void expect_turned_away(Lab &lab, Program &server)
{
    server.limit(RLIMIT_NPROC, 1);
    lab.story.tell(server.name, "", "may start no process more");
    lab.because("fork() fails with EAGAIN where there are too many processes: one client is lost, and told so",
                "turn_away() says \"error: server full\\n\"; main() calls it, as fork() has returned -1, "
                "then close(), and accepts the next");
    Peer &unlucky = lab.connect();
    unlucky.expect("error: server full\n");
    expect_let_go(lab, unlucky);
}

Check bounded(2, 5, "turns the 101st client away, and lets it in when one has left", [](Lab &lab) {
    Program &server = lab.start_server();
    std::vector<Peer *> clients;
    come_and_go(lab, server, 20);
    expect_turned_away(lab, server);
    server.unlimit(RLIMIT_NPROC);
    lab.because("there is room for 100; who has left, or was turned away, counts no more, and is not waited "
                "for; a child may end by SIGPIPE too",
                "count a child when fork() has made it, count it out when you have waited for it; in turn_away() "
                "read with MSG_DONTWAIT");
    for (int id = 21; id <= 120; id++)
        clients.push_back(&lab.greeted(id));
    lab.because("a number has as many digits as it needs", "std::to_string(), or room for all of them");
    clients.back()->send("hi\n");
    clients.back()->expect("120: hi\n");
    int full = descriptors_at_rest(lab, server);
    lab.expect_awake(server);
    for (int i = 0; i < 2; i++) {
        lab.because("without a bound, clients can use up every process of the machine; and who is turned away "
                    "keeps nobody waiting",
                    "count children: when there are 100, turn_away() in place of fork(), with no sleep() in it");
        Peer &late = lab.connect();
        late.expect("error: server full\n");
        expect_let_go(lab, late);
    }
    lab.wait_for("it should hold no descriptor of those that it has turned away",
                 [&] { return open_descriptors(server.pid) <= full; });
    lab.because("who is turned away takes no number and keeps nobody waiting; a child that has ended makes "
                "room",
                "count a child when fork() has made it, count it out when you have waited for it");
    clients[0]->half_close();
    clients[0]->expect_clean_end();
    std::string line;
    lab.wait_for("there should be room again", [&] {
        line = lab.connect().line();
        return line != "error: server full";
    });
    if (line != "hello 121")
        lab.unmet("the next client that is let in should be greeted with \"hello 121\", not " + in_quotes(line));
}, 2);

Check fork_fails(2, 5, "lives on when fork() fails", [](Lab &lab) {
    Program &server = lab.start_server();
    Peer &first = lab.greeted(1);
    int before = descriptors_at_rest(lab, server);
    expect_turned_away(lab, server);
    lab.because("shutdown() ends the connection, and keeps the descriptor",
                "close() it in the parent, whatever fork() has returned");
    lab.wait_for("it should hold no descriptor of the client for whom fork() failed",
                 [&] { return open_descriptors(server.pid) <= before; });
    lab.because("SIGCHLD that was blocked for fork() stays so if nobody lets it through when fork() fails",
                "one way out of it: unblock, then look at what fork() returned");
    first.half_close();
    first.expect_clean_end();
    lab.wait_for("your server should wait for its child when client A has left",
                 [&] { return children_of(server.pid).empty(); });
    server.unlimit(RLIMIT_NPROC);
    lab.because("who is turned away is not greeted, and takes no number", "count those that you serve, no others");
    serves_on(lab, 2);
}, 2);

Check turned_away_gone(2, 5, "survives turning away a client that has gone", [](Lab &lab) {
    lab.because("the parent writes to a client too, when it turns one away: that may send SIGPIPE, or fail",
                "signal(SIGPIPE, SIG_IGN) before the first fork(); no check() around what is done with a "
                "client");
    Program &server = lab.start_server();
    lab.greeted(1); // whatever the server sets up for itself is there now
    server.limit(RLIMIT_NPROC, 1);
    server.freeze();
    Peer &client = lab.connect();
    client.half_close(); // after the end of input a reset is told as EPIPE
    client.reset();
    server.thaw();
    server.expect_quiet();
    server.unlimit(RLIMIT_NPROC);
    serves_on(lab, 2);
}, 2);

Check client_prints(2, 6, "the client prints what comes while it waits for you to type", [](Lab &lab) {
    lab.because("a process that sleeps in read() on the keyboard does not see the server; and stdio keeps what it "
                "prints to itself where standard output is no terminal",
                "fork(): one process copies from the server, one from the keyboard; write() what read() gave");
    lab.listen();
    Program &client = lab.start_client();
    Peer &server = lab.accept();
    server.send("hello 1\n");
    client.expect_output("hello 1\n");
    server.send("2: news\n");
    client.expect_output("hello 1\n2: news\n");
});

Check client_of_two(2, 6, "the client is two processes", [](Lab &lab) {
    lab.because("in this lesson one process waits for the server and one for you",
                "fork() once you are connected");
    lab.listen();
    Program &client = lab.start_client();
    Peer &server = lab.accept();
    server.send("hello 1\n");
    client.expect_output("hello 1\n");
    lab.wait_for("your client should be two processes", [&] { return !children_of(client.pid).empty(); });
    client.expect_quiet(); // more may be on their way
    size_t children = children_of(client.pid).size();
    if (children > 1)
        lab.unmet("your client should be two processes, and is " + std::to_string(children + 1));
    lab.because("SIGCHLD comes for a child that was stopped too, as by Ctrl-Z",
                "SA_NOCLDSTOP in sa_flags; or ask waitpid() with WNOHANG: 0 says that the child has not ended");
    pid_t child = children_of(client.pid).front();
    kill(child, SIGSTOP);
    lab.wait_for("the child should stop", [&] { return look(child).state == 'T'; });
    kill(child, SIGCONT);
    client.expect_quiet();
    server.send("2: news\n");
    client.expect_output("hello 1\n2: news\n");
}, 2);

Check client_notices(2, 6, "the client ends with status 1 as soon as its server has gone", [](Lab &lab) {
    lab.because("one process knows that the server has gone, the other still waits for you",
                "the child leaves with _exit(), and SIGCHLD tells the parent");
    lab.listen();
    Program &client = lab.start_client();
    Peer &server = lab.accept();
    server.send("hello 1\n");
    client.expect_output("hello 1\n");
    server.close();
    client.expect_exit(1);
    lab.wait_for("no process of the client should be left", [&] { return children_of(getpid()).empty(); });
});

Check client_half_closes(2, 7, "the client prints 20,000 answers that come after its input", [](Lab &lab) {
    lab.because("close() or exit() at the end of input throws away the answers to come",
                "shutdown(SHUT_WR), and print until the server closes");
    lab.listen();
    Program &client = lab.start_client();
    Peer &server = lab.accept();
    std::string text;
    for (int i = 1; i <= 20000; i++)
        text += std::to_string(i) + '\n';
    client.type(text);
    client.end_input();
    server.expect(text);
    server.expect_end();
    lab.because("the answers are printed by the child, and who has called the client waits for its parent",
                "shutdown(SHUT_WR), not SHUT_RDWR; then waitpid() in the parent: it is done when the child is");
    client.expect_quiet();
    long woken = wakeups(client.pid);
    lab.wait_for("the answers may take long, and your client waits for some time only", [&] {
        Call call = sleeping_in(client.pid);
        return call.name.empty() || !call.timed || wakeups(client.pid) != woken; // whoever looks up is not lost
    }, Lab::DEADLINE, 2 * Lab::REST);
    client.expect_quiet();
    lab.because("close() or exit() at the end of input throws away the answers to come; what is missing from "
                "their middle, write() did not take",
                "shutdown(SHUT_WR), and print until the server closes; write() again what it did not take");
    server.send("hello 1\n" + answers(1, text));
    server.close();
    client.expect_output("hello 1\n" + answers(1, text));
    lab.because("the server has closed when your input had ended: all is well, and there is nothing more to "
                "wait for",
                "waitpid() for the child, no sleep(); status 0 then, and only then; SIGCHLD, back at SIG_DFL, is no "
                "bad news any more");
    client.expect_exit(0);
});

} // namespace
