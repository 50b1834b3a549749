// Lesson 1: what a blocking server and its client do.
#include <algorithm>
#include <sys/resource.h>

#include "../harness/check.hpp"
#include "../harness/proc.hpp"
#include "room.hpp"

namespace
{

Check listens_on_port(1, 1, "listens on its port and says so", [](Lab &lab) {
    lab.because("a client can connect only to a socket that listens, on the right port and at the address "
                "that it calls; INADDR_ANY is every address of the host",
                "socket(), setsockopt(), bind() with htons() and htonl(), listen(): in this order, each in "
                "check()");
    Program &server = lab.start_server();
    lab.because("that line is for people: it names the port as they do, and ends",
                "getsockname() gives the port in network byte order: ntohs(); and a '\\n' at the end");
    server.expect_error("listening on port " + std::to_string(lab.port) + '\n');
    lab.connect();
});

Check says_so_in_time(1, 1, "says that it listens when it does, not before", [](Lab &lab) {
    lab.because("who waits for that line connects at once, and is refused",
                "\"listening on port\" comes after listen()");
    Program &server = lab.start_unheard("server", {std::to_string(lab.port)});
    auto listening = [&] { return listens(server.pid, lab.port); };
    lab.wait_for("your server should listen", [&] {
        server.must_run();
        return listening() || server.stuck_in_send();
    });
    bool early = !listening();
    server.hear();
    server.expect_error("listening on port " + std::to_string(lab.port) + '\n');
    if (early && server.err.compare(0, 9, "listening") == 0)
        lab.unmet("your server says that it listens, and does not yet");
});

// That program's words on stderr are one line.
void expect_one_line(Lab &lab, const Program &program)
{
    size_t end = program.err.find('\n');
    if (end == std::string::npos || end == 0 || end + 1 != program.err.size())
        lab.unmet("your " + program.name + " should say why in one line on stderr; it said " +
                  in_quotes(program.err, 60));
}

// That it was a failing call that ended program: FILE:LINE: CALL: REASON, its last words.
void expect_complaint(Lab &lab, const Program &program, const std::string &what)
{
    const std::string file = program.name + ".cpp:";
    const std::string last = program.err.substr(program.err.rfind('\n', program.err.size() - 2) + 1);
    size_t digits = last.find_first_not_of("0123456789", file.size());
    if (last.compare(0, file.size(), file) != 0 || digits == file.size() ||
        last.compare(std::min(digits, last.size()), std::string::npos, ": " + what + '\n') != 0)
        lab.unmet("your " + program.name + " should say \"" + file + "LINE: " + what +
                  "\" on stderr; it said " + in_quotes(program.err, 60));
}

Check takes_5000(1, 1, "listens on port 5000 when it is told none", [](Lab &lab) {
    lab.because("without a PORT the server takes 5000", "look at argc before you look at argv[1]");
    Program &server = lab.start("server", {});
    server.expect_error("listening on port 5000\n");
    lab.wait_for("your server does not listen on port 5000", [&] { return listens(server.pid, 5000); });
    lab.because("65535 is a port too", "a port that is no number from 0 to 65535 is refused, no other");
    lab.start_server({"65535"});
}, 99, true);

Check takes_any_port(1, 1, "takes any free port for 0, and refuses what is no port", [](Lab &lab) {
    lab.because("0 lets the kernel choose; getsockname() tells which",
                "print the port that getsockname() gives, not the one you asked for; its third argument "
                "says how much room there is");
    for (int i = 0; i < 2; i++) { // side by side
        Program &server = lab.start("server", {"0"});
        server.expect_error("listening on port ");
        size_t number = server.err.find("port ") + 5;
        lab.wait_for("your server should end the line that names its port",
                     [&] { return server.err.find('\n', number) != std::string::npos; });
        int named = atoi(server.err.c_str() + number);
        lab.wait_for("your server should listen on the port that it names, " + std::to_string(named),
                     [&] { return listens(server.pid, named); });
    }
    lab.because("a port is a number from 0 to 65535, and nothing but digits; a wrong one is a usage error",
                "look at all of the word before you convert it: a line on stderr, status 2");
    for (const char *bad :
         {"65536", "abc", "-1", "-5", "5000x", "0x1388", "", "4294972296", "18446744073709556616"}) {
        Program &refused = lab.start("server", {bad});
        refused.expect_exit(2);
        expect_one_line(lab, refused);
    }
});

Check says_why(1, 1, "says why it cannot start, and does not start", [](Lab &lab) {
    lab.because("another program has the port: bind() or listen() fails with EADDRINUSE, and a server that "
                "goes on listens elsewhere, or nowhere",
                "check() around each call of listen_on(); \"listening\" is said after the last");
    lab.listen();
    Program &server = lab.start("server", {std::to_string(lab.port)});
    server.expect_exit(1);
    if (server.err.find("listening") != std::string::npos)
        lab.unmet("your server says that it listens, and it does not");
    expect_complaint(lab, server, server.err.find(": listen: ") != std::string::npos
                                      ? "listen: Address already in use" : "bind: Address already in use");
    lab.stop_listening();
    lab.because("with SO_REUSEPORT two servers can listen on one port, and each gets some of the clients",
                "SO_REUSEADDR, and nothing else");
    lab.start_server();
    lab.start("server", {std::to_string(lab.port)}).expect_exit(1);
});

Check greets(1, 2, "greets its clients in the order in which they come", [](Lab &lab) {
    Program &server = lab.start_server();
    for (int id = 1; id <= 3; id++) {
        lab.because("accept() gives a new socket for each client; the greeting goes there at once",
                    "accept() in a loop, ids from 1; write() the greeting before the first read()");
        Peer &client = lab.greeted(id);
        lab.because("read() returns 0 when a client has ended: it has been greeted, once, and is owed no more; "
                    "it sees our end when its descriptor is closed",
                    "when read() returns 0 leave the loop, and serve(); then close(); no SO_LINGER of 0 "
                    "seconds, which sends a reset");
        client.half_close();
        client.expect_clean_end();
    }
    lab.because("it listens once, and says so once", "in listen_on(), not in the loop");
    expect_said_once(lab, server);
});

Check accept_fails(1, 2, "goes on when accept() fails", [](Lab &lab) {
    lab.because("accept() fails with EMFILE when there are no descriptors left: no reason to exit; and who was "
                "not accepted takes no number",
                "if accept() returns -1: complain(), and continue, before you count");
    Program &server = lab.start_server();
    descriptors_at_rest(lab, server);
    server.freeze(); // accept() took its descriptor when it was called, and starts again
    no_descriptor_more(server);
    server.thaw();
    Peer &client = fails_to_accept(lab, server);
    server.unlimit(RLIMIT_NOFILE);
    client.expect("hello 1\n");
}, 1);

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

Check answers_lines(1, 3, "answers a line, and an empty one", [](Lab &lab) {
    lab.because("each line L of client N is answered N: L, and an empty line is a line",
                "add to input the n bytes that read() gave, no more; write() the answers to what is new, and "
                "none of them again");
    lab.start_server();
    for (int id = 1; id < 10; id++)
        lab.greeted(id).close();
    Peer &client = lab.greeted(10); // two digits
    std::string text = word(lab, 12) + '\n', bytes;
    for (const std::string &line : {text, std::string("\n"), text}) {
        client.send(line);
        client.expect(answers(10, line));
    }
    lab.because("every byte but '\\n' is data: a zero ends a string of C, but no line, and a char may be "
                "negative",
                "std::string and its size; no strlen(), no strtok(), no isprint(), and no format but your own");
    while (bytes.size() < 200) {
        char byte = static_cast<char>(lab.random());
        bytes += byte == '\n' ? '\0' : byte;
    }
    for (const std::string &line :
         {std::string("\r\n"), std::string("\ra\0\r\n", 5), ' ' + bytes + " \r\n", std::string("\xff\n"),
          std::string(" 100 %s%n \n"), std::string("quit\n"), std::string("exit\n"), std::string(".\n")}) {
        client.send(line);
        client.expect(answers(10, line));
    }
});

Check one_at_a_time(1, 3, "lets the next client wait while it serves one", [](Lab &lab) {
    lab.because("this lesson's server serves one client at a time", "accept() again only after close()");
    Program &server = lab.start_server();
    Peer &first = lab.greeted(1), &second = lab.connect();
    second.send("hi\n");
    server.expect_quiet();
    second.expect_nothing("it is not its turn");
    first.close();
    second.expect("hello 2\n2: hi\n");
}, 1);

Check joins_pieces(1, 4, "joins a line that comes in pieces", [](Lab &lab) {
    lab.because("TCP is a stream of bytes: read() gives what has arrived, not a line",
                "keep what read() gave; answer when there is a '\\n'");
    Program &server = lab.start_server();
    Peer &client = lab.greeted(1);
    std::string line = word(lab, 6) + '\n';
    for (char c : line) {
        client.expect_nothing("the line has not ended yet");
        client.send(std::string(1, c));
        expect_read(lab, server, client);
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

Check sees_the_end(1, 4, "answers what is owed at the end of input, then closes", [](Lab &lab) {
    lab.because("what came before the end is answered, and one read() may give many lines: 1024 bytes are the "
                "limit of each, not of them all",
                "answer all lines that are whole before you look for the end; measure from one '\\n' to the next");
    Program &server = lab.start_server();
    Peer &client = lab.greeted(1);
    std::string text = lines(lab, 3000);
    server.freeze();
    client.send(text + "unfinished");
    client.half_close();
    server.thaw();
    client.expect(answers(1, text));
    lab.because("read() returns 0 at the end of input, and goes on returning it",
                "leave the loop at 0; an unfinished line is dropped");
    client.expect_clean_end();
    server.expect_quiet();
    lab.because("what one client has left unfinished is no part of the next one's line",
                "a new input buffer for each client");
    serves_on(lab, 2);
});

Check longest_line(1, 4, "answers a line of 1024 bytes, and refuses 1025", [](Lab &lab) {
    lab.because("a line may have 1024 bytes, and the '\\n' is not counted",
                "only more than 1024 is too long; look before you store more");
    Program &server = lab.start_server();
    Peer &client = lab.greeted(1);
    std::string line = word(lab, 1024) + '\n';
    client.send(line);
    client.expect(answers(1, line));
    client.send(line.substr(0, 1024));
    server.expect_quiet(); // it has read them
    client.send("\n");
    client.expect(answers(1, line));
    lab.because("lines before the one that is too long are answered, and nothing after it",
                "answer line by line; at the first of more than 1024 bytes stop");
    client.send("before\n" + word(lab, 1025) + "\nmore\n");
    client.expect("1: before\nerror: line too long\n");
    client.half_close();
    client.expect_end();
    lab.because("one that was refused is heard out until it has ended, and no longer; what it has sent is no "
                "matter of the next one's",
                "in drain() go on while read() gives more than 0: the end is 0, again and again; no static and no "
                "global variable for what belongs to one client");
    serves_on(lab, 2);
});

Check writes_all(1, 5, "delivers a megabyte, and all that is owed before it closes", [](Lab &lab) {
    lab.because("write() may take fewer bytes than you give it; and of many lines that come together each "
                "may have 1024",
                "a loop that writes what is left; the limit is for a line, not for all that has come");
    lab.start_server();
    Peer &client = lab.greeted(1);
    const int rounds = 64;
    for (int i = 1; i <= rounds; i++) {
        std::string text = lines(lab, 16384);
        client.send(text);
        if (i == rounds)
            client.half_close();
        client.expect_all(answers(1, text));
    }
    client.expect_clean_end();
});

Check writes_the_rest(1, 5, "goes on after a write() that a signal cut short", [](Lab &lab) {
    lab.because("write() may take fewer bytes than you give it", "a loop that writes what is left");
    lab.tiny_buffers();
    Program &server = lab.start_server();
    Peer &client = lab.greeted(1);
    std::string text; // lines with answers three times as long: more than a socket takes at once
    while (text.size() < 4000)
        text += word(lab, lab.random() % 2) + '\n';
    server.freeze();
    client.send(text);
    server.thaw();
    std::string wanted = answers(1, text) + stall(lab, server, client, 1, 4000);
    server.freeze(); // the signal ends the write() with what it has taken so far
    server.thaw();
    client.expect_all(wanted);
}, 99, true);

// That server holds as many descriptors as before whom came.
void expect_closed(Lab &lab, const Program &server, int before, const std::string &whom)
{
    lab.because("a descriptor that stays open is one less for the clients to come",
                "close() the client's descriptor, whichever way it leaves");
    lab.wait_for("your server should hold no descriptor of " + whom,
                 [&] { return open_descriptors(server.pid) == before; });
}

Check endless_line(1, 6, "refuses a line without end so that its client can read why", [](Lab &lab) {
    lab.because("a line may be too long before its '\\n' has come; and close() with bytes unread sends a "
                "reset, with which your answer may be lost",
                "look at the size of a line that has not ended, too; shutdown(SHUT_WR), then read and throw "
                "away, then close()");
    Program &server = lab.start_server();
    Peer &guest = lab.greeted(1);
    guest.half_close();
    guest.expect_clean_end();
    int before = descriptors_at_rest(lab, server);
    Peer &client = lab.greeted(2);
    server.freeze();
    client.send(word(lab, 65536));
    server.thaw();
    server.expect_quiet(1); // so that a reset, if there is one, comes before the client reads
    client.expect("error: line too long\n");
    client.half_close(); // a server may wait for that before it closes
    client.expect_clean_end();
    expect_closed(lab, server, before, "the client that was refused and has gone");
    serves_on(lab, 3);
});

Check hears_it_out(1, 6, "throws away what one that was refused goes on sending", [](Lab &lab) {
    lab.because("who was refused may go on sending; close() with that unread sends a reset, and when the receiving "
                "half is shut down, whatever arrives is answered with one",
                "shutdown(SHUT_WR), and no other half; read and throw away until its end, not only once");
    Program &server = lab.start_server();
    Peer &client = lab.greeted(1);
    client.send(word(lab, 2000));
    client.expect("error: line too long\n");
    for (size_t size : {100, 100, 150000}) {
        client.send(std::string(size, 'x') + '\n');
        expect_read(lab, server, client);
    }
    client.half_close();
    client.expect_clean_end();
    lab.because("who was refused may also be lost: read() fails then, with ECONNRESET, and that is no reason to exit",
                "no check() in drain(): it ends when read() gives nothing more");
    Peer &lost = lab.greeted(2);
    lost.send(word(lab, 2000));
    lost.expect("error: line too long\n");
    lost.reset();
    serves_on(lab, 3);
}, 2);

Check survives_reset(1, 7, "survives a client that resets the connection", [](Lab &lab) {
    lab.because("read() fails with ECONNRESET: that client is lost, not the server",
                "an if after read(), no check()");
    Program &server = lab.start_server();
    int before = descriptors_at_rest(lab, server);
    Peer &client = lab.greeted(1);
    client.send("half a li");
    client.reset();
    Peer &second = lab.greeted(2);
    lab.because("a connection that was reset while it waited is accepted all the same; then every call on "
                "it fails",
                "no check() around what is done with a client's descriptor");
    server.freeze();
    Peer &early = lab.connect(), &third = lab.connect();
    early.reset();
    server.thaw();
    second.close();
    if (third.line().compare(0, 6, "hello ") != 0)
        lab.unmet(third.name + " should be greeted");
    third.close();
    expect_closed(lab, server, before, "those that have gone");
});

Check survives_sigpipe(1, 7, "survives writing to a client that has gone", [](Lab &lab) {
    lab.because("write() to a connection that has gone sends SIGPIPE, which ends the process",
                "signal(SIGPIPE, SIG_IGN), and an if for EPIPE");
    Program &server = lab.start_server();
    Peer &client = lab.greeted(1);
    server.freeze();
    client.send("hi\n");
    client.half_close(); // after the end of input a reset is told as EPIPE, not ECONNRESET
    client.reset();
    server.thaw();
    serves_on(lab, 2);
    server.must_run();
});

Check survives_stuck(1, 7, "survives the reset of a client that it waits for in write()", [](Lab &lab) {
    lab.because("write() that waits for its reader fails when the reader has gone, and sends SIGPIPE",
                "signal(SIGPIPE, SIG_IGN), and an if for EPIPE and ECONNRESET");
    lab.tiny_buffers();
    Program &server = lab.start_server();
    Peer &client = lab.greeted(1);
    stall(lab, server, client, 1, 200);
    client.reset();
    serves_on(lab, 2);
    server.must_run();
}, 3, true);

Check client_fails(1, 8, "the client says why it cannot connect", [](Lab &lab) {
    lab.because("nobody listens there: connect() fails with ECONNREFUSED",
                "check(connect(...), \"connect\")");
    Program &client = lab.start_client();
    client.expect_exit(1);
    expect_one_line(lab, client);
    expect_complaint(lab, client, "connect: Connection refused");
});

Check client_defaults(1, 8, "the client connects to 127.0.0.1, port 5000, if told no other", [](Lab &lab) {
    lab.because("HOST is 127.0.0.1 and PORT is 5000 unless the arguments say otherwise",
                "look at argc; both the address and the port in network byte order");
    const std::string address = lab.network.server.address;
    const std::vector<std::string> none, one{address}, both{address, "65535"};
    for (const std::vector<std::string> &arguments : {none, one, both}) {
        const Host here{"127.0.0.1", lab.network.client.netns};
        lab.listen_on(arguments.empty() ? here : lab.network.server, 16, arguments == both ? 65535 : 5000);
        lab.start("client", arguments);
        lab.accept();
        lab.stop_listening();
    }
}, 99, true);

Check client_talks(1, 9, "the client prints the greeting, sends a line, prints its answer", [](Lab &lab) {
    lab.because("read() may give a part of a line; what came is printed, and nothing else; and stdio keeps what "
                "it prints to itself where standard output is no terminal",
                "read on until the '\\n' is there, then write() the line to standard output, or fflush() that");
    lab.listen();
    Program &client = lab.start_client();
    Peer &server = lab.accept();
    server.send("hel");
    client.expect_quiet();
    server.send("lo 1\n");
    client.expect_output("hello 1\n");
    lab.because("each line that you type is sent, and its answer printed, nothing else",
                "read_line() from standard input, send; read_line() from the server, print");
    std::string printed = "hello 1\n";
    const auto talk = [&](const std::string &text) {
        client.type(text);
        server.expect(text);
        server.send(answers(1, text));
        client.expect_output(printed += answers(1, text));
    };
    talk(word(lab, 9) + '\n');
    lab.because("every byte but '\\n' is data, an empty line is a line, and one of 1024 bytes too",
                "std::string and its size; no char array, no printf(\"%s\")");
    for (const std::string &text : {std::string("\n"), std::string("  a \n"), std::string("a\0b\xff\r\n", 6),
                                    word(lab, 1024) + '\n'})
        talk(text);
    lab.because("what the server answers is printed, whatever it is",
                "to standard output; what goes to stderr is of the client's own");
    client.type("hi\n");
    server.expect("hi\n");
    server.send("error: line too long\n");
    client.expect_output(printed + "error: line too long\n");
    lab.because("at the end of your input the client has done its work",
                "close(), and status 0");
    client.end_input();
    server.expect_clean_end();
    server.close();
    client.expect_exit(0);
});

Check client_waits(1, 9, "the client sends the next line when the last is answered", [](Lab &lab) {
    lab.because("one line, one answer: it does not send what it has read ahead before the answer has come",
                "in the loop: send a line, then wait for its answer");
    lab.listen();
    Program &client = lab.start_client();
    Peer &server = lab.accept();
    server.send("hello 1\n");
    client.type("one\ntwo\n");
    server.expect("one\n");
    client.expect_quiet();
    server.expect_nothing("the first line has not been answered");
    server.send("1: one\n");
    lab.because("read() may give two lines at once: what comes after the first '\\n' is the beginning of the next",
                "a string for what the keyboard has given and one for the server, each declared before the loop, so "
                "that it lives on");
    server.expect("two\n");
    lab.because("standard output is for what the server says, and for nothing else",
                "what the client has to say itself goes to stderr");
    client.expect_output("hello 1\n1: one\n");
    client.end_input();
    server.send("1: two\n");
    server.expect_clean_end();
    client.expect_output("hello 1\n1: one\n1: two\n");
    server.close();
    client.expect_exit(0);
}, 1);

Check client_survives_sigpipe(1, 9, "the client says so when its server went while you typed", [](Lab &lab) {
    lab.because("write() to a connection that has gone sends SIGPIPE, which ends the process without a word",
                "signal(SIGPIPE, SIG_IGN); when write() fails say so, once, and leave with status 1");
    lab.listen();
    Program &client = lab.start_client();
    Peer &server = lab.accept();
    server.send("hello 1\n");
    client.expect_output("hello 1\n");
    server.half_close(); // after the end of input a reset is told as EPIPE, not ECONNRESET
    server.reset();
    client.type("anybody?\n");
    client.expect_exit(1);
    expect_one_line(lab, client);
}, 1);

Check client_loses_server(1, 9, "the client ends with status 1 when its server has gone", [](Lab &lab) {
    enum End { CLOSES, IS_RESET, CLOSES_EARLY, ANSWERS_IN_PART };
    for (End end : {CLOSES, IS_RESET, CLOSES_EARLY, ANSWERS_IN_PART}) {
        lab.because(end == IS_RESET ? "read() fails with ECONNRESET: the server has gone before it answered"
                                    : "read() returns 0 where an answer, or the greeting, is due; a part of one is none",
                    "say so once: one line on stderr, then leave with status 1");
        lab.listen();
        Program &client = lab.start_client();
        Peer &server = lab.accept();
        lab.stop_listening();
        if (end != CLOSES_EARLY) {
            server.send("hello 1\n");
            client.type("anybody?\n");
            server.expect("anybody?\n");
        }
        if (end == ANSWERS_IN_PART)
            server.send("1: anyb");
        end == IS_RESET ? server.reset() : server.close();
        client.expect_exit(1);
        expect_one_line(lab, client);
    }
});

} // namespace
