// Lesson 4: what poll(), non-blocking sockets and a queue for each client do.
#include <sys/resource.h>
#include <vector>

#include "../harness/check.hpp"
#include "../harness/proc.hpp"
#include "room.hpp"

namespace {

Check greets_all(4, 1, "greets every client, in one process", [](Lab &lab) {
    lab.because("poll() looks at the descriptors that you give it, each time anew",
                "a pollfd with POLLIN for the listener, and one for each client");
    Program &server = lab.start_server();
    for (int id = 1; id <= 3; id++)
        lab.greeted(id);
    if (!children_of(server.pid).empty())
        lab.unmet("this lesson's server is one process, and yours has children");
});

Check no_wall(4, 2, "serves more clients than an fd_set holds", [](Lab &lab) {
    lab.because("poll() takes an array as long as you like", "one pollfd for the listener and for each client");
    lab.start_server();
    for (int id = 1; id <= 1100; id++)
        lab.greeted(id);
    Peer &last = lab.peers.back();
    last.send("hi\n");
    last.expect("1100: hi\n");
    lab.peers.front().send("hi\n");
    lab.peers.front().expect("1: hi\n");
});

Check neighbours(4, 2, "skips nobody when one leaves", [](Lab &lab) {
    lab.because("removing from the array moves the next client to where you have just been",
                "mark those that go, and remove them after the loop");
    Program &server = lab.start_server();
    std::vector<Peer *> clients;
    for (int id = 1; id <= 4; id++)
        clients.push_back(&lab.greeted(id));
    server.freeze();
    clients[1]->close();
    for (int i : {0, 2, 3})
        clients[static_cast<size_t>(i)]->send("hi\n");
    server.thaw();
    for (int i : {0, 2, 3})
        clients[static_cast<size_t>(i)]->expect(std::to_string(i + 1) + ": hi\n");
});

Check data_and_end(4, 3, "answers the line that came with the end", [](Lab &lab) {
    lab.because("POLLHUP and POLLIN may come together", "read() until 0 before you close");
    Program &server = lab.start_server();
    Peer &client = lab.greeted(1);
    server.freeze();
    client.send("last words\n");
    client.half_close();
    server.thaw();
    client.expect("1: last words\n");
    client.expect_clean_end();
    server.expect_quiet();
});

Check reset_is_end(4, 2, "rests after a reset, while a client is silent", [](Lab &lab) {
    lab.because("POLLERR and POLLHUP come whether asked for or not, again and again",
                "read() on them too: it tells the end or the error");
    Program &server = lab.start_server();
    lab.greeted(1); // stays, and says nothing
    lab.greeted(2).reset();
    server.expect_quiet();
    serves_on(lab, 3);
});

Check silent_reader(4, 3, "is not held up by a client that does not read, and closes it", [](Lab &lab) {
    lab.because("a blocking write() to a full socket waits for its reader",
                "O_NONBLOCK, a queue for each client, closed at more than 64 KiB");
    lab.tiny_buffers();
    Program &server = lab.start_server();
    Peer &silent = lab.greeted(1), &busy = lab.greeted(2);
    std::string text = word(lab, 1000);
    for (int i = 0; i < 200; i++) {
        busy.send("/all " + text + '\n');
        busy.expect("2: " + text + '\n');
    }
    silent.discard_until_end();
    server.expect_quiet();
}, 99, true);

Check slow_reader(4, 3, "keeps the rest of a partial write, to the byte", [](Lab &lab) {
    lab.because("write() took a part; the rest waits until POLLOUT", "erase from the queue what was taken, no more");
    lab.tiny_buffers();
    Program &server = lab.start_server();
    Peer &client = lab.greeted(1);
    std::string text = lines(lab, 30000), wanted = answers(1, text);
    client.send(text);
    client.half_close();
    server.expect_quiet();
    if (client.receive(wanted.size()) != wanted)
        lab.unmet("client A did not get back what it had sent");
    client.expect_clean_end();
}, 99, true);

Check out_of_descriptors(4, 4, "serves on when it is out of descriptors, and rests", [](Lab &lab) {
    lab.because("accept() fails with EMFILE, and the listener stays ready: the loop spins",
                "do not watch the listener until somebody has left");
    Program &server = lab.start_server();
    Peer &first = lab.greeted(1);
    Peer &second = lab.greeted(2);
    server.limit(RLIMIT_NOFILE, static_cast<unsigned long>(open_descriptors(server.pid)));
    Peer &waiting = lab.connect();
    first.send("hi\n");
    first.expect("1: hi\n");
    server.expect_quiet();
    second.close();
    waiting.expect("hello 3\n");
});

Check idle(4, 5, "closes a client that is idle too long, whatever it receives", [](Lab &lab) {
    lab.because("the clock of a client starts again when it sends, not when it receives",
                "a deadline for each client, and the nearest as poll()'s timeout");
    lab.start_server({"", "1"});
    Peer &client = lab.greeted(1);
    client.expect("error: idle too long\n");
    client.expect_end();
    serves_on(lab, 2);
});

Check client_never_stuck(4, 7, "the client takes in what comes while its own output waits", [](Lab &lab) {
    lab.because("a blocking write() waits for a server that waits for us to read",
                "O_NONBLOCK; POLLOUT only while something waits to be sent");
    lab.tiny_buffers();
    lab.listen();
    Program &client = lab.start_client();
    Peer &server = lab.accept();
    client.type(lines(lab, 60000));
    std::string news = "hello 1\n" + lines(lab, 60000);
    server.send(news); // and reads nothing
    client.expect_output(news);
}, 99, true);

Check gives_up(4, 6, "the client gives up connecting after 3 seconds", [](Lab &lab) {
    lab.because("connect() waits two minutes for an answer that does not come",
                "O_NONBLOCK, poll() for POLLOUT with a timeout, then SO_ERROR");
    lab.listen(0);
    lab.connect(); // the backlog is full now: Linux drops the next SYN
    Program &client = lab.start_client();
    client.expect_exit(1);
    client.expect_error("connect: Connection timed out");
});

} // namespace
