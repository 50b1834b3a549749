// Lesson 4: what poll(), non-blocking sockets and a queue for each client do.
#include <sys/resource.h>
#include <vector>

#include "../harness/check.hpp"
#include "../harness/hurry.hpp"
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
    client.expect_all(wanted);
    client.expect_clean_end();
}, 99, true);

Check out_of_descriptors(4, 4, "serves on when it is out of descriptors, and rests", [](Lab &lab) {
    lab.because("accept() fails with EMFILE, and the listener stays ready: the loop spins",
                "do not watch the listener until somebody has left");
    Program &server = lab.start_server();
    Peer &first = lab.greeted(1);
    Peer &second = lab.greeted(2);
    lab.wait_for("the server should come to rest", [&] { return look(server.pid).state == 'S'; });
    server.limit(RLIMIT_NOFILE, static_cast<unsigned long>(open_descriptors(server.pid)));
    Peer &waiting = lab.connect();
    first.send("hi\n");
    first.expect("1: hi\n");
    server.expect_quiet();
    second.close();
    waiting.expect("hello 3\n");
});

// Since a client last sent something, in seconds, until it was told that it was idle.
void expect_in_time(Lab &lab, double since)
{
    if (lab.seconds() - since < 0.9)
        lab.unmet("client A was sent away " + std::to_string(lab.seconds() - since) + " seconds after it came; IDLE is 1");
}

Check idle(4, 5, "closes a client that is idle too long", [](Lab &lab) {
    lab.because("when nobody sends, only the time-out of poll() wakes the server",
                "a deadline for each client, and the nearest as poll()'s time-out");
    lab.start_server({"", "1"});
    double since = lab.seconds();
    Peer &client = lab.greeted(1);
    lab.expect_timers();
    client.expect("error: idle too long\n");
    expect_in_time(lab, since);
    client.expect_end();
    serves_on(lab, 2);
});

Check idle_receiver(4, 5, "counts what a client sends, not what it receives", [](Lab &lab) {
    lab.because("the clock of a client starts again when it sends something, and only then",
                "move the deadline where you read from the client, nowhere else");
    lab.start_server({"", "1"});
    double since = lab.seconds();
    Peer &silent = lab.greeted(1), &busy = lab.greeted(2);
    lab.expect_timers();
    lab.wait_for("client A sends nothing, and should be closed after a second", [&] {
        busy.send("/all hi\n");
        busy.expect("2: hi\n");
        silent.discard();
        return silent.has_ended();
    });
    expect_in_time(lab, since);
    busy.send("hi\n");
    busy.expect("2: hi\n");
});

Check reset_while_owed(4, 3, "rests after a reset of a client that had ended its input", [](Lab &lab) {
    lab.because("POLLERR and POLLHUP come whether asked for or not, again and again",
                "a client with POLLERR or POLLHUP is read, or closed, but never passed over");
    lab.tiny_buffers();
    Program &server = lab.start_server();
    Peer &client = lab.greeted(1);
    client.send(lines(lab, 30000)); // and takes no answer
    client.half_close();
    lab.wait_for("the end should arrive", [&] { return end_arrived(server.pid, client.port()); });
    server.expect_quiet();
    client.reset();
    server.expect_quiet();
    serves_on(lab, 2);
}, 99, true);

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
    double since = lab.seconds();
    Program &client = lab.start_client();
    Call wait{"", -1, false, -1};
    lab.wait_for("your client should wait for the connection", [&] {
        wait = sleeping_in(client.pid);
        return client.status != -1 || !wait.name.empty();
    });
    bool told = wait.milliseconds > 2500 && wait.milliseconds <= 3000;
    bool hurried = told && hurry(client.pid); // nobody needs to see three seconds pass
    lab.expect_timers();
    client.expect_exit(1);
    client.expect_error("connect: Connection timed out");
    if (!hurried && lab.seconds() - since < 2.5)
        lab.unmet("your client gave up after " + std::to_string(lab.seconds() - since) + " seconds, not 3");
});

} // namespace
