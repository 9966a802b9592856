/* Bytes go into the worker's one read buffer, or behind what is carried, and to whoever
 * understands them in the connection's state. */
#include "conn.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>
#include "conn_serve.h"
#include "proxied.h"
#include "worker.h"

#define CARRY_FIRST 1024 /* bytes; a browser's whole head fits */

static void on_bytes(struct conn *c, const char *bytes, size_t n)
{
    size_t proxys = 0;

    if (c->carry.p) {
        c->carry.n += (uint32_t)n;
        bytes = c->carry.p;
        n = c->carry.n;
    }
    if (c->awaits_proxy && (proxys = proxied_take(c, bytes, n)) == 0)
        return;
    if (c->state == CONN_WAITING) {
        if (conn_keep(c, bytes, n))
            conn_read_on(c);
    } else if (n < c->need) {
        conn_read_on(c);
    } else {
        conn_serve(c, bytes + proxys, n - proxys);
    }
}

static void on_drained(struct conn *c, size_t n)
{
    c->drained += (uint32_t)n;
    if (c->drained > HTTP_DRAIN_MAX)
        conn_close(c);
}

/* The client sends no more. If it shut only its writing side, an answer that is under way
 * still reaches it. */
static void on_end(struct conn *c, bool in_order)
{
    bool (*ended)(struct stream *) =
        c->state == CONN_STREAMING ? c->stream.framing->ended : NULL;

    if (in_order && ended && ended(&c->stream))
        return;
    if (c->state != CONN_WAITING || !in_order) {
        conn_close(c);
        return;
    }
    conn_read_stop(c);
    c->mode.last = true;
}

static void on_read(struct conn *c, const char *bytes, size_t n)
{
    if (c->state == CONN_DRAINING)
        on_drained(c, n);
    else if (c->state == CONN_STREAMING)
        c->stream.framing->read(&c->stream, bytes, n);
    else
        on_bytes(c, bytes, n);
}

/* Where the next bytes go, and how many of them. */
static char *room(struct conn *c, size_t *n)
{
    if (c->carry.p == NULL) {
        *n = c->port == PORT_FEED ? FEED_READ_BYTES : READ_BYTES;
        return c->worker->read_bytes;
    }
    *n = c->carry.size - c->carry.n;
    assert(*n > 0); /* see conn_read_on */
    return c->carry.p + c->carry.n;
}

/* Once in a turn of the loop: a client that sends as fast as it is read does not keep the
 * others waiting. What fills the room may not be all, and an end is told by a reading of
 * its own. (Nor is it all when urgent bytes stand between: who sends such waits for its
 * deadline.) */
void conn_take(struct conn *c, bool ends)
{
    size_t size;
    char *bytes = room(c, &size);
    ssize_t n = recv(c->socket.fd, bytes, size, 0);
    bool more = ends || n == (ssize_t)size || (n < 0 && errno == EINTR);

    if (n > 0)
        on_read(c, bytes, (size_t)n);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        on_end(c, n == 0);
    if (more && c->reading && c->state != CONN_CLOSING)
        poller_again(&c->worker->poller, &c->socket);
}

void conn_read_stop(struct conn *c)
{
    if (!c->reading)
        return;
    c->reading = false;
    conn_poll(c);
}

static void read_start(struct conn *c)
{
    if (c->reading)
        return;
    c->reading = true;
    conn_poll(c);
}

void conn_read_on(struct conn *c)
{
    struct budget *budget = &c->worker->conns.budget;
    size_t limit = c->need ? c->need : HTTP_HEAD_MAX;
    size_t size = c->carry.n < CARRY_FIRST / 2 ? CARRY_FIRST : 2 * c->carry.n;

    if (c->carry.p && c->carry.n >= limit)
        conn_read_stop(c);
    else if (c->carry.p && !carry_reserve(&c->carry, budget, size < limit ? size : limit))
        conn_starve(c);
    else
        read_start(c);
}

/* TCP_DEFER_ACCEPT: the first request is most likely here already, and a connection that
 * ends with its answer need never be polled. */
void conn_take_first(struct conn *c)
{
    char *bytes = c->worker->read_bytes;
    ssize_t n = recv(c->socket.fd, bytes, READ_BYTES, 0);

    if (n > 0)
        on_bytes(c, bytes, (size_t)n);
    else
        read_start(c); /* which also finds out about an end or an error */
}
