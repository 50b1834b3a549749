// room.hpp: the protocol of the room, as checks speak it.
#pragma once

#include <functional>
#include <string>
#include <sys/resource.h>
#include <vector>

#include "../harness/check.hpp"
#include "../harness/proc.hpp"

// A random word, of consonants: it means nothing.
inline std::string word(Lab &lab, size_t length)
{
    const char letters[] = "bcdfghjklmnpqrst"; // 16, so that a random number has seven of them
    std::string text(length, ' ');
    long number = 0;
    for (size_t i = 0; i < length; i++) {
        number = i % 7 == 0 ? lab.random() : number / 16;
        text[i] = letters[number % 16];
    }
    return text;
}

// Lines of random words, size bytes or a little more in all.
inline std::string lines(Lab &lab, size_t size)
{
    std::string text;
    while (text.size() < size)
        text += word(lab, lab.random() % 80) + '\n';
    return text;
}

// What client id should get back for text.
inline std::string answers(int id, const std::string &text)
{
    std::string all;
    for (size_t start = 0, end; (end = text.find('\n', start)) != std::string::npos; start = end + 1)
        all += std::to_string(id) + ": " + text.substr(start, end + 1 - start);
    return all;
}

// That server, so far, has not said twice that it listens.
inline void expect_said_once(Lab &lab, Program &server)
{
    server.must_run(); // and all that it has said is here now
    const std::string said = "listening on port ", all = server.out + '\n' + server.err;
    size_t first = all.find(said);
    if (first != std::string::npos && all.find(said, first + 1) != std::string::npos)
        lab.unmet("your server has said more than once that it listens");
}

// That the server still serves: the next client, number id, gets its answers.
inline void serves_on(Lab &lab, int id)
{
    Peer &next = lab.greeted(id);
    for (int i = 0; i < 2; i++) {
        std::string text = word(lab, 8) + '\n';
        next.send(text);
        next.expect(answers(id, text));
    }
}

// That server, or a child of its, has read what client has sent.
inline void expect_read(Lab &lab, Program &server, const Peer &client)
{
    lab.wait_for("nobody reads what " + client.name + " sends", [&] {
        server.must_run();
        return client.unacknowledged() == 0 && all_read(server.pid, {lab.port, client.port()});
    });
}

// Clients 1 to most, each greeted. They come a few at a time: a server that looks at all it has
// before it sleeps does so less often. Where listen() has no room for that, one by one.
inline void crowd(Lab &lab, int most)
{
    size_t at_once = 5;
    int slow = 0; // times that one client took long
    for (int id = 1; id <= most;) {
        double since = lab.seconds();
        std::vector<Peer *> few;
        while (few.size() < at_once && id + static_cast<int>(few.size()) <= most)
            few.push_back(&lab.connect());
        for (Peer *client : few)
            client->expect("hello " + std::to_string(id++) + '\n');
        double taken = lab.seconds() - since;
        slow = at_once == 1 && taken > 0.9 * slowness() ? slow + 1 : 0;
        if (taken > 0.9) // a lost SYN is sent again after a second
            at_once = 1;
        if (slow == 10) {
            lab.because("there is room for everybody, and yet each client has to wait",
                        "accept() whenever the listener is ready; a pause only when accept() has failed");
            lab.unmet("your server takes a second to let a client in, time and again");
        }
    }
}

// That program is one process, with one thread.
inline void expect_alone(Lab &lab, const Program &program)
{
    if (!children_of(program.pid).empty())
        lab.unmet("in this lesson your " + program.name + " is one process, and it has children");
    if (threads_of(program.pid) > 1)
        lab.unmet("in this lesson your " + program.name + " is one process of one thread, and it has " +
                  std::to_string(threads_of(program.pid)) + " threads");
}

// How many descriptors the server holds, once it has come to wait.
inline int descriptors_at_rest(Lab &lab, const Program &server)
{
    lab.wait_for("your server should wait for its clients", [&] { return look(server.pid).state == 'S'; });
    return open_descriptors(server.pid);
}

const double LATE = 0.6; // seconds that a server may sleep on: who looks up twice a second is in time

// That holds() comes true soon after due, which it may move: that the server, with something to do, does
// not sleep on.
inline void expect_soon(Lab &lab, const Program &server, const double &due, const std::string &what,
                        const std::function<bool()> &holds)
{
    bool overslept = false;
    lab.wait_for(what, [&] {
        bool late = lab.seconds() > due + LATE && look(server.pid).state == 'S';
        if (holds())
            return true;
        if (late && overslept)
            lab.unmet(what);
        overslept = late;
        return false;
    });
}

// The inode of the socket that server has for client, see socket_of().
inline unsigned long socket_for(Lab &lab, const Program &server, const Peer &client)
{
    unsigned long inode = 0;
    lab.wait_for("your server should hold the connection of " + client.name,
                 [&] { return (inode = socket_of(server.pid, {lab.port, client.port()})) != 0; });
    return inode;
}

// That a client that server, which has none yet, refuses is closed after its second, though it
// never ends and sends on.
inline void expect_dismissed(Lab &lab, Program &server)
{
    lab.because("its second is over though it never ends, and whatever it goes on sending",
                "note when it must have gone once, when you refuse it");
    lab.greeted(1);
    Peer &refused = lab.greeted(2);
    unsigned long its_socket = socket_for(lab, server, refused);
    lab.expect_timers();
    refused.send(word(lab, 2000));
    refused.expect("error: line too long\n");
    double sent = lab.seconds(), due = sent + 1;
    expect_soon(lab, server, due, refused.name + " should be closed after a second, though it sends on", [&] {
        if (!holds_socket(server.pid, its_socket))
            return true;
        if (lab.seconds() - sent > 0.2) {
            server.freeze(); // or it may close, and our next bytes meet a reset
            if (holds_socket(server.pid, its_socket))
                refused.send("x");
            server.thaw();
            sent = lab.seconds();
        }
        return false;
    });
    serves_on(lab, 3);
}

// From here on server, at rest, can open nothing more.
inline void no_descriptor_more(Program &server)
{
    server.limit(RLIMIT_NOFILE, static_cast<unsigned long>(first_free_descriptor(server.pid)));
}

// Connects a client that a server without free descriptors cannot accept; it must live on.
inline Peer &fails_to_accept(Lab &lab, Program &server)
{
    lab.story.tell(server.name, "", "has no descriptor left");
    size_t said = server.err.size();
    long burned = look(server.pid).cpu;
    Peer &client = lab.connect();
    double rests = lab.seconds();
    lab.wait_for("accept() should fail", [&] { // told, tried again and again, or left for later
        ProcessState now = look(server.pid);
        if (now.state != 'S')
            rests = lab.seconds();
        return server.status != -1 || server.err.size() > said || now.cpu - burned > 20000000 ||
               lab.seconds() - rests > 0.1;
    });
    server.must_run();
    return client;
}

// That server, at rest, goes on with first, its only client, when accept() fails, and lets the
// next one in when there are descriptors again.
inline void lives_on_without_descriptors(Lab &lab, Program &server, Peer &first)
{
    no_descriptor_more(server);
    Peer &second = fails_to_accept(lab, server);
    first.send("hi\n");
    first.expect("1: hi\n");
    server.unlimit(RLIMIT_NOFILE);
    second.expect("hello 2\n");
}

// Sends lines, size bytes at a time, that client, number id, does not take the answers of,
// until the server sleeps in a send, takes no more, or has more to send than a socket
// takes. Returns all the answers that are due.
inline std::string stall(Lab &lab, Program &server, Peer &client, int id, size_t size)
{
    const size_t enough = 32768; // with tiny buffers
    const double while_asleep = 0.3; // seconds in which a server reads what it is going to read
    const double while_stuck = 0.1;  // seconds in which what was sent is taken, if it is going to be
    std::string wanted;
    double since = lab.seconds(), free_until = since;
    lab.wait_for("your server should go on reading, or wait in write()", [&] {
        if (client.unacknowledged() == 0 || look(server.pid).state != 'S')
            since = lab.seconds();
        if (!server.stuck_in_send())
            free_until = lab.seconds();
        if (lab.seconds() - free_until > while_stuck || wanted.size() > enough ||
            lab.seconds() - since > while_asleep)
            return true;
        if (client.unacknowledged() == 0) {
            std::string text = lines(lab, size);
            client.send(text);
            wanted += answers(id, text);
        }
        return false;
    });
    return wanted;
}
