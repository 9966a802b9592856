/* The happy path: http_parse finds a whole request in the bytes, its handler appends an
 * answer to the worker's one output buffer, and after the last request all are written,
 * those of single short requests with what else came in this turn (replies.h).
 *
 * A handler may answer later. Then the requests behind it stay in `carry` unserved, so
 * that answers keep the order of requests, and reading goes on only as far as a head may
 * be long: that is enough to notice a client that went away. Or it must first know more:
 * then its request stays there, too, and is served once more. A handler may also make the
 * connection a stream; what was sent behind that request is read by that.
 *
 * What http_parse refuses is answered and was the last: what follows could be anything.
 */
#include "conn_serve.h"

#include <assert.h>
#include <stdio.h>
#include "conn.h"
#include "http.h"
#include "notify.h"
#include "route.h"
#include "worker.h"

/* Bytes: a pixel with a browser's headers and some cookies. */
#define SHORT_REQUEST 2048

bool conn_keep(struct conn *c, const char *bytes, size_t n)
{
    if (carry_keep(&c->carry, &c->worker->conns.budget, bytes, n))
        return true;
    conn_starve(c);
    return false;
}

/* Decides what to wait for when nothing more can be served now. @before: the state before
 * this read; the deadline of a request that came no further goes on running. */
static void settle(struct conn *c, enum conn_state before, bool progress)
{
    enum conn_state next = c->carry.p == NULL ? CONN_IDLE
                           : c->need          ? CONN_BODY
                                              : CONN_HEAD;

    if (c->blocked) {
        conn_read_stop(c);
        conn_enter(c, CONN_WRITING);
    } else if (c->state == CONN_WAITING) {
        conn_enter(c, CONN_WAITING);
        conn_read_on(c);
    } else if (c->mode.last || c->worker->state != WORKER_RUNNING) {
        conn_finish(c);
    } else {
        c->state = next;
        if (progress || next != before)
            conn_enter(c, next);
        conn_read_on(c);
    }
}

/* @bytes were sent behind the request; they may lie in `carry`. */
static void begin_stream(struct conn *c, const char *bytes, size_t n)
{
    struct carry carry = c->carry;

    c->carry = (struct carry){0};
    conn_enter(c, CONN_STREAMING);
    conn_read_on(c);
    if (n > 0 && c->state == CONN_STREAMING)
        c->stream.framing->read(&c->stream, bytes, n);
    carry_fini(&carry, &c->worker->conns.budget);
}

void conn_refuse(struct conn *c, int status)
{
    struct worker *w = c->worker;
    char body[64];

    COUNT(&w->counters, http_refused);
    snprintf(body, sizeof body, "%d %s\n", status, reply_reason(status));
    c->lingers = true;
    c->mode = (struct reply_mode){.last = true};
    reply_write(&w->out, worker_date(w), c->mode,
                &(struct reply){.status = status,
                                .type = "text/plain",
                                .headers = HEADER_NO_STORE,
                                .body = slice_of(body)});
}

/* Returns false if the request is to be served later: the answers before it must go
 * first, or its handler must know more. */
static bool dispatch(struct conn *c, const struct http_request *rq, struct slice body)
{
    struct worker *w = c->worker;
    struct exchange x = {.worker = w, .conn = c, .request = rq, .body = body};
    const struct route *route = c->port == PORT_NOTIFY
                                    ? &notify_route
                                    : route_find(&w->setup->routing, rq, &x.at);
    enum handled handled;

    if (route && route->later && !conn_flush(c))
        return false;
    x.mode.head_only = rq->method == HTTP_HEAD;
    x.mode.http_1_0 = rq->http_1_0;
    x.mode.last = !rq->keep_alive || w->state != WORKER_RUNNING ||
                  crowd_is_dense(&w->commons->crowd, c->crowd_place);
    c->mode = x.mode;
    handled = route_run(route, &x);
    c->asked = handled == AGAIN;
    if (handled == AGAIN) {
        c->state = CONN_WAITING;
        return false;
    }
    COUNT(&w->counters, requests);
    if (handled == LATER)
        c->state = CONN_WAITING;
    else if (handled == STREAMING)
        c->state = CONN_STREAMING;
    else if (w->out.n >= HTTP_OUT_MAX)
        conn_flush(c);
    return true;
}

/* Serves the request at the start of @bytes. Returns its length, or 0 if it is not whole
 * or has to wait. */
static size_t serve_one(struct conn *c, const char *bytes, size_t n)
{
    struct http_request rq;
    ssize_t head = http_parse_with(&rq, bytes, n, c->worker->setup->client_ip_header);
    size_t whole;

    if (head < 0) {
        conn_refuse(c, (int)-head);
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

/* Writes what was answered to @n bytes and not written by the way, or keeps it until all
 * that the poller tells was told, if the connection is @idle afterwards: it is neither
 * to go, nor does the worker stop. What else was served may have taken long: then those
 * that were kept are kept no longer. */
static void write_out(struct conn *c, size_t n, bool idle)
{
    struct worker *w = c->worker;

    if (idle && w->out.n > 0 && n <= SHORT_REQUEST && w->poller.telling &&
        replies_keep(&w->replies, c, w->out.p, w->out.n)) {
        buf_clear(&w->out);
        return;
    }
    replies_release(&w->replies);
    conn_flush(c);
}

void conn_serve(struct conn *c, const char *bytes, size_t n)
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
    write_out(c, n, ready(c) && used == n);
    if (c->state == CONN_CLOSING)
        return;
    if (c->state == CONN_STREAMING)
        begin_stream(c, bytes + used, n - used);
    else if (conn_keep(c, bytes + used, n - used))
        settle(c, before, used > 0);
}

void conn_again(struct conn *c)
{
    assert(c->state == CONN_WAITING && c->waiter.link == NULL);
    c->mode.last = false; /* it has not been answered */
    conn_serve(c, c->carry.p, c->carry.n);
}

void conn_answer(struct conn *c, const struct reply *r)
{
    struct worker *w = c->worker;

    assert(c->state == CONN_WAITING && c->waiter.link == NULL);
    c->mode.last |= w->state != WORKER_RUNNING;
    reply_write(&w->out, worker_date(w), c->mode, r);
    conn_flush(c);
    conn_serve(c, c->carry.p, c->carry.n);
}
