/* The life of a connection, its socket and its one deadline; what its bytes mean is in
 * conn_serve.c for requests and in stream.c for streams.
 *
 * The happy path: bytes arrive in the worker's one read buffer, conn_serve answers what
 * is whole in them, and one write(2) carries all answers away. The connection itself
 * holds no memory but its struct.
 *
 * It needs some in two cases. A request of which only a part came is kept in `carry`, and
 * further bytes are read right behind it. Answers that the socket does not take are kept
 * by the outlet, and nothing is read until they are gone: a client that does not read its
 * answers gets no more of them made. Both count against WORKER_HELD_MAX.
 *
 * With --proxy-protocol a connection of the public port begins with what its proxy says
 * of it (proxied.c); then all of that holds for what is behind.
 *
 * Failure modes: a write or read error closes; a client that is too slow with a head or a
 * body is told 408, with anything else it is just closed. Whatever happens, the state
 * says what the connection waits for, and exactly one deadline is set for it. */
#include "conn.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>
#include "conn_serve.h"
#include "container.h"
#include "feed_session.h"
#include "proxied.h"
#include "worker.h"

#define CARRY_FIRST 1024 /* bytes; a browser's whole head fits */

void conn_close(struct conn *c)
{
    if (c->answered)
        replies_release(&c->worker->replies);
    if (c->state == CONN_CLOSING)
        return;
    c->state = CONN_CLOSING;
    c->reading = c->blocked = false;
    deadline_clear(&c->deadline);
    waiter_leave(&c->waiter);
    stream_gone(&c->stream);
    outlet_fini(&c->outlet, &c->worker->conns.budget);
    close(c->socket.fd);
    conns_forget(c);
}

void conn_starve(struct conn *c)
{
    COUNT(&c->worker->counters, conns_starved);
    conn_close(c);
}

static enum deadline_class class_of(const struct conn *c)
{
    static const enum deadline_class classes[] = {
        [CONN_IDLE] = DEADLINE_IDLE,     [CONN_HEAD] = DEADLINE_HEAD,
        [CONN_BODY] = DEADLINE_BODY,     [CONN_WAITING] = DEADLINE_WAIT,
        [CONN_WRITING] = DEADLINE_WRITE, [CONN_DRAINING] = DEADLINE_DRAIN,
    };

    if (c->state == CONN_STREAMING)
        return c->blocked            ? DEADLINE_WRITE
               : c->stream.waits > 0 ? DEADLINE_FIRST
                                     : c->stream.framing->silence;
    return classes[c->state];
}

void conn_enter(struct conn *c, enum conn_state state)
{
    struct worker *w = c->worker;

    c->state = state;
    deadline_set(&w->deadlines, &c->deadline, class_of(c), worker_now(w)->mono);
}

/* ---- reading ---- */

/* Has the poller wait for what the connection waits for. */
static void poll_on(struct conn *c)
{
    uint32_t events = (c->reading ? EPOLLIN : 0u) | (c->blocked ? EPOLLOUT : 0u);

    if (poller_want(&c->worker->poller, &c->socket, events) < 0)
        conn_starve(c); /* no memory, or fs.epoll.max_user_watches */
}

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
static void take_bytes(struct conn *c, bool ends)
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
    poll_on(c);
}

static void read_start(struct conn *c)
{
    if (c->reading)
        return;
    c->reading = true;
    poll_on(c);
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

/* ---- writing ---- */

/* The socket has room again. */
static void write_on(struct conn *c)
{
    int r = outlet_resume(&c->outlet, c->socket.fd, &c->worker->conns.budget);

    if (r > 0)
        return;
    c->blocked = false;
    if (r == 0)
        poll_on(c);
    else
        conn_close(c);
    if (c->state == CONN_STREAMING)
        stream_written(&c->stream);
    else
        conn_serve(c, c->carry.p, c->carry.n); /* does nothing once it is closed */
}

void conn_ready(struct polled *socket, uint32_t events)
{
    struct conn *c = CONTAINER(socket, struct conn, socket);

    if (c->reading && events & (EPOLLIN | EPOLLERR | EPOLLHUP))
        take_bytes(c, events & EPOLLRDHUP);
    if (c->blocked && events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
        write_on(c);
}

bool conn_write(struct conn *c, const char *bytes, size_t n)
{
    struct budget *budget = &c->worker->conns.budget;
    int r;

    assert(!c->blocked && c->state != CONN_CLOSING);
    r = outlet_write(&c->outlet, c->socket.fd, budget, bytes, n);
    if (r == 0)
        return true;
    c->blocked = r > 0;
    if (r > 0)
        poll_on(c);
    else if (r == -ENOMEM)
        conn_starve(c);
    else
        conn_close(c);
    return false;
}

bool conn_flush(struct conn *c)
{
    struct buf *out = &c->worker->out;

    assert(!out->full);
    if (out->n > 0 && c->state != CONN_CLOSING)
        conn_write(c, out->p, out->n);
    buf_clear(out);
    return c->state != CONN_CLOSING && !c->blocked;
}

void conn_send(struct conn *c, const char *bytes, size_t n)
{
    if (!conn_write(c, bytes, n) && c->blocked) {
        conn_read_stop(c);
        conn_enter(c, CONN_WRITING);
    }
}

/* Tells the client that no more answers come, and listens until it has understood. */
static void drain(struct conn *c)
{
    carry_fini(&c->carry, &c->worker->conns.budget);
    if (shutdown(c->socket.fd, SHUT_WR) < 0) {
        conn_close(c);
        return;
    }
    conn_enter(c, CONN_DRAINING);
    read_start(c);
}

/* Who was understood and sent nothing beyond needs no farewell. */
void conn_finish(struct conn *c)
{
    if (c->lingers || c->carry.p)
        drain(c);
    else
        conn_close(c);
}

/* ---- life ---- */

void conn_init(struct conn *c, struct worker *w, enum port port, int fd,
               const struct address *peer)
{
    c->socket.fd = fd;
    c->worker = w;
    c->port = (uint8_t)port;
    ip_of_sockaddr(&c->peer, &peer->sa);
}

/* TCP_DEFER_ACCEPT: the first request is most likely here already, and a connection that
 * ends with its answer need never be polled. */
static void read_first(struct conn *c)
{
    char *bytes = c->worker->read_bytes;
    ssize_t n = recv(c->socket.fd, bytes, READ_BYTES, 0);

    if (n > 0)
        on_bytes(c, bytes, (size_t)n);
    else
        read_start(c); /* which also finds out about an end or an error */
}

/* The deadline of a head is for what a proxy says, too. */
void conn_begin(struct conn *c)
{
    bool proxied = c->port == PORT_HTTP && c->worker->setup->proxy_protocol;

    if (c->port == PORT_FEED) {
        feed_session_begin(c);
    } else if (!proxied || proxied_expect(c)) {
        conn_enter(c, proxied ? CONN_HEAD : CONN_IDLE);
        read_first(c);
    }
}

static void count_timeout(struct conn *c)
{
    struct counters *n = &c->worker->counters;

    if (c->state == CONN_IDLE)
        COUNT(n, timeouts_idle);
    else if (c->state == CONN_HEAD)
        COUNT(n, timeouts_head);
    else if (c->state == CONN_BODY)
        COUNT(n, timeouts_body);
    else if (c->state == CONN_WAITING)
        COUNT(n, timeouts_wait);
    else if (c->state == CONN_WRITING)
        COUNT(n, timeouts_write);
    else if (c->state == CONN_STREAMING)
        COUNT(n, streams_slow);
}

void conn_expired(struct conn *c)
{
    if (c->state == CONN_STREAMING && !c->blocked) {
        stream_silent(&c->stream);
        return;
    }
    count_timeout(c);
    if (c->awaits_proxy || (c->state != CONN_HEAD && c->state != CONN_BODY)) {
        conn_close(c);
        return;
    }
    conn_refuse(c, 408);
    if (conn_flush(c))
        drain(c);
    else
        conn_close(c);
}

void conn_dismiss(struct conn *c)
{
    if (c->state == CONN_STREAMING && !c->blocked)
        stream_farewell(&c->stream);
    else
        conn_close(c);
}

struct conn *conn_of_deadline(struct deadline *d)
{
    return CONTAINER(d, struct conn, deadline);
}

struct conn *conn_of_waiter(struct waiter *w)
{
    return CONTAINER(w, struct conn, waiter);
}

struct conn *conn_of_stream(struct stream *s)
{
    return CONTAINER(s, struct conn, stream);
}
