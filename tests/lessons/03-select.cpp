// Lesson 3: what one process with select() does for many clients.
#include <csignal>
#include <sys/resource.h>
#include <vector>

#include "../harness/check.hpp"
#include "../harness/proc.hpp"
#include "room.hpp"

namespace {

Check greets_all(3, 1, "greets every client, in one process", [](Lab &lab) {
    lab.because("select() overwrites its sets with what is ready",
                "fill a new set for each call: the listener and every client");
    Program &server = lab.start_server();
    for (int id = 1; id <= 3; id++)
        lab.greeted(id);
    if (!children_of(server.pid).empty())
        lab.unmet("this lesson's server is one process, and yours has children");
});

Check serves_all(3, 2, "answers the lines of every client", [](Lab &lab) {
    lab.because("each client that is ready must be read, in each round", "FD_ISSET() for each client, then read(); nothing in the set for writing while nothing waits");
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
    server.expect_quiet();
});

Check signalled(3, 2, "goes on after a signal that it handles", [](Lab &lab) {
    lab.because("select() fails with EINTR, and its sets are worth nothing then",
                "look at what select() returned before you look at its sets");
    Program &server = lab.start_server();
    Peer &first = lab.greeted(1);
    server.expect_quiet();
    for (int signal : {SIGCHLD, SIGURG, SIGWINCH}) // without a handler they do nothing
        kill(server.pid, signal);
    server.expect_quiet();
    first.send("hi\n");
    first.expect("1: hi\n");
    serves_on(lab, 2);
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
    first.send("lo\n");
    first.expect("1: hello\n");
});

Check apart(3, 2, "keeps the lines of its clients apart", [](Lab &lab) {
    lab.because("what one client has begun must not end up in another's line", "one input buffer for each client");
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
    lab.because("a line \"/all TEXT\" of client N goes as \"N: TEXT\" to all, N too",
                "compare the first five bytes with \"/all \"");
    lab.start_server();
    Peer &first = lab.greeted(1), &second = lab.greeted(2), &third = lab.greeted(3);
    std::string text = word(lab, 9);
    second.send("/all " + text + '\n');
    for (Peer *client : {&first, &second, &third})
        client->expect("2: " + text + '\n');
    for (const std::string &line : {std::string("/all"), "/allx " + text, " /all " + text}) {
        first.send(line + '\n');
        first.expect("1: " + line + '\n');
    }
    third.send("/all \n");
    for (Peer *client : {&first, &second, &third})
        client->expect("3: \n");
});

Check forgets(3, 4, "forgets those that have gone, and rests", [](Lab &lab) {
    lab.because("a descriptor at its end is ready for ever", "close() it, and take it out of the set");
    Program &server = lab.start_server();
    int before = open_descriptors(server.pid);
    Peer &first = lab.greeted(1), &second = lab.greeted(2), &third = lab.greeted(3);
    first.half_close();
    first.expect_clean_end();
    second.reset();
    third.send("/all still here\n");
    third.expect("3: still here\n");
    server.expect_quiet();
    lab.wait_for("it should hold one descriptor more than without clients",
                 [&] { return open_descriptors(server.pid) == before + 1; });
});

Check lingers(3, 5, "lets one that was refused read why, and nobody waits for it", [](Lab &lab) {
    lab.because("the connection must stay open a while, but the others cannot wait",
                "mark the client as leaving, and read and throw away what it sends, a second long");
    Program &server = lab.start_server();
    int before = open_descriptors(server.pid);
    Peer &first = lab.greeted(1), &second = lab.greeted(2);
    first.send(word(lab, 70000));
    server.expect_quiet(); // so that a reset, if there is one, comes before client A reads
    first.expect("error: line too long\n");
    first.expect_clean_end(); // a reset would wipe out what was said
    second.send("hi\n");
    second.expect("2: hi\n");
    lab.expect_timers();
    lab.wait_for("client A should be closed after a second, though it never ends",
                 [&] { return open_descriptors(server.pid) == before + 1; });
    second.send("hi\n");
    second.expect("2: hi\n");
});

Check wall(3, 6, "turns away whom select() cannot watch", [](Lab &lab) {
    lab.because("an fd_set holds descriptors below FD_SETSIZE, 1024; FD_SET() writes past it",
                "compare the descriptor with FD_SETSIZE before FD_SET()");
    Program &server = lab.start_server();
    int base = open_descriptors(server.pid);
    int room = 1024 - base;
    for (int id = 1; id <= room; id++)
        lab.greeted(id);
    for (int i = 0; i < 3; i++) {
        Peer &late = lab.connect();
        late.expect("error: server full\n");
        late.expect_clean_end();
    }
    lab.peers.front().send("hi\n");
    lab.peers.front().expect("1: hi\n");
}, 3);

Check client_both(3, 7, "the client minds the keyboard and the server together, in one process", [](Lab &lab) {
    lab.because("select() tells which of the two has something", "both descriptors in one set; read() what is ready");
    lab.listen();
    Program &client = lab.start_client();
    Peer &server = lab.accept();
    server.send("hello 1\n");
    client.expect_output("hello 1\n");
    client.type("one\ntwo\nthree\n");
    server.expect("one\ntwo\nthree\n");
    server.send("2: news\n");
    client.expect_output("hello 1\n2: news\n");
    if (!children_of(client.pid).empty())
        lab.unmet("this lesson's client is one process, and yours has children");
    client.expect_quiet();
    server.close();
    client.expect_exit(1);
});

} // namespace
