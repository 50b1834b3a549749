// room.hpp: the protocol of the room, as checks speak it.
#pragma once

#include <string>

#include "../harness/check.hpp"

// A random word.
inline std::string word(Lab &lab, size_t length)
{
    std::string text;
    while (text.size() < length)
        text += static_cast<char>('a' + lab.random() % 26);
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

// That the server still serves: the next client, number id, gets its answer.
inline void serves_on(Lab &lab, int id)
{
    Peer &next = lab.greeted(id);
    std::string text = word(lab, 8) + '\n';
    next.send(text);
    next.expect(answers(id, text));
}

// Sends lines, size bytes at a time, that client, number id, does not take the answers of,
// until the server sleeps in a send. Returns all the answers that are due.
inline std::string stall(Lab &lab, Program &server, Peer &client, int id, size_t size)
{
    std::string wanted;
    lab.wait_for("a blocking server should wait in write() for a client that does not read", [&] {
        if (server.stuck_in_send())
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
