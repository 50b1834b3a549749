// peer.cpp: one end of a connection, in the hand of a check.
#include "lab.hpp"

#include <cerrno>
#include <cstring>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

// Takes in what has come, without waiting.
void Peer::fill()
{
    const size_t flood = 8 << 20; // bytes that no lesson needs
    char bytes[65536];
    ssize_t n;
    while (!ended && (n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT)) != -1) {
        got.append(bytes, static_cast<size_t>(n));
        lab->moved += static_cast<size_t>(n);
        ended = n == 0;
        if (got.size() > flood)
            lab->unmet(name + " receives bytes without end");
    }
    if (!ended && errno != EAGAIN) {
        ended = true;
        error = errno;
    }
}

// Waits for something to be true of what has come.
void Peer::await(const std::string &what, const std::function<bool()> &holds, double seconds)
{
    lab->awaited = fd;
    lab->wait_for(what, [&] {
        fill();
        return holds();
    }, seconds);
    lab->awaited = -1;
}

void Peer::send(const std::string &text)
{
    lab->story.tell(name, other, in_quotes(text, 16));
    size_t done = 0;
    lab->wait_for("nobody reads what " + name + " sends", [&] {
        ssize_t n = ::send(fd, text.data() + done, text.size() - done, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n == -1 && errno != EAGAIN)
            lab->unmet(name + " cannot send: " + strerror(errno));
        size_t sent = n == -1 ? 0 : static_cast<size_t>(n);
        done += sent;
        lab->moved += sent;
        return done == text.size();
    });
}

void Peer::expect(const std::string &text)
{
    try {
        await(name + " should have received " + in_quotes(text), [&] {
            size_t at = first_difference(got, text), later = got.find(text);
            if (later != 0 && later != std::string::npos)
                lab->unmet(name + " received " + in_quotes(got.substr(0, later), 40) +
                           ", which nobody owes it, before " + in_quotes(text));
            if (at < got.size() && at < text.size())
                lab->unmet(name + " received " + quoted_near(got, at, 40) + " in place of " +
                           quoted_near(text, at, 24));
            if (got.size() < text.size() && ended)
                lab->unmet(name + " should have received " + in_quotes(text) + ", but the connection ended" +
                           (error ? std::string(": ") + strerror(error) : ""));
            return got.size() >= text.size();
        }, Lab::DEADLINE);
    } catch (const Unmet &) {
        size_t at = first_difference(got, text);
        lab->story.tell(name, "", "expected " + quoted_near(text, at, 16) + ", got " +
                                      (got.empty() ? "nothing" : quoted_near(got, at, 16)));
        throw;
    }
    got.erase(0, text.size());
    lab->story.tell(other, name, in_quotes(text, 16));
}

void Peer::expect_all(const std::string &text)
{
    const std::string bytes = std::to_string(text.size()) + " bytes";
    try {
        await(name + " should receive " + bytes, [&] {
            if (ended && got.size() < text.size())
                lab->unmet(name + " received " + std::to_string(got.size()) + " of " + bytes +
                           (!got.empty() && got.size() < 40 ? ", " + in_quotes(got, 40) : "") +
                           ", then the connection ended");
            return got.size() >= text.size();
        }, 3 * Lab::DEADLINE);
    } catch (const Unmet &) {
        lab->story.tell(name, "", "got " + std::to_string(got.size()) + " bytes");
        throw;
    }
    size_t at = first_difference(text, got);
    if (at < text.size())
        lab->unmet(name + " received " + bytes + ", but they are wrong from byte " + std::to_string(at) +
                   " on: " + in_quotes(got.substr(at, 12)) + " in place of " +
                   in_quotes(text.substr(at, 12)));
    got.erase(0, text.size());
    lab->story.tell(other, name, bytes);
}

void Peer::expect_end()
{
    await("the connection of " + name + " should end now", [&] {
        if (!got.empty())
            lab->unmet(name + " received " + in_quotes(got, 40) + " where the end should be");
        return ended;
    }, Lab::DEADLINE);
    lab->story.tell(other, name, error ? "RST" : "end (FIN)");
}

void Peer::expect_clean_end()
{
    expect_end();
    if (error)
        lab->unmet(name + "'s connection ended in an error: " + strerror(error));
}

void Peer::expect_nothing(const std::string &reason)
{
    fill();
    if (!got.empty() || ended)
        lab->unmet(name + (ended ? " was closed" : " received " + in_quotes(got)) + ", but " + reason);
}

void Peer::discard_until_end()
{
    await("the connection of " + name + " should end now", [&] {
        got.clear();
        return ended;
    }, Lab::DEADLINE);
    lab->story.tell(other, name, "end");
}

void Peer::discard()
{
    fill();
    got.clear();
}

bool Peer::has_ended()
{
    fill();
    return ended;
}

size_t Peer::has_received()
{
    fill();
    return got.size();
}

std::string Peer::line()
{
    try {
        await(name + " should receive a line", [&] {
            if (ended && got.find('\n') == std::string::npos)
                lab->unmet(name + " should have received a line, but the connection ended");
            return got.find('\n') != std::string::npos;
        }, Lab::DEADLINE);
    } catch (const Unmet &) {
        lab->story.tell(name, "", "expected a line, got " + (got.empty() ? "nothing" : in_quotes(got, 16)));
        throw;
    }
    std::string text = got.substr(0, got.find('\n'));
    got.erase(0, text.size() + 1);
    lab->story.tell(other, name, in_quotes(text, 16));
    return text;
}

size_t Peer::unacknowledged() const
{
    int bytes = 0;
    ioctl(fd, SIOCOUTQ, &bytes);
    return static_cast<size_t>(bytes);
}

size_t Peer::unread() const
{
    int bytes = 0;
    ioctl(fd, SIOCINQ, &bytes);
    return static_cast<size_t>(bytes);
}

void Peer::half_close()
{
    lab->story.tell(name, other, "end (FIN)");
    shutdown(fd, SHUT_WR);
}

void Peer::close()
{
    lab->story.tell(name, other, "closes");
    ::close(fd);
    fd = -1;
    ended = true;
}

void Peer::end_with_reset()
{
    linger hard{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

void Peer::reset()
{
    lab->story.tell(name, other, "RST");
    end_with_reset();
    ::close(fd);
    fd = -1;
    ended = true;
}
