/* Happy path: bytes become lines, and each line is obeyed when the one before it was
 * answered.
 *
 * While a token is looked up in Redis, and while the socket is busy, nothing is read and
 * what was read is kept: a client gets no answers made that it does not take.
 *
 * Failure modes: a line that is too long is refused, and what follows cannot be trusted:
 * closed. Who watches nothing and is silent is closed. A client that stops sending and
 * watches may be `echo watch shop | nc`: it is told on, and is found gone when it does
 * not take what it is told. */
#include "feed_session.h"

#include <stdlib.h>
#include "conn.h"
#include "conn_serve.h"
#include "feed_line.h"
#include "feed_obey.h"
#include "worker.h"

#define ALIVE "#\n"

/* Whether the next command may be obeyed. */
static bool is_ready(const struct conn *c)
{
    return c->state == CONN_STREAMING && !c->blocked && c->waiter.link == NULL;
}

static void pay(struct stream *s)
{
    struct feed_session *fs = s->own;
    const char *owed = fs->owed;

    fs->owed = NULL;
    if (owed)
        stream_say(s, owed, strlen(owed));
}

/* Obeys what there is a line of. Returns what is left. */
static struct slice obey_all(struct stream *s, struct slice in)
{
    struct conn *c = stream_conn(s);
    struct feed_session *fs = s->own;
    enum line_step step = LINE_WHOLE;
    struct slice line;

    while (step == LINE_WHOLE && is_ready(c)) {
        step = line_reader_next(&fs->reader, &in, &line);
        if (step == LINE_WHOLE)
            feed_obey(s, line);
    }
    if (step == LINE_TOO_LONG) {
        COUNT(&c->worker->counters, feed_too_long);
        feed_session_end(s, "error line_too_long\n");
    }
    return in;
}

/* @in may lie in `carry`. */
static void proceed(struct stream *s, struct slice in)
{
    struct conn *c = stream_conn(s);
    struct feed_session *fs = s->own;

    if (is_ready(c))
        pay(s);
    in = obey_all(s, in);
    feed_session_flush(s);
    if (c->state != CONN_STREAMING || !conn_keep(c, in.p, in.n))
        return;
    if (!is_ready(c))
        conn_read_stop(c);
    else if (!fs->ended)
        conn_read_on(c);
}

static void on_bytes(struct stream *s, const char *bytes, size_t n)
{
    proceed(s, (struct slice){bytes, n});
}

void feed_session_resume(struct stream *s)
{
    const struct carry *carry = &stream_conn(s)->carry;

    proceed(s, (struct slice){carry->p, carry->n});
}

static bool on_ended(struct stream *s)
{
    struct feed_session *fs = s->own;

    fs->ended = true;
    conn_read_stop(stream_conn(s));
    if (s->watch)
        stream_say(s, ALIVE, strlen(ALIVE)); /* who is gone says so, to the next one */
    return s->watch != NULL;
}

/* ---- silence and the end ---- */

static bool keep_alive(struct stream *s, struct buf *out)
{
    if (s->watch == NULL) {
        COUNT(&stream_worker(s)->counters, feed_idle);
        return false;
    }
    buf_str(out, ALIVE);
    return true;
}

static void farewell(struct stream *s, struct buf *out, unsigned retry_ms)
{
    bool stops = stream_worker(s)->state != WORKER_RUNNING;

    (void)retry_ms;
    buf_str(out, stops ? "# headcount is being stopped\n"
                       : "# who watches this site needs a token now\n");
}

static void on_gone(struct stream *s)
{
    free(s->own);
    s->own = NULL;
}

#define FEED_FRAMING(i, f)                                                          \
    {                                                                               \
        .index = i, .silence = DEADLINE_FEED, .frame = f, .keep_alive = keep_alive, \
        .farewell = farewell, .read = on_bytes, .gone = on_gone,                    \
        .resume = feed_session_resume, .ended = on_ended                            \
    }
const struct framing feed_framing = FEED_FRAMING(FRAMING_LINES, feed_line_text);
const struct framing feed_json_framing = FEED_FRAMING(FRAMING_JSON_LINES, feed_line_json);

void feed_session_answer(struct stream *s, const char *text)
{
    struct feed_session *fs = s->own;

    if (stream_conn(s)->blocked) {
        fs->owed = text;
        return;
    }
    buf_str(&stream_worker(s)->out, text);
    if (stream_worker(s)->out.n >= HTTP_OUT_MAX)
        feed_session_flush(s);
}

void feed_session_flush(struct stream *s)
{
    struct buf *out = &stream_worker(s)->out;

    if (out->n > 0)
        stream_say(s, out->p, out->n);
    buf_clear(out);
}

void feed_session_end(struct stream *s, const char *text)
{
    struct buf *out = &stream_worker(s)->out;

    buf_str(out, text);
    stream_end(s, out->p, out->n);
    buf_clear(out);
}

void feed_session_begin(struct conn *c)
{
    struct feed_session *fs = calloc(1, sizeof *fs);

    if (fs == NULL)
        abort();
    stream_begin(&c->stream, &feed_framing, fs);
    conn_enter(c, CONN_STREAMING);
    conn_read_on(c);
}

void feed_session_refuse(struct conn *c)
{
    struct slice text = SLICE("error too_many_connections\n");

    conn_write(c, text.p, text.n); /* a socket as new as that takes it */
    conn_close(c);
}
