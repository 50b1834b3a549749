// libuv.cpp: the room's greeting and answers on libuv, written as its guide does it.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <uv.h>

struct Client {
    uv_tcp_t socket;
    int id;
    std::string input; // received, not yet a whole line
};

struct Answer {
    uv_write_t request;
    std::string text;
};

void on_written(uv_write_t *request, int)
{
    delete static_cast<Answer *>(request->data);
}

void send(Client &client, std::string text)
{
    auto *answer = new Answer{{}, std::move(text)};
    answer->request.data = answer;
    uv_buf_t bytes = uv_buf_init(&answer->text[0], static_cast<unsigned>(answer->text.size()));
    auto *stream = reinterpret_cast<uv_stream_t *>(&client.socket);
    if (uv_write(&answer->request, stream, &bytes, 1, on_written) != 0)
        delete answer;
}

void on_closed(uv_handle_t *handle)
{
    delete static_cast<Client *>(handle->data);
}

void on_room_wanted(uv_handle_t *, size_t, uv_buf_t *room)
{
    static char bytes[4096]; // each is taken in before the next is read
    *room = uv_buf_init(bytes, sizeof bytes);
}

void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    Client &client = *static_cast<Client *>(stream->data);
    if (n < 0) {
        uv_close(reinterpret_cast<uv_handle_t *>(stream), on_closed);
        return;
    }
    client.input.append(bytes->base, static_cast<size_t>(n));
    std::string answers;
    size_t start = 0;
    for (size_t end; (end = client.input.find('\n', start)) != std::string::npos; start = end + 1)
        answers += std::to_string(client.id) + ": " + client.input.substr(start, end + 1 - start);
    client.input.erase(0, start);
    if (!answers.empty())
        send(client, std::move(answers));
}

void on_connection(uv_stream_t *listener, int)
{
    static int next_id = 1;
    auto *client = new Client{};
    auto *stream = reinterpret_cast<uv_stream_t *>(&client->socket);
    uv_tcp_init(listener->loop, &client->socket);
    client->socket.data = client;
    if (uv_accept(listener, stream) != 0) {
        uv_close(reinterpret_cast<uv_handle_t *>(stream), on_closed);
        return;
    }
    client->id = next_id++;
    send(*client, "hello " + std::to_string(client->id) + '\n');
    uv_read_start(stream, on_room_wanted, on_read);
}

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 2;
    }
    uv_tcp_t listener;
    sockaddr_in address;
    uv_tcp_init(uv_default_loop(), &listener);
    uv_ip4_addr("0.0.0.0", atoi(argv[1]), &address);
    uv_tcp_bind(&listener, reinterpret_cast<sockaddr *>(&address), 0);
    if (uv_listen(reinterpret_cast<uv_stream_t *>(&listener), 4096, on_connection) != 0)
        return EXIT_FAILURE;
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
