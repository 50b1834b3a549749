// Lesson 3: what one process with select() does for many clients.
#include <csignal>
#include <vector>

#include "../harness/check.hpp"
#include "../harness/proc.hpp"
#include "room.hpp"

namespace
{

Check greets_all(3, 1, "greets every client, in one process", [](Lab &lab) {
    lab.because("a client that connects makes the listener ready to be read",
                "select() with the listener in the set, and its descriptor plus one; accept(), then "
                "\"hello N\" at once");
    Program &server = lab.start_server();
    lab.greeted(1);
    lab.because("select() overwrites its sets with what is ready",
                "fill a new set for each call: the listener and every client");
    for (int id = 2; id <= 3; id++)
        lab.greeted(id);
    expect_alone(lab, server);
});

Check serves_all(3, 2, "answers the lines of every client", [](Lab &lab) {
    lab.because("select() looks at descriptors below its first argument, leaves in its sets only who is ready, "
                "and promises each of them one read()",
                "in each round FD_ZERO(), every descriptor, and the highest plus one; FD_ISSET(), then one read()");
    Program &server = lab.start_server();
    std::vector<Peer *> clients;
    for (int id = 1; id <= 5; id++)
        clients.push_back(&lab.greeted(id));
    std::string text = word(lab, 6) + '\n';
    for (int round = 0; round < 2; round++)
        for (int id = 5; id >= 1; id--) {
            clients[static_cast<size_t>(id - 1)]->send(text);
            clients[static_cast<size_t>(id - 1)]->expect(answers(id, text));
        }
    lab.because("nobody says anything, so select() should wait; with a time-out it comes back, and a socket in "
                "the set for writing has room, always",
                "nullptr for the time-out; nobody in the set for writing for whom nothing waits");
    server.expect_quiet();
    lab.because("read() gives n bytes; what is behind them in your array is older",
                "append(bytes, n): no more than n");
    clients[0]->send("x\n");
    clients[0]->expect("1: x\n");
});

Check signalled(3, 2, "goes on after a signal that it handles", [](Lab &lab) {
    lab.because("a call that a signal interrupts fails with EINTR, and select()'s sets are worth nothing "
                "then: who is in them may have sent nothing, and read() waits for it",
                "look at what select() returned before you look at its sets");
    Program &server = lab.start_server();
    std::vector<Peer *> clients;
    for (int id = 1; id <= 3; id++)
        clients.push_back(&lab.greeted(id));
    for (int id : {3, 1}) {
        server.expect_quiet();
        for (int signal : {SIGCHLD, SIGURG, SIGWINCH}) // without a handler they do nothing
            kill(server.pid, signal);
        server.expect_quiet(); // or the call may find the line first
        clients[static_cast<size_t>(id - 1)]->send("hi\n");
        clients[static_cast<size_t>(id - 1)]->expect(answers(id, "hi\n"));
    }
    serves_on(lab, 4);
});

Check all_ready(3, 2, "answers all that are ready at once, the highest descriptor too", [](Lab &lab) {
    lab.because("select() looks at descriptors below its first argument only",
                "the highest descriptor plus one");
    Program &server = lab.start_server();
    std::vector<Peer *> clients;
    for (int id = 1; id <= 8; id++)
        clients.push_back(&lab.greeted(id));
    std::string text = word(lab, 6) + '\n';
    server.freeze();
    for (Peer *client : clients)
        client->send(text);
    server.thaw();
    for (int id = 8; id >= 1; id--)
        clients[static_cast<size_t>(id - 1)]->expect(answers(id, text));
});

Check half_a_line(3, 2, "is not held up by half a line", [](Lab &lab) {
    lab.because("it reads on until the line is whole, and waits for one client",
                "one read() for each that is ready, and a buffer for each client");
    lab.start_server();
    Peer &first = lab.greeted(1), &second = lab.greeted(2);
    first.send("hel");
    second.send("hi\n");
    second.expect("2: hi\n");
    lab.because("what has come without its '\\n' is no line yet",
                "keep it in that client's own buffer until the rest has come");
    first.send("lo\n");
    first.expect("1: hello\n");
});

Check apart(3, 2, "keeps the lines of its clients apart", [](Lab &lab) {
    lab.because("what one client has begun must not end up in another's line",
                "one input buffer for each client");
    lab.start_server();
    Peer &first = lab.greeted(1), &second = lab.greeted(2);
    std::string a = word(lab, 4), b = word(lab, 4);
    first.send(a);
    second.send(b + '\n');
    second.expect("2: " + b + '\n');
    first.send(a + '\n');
    first.expect("1: " + a + a + '\n');
});

Check to_all(3, 3, "sends /all to everybody, and nothing else", [](Lab &lab) {
    lab.because("a line \"/all TEXT\" of client N goes as \"N: TEXT\" to all, N too; every other line is "
                "answered to its sender alone",
                "compare the first five bytes with \"/all \"; go over all clients, the last one too, and not over "
                "copies (Client &client)");
    lab.start_server();
    Peer &first = lab.greeted(1), &second = lab.greeted(2), &third = lab.greeted(3);
    std::string text = word(lab, 9), half = word(lab, 3);
    third.send(half);
    second.send("/all " + text + '\n');
    for (Peer *client : {&first, &second, &third})
        client->expect("2: " + text + '\n');
    for (const std::string &line :
         {std::string("/all"), "/allx " + text, "/all\t" + text, " /all " + text, "/ALL " + text}) {
        first.send(line + '\n');
        first.expect("1: " + line + '\n');
    }
    lab.because("one read() may give several lines, each is for itself, and what somebody is owed goes out in "
                "the order in which it came to be owed",
                "go on until there is no '\\n' left, look at each line anew, and add all that is owed to output");
    first.send("one\n/all two\nthree\n/all /all four\n");
    first.expect("1: one\n1: two\n1: three\n1: /all four\n");
    for (Peer *client : {&second, &third})
        client->expect("1: two\n1: /all four\n");
    lab.because("TEXT is all of the line that comes after one space: more spaces and zeros too, or nothing",
                "substr(5), and what you know of std::string from lesson 1");
    const std::string odd("  a\0b \r", 7);
    second.send("/all " + odd + '\n');
    for (Peer *client : {&first, &second, &third})
        client->expect("2: " + odd + '\n');
    const std::string longest = word(lab, 1024 - 5);
    third.send("\n/all \n/all " + longest + '\n'); // what it had begun is a line of its own
    third.expect("3: " + half + "\n3: \n3: " + longest + '\n');
    for (Peer *client : {&first, &second})
        client->expect("3: \n3: " + longest + '\n');
});

Check forgets(3, 4, "forgets those that have gone, and rests", [](Lab &lab) {
    lab.because("a descriptor at its end, or reset, is ready for ever; those that stay keep their numbers",
                "close() it, and take it out of the set (FD_ZERO() before you fill it); nfds is the highest "
                "descriptor plus one, not how many there are");
    Program &server = lab.start_server();
    Peer &first = lab.greeted(1);
    int with_one = descriptors_at_rest(lab, server);
    Peer &second = lab.greeted(2), &third = lab.greeted(3);
    first.half_close();
    first.expect_clean_end();
    second.reset();
    lab.because("a client that is lost is no matter of the others', nor of the one who speaks to it",
                "when read() or write() fails, the client of that call has gone: mark it, and go on with the "
                "next",
                [&] {
        third.send("/all still here\n");
        third.expect("3: still here\n");
    });
    server.expect_quiet();
    lab.wait_for("with one client left it should hold as many descriptors as with its first",
                 [&] { return open_descriptors(server.pid) == with_one; });
});

Check all_that_are_left(3, 4, "sends /all to all that are left when another goes meanwhile", [](Lab &lab) {
    lab.because("one that has gone, or is leaving, hears nothing; those after it do",
                "pass over it with continue; no break, and no return");
    Program &server = lab.start_server();
    Peer &first = lab.greeted(1), &refused = lab.greeted(2), &third = lab.greeted(3), &fourth = lab.greeted(4),
         &last = lab.greeted(5);
    refused.send(word(lab, 2000));
    refused.expect("error: line too long\n");
    first.send("/all one\n");
    for (Peer *client : {&first, &third, &fourth, &last})
        client->expect("1: one\n");
    server.freeze(); // so that both come in one round
    third.reset();
    first.send("/all two\n");
    server.thaw();
    for (Peer *client : {&first, &fourth, &last})
        client->expect("1: two\n");
    server.freeze();
    fourth.reset();
    last.send("/all three\n");
    server.thaw();
    for (Peer *client : {&first, &last})
        client->expect("5: three\n");
    lab.because("the first thing that a client receives is its greeting, with a number that nobody has had",
                "it is owed that as soon as accept() has returned; ids from a counter that only grows");
    server.freeze();
    Peer &next = lab.connect();
    first.send("/all four\n");
    server.thaw();
    next.expect("hello 6\n");
});

Check comings_and_goings(3, 4, "serves all when some have left and others come", [](Lab &lab) {
    lab.because("a new client gets the lowest descriptor that is free: the latest is not the highest, and "
                "as many as there are is not the highest either",
                "look for the highest descriptor in each round, then add one");
    Program &server = lab.start_server();
    std::vector<Peer *> clients;
    int with_three = 0;
    for (int id = 1; id <= 6; id++) {
        clients.push_back(&lab.greeted(id));
        if (id == 3)
            with_three = descriptors_at_rest(lab, server);
    }
    lab.because("to remove one from a vector moves those that come after it, and the end; an iterator or index "
                "that takes no notice skips one, or runs past the end",
                "mark those that have gone, and remove all of them after the loop");
    server.freeze(); // so that they leave in one round: two neighbours, and the last
    for (size_t i : {0, 1, 5})
        clients[i]->close();
    server.thaw();
    lab.wait_for("those that have gone should be closed",
                 [&] { return open_descriptors(server.pid) == with_three; });
    lab.because("a number is given once, whoever has left", "a counter that only grows; no index, no descriptor");
    clients.push_back(&lab.greeted(7));
    lab.because("a new client gets the lowest descriptor that is free: the latest is not the highest, nor is how "
                "many there are; and nobody looks at one that erase() has taken for another",
                "the highest descriptor plus one, anew in each round; no erase() in a loop over the clients");
    const size_t there[] = {2, 3, 4, 6};
    for (int round = 0; round < 2; round++) {
        if (round == 1)
            server.freeze(); // so that all are ready at once
        for (size_t i : there) {
            clients[i]->send("hi\n");
            if (round == 0)
                clients[i]->expect(answers(static_cast<int>(i + 1), "hi\n"));
        }
    }
    server.thaw();
    for (size_t i : there)
        clients[i]->expect(answers(static_cast<int>(i + 1), "hi\n"));
});

Check closed_once(3, 4, "closes nobody else when one leaves as another comes", [](Lab &lab) {
    lab.because("a new client gets the number of the descriptor that was closed last: a second close() of that "
                "number closes the new one's",
                "one close() for each descriptor, in sweep(), where the client is taken out too");
    Program &server = lab.start_server();
    lab.greeted(1);
    for (int id = 2; id < 5; id++) {
        server.freeze(); // so that both happen in one round
        lab.peers.back().close();
        Peer &next = lab.connect();
        server.thaw();
        next.expect("hello " + std::to_string(id) + '\n');
        next.send("hi\n");
        next.expect(answers(id, "hi\n"));
    }
});

Check accept_fails_beside_others(3, 4, "goes on when accept() fails", [](Lab &lab) {
    lab.because("accept() fails with EMFILE when there are no descriptors left: no reason to exit, nor to "
                "forget the others",
                "if accept() returns -1: complain(), and go on with those who are there");
    Program &server = lab.start_server();
    Peer &first = lab.greeted(1);
    server.expect_quiet();
    if (sleeping_in(server.pid).name != "select")
        return; // poll() fails too where its array is longer than the limit
    lives_on_without_descriptors(lab, server, first);
}, 3);

// Client, who was refused, goes on sending before its second is over: that must not reset the connection.
// False: it was closed already, which may be the end of a second on a clock of whole ones.
bool sends_on(Lab &lab, Program &server, Peer &client, unsigned long its_socket)
{
    lab.because("a client that goes on sending has its second too; where a connection is closed, or its "
                "receiving half is shut down, what arrives is answered with a reset",
                "shutdown(SHUT_WR), not SHUT_RDWR; read and throw away what comes; no write() any more, for /all "
                "neither; close() when the second is over");
    server.freeze(); // so that it closes nothing meanwhile
    bool open = holds_socket(server.pid, its_socket);
    try {
        for (int i = 0; i < 2 && open; i++) // the second meets the reset that answers the first
            client.send(word(lab, 100));
    } catch (const Unmet &) {
        server.thaw();
        throw;
    }
    server.thaw();
    return open;
}

// That server, to whom nothing happens before that time, sleeps until then.
void expect_asleep_until(Lab &lab, const Program &server, double time)
{
    const long most = 200; // a clock that ticks 200 times a second may stay
    long before = wakeups(server.pid);
    lab.wait_for("nearly a second should pass", [&] { return lab.seconds() > time; });
    lab.because("a time-out that is too short wakes the server again and again; a timeval's tv_usec is in "
                "millionths of a second",
                "milliseconds / 1000 and milliseconds % 1000 * 1000");
    long found = wakeups(server.pid) - before;
    if (found > most)
        lab.unmet("your server woke up " + std::to_string(found) + " times, and had nothing to do");
}

// Has the server refuse three clients, numbers id to id + 2, the last of them when the time of the others
// is nearly over. False: we were too late for that, or to see when the second client was closed; or it was
// closed early, as it may be once.
bool refuses_three(Lab &lab, Program &server, int id, int &early)
{
    lab.because("who sends more than 1024 bytes and no '\\n' is told so, and has a second to read that",
                "add the error to its output, mark it as leaving, and note when it must have gone");
    Peer &first = lab.greeted(id), &second = lab.greeted(id + 1), &third = lab.greeted(id + 2);
    unsigned long its_socket = socket_for(lab, server, second);
    first.send(word(lab, 2000));
    first.expect("error: line too long\n");
    lab.because("close() with bytes unread sends a reset, with which what was said may be lost; but a client that "
                "never ends cannot stay for ever",
                "mark the client as leaving, and read and throw away what it sends, a second long; what is left "
                "of the second is the time-out, never 0");
    double since = lab.seconds();
    second.send(word(lab, 8000));
    server.expect_quiet(); // so that a reset, if there is one, comes before client B reads
    double over = lab.seconds() + 0.9; // it has been quiet for a tenth
    second.expect("error: line too long\n");
    third.send("/all hi\n");
    third.expect(answers(id + 2, "hi\n"));
    if (!sends_on(lab, server, second, its_socket)) {
        if (lab.seconds() < since + 1 && ++early == 2)
            lab.unmet(second.name + " was closed before its second was over");
        third.close();
        return false;
    }
    second.expect_clean_end();
    expect_asleep_until(lab, server, over - 0.2);
    third.send(word(lab, 2000));
    third.expect("error: line too long\n");
    descriptors_at_rest(lab, server); // it has read what there is
    if (lab.seconds() >= since + 1)   // and so this may have woken it
        return false;
    lab.because("what a client sends after it was refused is read and thrown away: else it is stuck in its "
                "send, and close() resets its connection",
                "watch those that are leaving too, read() from them, and forget what came");
    if (!all_read(server.pid, {lab.port, second.port()}))
        lab.unmet("nobody reads what " + second.name + " goes on sending");
    lab.because("two are leaving: when the second of the first is over, somebody must wake the server, and it "
                "must look: select() returns 0 then, which is no failure",
                "the time-out of select() or poll() lasts until the nearest of all deadlines, in the unit that it "
                "takes; then close those whose deadline is over");
    expect_soon(lab, server, over, second.name + " should be closed after a second, though it never ends",
                [&] { return !holds_socket(server.pid, its_socket); });
    return lab.seconds() < over + LATE;
}

Check lingers(3, 5, "lets one that was refused read why, for a second", [](Lab &lab) {
    Program &server = lab.start_server();
    lab.expect_timers();
    int empty = descriptors_at_rest(lab, server);
    int id = 1, early = 0;
    bool told = false;
    for (; !told && id < 25; id += 3) { // eight times too late: here it cannot be told who wakes the server
        told = refuses_three(lab, server, id, early);
        if (!told)
            lab.wait_for("those that were refused should be closed after a second",
                         [&] { return open_descriptors(server.pid) == empty; });
    }
    serves_on(lab, id); // a server that has ended holds no connection either
}, 99, false, true);

Check lingers_no_longer(3, 5, "gives one that was refused no more than a second, whatever it sends", [](Lab &lab) {
    expect_dismissed(lab, lab.start_server());
}, 99, false, true);

Check lingers_alone(3, 5, "holds up nobody while one that was refused reads why", [](Lab &lab) {
    lab.because("who is refused has a second to read why, and the others cannot wait for that",
                "no sleep(), and no loop that reads until its end: note when its second is over, and give "
                "it to select() as the time-out");
    Program &server = lab.start_server();
    lab.expect_awake(server);
    Peer &other = lab.greeted(1);
    int with_one = descriptors_at_rest(lab, server);
    lab.expect_timers();
    bool held_up = true;
    for (int id = 2; held_up && id < 5; id++) { // again, as it may be us who are late
        Peer &refused = lab.greeted(id);
        double start = lab.seconds();
        refused.send(word(lab, 2000));
        refused.expect("error: line too long\n");
        other.send("hi\n");
        other.expect("1: hi\n");
        bool gone = open_descriptors(server.pid) <= with_one;
        held_up = gone && lab.seconds() - start > 0.5;
        refused.close();
    }
    if (held_up)
        lab.unmet(other.name + " got its answer only when the client that was refused was closed");
});

Check leaves_in_peace(3, 5, "hears no more from one that was refused, and lets it go", [](Lab &lab) {
    lab.because("the 1024 bytes are those of the line: \"/all \" counts",
                "compare the size of the line with 1024 before you look at what it says");
    Program &server = lab.start_server();
    Peer &first = lab.greeted(1);
    int with_one = descriptors_at_rest(lab, server);
    Peer &second = lab.greeted(2), &third = lab.greeted(3);
    lab.expect_timers();
    first.send("/all " + word(lab, 1024 - 4) + '\n');
    second.send(word(lab, 2000));
    for (Peer *client : {&first, &second})
        client->expect("error: line too long\n");
    lab.because("one that is leaving may go on sending, and may end, or be reset, before its second is over",
                "read() from it as from the others: 0 or -1 means that it has gone, the rest is thrown away");
    for (Peer *client : {&first, &second})
        client->send("\n/all nobody hears this\n");
    server.expect_quiet();
    long burned = look(server.pid).cpu;
    first.half_close();
    first.expect_clean_end();
    second.reset();
    server.expect_quiet(0.03);
    if (look(server.pid).cpu - burned > 100000000) // a tenth of a second, if it is late that we look
        lab.unmet("your server keeps a processor busy while those that it has refused leave");
    third.send("hi\n");
    third.expect("3: hi\n");
    lab.wait_for("with one client left it should hold as many descriptors as with its first",
                 [&] { return open_descriptors(server.pid) == with_one; });
});

Check wall(3, 6, "turns away whom select() cannot watch", [](Lab &lab) {
    lab.because("an fd_set holds descriptors below FD_SETSIZE, 1024; FD_SET() writes past it",
                "compare the descriptor with FD_SETSIZE before FD_SET()");
    Program &server = lab.start_server();
    int room = 1024 - descriptors_at_rest(lab, server);
    crowd(lab, room);
    server.expect_quiet();
    if (sleeping_in(server.pid).name != "select")
        return; // other calls have no such wall
    lab.expect_awake(server);
    int full = open_descriptors(server.pid);
    for (int i = 0; i < 3; i++) {
        Peer &late = lab.connect();
        late.expect("error: server full\n");
        lab.because("who is turned away takes no number, and does not stay; a number has as many digits as it "
                    "needs",
                    "close() it, wait for nothing from it (MSG_DONTWAIT), and count only those you let in");
        late.expect_clean_end();
        lab.wait_for(late.name + " was turned away, and its descriptor is still open",
                     [&] { return open_descriptors(server.pid) == full; });
    }
    Peer &first = lab.peers.front();
    first.send("hi\n");
    first.expect("1: hi\n");
    first.half_close();
    first.expect_clean_end();
    serves_on(lab, room + 1);
}, 3);

Check client_both(3, 7, "the client minds keyboard and server together, in one process", [](Lab &lab) {
    lab.because("what the server sends is printed as it comes, to standard output, and nothing else is; stdio "
                "keeps what it prints to itself where that is no terminal",
                "connect to HOST and PORT; the socket in the set, the higher plus one; write() what read() gave");
    lab.listen();
    Program &client = lab.start_client();
    Peer &server = lab.accept();
    server.send("hello 1\n");
    client.expect_output("hello 1\n");
    lab.because("select() tells which of the two has something; it does not know what stdio or std::cin has "
                "read ahead",
                "both descriptors in one set; read() what is ready, and all of it goes on");
    client.type("one\ntwo\nthree\n");
    server.expect("one\ntwo\nthree\n");
    server.send("2: news\n2: more ");
    server.send("news\n");
    client.expect_output("hello 1\n2: news\n2: more news\n");
    expect_alone(lab, client);
    lab.because("a call that finds nothing and comes back at once is made again and again",
                "select() without a time-out, on what can still have something");
    client.expect_quiet();
    lab.because("the server has gone before your input came to its end: that is a failure",
                "status 1 when read() from the socket returns 0 and your input has not ended; else 0");
    server.close();
    client.expect_exit(1);
});

Check client_ends(3, 7, "the client prints what comes when its input has ended, and rests", [](Lab &lab) {
    lab.because("an input at its end is ready for ever, and answers may still come",
                "take it out of the set, shutdown(SHUT_WR), and go on until the server closes; wait in select(), "
                "never in read()");
    lab.listen();
    Program &client = lab.start_client();
    Peer &server = lab.accept();
    server.send("hello 1\n");
    client.expect_output("hello 1\n");
    std::string text = word(lab, 5) + '\n';
    client.type(text);
    client.end_input();
    server.expect(text);
    server.expect_clean_end();
    client.expect_quiet();
    server.send(answers(1, text));
    client.expect_output("hello 1\n" + answers(1, text));
    lab.because("others may still have something to say to all, until the server closes",
                "do not count answers: print until read() returns 0");
    client.expect_quiet();
    client.must_run();
    server.send("2: news\n");
    client.expect_output("hello 1\n" + answers(1, text) + "2: news\n");
    server.close();
    client.expect_exit(0);
});

Check client_sends_all(3, 7, "the client sends all that is piped in, however slow its server", [](Lab &lab) {
    lab.because("a full socket takes a part, or makes you wait; what it has not taken is not sent",
                "write_all() to the socket, which goes on with what is left");
    lab.tiny_buffers();
    lab.listen();
    Program &client = lab.start_client();
    Peer &server = lab.accept();
    server.send("hello 1\n");
    client.expect_output("hello 1\n");
    std::string text = lines(lab, 50000);
    client.type(text);
    client.expect_quiet();
    server.expect_all(text);
}, 99, true);

} // namespace
