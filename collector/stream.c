/* Happy path: the handler of a framing admits a request and opens it; the stream joins
 * the watch of its site and is greeted as soon as that knows the site, at once if it does
 * already. From then on the watch calls for every change.
 *
 * Failure modes: the socket does not take all: nothing is written until it has, then what
 * was missed; after HTTP_WRITE_DEADLINE_MS of that it is closed. The life of a stream
 * ends, the site is closed to it, or the worker stops: it is asked to come again and
 * ended. The client goes away:
 * the connection closes, which takes the stream out of its watch. */
#include "stream.h"

#include <assert.h>
#include <sodium.h>
#include <sys/socket.h>
#include "../proto/hit.h"
#include "conn.h"
#include "reading.h"
#include "stream_compose.h"
#include "watch.h"
#include "worker.h"

struct worker *stream_worker(struct stream *s)
{
    return conn_of_stream(s)->worker;
}

struct conn *stream_conn(struct stream *s)
{
    return conn_of_stream(s);
}

unsigned stream_retry_ms(void)
{
    return STREAM_RETRY_MIN_MS +
           randombytes_uniform(STREAM_RETRY_MAX_MS - STREAM_RETRY_MIN_MS + 1);
}

static void count_open(struct worker *w, int change)
{
    w->watches.streams += (unsigned)change;
    GAUGE_SET(&w->counters, streams_open, w->watches.streams);
}

/* ---- writing ---- */

void stream_give(struct stream *s, struct slice bytes)
{
    struct conn *c = conn_of_stream(s);
    struct worker *w = c->worker;

    COUNT(&w->counters, stream_writes);
    conn_write(c, bytes.p, bytes.n);
    if (c->state == CONN_CLOSING)
        return;
    if (c->blocked || !s->framing->regular)
        conn_enter(c, CONN_STREAMING);
    if (c->blocked)
        COUNT(&w->counters, stream_blocks);
    if (c->blocked && s->framing->resume)
        conn_read_stop(c);
    else if (!c->blocked && worker_now(w)->mono >= s->until)
        stream_farewell(s);
}

void stream_serve(struct stream *s)
{
    struct buf *own = &stream_worker(s)->watches.own;

    if (s->watch == NULL || conn_of_stream(s)->blocked)
        return;
    buf_clear(own);
    stream_compose(s, own);
    assert(!own->full);
    if (own->n > 0)
        stream_give(s, buf_get(own));
}

void stream_say(struct stream *s, const char *bytes, size_t n)
{
    if (!conn_of_stream(s)->blocked)
        stream_give(s, (struct slice){bytes, n});
}

void stream_end(struct stream *s, const char *bytes, size_t n)
{
    struct conn *c = conn_of_stream(s);

    watch_leave(s);
    c->mode.last = c->lingers = true;
    if (!c->blocked && n > 0)
        conn_write(c, bytes, n);
    if (c->state == CONN_CLOSING)
        return;
    if (c->blocked) {
        conn_read_stop(c);
        conn_enter(c, CONN_WRITING); /* what is left goes out, and then it ends */
    } else {
        conn_finish(c);
    }
}

void stream_farewell(struct stream *s)
{
    struct buf *own = &stream_worker(s)->watches.own;

    if (s->begun)
        COUNT(&stream_worker(s)->counters, streams_dismissed);
    buf_clear(own);
    s->framing->farewell(s, own, stream_retry_ms());
    stream_end(s, own->p, own->n);
}

void stream_written(struct stream *s)
{
    struct conn *c = conn_of_stream(s);
    struct worker *w = c->worker;

    conn_enter(c, CONN_STREAMING);
    if (w->state != WORKER_RUNNING || worker_now(w)->mono >= s->until)
        stream_farewell(s);
    else
        stream_serve(s);
    if (c->state == CONN_STREAMING && !c->blocked && s->framing->resume)
        s->framing->resume(s);
}

/* How many JOINs the site will have had with the stream's own, if it is known. Those of
 * other collectors that are on their way may be taken for it: then the number is one too
 * low until the next. */
static uint64_t count_join(struct watch *w)
{
    if (!w->feed.known)
        return 0;
    if (w->joins < w->feed.total.joins)
        w->joins = w->feed.total.joins;
    return ++w->joins;
}

/* Whether its own JOIN is in the numbers, as far as can be known: of a site that was not
 * known when it came, it should be at the second time. */
static bool is_counted(const struct stream *s)
{
    const struct feed *f = &s->watch->feed;

    if (!s->wish.joins || s->joins == 0)
        return !s->wish.joins || (f->members > 0 && s->waits < STREAM_FIRST_TRIES - 1);
    return f->total.joins >= s->joins;
}

/* Its first number is due; if it is not counted in it, a little later. */
static void begin_telling(struct stream *s)
{
    struct watch *w = s->watch;

    s->waits--;
    if (w == NULL || is_counted(s))
        s->waits = 0;
    else if (s->waits == 0)
        w->joins = 0; /* counting was begun anew, or it is lost */
    conn_enter(conn_of_stream(s), CONN_STREAMING);
    stream_serve(s);
}

void stream_silent(struct stream *s)
{
    struct worker *w = stream_worker(s);
    struct buf *own = &w->watches.own;

    if (s->waits > 0) {
        begin_telling(s);
        return;
    }
    if (worker_now(w)->mono >= s->until) {
        stream_farewell(s);
        return;
    }
    buf_clear(own);
    if (s->framing->keep_alive(s, own)) {
        conn_enter(conn_of_stream(s), CONN_STREAMING);
        stream_give(s, buf_get(own));
    } else {
        if (s->begun)
            COUNT(&w->counters, streams_dead);
        conn_close(conn_of_stream(s));
    }
}

/* ---- life ---- */

bool stream_allows(struct worker *w, struct slice origin)
{
    const struct setup *setup = w->setup;

    if (origin.n == 0 || setup->norigins == 0 || setup_has_origin(setup, origin))
        return true;
    COUNT(&w->counters, streams_forbidden);
    return false;
}

static bool refuse(struct exchange *x, int status, const char *reason,
                   const char *headers)
{
    exchange_error(x, status, reason, headers);
    return false;
}

bool stream_has_room(struct worker *w, struct slice site)
{
    if (w->state == WORKER_RUNNING && w->watches.streams < w->setup->streams_max &&
        watches_allow(&w->watches, site))
        return true;
    COUNT(&w->counters, streams_full);
    return false;
}

bool stream_admit(struct exchange *x, struct stream_wish *wish)
{
    const struct http_request *rq = x->request;
    struct worker *w = x->worker;
    const char *bad;

    if (!site_valid(x->at.id))
        return refuse(x, 400, "bad_site", NULL);
    if (stream_wish_parse(wish, rq->query, rq->last_event_id, &w->setup->damp, &bad) < 0)
        return refuse(x, 400, bad, NULL);
    if (!stream_allows(w, rq->origin))
        return refuse(x, 403, "origin_not_allowed", NULL);
    if (w->setup->streams_max == 0) {
        exchange_reply(
            x, &(struct reply){.status = 204, .headers = HEADER_OPEN HEADER_NO_STORE});
        return false;
    }
    return stream_has_room(w, x->at.id) ||
           refuse(x, 503, "too_many_streams", "Retry-After: 5\r\n");
}

bool stream_may_read(struct exchange *x, struct stream_wish *wish, enum handled *handled)
{
    enum reading reading = reading_by_site(x);

    wish->granted = reading == READING_GRANTED;
    *handled = reading == READING_ASKED ? AGAIN : ANSWERED;
    return reading == READING_GRANTED || reading == READING_OPEN;
}

/* Best effort: it matters only for clients that do not read. */
static void bound_socket(struct conn *c)
{
    int bytes = STREAM_SNDBUF;

    setsockopt(c->socket.fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

void stream_begin(struct stream *s, const struct framing *framing, void *own)
{
    bound_socket(conn_of_stream(s));
    s->framing = framing;
    s->own = own;
    s->until = INT64_MAX;
}

void stream_watch(struct stream *s, struct slice site, const struct stream_wish *wish)
{
    struct worker *w = stream_worker(s);

    COUNT(&w->counters, streams);
    count_open(w, 1);
    s->begun = true;
    s->wish = *wish;
    s->waits = s->framing->number ? STREAM_FIRST_TRIES : 0;
    watch_join(&w->watches, site, s);
    s->joins = wish->joins ? count_join(s->watch) : 0;
    if (conn_of_stream(s)->state == CONN_STREAMING)
        conn_enter(conn_of_stream(s), CONN_STREAMING);
}

enum handled stream_open(struct exchange *x, const struct stream_wish *wish,
                         const struct framing *framing, void *own)
{
    struct worker *w = x->worker;
    struct stream *s = &x->conn->stream;
    unsigned fifth = (unsigned)w->setup->stream_life_ms / 5;

    stream_begin(s, framing, own);
    s->until = worker_now(w)->mono + fifth * 4 + randombytes_uniform(fifth * 2 + 1);
    stream_watch(s, x->at.id, wish);
    stream_compose(s, &w->out);
    return STREAMING;
}

void stream_gone(struct stream *s)
{
    if (s->framing == NULL)
        return;
    watch_leave(s);
    if (s->framing->gone)
        s->framing->gone(s);
    if (s->begun)
        count_open(stream_worker(s), -1);
    s->framing = NULL;
}
