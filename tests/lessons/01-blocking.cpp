// Lesson 1: what a blocking server and its client do.
#include "../harness/check.hpp"
#include "../harness/proc.hpp"
#include "room.hpp"

namespace {

Check listens_on_port(1, 1, "listens on its port and says so", [](Lab &lab) {
    lab.because("a client can connect only to a socket that listens, on the right port",
                "socket(), setsockopt(), bind() with htons() and htonl(), listen()");
    Program &server = lab.start_server();
    server.expect_error("listening on port " + std::to_string(lab.port) + '\n');
    lab.connect();
});

Check takes_any_port(1, 1, "takes any free port for 0, and refuses what is no port", [](Lab &lab) {
    lab.because("0 lets the kernel choose; getsockname() tells which",
                "print the port that getsockname() gives, not the one you asked for");
    Program &server = lab.start("server", {"0"});
    server.expect_error("listening on port ");
    lab.wait_for("the port that it names is the one it listens on", [&] {
        size_t at = server.err.find("port ");
        return listens(server.pid, atoi(server.err.c_str() + at + 5));
    });
    for (const char *bad : {"70000", "abc", "-1", "5000x"}) {
        Program &refused = lab.start("server", {bad});
        refused.expect_exit(2);
        if (refused.err.empty())
            lab.unmet("a usage error should be told in one line on stderr");
    }
});

Check greets(1, 2, "greets its clients in the order in which they come", [](Lab &lab) {
    lab.because("accept() gives a new socket for each client; the first words go there",
                "accept() in a loop, write() the greeting, close() at the end");
    lab.start_server();
    for (int id = 1; id <= 3; id++) {
        Peer &client = lab.greeted(id);
        client.half_close();
        client.expect_clean_end();
    }
});

Check answers_lines(1, 3, "answers a line, and an empty one", [](Lab &lab) {
    lab.because("each line L of client N is answered N: L", "read(), then write() the answer");
    lab.start_server();
    Peer &client = lab.greeted(1);
    std::string text = word(lab, 12) + '\n';
    for (const std::string &line : {text, std::string("\n"), std::string("a\0\r\n", 4)}) {
        client.send(line);
        client.expect(answers(1, line));
    }
});

Check joins_pieces(1, 4, "joins a line that comes in pieces", [](Lab &lab) {
    lab.because("TCP is a stream of bytes: read() gives what has arrived, not a line",
                "keep what read() gave; answer when there is a '\\n'");
    lab.start_server();
    Peer &client = lab.greeted(1);
    std::string line = word(lab, 6) + '\n';
    for (char c : line) {
        client.expect_nothing("the line has not ended yet");
        client.send(std::string(1, c));
    }
    client.expect(answers(1, line));
});

Check splits_segments(1, 4, "takes each of the lines that come together", [](Lab &lab) {
    lab.because("one read() may give two lines and a half", "go on until there is no '\\n' left");
    lab.start_server();
    Peer &client = lab.greeted(1);
    std::string two = word(lab, 5) + '\n' + word(lab, 7) + '\n', half = word(lab, 4);
    client.send(two + half);
    client.expect(answers(1, two));
    client.send("\n");
    client.expect(answers(1, half + '\n'));
});

Check writes_all(1, 5, "delivers a megabyte to a slow reader", [](Lab &lab) {
    lab.because("write() may take fewer bytes than you give it", "a loop that writes what is left");
    lab.start_server();
    Peer &client = lab.greeted(1);
    for (int i = 0; i < 64; i++) {
        std::string text = lines(lab, 16384);
        client.send(text);
        std::string wanted = answers(1, text);
        client.expect_all(wanted);
    }
    client.half_close();
    client.expect_clean_end();
});

Check writes_the_rest(1, 5, "goes on after a write() that a signal cut short", [](Lab &lab) {
    lab.because("write() may take fewer bytes than you give it", "a loop that writes what is left");
    lab.tiny_buffers();
    Program &server = lab.start_server();
    Peer &client = lab.greeted(1);
    std::string wanted = stall(lab, server, client, 1, 4000); // more than a socket takes at once
    server.freeze(); // the signal ends the write() with what it has taken so far
    server.thaw();
    client.expect_all(wanted);
}, 1, true);

Check sees_the_end(1, 4, "answers what is owed at the end of input, then closes", [](Lab &lab) {
    lab.because("read() returns 0 at the end of input, and goes on returning it",
                "leave the loop at 0; an unfinished line is dropped");
    Program &server = lab.start_server();
    Peer &client = lab.greeted(1);
    std::string text = lines(lab, 3000);
    server.freeze();
    client.send(text + "unfinished");
    client.half_close();
    server.thaw();
    client.expect(answers(1, text));
    client.expect_clean_end();
    server.expect_quiet();
    serves_on(lab, 2);
});

Check longest_line(1, 4, "answers a line of 1024 bytes, and refuses 1025", [](Lab &lab) {
    lab.because("a line may have 1024 bytes, and the '\\n' is not counted",
                "compare with 1024 before you store more");
    lab.start_server();
    Peer &client = lab.greeted(1);
    std::string line = word(lab, 1024) + '\n';
    client.send(line);
    client.expect(answers(1, line));
    client.send(word(lab, 1025) + "\nmore\n");
    client.expect("error: line too long\n");
    client.half_close();
    client.expect_clean_end();
    serves_on(lab, 2);
});

Check endless_line(1, 6, "refuses a line without end so that its client can read why", [](Lab &lab) {
    lab.because("close() with bytes unread sends a reset, which wipes out your answer",
                "shutdown(SHUT_WR), then read and throw away, then close()");
    Program &server = lab.start_server();
    Peer &client = lab.greeted(1);
    server.freeze();
    client.send(word(lab, 65536));
    server.thaw();
    client.expect("error: line too long\n");
    client.expect_clean_end();
    client.close();
    serves_on(lab, 2);
});

Check survives_reset(1, 7, "survives a client that resets the connection", [](Lab &lab) {
    lab.because("read() fails with ECONNRESET: that client is lost, not the server",
                "an if after read(), no check()");
    lab.start_server();
    Peer &client = lab.greeted(1);
    client.send("half a li");
    client.reset();
    serves_on(lab, 2);
});

Check survives_sigpipe(1, 7, "survives writing to a client that has gone", [](Lab &lab) {
    lab.because("write() to a reset connection sends SIGPIPE, which ends the process",
                "signal(SIGPIPE, SIG_IGN), and an if for EPIPE");
    lab.tiny_buffers();
    Program &server = lab.start_server();
    Peer &client = lab.greeted(1);
    stall(lab, server, client, 1, 200); // so little that the end comes through behind it
    client.half_close(); // after the end of input a reset is told as EPIPE, not ECONNRESET
    lab.wait_for("the end should arrive", [&] { return end_arrived(server.pid, client.port()); });
    client.reset();
    serves_on(lab, 2);
    server.must_run();
}, 3, true);

Check restarts(1, 2, "can be started again on the same port at once", [](Lab &lab) {
    lab.because("the old server's connections still hold the port, in state TIME_WAIT",
                "setsockopt(SO_REUSEADDR) before bind()");
    Program &server = lab.start_server();
    Peer &client = lab.greeted(1);
    server.stop();
    client.discard_until_end();
    client.close();
    lab.start_server();
});

Check one_at_a_time(1, 3, "lets the next client wait while it serves one", [](Lab &lab) {
    lab.because("this lesson's server serves one client at a time", "accept() again only after close()");
    Program &server = lab.start_server();
    Peer &first = lab.greeted(1), &second = lab.connect();
    server.expect_quiet();
    second.expect_nothing("it is not its turn");
    first.close();
    second.expect("hello 2\n");
}, 1);

Check client_talks(1, 9, "the client prints the greeting, sends a line, prints its answer", [](Lab &lab) {
    lab.because("it sends a line only when the answer to the last one is there",
                "read_line() from the server, print; read_line() from standard input, send");
    lab.listen();
    Program &client = lab.start_client();
    Peer &server = lab.accept();
    server.send("hel");
    server.send("lo 1\n");
    client.expect_output("hello 1\n");
    std::string text = word(lab, 9) + '\n';
    client.type(text);
    server.expect(text);
    server.send(answers(1, text));
    client.expect_output("hello 1\n" + answers(1, text));
    client.end_input();
    server.expect_clean_end();
    server.close();
    client.expect_exit(0);
});

Check client_fails(1, 8, "the client says why it cannot connect", [](Lab &lab) {
    lab.because("nobody listens there: connect() fails with ECONNREFUSED", "check(connect(...), \"connect\")");
    Program &client = lab.start_client();
    client.expect_exit(1);
    client.expect_error("connect: Connection refused");
});

Check client_loses_server(1, 9, "the client ends with status 1 when its server has gone", [](Lab &lab) {
    lab.because("read() returned 0 where an answer was due", "leave with status 1 and a line on stderr");
    lab.listen();
    Program &client = lab.start_client();
    Peer &server = lab.accept();
    server.send("hello 1\n");
    client.type("anybody?\n");
    server.expect("anybody?\n");
    server.close();
    client.expect_exit(1);
    if (client.err.empty())
        lab.unmet("it should say so in a line on stderr");
});

} // namespace
