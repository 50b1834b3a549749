// Lesson 4: what poll(), non-blocking sockets and a queue for each client do.
#include <cmath>
#include <sys/resource.h>
#include <vector>

#include "../harness/check.hpp"
#include "../harness/hurry.hpp"
#include "../harness/proc.hpp"
#include "room.hpp"

namespace
{

Check greets_all_still(4, 1, "greets every client, in one process", [](Lab &lab) {
    lab.because("poll() looks at the descriptors that you give it, each time anew; revents says which are "
                "ready",
                "poll() on an array: a pollfd with POLLIN for the listener, and one for each client");
    Program &server = lab.start_server();
    for (int id = 1; id <= 3; id++)
        lab.greeted(id);
    expect_alone(lab, server);
});

const char *const SPINS = "poll() comes back though nobody has sent anything: a socket that has room is "
                          "always ready for POLLOUT, and a time-out of 0 is none";
const char *const SPINS_NOT = "POLLOUT only for those for whom something waits; a time-out of -1 where there "
                              "is no deadline";

Check one_of_many(4, 2, "answers whoever sends, while the others are silent", [](Lab &lab) {
    lab.because("a client stays as long as it likes, though it is owed nothing, and though it says nothing",
                "it has gone when it has ended and (&&) its queue is empty; without IDLE its deadline is "
                "NEVER");
    Program &server = lab.start_server();
    std::vector<Peer *> clients;
    for (int id = 1; id <= 4; id++)
        clients.push_back(&lab.greeted(id));
    lab.because(SPINS, SPINS_NOT, [&] { server.expect_quiet(); });
    for (Peer *client : clients)
        client->expect_nothing("it has done nothing");
    lab.because("revents says who is ready, and it may be any entry of the array; to read from another "
                "blocks, or finds nothing",
                "look at revents, not events, of every entry, and at the right one: entry 0 is the "
                "listener's; POLLOUT only while something waits; append() to a client's input what has come");
    std::string text = word(lab, 6) + '\n';
    for (int id : {3, 1, 4, 2}) {
        Peer &client = *clients[static_cast<size_t>(id - 1)];
        client.send(text.substr(0, 3));
        expect_read(lab, server, client);
        client.send(text.substr(3));
        client.expect(answers(id, text));
    }
    lab.because(SPINS, SPINS_NOT);
    server.expect_quiet();
});

Check neighbours(4, 2, "goes on with all others when one leaves", [](Lab &lab) {
    lab.because("removing from an array moves those that come after: an index, or a second array, that does "
                "not move along means somebody else from then on",
                "mark those that go, and remove them from everywhere after the loop; of a buffer only the n bytes "
                "that read() gave are new");
    Program &server = lab.start_server();
    std::vector<Peer *> clients;
    for (int id = 1; id <= 4; id++)
        clients.push_back(&lab.greeted(id));
    server.freeze();
    clients[1]->close();
    for (size_t i : {0, 2, 3})
        clients[i]->send("hi\n");
    server.thaw();
    for (size_t i : {0, 2, 3})
        clients[i]->expect(answers(static_cast<int>(i + 1), "hi\n"));
    for (size_t i : {3, 0, 2}) { // one alone, who is found only at the right place
        clients[i]->send("still here\n");
        clients[i]->expect(answers(static_cast<int>(i + 1), "still here\n"));
    }
    serves_on(lab, 5);
});

Check reset_is_end(4, 2, "rests when one has left, and another was reset", [](Lab &lab) {
    lab.because("a descriptor at its end, reset or closed is ready again and again (POLLIN, POLLERR and "
                "POLLHUP, POLLNVAL)",
                "read() tells the end or the error: close(), and take it out of the array");
    Program &server = lab.start_server();
    lab.greeted(1); // stays, and says nothing
    lab.greeted(2).reset();
    server.expect_quiet();
    lab.greeted(3).close();
    server.expect_quiet();
    serves_on(lab, 4);
});

Check no_wall(4, 2, "serves more clients than an fd_set holds", [](Lab &lab) {
    lab.because("poll() takes an array as long as you like; and a number has as many digits as it needs",
                "one pollfd for the listener and for each client, no array of a fixed size");
    lab.start_server();
    crowd(lab, 1100);
    Peer &last = lab.peers.back();
    last.send("hi\n");
    last.expect("1100: hi\n");
    lab.peers.front().send("hi\n");
    lab.peers.front().expect("1: hi\n");
});

Check data_and_end(4, 3, "answers the line that came with the end", [](Lab &lab) {
    lab.because("what write() has taken is sent, and must not be sent again",
                "erase it from the front of the queue: as many bytes as write() returned");
    Program &server = lab.start_server();
    Peer &client = lab.greeted(1);
    client.send("hi\n");
    client.expect("1: hi\n");
    lab.because("the end may come together with what was sent before it, and says nothing of that",
                "read() until it returns 0 before you close; POLLHUP and POLLRDHUP alone are no reason to");
    server.freeze();
    client.send("last words\n");
    client.half_close();
    server.thaw();
    client.expect("1: last words\n");
    lab.because("nobody waits any more: it has ended, and has all its answers; its end stays ready to be read",
                "a client that has ended and is owed nothing has gone: close() it; no POLLIN for one that has "
                "ended");
    client.expect_clean_end();
    server.expect_quiet();
});

// Has from, number id, say size bytes or a little more to all. Returns what each is owed.
std::string say_to_all(Lab &lab, Peer &from, int id, size_t size)
{
    std::string owed;
    while (owed.size() < size) {
        std::string line = word(lab, lab.random() % 1000) + '\n';
        from.send("/all " + line);
        from.expect(answers(id, line));
        owed += answers(id, line);
    }
    return owed;
}

Check slow_reader(4, 3, "keeps the rest of a partial write, to the byte", [](Lab &lab) {
    lab.because("a full socket holds up nobody but its own client: a blocking write() would wait for its reader",
                "O_NONBLOCK for every socket that accept() gives; what write() does not take waits in a queue of "
                "that client, and the others are read as before");
    lab.tiny_buffers();
    Program &server = lab.start_server();
    Peer &busy = lab.greeted(1), &slow = lab.greeted(2);
    std::string owed = say_to_all(lab, busy, 1, 50000); // less than 64 KiB
    server.freeze(); // so that it finds room in the socket, and the next line, at the same time
    lab.wait_for(slow.name + " should receive what its socket holds", [&] {
        slow.has_received();
        return all_sent(server.pid, {lab.port, slow.port()});
    });
    busy.send("/all hi\n");
    server.thaw();
    busy.expect("1: hi\n");
    owed += "1: hi\n";
    lab.because("write() took a part, or with -1 and EAGAIN nothing; the rest waits until POLLOUT, up to 64 "
                "KiB, and is owed though the client has ended",
                "erase from the queue what was taken, no more; what comes meanwhile goes behind it; no POLLIN for "
                "one that has ended; close when all is taken");
    slow.half_close();
    server.expect_quiet();
    slow.expect_all(owed);
    slow.expect_clean_end();
}, 99, true);

Check goes_on_sending(4, 3, "sends the rest as soon as there is room", [](Lab &lab) {
    lab.because("the client reads again, and poll() tells of the room in its socket who asks for that",
                "POLLOUT for a client for whom something waits");
    lab.tiny_buffers();
    Program &server = lab.start_server();
    Peer &slow = lab.greeted(1), &busy = lab.greeted(2);
    size_t owed = say_to_all(lab, busy, 2, 50000).size(), seen = 0; // less than 64 KiB
    server.expect_quiet();
    say_to_all(lab, busy, 2, 1); // who wakes each second to look has just done so
    lab.story.tell(slow.name, "", "reads again");
    double due = lab.seconds(); // since when the server could have sent more
    expect_soon(lab, server, due, slow.name + " reads again, and should get the rest at once", [&] {
        size_t received = slow.has_received();
        if (received > seen || !all_sent(server.pid, {lab.port, slow.port()}))
            due = lab.seconds();
        seen = received;
        return seen >= owed;
    });
}, 99, true);

Check owed_first(4, 3, "delivers what it owes before it refuses or closes", [](Lab &lab) {
    lab.because("only what its socket does not take waits for a client",
                "write() first, then look at how much is left");
    Program &server = lab.start_server();
    Peer &busy = lab.greeted(1);
    const std::string empty(16500, '\n'); // with more than 64 KiB of answers
    server.freeze();
    busy.send(empty);
    server.thaw();
    busy.expect_all(answers(1, empty));
    lab.because("the error comes after what is owed already, and the end after both",
                "add to the queue, do not empty it; shutdown() when all is taken");
    lab.tiny_buffers();
    Peer &slow = lab.greeted(2);
    std::string owed = say_to_all(lab, busy, 1, 12000);
    slow.send(word(lab, 2000));
    server.expect_quiet();
    slow.expect_all(owed + "error: line too long\n");
    slow.half_close();
    slow.expect_clean_end();
}, 99, true);

// Until the socket of a client that reads nothing is full: there is no POLLOUT for it from here on.
void fill_socket(Lab &lab, const Peer &silent)
{
    // Seconds. TCP asks after a window that was closed (RFC 9293, 3.8.6.1): here for the first time after some
    // 0.2, Linux's shortest time-out.
    const double probed = 0.5;
    size_t seen = 0;
    double since = lab.seconds();
    lab.wait_for("the socket of " + silent.name + " should be full", [&] {
        if (silent.unread() != seen)
            since = lab.seconds();
        seen = silent.unread();
        return lab.seconds() - since > probed;
    });
}

Check silent_reader(4, 3, "is not held up by a client that does not read, and closes it", [](Lab &lab) {
    const size_t most = 65536;    // bytes that may wait for a client
    const size_t buffers = 32768; // more than sockets with tiny buffers hold
    lab.because("a blocking write() to a full socket waits for its reader",
                "O_NONBLOCK for every socket that accept() gives; what write() does not take waits in a "
                "queue");
    lab.tiny_buffers();
    Program &server = lab.start_server();
    Peer &busy = lab.greeted(1), &silent = lab.greeted(2), &third = lab.greeted(3);
    std::string text = word(lab, 1000);
    int all_three = descriptors_at_rest(lab, server);
    size_t owed = 0;
    auto say_until = [&](size_t enough) {
        while (owed < enough && open_descriptors(server.pid) == all_three) {
            busy.send("/all " + text + '\n');
            for (Peer *other : {&busy, &third})
                other->expect("1: " + text + '\n');
            owed += text.size() + 4;
        }
    };
    say_until(buffers);
    fill_socket(lab, silent);
    lab.because("what waits for one client says nothing about another: /all goes to all the others",
                "a queue for each client, and a bound of 64 KiB for each alone");
    say_until(most + buffers);
    lab.story.tell(silent.name, "", "has read nothing so far");
    lab.because("EAGAIN says that the socket is full: the client is slow, not lost",
                "keep what waits, up to 64 KiB, and go on when poll() says POLLOUT");
    if (owed <= most)
        lab.unmet(silent.name + " was closed when " + std::to_string(owed) +
                  " bytes waited for it; 64 KiB may wait");
    lab.because("the queue of a client that does not read grows with all that the others say",
                "look how much waits when write() has taken what it could, and though there is no POLLOUT: "
                "at more than 64 KiB close that client, whoever speaks");
    lab.wait_for("more than 64 KiB wait for client B, and it should be closed",
                 [&] { return open_descriptors(server.pid) < all_three; });
    silent.discard_until_end();
    server.expect_quiet();
    busy.send("hi\n");
    busy.expect("1: hi\n");
}, 99, true, true);

Check refused_and_ended(4, 3, "rests when a client that was refused has ended too", [](Lab &lab) {
    lab.because("with both directions shut POLLHUP comes again and again, whatever events you ask for",
                "a client that is leaving is read too, or closed when it ends");
    Program &server = lab.start_server();
    Peer &client = lab.greeted(1);
    lab.greeted(2);
    client.send(word(lab, 2000));
    client.expect("error: line too long\n");
    client.half_close();
    server.expect_quiet(0.03);
    serves_on(lab, 3);
});

Check reset_while_owed(4, 3, "rests after a reset of a client that had ended its input", [](Lab &lab) {
    lab.because("POLLERR and POLLHUP come whether asked for or not, again and again",
                "a client with POLLERR or POLLHUP is read, or closed, but never passed over");
    lab.tiny_buffers();
    Program &server = lab.start_server();
    Peer &client = lab.greeted(1), &busy = lab.greeted(2);
    say_to_all(lab, busy, 2, 30000);
    client.half_close();
    lab.wait_for("the end should arrive", [&] { return end_arrived(server.pid, {lab.port, client.port()}); });
    server.expect_quiet();
    lab.because("poll()'s array is in step with the clients only if each has its entry",
                "an entry for one that has ended too: its events are 0, or POLLOUT", [&] {
        busy.send("hi\n");
        busy.expect("2: hi\n");
    });
    client.reset();
    server.expect_quiet();
    serves_on(lab, 3);
}, 99, true);

Check out_of_descriptors(4, 4, "serves on when it is out of descriptors, and rests", [](Lab &lab) {
    lab.because("accept() fails with EMFILE when there are no descriptors left: no reason to exit, or to sleep",
                "serve those who are there; do not watch the listener until somebody has left");
    Program &server = lab.start_server();
    lab.expect_awake(server);
    Peer &first = lab.greeted(1);
    Peer &second = lab.greeted(2);
    descriptors_at_rest(lab, server);
    no_descriptor_more(server);
    lab.story.tell(server.name, "", "has no descriptor left");
    Peer &waiting = lab.connect(), &last = lab.connect();
    first.send("hi\n");
    first.expect("1: hi\n");
    lab.because("nobody tells the server when it may watch the listener again, but itself",
                "watch it again as soon as a client has been closed; and close nobody whom you can let in");
    double left = lab.seconds();
    second.close();
    expect_soon(lab, server, left, "somebody has left, and " + waiting.name + " should be let in at once",
                [&] { return waiting.has_received(); });
    waiting.expect("hello 3\n");
    lab.because("the listener stays ready while somebody waits whom accept() cannot take: the loop spins, as "
                "it does when poll() waits for no time",
                "do not watch the listener until somebody has left, then watch it again; milliseconds for "
                "poll()");
    lab.expect_timers();
    descriptors_at_rest(lab, server);
    double later = lab.seconds() + 1; // a pause of a second, if it makes one, is over by then
    lab.wait_for("your server has nothing to do, and should rest", [&] { return lab.seconds() > later; });
    server.expect_quiet();
    last.expect_nothing("there is no descriptor for it yet");
    first.close();
    last.expect("hello 4\n");
}, 99, false, true);

// That client who was not sent away before its time was over.
void expect_in_time(Lab &lab, double since, int limit, const std::string &who)
{
    if (lab.seconds() - since < 0.9 * limit)
        lab.unmet(who + " was sent away " + std::to_string(lround(1000 * (lab.seconds() - since))) +
                  " milliseconds after it came; IDLE is " + std::to_string(limit) + " s");
}

// Tells a story of a server with an idle limit of a second. In `sent` it says when its clients
// last sent something, for fear of the limit: if that is long ago, this machine is too busy to
// tell who is idle, and the story is told again with a longer limit. So it is when the story says
// itself, by false, that it came too late to tell; if it does so twice, nothing can be told here.
void tell_of_idle(Lab &lab, bool (*story)(Lab &, const Program &server, int limit, double &sent))
{
    for (int limit : {1, 4}) {
        double sent = HUGE_VAL;
        Program &server = lab.start_server({"", std::to_string(limit)});
        try {
            if (story(lab, server, limit, sent))
                return;
        } catch (const Unmet &) {
            if (limit == 4 || lab.seconds() - sent < limit / 2.0)
                throw;
        }
        server.stop();
    }
}

Check idle(4, 5, "closes a client that is idle too long", [](Lab &lab) {
    lab.because("when nobody sends, only the time-out of poll() wakes the server",
                "a deadline for each client, and the nearest as poll()'s time-out");
    tell_of_idle(lab, [](Lab &here, const Program &server, int limit, double &sent) {
        double since = here.seconds();
        Peer &client = here.greeted(1);
        double over = here.seconds() + limit, most = here.seconds() + 0.9 * limit;
        here.expect_timers();
        here.wait_for("the time of " + client.name + " should pass", [&] { return here.seconds() > most; });
        here.greeted(2); // its time is over later
        if (here.seconds() >= since + limit) // and so this may have woken the server
            return false;
        expect_soon(here, server, over, client.name + " sends nothing, and should be told when its time is over",
                    [&] { return client.has_received() || client.has_ended(); });
        here.because("an idle client is told why it is closed; IDLE is in seconds, poll()'s time-out in "
                     "milliseconds",
                     "\"error: idle too long\", then as with a line that is too long; EAGAIN: it has sent "
                     "nothing, and is not lost");
        client.expect("error: idle too long\n");
        expect_in_time(here, since, limit, client.name);
        client.expect_end();
        sent = here.seconds();
        serves_on(here, 3);
        return true;
    });
}, 99, false, true);

Check idle_receiver(4, 5, "closes who sends nothing, and nobody else", [](Lab &lab) {
    lab.because("the clock of a client starts again when it sends something, if only half a line, and not "
                "when it is sent something; a clock of whole seconds is up to one of them early",
                "move the client's own deadline where you read from it, nowhere else; milliseconds");
    tell_of_idle(lab, [](Lab &here, const Program &, int limit, double &sent) {
        double since = here.seconds();
        Peer &busy = here.greeted(1), &slow = here.greeted(2), &silent = here.greeted(3), &last = here.greeted(4);
        sent = since;
        std::string half;
        here.expect_timers();
        here.wait_for(silent.name + " sends nothing, and should be closed when its time is over", [&] {
            busy.send("/all hi\n");
            for (Peer *client : {&busy, &slow, &last})
                client->expect("1: hi\n");
            last.send("ho\n");
            last.expect("4: ho\n");
            if (here.seconds() - sent > 0.1) {
                slow.send("x");
                half += 'x';
                sent = here.seconds();
            }
            silent.discard();
            return silent.has_ended();
        });
        expect_in_time(here, since, limit, silent.name);
        for (Peer *client : {&busy, &last})
            client->send("still here\n");
        slow.send("\n");
        busy.expect("1: still here\n");
        slow.expect("2: " + half + '\n');
        last.expect("4: still here\n");
        return true;
    });
}, 99, false, true);

Check refused_not_idle(4, 5, "gives one that was refused no more than a second, whatever IDLE is", [](Lab &lab) {
    expect_dismissed(lab, lab.start_server({"", "600"}));
}, 99, false, true);

// Until the client waits for its connection, or has ended.
void wait_for_connecting(Lab &lab, const Program &client)
{
    lab.wait_for("your client should wait for the connection",
                 [&] { return client.status != -1 || !sleeping_in(client.pid).name.empty(); });
}

Check gives_up(4, 6, "the client gives up connecting after 3 seconds", [](Lab &lab) {
    lab.because("connect() waits two minutes for an answer that does not come; with O_NONBLOCK it fails at "
                "once with EINPROGRESS, and goes on: that is no failure",
                "O_NONBLOCK, poll() for POLLOUT with a time-out of 3000 milliseconds, then SO_ERROR");
    lab.listen(0);
    lab.connect(); // the backlog is full now: Linux drops the next SYN
    lab.story.tell("server", "", "answers nobody any more");
    double since = lab.seconds();
    Program &client = lab.start_client();
    wait_for_connecting(lab, client);
    Call wait = sleeping_in(client.pid);
    if (wait.milliseconds > 3100)
        lab.unmet("your client is going to wait for " + std::to_string(wait.milliseconds) +
                  " milliseconds, not 3 seconds");
    bool told = wait.milliseconds > 2500;
    bool hurried = told && hurry(client.pid); // nobody needs to see three seconds pass
    lab.expect_timers();
    client.expect_exit(1);
    client.expect_error("connect: Connection timed out");
    if (!hurried && lab.seconds() - since < 2.5)
        lab.unmet("your client gave up after " + std::to_string(lround(1000 * (lab.seconds() - since))) +
                  " milliseconds, not 3 seconds");
});

// As if client had waited for so long that any time-out of its own is over.
void let_time_pass(Lab &lab, const Program &client)
{
    auto waits = [&] { return client.status != -1 || look(client.pid).state == 'S'; };
    lab.wait_for("your client should come to wait for the server, or for you", waits);
    Call wait = sleeping_in(client.pid);
    if (wait.milliseconds <= 0 || wait.milliseconds > 4000)
        return; // it has none, or one that it does not give up by
    if (!hurry(client.pid)) { // not on this machine: let it pass indeed
        double over = lab.seconds() + wait.milliseconds / 1000.0 + 0.1;
        lab.expect_timers();
        lab.wait_for("a time-out of your client should pass", [&] { return lab.seconds() > over; });
    }
    lab.wait_for("your client should come to wait for the server, or for you", waits);
    lab.settle();
}

Check connected(4, 6, "the client knows that it is connected before the server says anything", [](Lab &lab) {
    lab.because("who has connected can write at once; to read, it may wait long",
                "poll() for POLLOUT, not for POLLIN, until the connection is there");
    lab.listen();
    Program &client = lab.start_client();
    lab.accept();
    lab.because("a socket that has room is ready for POLLOUT at once, again and again",
                "POLLOUT until the connection is there; after that only while something waits to be sent",
                [&] { let_time_pass(lab, client); });
    if (client.err.find("connect: ") != std::string::npos)
        lab.unmet("your client is connected, and gives up connecting");
});

Check refused_late(4, 6, "the client says why when connecting fails later", [](Lab &lab) {
    lab.because("poll() says that connect() has come to an end, not how",
                "getsockopt(SO_ERROR) tells; 0 is success");
    lab.listen(0);
    lab.connect(); // the backlog is full now: Linux drops the next SYN
    Program &client = lab.start_client();
    wait_for_connecting(lab, client);
    lab.stop_listening(); // the next SYN, a second later, is refused
    lab.expect_timers();
    client.expect_exit(1);
    client.expect_error("connect: Connection refused");
}, 99, false, true);

// That the client sleeps while the server says nothing.
void expect_rest(Lab &lab, Program &client)
{
    lab.because("it wakes again and again: a socket that has room is ready to be written to, an input that "
                "has ended ready to be read, a descriptor that is closed ready with POLLNVAL",
                "POLLOUT only while something waits; no POLLIN for an input that has ended; shutdown(), no "
                "close(), before the server's end");
    client.expect_quiet();
}

Check client_never_stuck(4, 7, "the client takes in what comes while its own output waits", [](Lab &lab) {
    lab.because("it is to be printed as soon as it comes; stdio keeps what it prints to itself where that is no "
                "terminal",
                "write() to standard output what take_in() gave");
    lab.tiny_buffers();
    lab.listen();
    Program &client = lab.start_client();
    Peer &server = lab.accept();
    std::string typed = lines(lab, 60000), news = lines(lab, 60000), more = "1: more\n";
    server.send("hello 1\n");
    client.expect_output("hello 1\n");
    lab.because("a blocking write() waits for a server that waits for us to read",
                "O_NONBLOCK, and EAGAIN is no error; POLLIN for the server always, POLLOUT too while something "
                "waits to be sent; look at revents with &, as several bits may come together");
    client.type(typed);
    server.send(news); // and reads nothing
    news.insert(0, "hello 1\n");
    client.expect_output(news);
    expect_rest(lab, client);
    lab.because("what write() does not take is not sent; when your input ends, it still waits",
                "keep what is left, in order; shutdown(SHUT_WR) only when all is sent; an end may come as POLLHUP "
                "without POLLIN");
    client.end_input();
    server.expect_all(typed);
    server.expect_clean_end();
    expect_rest(lab, client);
    lab.because("an answer may take its time, and its client waits for it until the server closes",
                "no time-out for poll() once you are connected");
    let_time_pass(lab, client);
    client.must_run();
    server.send(more);
    client.expect_output(news + more);
    expect_rest(lab, client);
    server.close();
    client.expect_exit(0);
}, 99, true);

} // namespace
