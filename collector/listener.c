/* libuv cannot set SO_REUSEPORT before binding, so the socket is made by hand.
 *
 * TCP_DEFER_ACCEPT hands a connection over together with its first bytes: no wake-up for
 * connections that say nothing. What is set here is inherited by what is accepted.
 *
 * Left alone, libuv takes connections for as long as there are more: who floods a port
 * would keep those who are there from their turn. One beyond LISTENER_ACCEPTS_MAX is not
 * accepted, so libuv holds it and stops listening until it is, in the next turn.
 *
 * When the process runs out of files, libuv closes the newcomers with a spare one; our
 * own cap lies well below. */
#include "listener.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>
#include "worker.h"

#define BACKLOG 4096       /* cut by the kernel to net.core.somaxconn */
#define DEFER_ACCEPT_SEC 5 /* then a silent connection is handed over after all */

static void set(int fd, int level, int option, int value)
{
    /* Best effort: without any of these it is slower, not wrong. */
    setsockopt(fd, level, option, &value, sizeof value);
}

int listener_bind(const struct address *at, bool shared)
{
    int fd = socket(at->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int err;

    if (fd < 0)
        return -errno;
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (shared)
        set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (bind(fd, &at->sa, at->n) == 0)
        return fd;
    err = errno;
    close(fd);
    return -err;
}

static void take(struct listener *l)
{
    l->taken++;
    conns_accept(l);
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct listener *l = stream->data;

    if (status < 0)
        COUNT(&l->worker->counters, accept_errors);
    else if (l->taken == LISTENER_ACCEPTS_MAX)
        l->waits = true; /* libuv listens on when it is accepted */
    else
        take(l);
}

int listener_open(struct listener *l, struct worker *w, enum port port, int fd)
{
    int r;

    l->worker = w;
    l->port = port;
    l->tcp.data = l;
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (port != PORT_FEED) /* who may just listen must be counted */
        set(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, DEFER_ACCEPT_SEC);
    if ((r = uv_tcp_init(&w->loop, &l->tcp)) < 0 || (r = uv_tcp_open(&l->tcp, fd)) < 0) {
        close(fd);
        return r;
    }
    return uv_listen((uv_stream_t *)&l->tcp, BACKLOG, on_connection);
}

int listener_open_at(struct listener *l, struct worker *w, enum port port,
                     const struct listen_addr *at, struct address *bound, char *err,
                     size_t err_n)
{
    int fd, r;

    *bound = (struct address){0};
    if (!at->on)
        return 0;
    bound->n = at->sa.ss_family == AF_INET6 ? sizeof bound->v6 : sizeof bound->v4;
    memcpy(&bound->sa, &at->sa, bound->n);
    if ((fd = at->handed ? at->handed : listener_bind(bound, false)) < 0)
        return listen_addr_explain(at, fd, err, err_n);
    if ((r = listener_open(l, w, port, fd)) < 0)
        return listen_addr_explain(at, r, err, err_n);
    bound->n = sizeof bound->v6;
    getsockname(fd, &bound->sa, &bound->n);
    return 0;
}

void listener_turn(struct listener *l)
{
    l->taken = 0;
    if (!l->waits)
        return;
    l->waits = false;
    take(l);
}

void listener_close(struct listener *l)
{
    l->waits = false;
    if (l->worker && !uv_is_closing((uv_handle_t *)&l->tcp))
        uv_close((uv_handle_t *)&l->tcp, NULL);
}
