/* Nearly all streams of a site are where it was at the last flush, so what brings one up
 * to date does so for all: it is made once in each framing, and one write(2) each gives
 * it to them. Only those that lag, have just come, are damped, or tell one number get
 * something of their own. */
#include <assert.h>
#include "conn.h"
#include "stream_compose.h"
#include "watch.h"
#include "worker.h"

/* The bytes that bring a stream up to date which was so at the last flush. */
static struct slice batch_get(struct watch *w, const struct framing *framing)
{
    struct watch_batch *b = &w->worker->watches.batch;
    struct buf *bytes = &b->bytes[framing->index];

    if (!b->made[framing->index]) {
        b->made[framing->index] = true;
        buf_clear(bytes);
        stream_put_events(bytes, framing, &w->feed, w->flushed);
        b->state_at[framing->index] = bytes->n;
        if (w->feed.states != w->flushed_state)
            stream_put_state(bytes, framing, w);
        assert(!bytes->full);
    }
    return buf_get(bytes);
}

/* Whether @s has what was flushed before and wants all that is new. */
static bool is_current(const struct watch *w, const struct stream *s)
{
    return s->greeted && s->state == w->flushed_state && s->cursor == w->flushed &&
           !damp_is_on(&s->wish.damp) && !s->framing->number;
}

static void give(struct watch *w, struct stream *s)
{
    struct watch_batch *b = &w->worker->watches.batch;
    struct slice bytes;

    if (conn_of_stream(s)->blocked)
        return; /* it is served when it is free */
    if (!is_current(w, s)) {
        stream_serve(s);
        return;
    }
    bytes = batch_get(w, s->framing);
    if (s->wish.no_feed)
        bytes = slice_skip(bytes, b->state_at[s->framing->index]);
    s->cursor = w->feed.told;
    s->state = w->feed.states;
    if (bytes.n > 0)
        stream_give(s, bytes);
}

void watch_flush(struct watch *w)
{
    struct watches *ws = &w->worker->watches;

    memset(ws->batch.made, 0, sizeof ws->batch.made);
    w->pinned = true;
    w->damped = false;
    for (struct stream *s = w->streams, *next; s; s = next) {
        next = s->next;
        if (next)
            __builtin_prefetch(next);
        give(w, s);
    }
    w->pinned = false;
    w->flushed = w->feed.told;
    w->flushed_state = w->feed.states;
}
