/* A name may have several addresses, and a libuv handle connects once in its life: each
 * address gets the handle anew when the close callback of the one before has come. When
 * none is left, opened() gets the last error.
 *
 * Closing waits for what cannot be taken back, the resolver's thread and the handle's
 * close callback, whichever comes last. */
#include "redis_socket.h"

#include <assert.h>
#include <netdb.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>

static void rest_if_done(struct redis_socket *s)
{
    if (s->looking_up || s->has_handle)
        return;
    uv_freeaddrinfo(s->addresses);
    s->addresses = s->next = NULL;
    s->closing = false;
    s->closed(s->arg);
}

static void try_next(struct redis_socket *s);

static void on_handle_closed(uv_handle_t *handle)
{
    struct redis_socket *s =
        (struct redis_socket *)((char *)handle - offsetof(struct redis_socket, u));

    s->has_handle = false;
    if (s->closing)
        rest_if_done(s);
    else
        try_next(s);
}

static void failed(struct redis_socket *s, int status)
{
    s->status = status;
    uv_close(&s->u.handle, on_handle_closed);
}

static void on_connected(uv_connect_t *connect, int status)
{
    struct redis_socket *s = connect->data;

    if (s->closing)
        return;
    if (status < 0)
        failed(s, status);
    else
        s->opened(s->arg, 0);
}

/* Nagle's algorithm would hold each batch of calls back for the replies to the last. */
static void try_next(struct redis_socket *s)
{
    struct addrinfo *address = s->next;
    int r;

    if (address == NULL) {
        s->opened(s->arg, s->status);
        return;
    }
    s->next = address->ai_next;
    uv_tcp_init(s->loop, &s->u.tcp);
    s->has_handle = true;
    uv_tcp_nodelay(&s->u.tcp, 1);
    r = uv_tcp_connect(&s->connect, &s->u.tcp, address->ai_addr, on_connected);
    if (r < 0)
        failed(s, r);
}

static void on_looked_up(uv_getaddrinfo_t *lookup, int status, struct addrinfo *addresses)
{
    struct redis_socket *s = lookup->data;

    s->looking_up = false;
    s->addresses = s->next = addresses;
    if (s->closing)
        rest_if_done(s);
    else if (status < 0)
        s->opened(s->arg, status);
    else
        try_next(s);
}

static void look_up(struct redis_socket *s, const char *host, int port)
{
    static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                          .ai_protocol = IPPROTO_TCP};
    char service[8];
    int r;

    snprintf(service, sizeof service, "%d", port);
    r = uv_getaddrinfo(s->loop, &s->lookup, on_looked_up, host, service, &hints);
    if (r < 0)
        s->opened(s->arg, r);
    else
        s->looking_up = true;
}

void redis_socket_init(struct redis_socket *s, uv_loop_t *loop,
                       void (*opened)(void *arg, int status), void (*closed)(void *arg),
                       void *arg)
{
    *s = (struct redis_socket){
        .loop = loop, .opened = opened, .closed = closed, .arg = arg};
    s->lookup.data = s;
    s->connect.data = s;
}

void redis_socket_open(struct redis_socket *s, const struct redis_addr *addr)
{
    assert(!s->looking_up && !s->has_handle && !s->closing);
    if (!addr->is_unix) {
        look_up(s, addr->host, addr->port);
        return;
    }
    uv_pipe_init(s->loop, &s->u.pipe, 0);
    s->has_handle = true;
    uv_pipe_connect(&s->connect, &s->u.pipe, addr->host, on_connected);
}

bool redis_socket_has_unread(const struct redis_socket *s)
{
    struct pollfd p = {.events = POLLIN};

    return uv_fileno(&s->u.handle, &p.fd) == 0 && poll(&p, 1, 0) > 0;
}

void redis_socket_close(struct redis_socket *s)
{
    s->closing = true;
    if (s->looking_up)
        uv_cancel((uv_req_t *)&s->lookup);
    if (s->has_handle && !uv_is_closing(&s->u.handle))
        uv_close(&s->u.handle, on_handle_closed);
    rest_if_done(s);
}
