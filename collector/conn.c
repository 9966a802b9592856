/* The happy path: bytes arrive in the worker's one read buffer, http_parse finds a whole
 * request in them, its handler appends an answer to the worker's one output buffer, and
 * after the last request of this read one write(2) carries all answers away. The
 * connection itself holds no memory but its struct.
 *
 * It needs some in two cases. A request of which only a part came is kept in `carry`, and
 * further bytes are read right behind it. Answers that the socket does not take are kept
 * by the outlet, and nothing is read until they are gone: a client that does not read its
 * answers gets no more of them made. Both count against WORKER_HELD_MAX.
 *
 * A handler may answer later. Then the requests behind it stay in `carry` unserved, so
 * that answers keep the order of requests, and reading goes on only as far as a head may
 * be long: that is enough to notice a client that went away.
 *
 * Failure modes: what http_parse refuses is answered and was the last (what follows could
 * be anything); a write or read error closes; a client that is too slow with a head or a
 * body is told 408, with anything else it is just closed. Whatever happens, the state
 * says what the connection waits for, and exactly one deadline is set for it. Only
 * on_closed gives the struct back. */
#include "conn.h"

#include <assert.h>
#include <stdio.h>
#include "http.h"
#include "outlet.h"
#include "route.h"
#include "worker.h"

#define CARRY_FIRST 1024 /* bytes; a browser's whole head fits */

#define CONTAINER(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

static void on_closed(uv_handle_t *handle)
{
    struct conn *c = handle->data;
    struct conns *cs = &c->worker->conns;

    carry_fini(&c->carry, &cs->budget); /* not before: it may hold what is served now */
    conns_put(cs, c);
}

void conn_close(struct conn *c)
{
    if (c->state == CONN_CLOSING)
        return;
    c->state = CONN_CLOSING;
    deadline_clear(&c->deadline);
    waiter_leave(&c->waiter);
    conns_forget(c->worker);
    uv_close((uv_handle_t *)&c->tcp, on_closed);
}

/* The worker may hold no more for it. */
static void starve(struct conn *c)
{
    COUNT(&c->worker->counters, conns_starved);
    conn_close(c);
}

/* Takes on @state, with its deadline from now. */
static void enter(struct conn *c, enum conn_state state)
{
    static const enum deadline_class class_of[] = {
        [CONN_IDLE] = DEADLINE_IDLE,     [CONN_HEAD] = DEADLINE_HEAD,
        [CONN_BODY] = DEADLINE_BODY,     [CONN_WAITING] = DEADLINE_WAIT,
        [CONN_WRITING] = DEADLINE_WRITE, [CONN_DRAINING] = DEADLINE_DRAIN,
    };
    struct worker *w = c->worker;

    c->state = state;
    deadline_set(&w->deadlines, &c->deadline, class_of[state], worker_now(w)->mono);
}

static void on_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *buf)
{
    struct conn *c = handle->data;

    (void)hint;
    if (c->carry.p)
        *buf = uv_buf_init(c->carry.p + c->carry.n, c->carry.size - c->carry.n);
    else
        *buf = uv_buf_init(c->worker->read_bytes, READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);

static void set_reading(struct conn *c, bool on)
{
    if (c->reading == on)
        return;
    c->reading = on;
    if (!on)
        uv_read_stop((uv_stream_t *)&c->tcp);
    else if (uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) < 0)
        conn_close(c);
}

/* Reads on behind what is carried, as far as the request may reach. */
static void read_on(struct conn *c)
{
    struct budget *budget = &c->worker->conns.budget;
    size_t limit = c->need ? c->need : HTTP_HEAD_MAX;
    size_t size = c->carry.n < CARRY_FIRST / 2 ? CARRY_FIRST : 2 * c->carry.n;

    if (c->carry.p && c->carry.n >= limit)
        set_reading(c, false);
    else if (c->carry.p && !carry_reserve(&c->carry, budget, size < limit ? size : limit))
        starve(c);
    else
        set_reading(c, true);
}

/* Tells the client that no more answers come, and listens until it has understood. */
static void drain(struct conn *c)
{
    uv_os_fd_t fd;

    carry_fini(&c->carry, &c->worker->conns.budget);
    if (uv_fileno((uv_handle_t *)&c->tcp, &fd) < 0 || shutdown(fd, SHUT_WR) < 0) {
        conn_close(c);
        return;
    }
    enter(c, CONN_DRAINING);
    set_reading(c, true);
}

/* Keeps the bytes that are not served. Returns false if the connection is gone. */
static bool keep(struct conn *c, const char *bytes, size_t n)
{
    if (carry_keep(&c->carry, &c->worker->conns.budget, bytes, n))
        return true;
    starve(c);
    return false;
}

/* After the last answer. Who was understood and sent nothing beyond needs no farewell. */
static void finish(struct conn *c)
{
    if (c->refused || c->carry.p)
        drain(c);
    else
        conn_close(c);
}

/* Decides what to wait for when nothing more can be served now. @before: the state before
 * this read; the deadline of a request that came no further goes on running. */
static void settle(struct conn *c, enum conn_state before, bool progress)
{
    enum conn_state next = c->carry.p == NULL ? CONN_IDLE
                           : c->need          ? CONN_BODY
                                              : CONN_HEAD;

    if (c->blocked) {
        set_reading(c, false);
        enter(c, CONN_WRITING);
    } else if (c->state == CONN_WAITING) {
        enter(c, CONN_WAITING);
        read_on(c);
    } else if (c->mode.last || c->worker->state != WORKER_RUNNING) {
        finish(c);
    } else {
        c->state = next;
        if (progress || next != before)
            enter(c, next);
        read_on(c);
    }
}

static void serve(struct conn *c, const char *bytes, size_t n);

static void on_written(uv_stream_t *stream, int status)
{
    struct conn *c = stream->data;

    c->blocked = false;
    if (status < 0)
        conn_close(c);
    else
        serve(c, c->carry.p, c->carry.n);
}

/* Gives the gathered answers to the socket. Returns whether it took them all. */
static bool flush(struct conn *c)
{
    struct worker *w = c->worker;
    int r = 0;

    assert(!w->out.full);
    if (w->out.n > 0 && c->state != CONN_CLOSING) {
        assert(!c->blocked);
        r = outlet_write((uv_stream_t *)&c->tcp, &w->conns.budget, w->out.p, w->out.n,
                         on_written);
    }
    buf_clear(&w->out);
    c->blocked |= r > 0;
    if (r == UV_ENOMEM)
        starve(c);
    else if (r < 0)
        conn_close(c);
    return c->state != CONN_CLOSING && !c->blocked;
}

/* The answer to what is no request, or came too late; nothing after it is read. */
static void refuse(struct conn *c, int status)
{
    struct worker *w = c->worker;
    char body[64];

    COUNT(&w->counters, http_refused);
    snprintf(body, sizeof body, "%d %s\n", status, http_reason(status));
    c->refused = true;
    c->mode = (struct reply_mode){.last = true};
    reply_write(&w->out, worker_date(w), c->mode,
                &(struct reply){.status = status,
                                .type = "text/plain",
                                .headers = HEADER_NO_STORE,
                                .body = slice_of(body)});
}

/* Returns false, and has done nothing, if the answers before this one must go first. */
static bool dispatch(struct conn *c, const struct http_request *rq, struct slice body)
{
    struct worker *w = c->worker;
    struct exchange x = {.worker = w, .conn = c, .request = rq, .body = body};
    const struct route *route = route_find(rq->path, &x.id);

    if (route && route->later && !flush(c))
        return false;
    COUNT(&w->counters, requests);
    x.mode.head_only = rq->method == HTTP_HEAD;
    x.mode.http_1_0 = rq->http_1_0;
    x.mode.last = !rq->keep_alive || w->state != WORKER_RUNNING;
    c->mode = x.mode;
    if (route_run(route, &x) == LATER)
        c->state = CONN_WAITING;
    else if (w->out.n >= HTTP_OUT_MAX)
        flush(c);
    return true;
}

/* Serves the request at the start of @bytes. Returns its length, or 0 if it is not whole
 * or has to wait. */
static size_t serve_one(struct conn *c, const char *bytes, size_t n)
{
    struct http_request rq;
    ssize_t head = http_parse(&rq, bytes, n);
    size_t whole;

    if (head < 0) {
        refuse(c, (int)-head);
        return n;
    }
    if (head == 0)
        return 0;
    whole = (size_t)head + rq.content_length;
    if (whole > n) {
        if (rq.expect_continue && n == (size_t)head)
            buf_slice(&c->worker->out, SLICE("HTTP/1.1 100 Continue\r\n\r\n"));
        c->need = (uint32_t)whole;
        return 0;
    }
    return dispatch(c, &rq, (struct slice){bytes + head, rq.content_length}) ? whole : 0;
}

/* Whether the next request may be looked at. */
static bool ready(const struct conn *c)
{
    return c->state == CONN_SERVING && !c->blocked && !c->mode.last;
}

/* Serves what is whole of @bytes, which are in the read buffer or all of `carry`, and
 * keeps the rest. */
static void serve(struct conn *c, const char *bytes, size_t n)
{
    enum conn_state before = c->state;
    size_t used = 0, step = 1;

    if (before == CONN_CLOSING)
        return;
    c->state = CONN_SERVING;
    c->need = 0;
    while (ready(c) && used < n && step > 0) {
        step = serve_one(c, bytes + used, n - used);
        used += step;
    }
    flush(c);
    if (c->state != CONN_CLOSING && keep(c, bytes + used, n - used))
        settle(c, before, used > 0);
}

static void on_bytes(struct conn *c, const char *bytes, size_t n)
{
    if (c->carry.p) {
        c->carry.n += (uint32_t)n;
        bytes = c->carry.p;
        n = c->carry.n;
    }
    if (c->state == CONN_WAITING) {
        if (keep(c, bytes, n))
            read_on(c);
    } else if (n < c->need) {
        read_on(c);
    } else {
        serve(c, bytes, n);
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
    if (c->state != CONN_WAITING || !in_order) {
        conn_close(c);
        return;
    }
    set_reading(c, false);
    c->mode.last = true;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct conn *c = stream->data;

    if (n < 0)
        on_end(c, n == UV_EOF);
    else if (n > 0 && c->state == CONN_DRAINING)
        on_drained(c, (size_t)n);
    else if (n > 0)
        on_bytes(c, buf->base, (size_t)n);
}

void conn_init(struct conn *c, struct worker *w)
{
    c->worker = w;
    uv_tcp_init(&w->loop, &c->tcp); /* cannot fail without a socket */
    c->tcp.data = c;
}

static void note_peer(struct conn *c)
{
    struct sockaddr_storage peer = {0};
    int n = sizeof peer;

    if (uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&peer, &n) == 0)
        ip_of_sockaddr(&c->peer, (struct sockaddr *)&peer);
}

/* TCP_DEFER_ACCEPT: the first request is most likely here already, and a connection that
 * ends with its answer need never be polled. */
static void read_first(struct conn *c)
{
    char *bytes = c->worker->read_bytes;
    uv_os_fd_t fd;
    ssize_t n = -1;

    if (uv_fileno((uv_handle_t *)&c->tcp, &fd) == 0)
        n = recv(fd, bytes, READ_BYTES, MSG_DONTWAIT);
    if (n > 0)
        on_bytes(c, bytes, (size_t)n);
    else
        set_reading(c, true); /* which also finds out about an end or an error */
}

void conn_begin(struct conn *c)
{
    note_peer(c);
    enter(c, CONN_IDLE);
    read_first(c);
}

void conn_answer(struct conn *c, const struct reply *r)
{
    struct worker *w = c->worker;

    assert(c->state == CONN_WAITING && c->waiter.link == NULL);
    c->mode.last |= w->state != WORKER_RUNNING;
    reply_write(&w->out, worker_date(w), c->mode, r);
    flush(c);
    serve(c, c->carry.p, c->carry.n);
}

void conn_expired(struct conn *c)
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
    if (c->state != CONN_HEAD && c->state != CONN_BODY) {
        conn_close(c);
        return;
    }
    refuse(c, 408);
    if (flush(c))
        drain(c);
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
