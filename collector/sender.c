/* sender: one open body; when it goes it gets its frame and its number. */
#include "sender.h"

#include <assert.h>

void sender_init(struct sender *s, const struct secret *secret, uint64_t stream,
                 sender_emit_fn emit, uint64_t (*clock_us)(void *arg), void *arg)
{
    *s = (struct sender){
        .secret = secret,
        .stream = stream,
        .seq = 1,
        .last_sent = INT64_MIN / 2, /* the first hit follows a pause */
        .emit = emit,
        .clock_us = clock_us,
        .arg = arg,
    };
}

static void emit(struct sender *s, mono_t now)
{
    struct wire_head head = {
        .type = WIRE_DATA,
        .nshards = 1,
        .stream = s->stream,
        .seq = s->seq,
        .base = s->seq, /* nothing is ever sent again */
        .ts_us = s->clock_us(s->arg),
    };
    uint8_t bytes[DATAGRAM_MAX];
    size_t n = wire_frame(bytes, &head, s->body.bytes, s->body.n, s->secret);

    s->seq++;
    s->last_sent = now;
    s->body.hits = 0;
    s->emit(s->arg, bytes, n);
}

void sender_add(struct sender *s, const struct hit *h, mono_t now)
{
    bool fits;

    if (s->body.hits == 0)
        body_begin(&s->body, now);
    if (body_add(&s->body, h))
        return;
    emit(s, now);
    body_begin(&s->body, now);
    fits = body_add(&s->body, h);
    assert(fits); /* as any hit does an empty body */
}

mono_t sender_due(const struct sender *s, mono_t now)
{
    if (s->body.hits == 0)
        return INT64_MAX;
    if (s->body.start - s->last_sent >= SENDER_LINGER_MS)
        return now; /* the first after a pause */
    return s->body.start + SENDER_LINGER_MS;
}

void sender_tick(struct sender *s, mono_t now, bool force)
{
    if (s->body.hits > 0 && (force || sender_due(s, now) <= now))
        emit(s, now);
}

unsigned sender_waiting(const struct sender *s)
{
    return s->body.hits;
}
