// Lesson 1, blocking: a server that talks to one client at a time.
#include <arpa/inet.h>
#include <csignal>
#include <cstdlib>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

#include "../../common/error.hpp"

const size_t LONGEST = 1024; // bytes in a line, without its '\n'

// The number from 0 to 65535 that text names, or -1 if it is none.
int number_from(const char *text)
{
    char *end;
    long number = strtol(text, &end, 10);
    bool digits = *text >= '0' && *text <= '9' && *end == '\0';
    return digits && number <= 65535 ? static_cast<int>(number) : -1;
}

// A socket that listens on port, on every IPv4 address of this host.
int listen_on(int port)
{
    // STEP 1: make a socket for IPv4 streams; let it take the port again at once after a
    // restart (SO_REUSEADDR); bind it to INADDR_ANY and port, both in network byte order;
    // listen. Then say "listening on port N\n" on stderr, where N is the port that
    // getsockname() tells: for port 0 the kernel chooses one.
    // man 2 socket, 2 setsockopt, 7 ip, 2 bind, 2 listen, 2 getsockname, 3 htons
    (void)port; // (until step 1)
    return -1;  // (until step 1)
}

// read(), again if a signal came before a byte did.
ssize_t read_some(int fd, char *bytes, size_t size)
{
    ssize_t n;
    do {
        n = read(fd, bytes, size);
    } while (n == -1 && errno == EINTR);
    return n;
}

// Writes all of text, however little write() takes at a time. False: the peer is lost.
bool write_all(int fd, const std::string &text)
{
    // STEP 5: write() may take fewer bytes than you give it. Go on until all are taken;
    // a signal in between (EINTR) is no reason to stop. Complain, and return false, for
    // every other error. man 2 write
    return write(fd, text.data(), text.size()) != -1; // (until step 5)
}

// Moves every whole line of input to answers, in the form in which client id gets
// it back; an unfinished line stays. False: what stays begins with too long a line.
bool answer_lines(int id, std::string &input, std::string &answers)
{
    // STEP 4: TCP is a stream of bytes: input may hold half a line, or three. Take every
    // line out of it that has its '\n', add its answer "ID: LINE\n", and keep the rest.
    // A line may have LONGEST bytes; return false if there is a longer one, whether its
    // '\n' has come or not, and answer nothing after it. See find(), substr() and erase()
    // of std::string.
    answers += std::to_string(id) + ": " + input; // (until step 4)
    bool fits = input.size() <= LONGEST;          // (until step 4)
    input.clear();                                // (until step 4)
    return fits;                                  // (until step 4)
}

// Ends our half of the connection, then throws away what still comes: close()
// with bytes unread would reset the connection, and our last answer may be lost.
// A client that never stops keeps us here for ever (lesson 3 mends it).
void drain(int fd)
{
    // STEP 6: tell the client that no more comes from us, then read and throw away what
    // it still sends, until its end. man 2 shutdown
    (void)fd; // (until step 6)
}

// Talks to client id until it has no more to say, or is lost.
void serve(int fd, int id)
{
    std::string input;
    std::string answers = "hello " + std::to_string(id) + '\n';
    while (write_all(fd, answers)) {
        // STEP 3: read what has come; 0 is the end of input, -1 a client that is lost:
        // complain and return, it is no reason to exit. Add the bytes to input, and
        // start with empty answers. man 2 read
        return; // (until step 3)
        if (!answer_lines(id, input, answers)) {
            if (write_all(fd, answers + "error: line too long\n"))
                drain(fd);
            return;
        }
    }
}

int main(int argc, char *argv[])
{
    int port = argc > 1 ? number_from(argv[1]) : 5000;
    if (argc > 2 || port == -1) {
        fprintf(stderr, "usage: %s [PORT], where PORT is a number from 0 to 65535\n", argv[0]);
        return 2;
    }
    // STEP 7: a write() to a client that has gone sends us SIGPIPE, which ends the
    // process. Ignore it: write() then fails with EPIPE. man 7 signal, 2 signal
    int listener = listen_on(port);

    // While we serve one client the next ones wait, connected but not greeted,
    // in the listener's backlog (lesson 2 mends it).
    // STEP 2: take the next client, talk to it with serve(client, id), close it; ids
    // count from 1. If accept() fails, complain and go on. man 2 accept
    if (listener != -1) // (until step 2)
        pause();        // (until step 2)
}
