/* The life of a connection, its socket and its one deadline; its bytes are read in
 * conn_read.c and written in conn_write.c, and what they mean is in conn_serve.c for
 * requests and in stream.c for streams.
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

#include <sys/socket.h>
#include <unistd.h>
#include "conn_serve.h"
#include "container.h"
#include "feed_session.h"
#include "proxied.h"
#include "worker.h"

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

void conn_poll(struct conn *c)
{
    uint32_t events = (c->reading ? EPOLLIN : 0u) | (c->blocked ? EPOLLOUT : 0u);

    if (poller_want(&c->worker->poller, &c->socket, events) < 0)
        conn_starve(c); /* no memory, or fs.epoll.max_user_watches */
}

/* What a stream says, or is told, may take long: answers that were kept do not wait for
 * it. */
void conn_ready(struct polled *socket, uint32_t events)
{
    struct conn *c = CONTAINER(socket, struct conn, socket);

    if (c->state == CONN_STREAMING)
        replies_release(&c->worker->replies);
    if (c->reading && events & (EPOLLIN | EPOLLERR | EPOLLHUP))
        conn_take(c, events & EPOLLRDHUP);
    if (c->blocked && events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
        conn_write_on(c);
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
    conn_read_on(c);
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

/* The deadline of a head is for what a proxy says, too. */
void conn_begin(struct conn *c)
{
    bool proxied = c->port == PORT_HTTP && c->worker->setup->proxy_protocol;

    if (c->port == PORT_FEED) {
        feed_session_begin(c);
    } else if (!proxied || proxied_expect(c)) {
        conn_enter(c, proxied ? CONN_HEAD : CONN_IDLE);
        conn_take_first(c);
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
