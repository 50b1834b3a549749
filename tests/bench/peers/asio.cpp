// asio.cpp: the room's greeting and answers on Boost.Asio, written as its examples do it.
#include <boost/asio.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

using boost::asio::ip::tcp;
using boost::system::error_code;

class Client : public std::enable_shared_from_this<Client>
{
  public:
    Client(tcp::socket connection, int number) : socket(std::move(connection)), id(number) {}
    void start() { send("hello " + std::to_string(id) + '\n'); }

  private:
    tcp::socket socket;
    const int id;
    std::string input; // received, not yet a whole line
    std::string output;

    void send(std::string text)
    {
        output = std::move(text);
        boost::asio::async_write(socket, boost::asio::buffer(output),
                                 [self = shared_from_this()](error_code error, size_t) {
                                     if (!error)
                                         self->receive();
                                 });
    }
    void receive()
    {
        boost::asio::async_read_until(socket, boost::asio::dynamic_buffer(input), '\n',
                                      [self = shared_from_this()](error_code error, size_t size) {
                                          if (!error)
                                              self->answer(size);
                                      });
    }
    void answer(size_t size)
    {
        std::string line = input.substr(0, size);
        input.erase(0, size);
        send(std::to_string(id) + ": " + line);
    }
};

void welcome(tcp::acceptor &acceptor, int id)
{
    acceptor.async_accept([&acceptor, id](error_code error, tcp::socket socket) {
        if (!error)
            std::make_shared<Client>(std::move(socket), id)->start();
        welcome(acceptor, error ? id : id + 1);
    });
}

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 2;
    }
    boost::asio::io_context context{1};
    tcp::acceptor acceptor(context, {tcp::v4(), static_cast<unsigned short>(atoi(argv[1]))});
    welcome(acceptor, 1);
    context.run();
}
