// libevent.cpp: the room's greeting and answers on libevent's bufferevents.
#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

struct Client {
    int id;
};

void on_read(bufferevent *stream, void *context)
{
    const Client &client = *static_cast<Client *>(context);
    evbuffer *input = bufferevent_get_input(stream), *output = bufferevent_get_output(stream);
    size_t size;
    while (char *line = evbuffer_readln(input, &size, EVBUFFER_EOL_LF)) {
        evbuffer_add_printf(output, "%d: ", client.id);
        evbuffer_add(output, line, size);
        evbuffer_add(output, "\n", 1);
        free(line);
    }
}

void on_end(bufferevent *stream, short, void *context)
{
    bufferevent_free(stream);
    delete static_cast<Client *>(context);
}

void on_connection(evconnlistener *listener, evutil_socket_t fd, sockaddr *, int, void *)
{
    static int next_id = 1;
    auto *client = new Client{next_id++};
    bufferevent *stream =
        bufferevent_socket_new(evconnlistener_get_base(listener), fd, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(stream, on_read, nullptr, on_end, client);
    bufferevent_enable(stream, EV_READ | EV_WRITE);
    evbuffer_add_printf(bufferevent_get_output(stream), "hello %d\n", client->id);
}

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 2;
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(atoi(argv[1])));
    event_base *base = event_base_new();
    if (!evconnlistener_new_bind(base, on_connection, nullptr, LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_FREE,
                                 4096, reinterpret_cast<sockaddr *>(&address), sizeof address))
        return EXIT_FAILURE;
    return event_base_dispatch(base);
}
