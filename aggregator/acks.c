/* acks: a list of streams, by place, and the two allowances of those who may be lying.
 *
 * A stream stays on the list when its ACK was sent before its time; the next pass takes
 * it off. A clock is echoed once and only if it is newer than all before: told later or
 * again, it would look like a slow network. */
#include "acks.h"

#include <string.h>

#define SECOND_MS 1000

void acks_init(struct acks *a, const struct secret *secret, struct streams *streams,
               void (*send)(void *arg, const struct peer *to, const uint8_t *bytes,
                            size_t n),
               void *arg)
{
    *a = (struct acks){.secret = secret,
                       .streams = streams,
                       .send = send,
                       .arg = arg,
                       .limit = SENDER_WINDOW};
    acks_reset(a, 0);
}

void acks_reset(struct acks *a, uint64_t epoch)
{
    a->renewed = a->served && epoch > 0;
    a->served |= epoch > 0;
    a->epoch = epoch;
    a->owing = NO_STREAM;
    a->heard = a->heard_before = 0;
}

static void begin_second(struct acks *a, mono_t now)
{
    if (now - a->second < SECOND_MS)
        return;
    a->heard_before = now - a->second < 2 * SECOND_MS ? a->heard : 0;
    a->heard = 0;
    memset(a->strangers, 0, sizeof a->strangers);
    a->second = now;
}

void acks_hear(struct acks *a, struct stream *s, mono_t now)
{
    begin_second(a, now);
    if (s->heard < a->second)
        a->heard++;
    s->heard = now;
}

/* Datagrams wanted beyond cum: an equal share for everybody who sends now. */
static uint16_t window(const struct acks *a)
{
    uint32_t heard = a->heard > a->heard_before ? a->heard : a->heard_before;
    size_t share = a->limit / (heard > 0 ? heard : 1);

    if (a->limit == 0)
        return 0;
    if (share < SENDER_CWND_MIN)
        return SENDER_CWND_MIN;
    return share < SENDER_WINDOW ? (uint16_t)share : SENDER_WINDOW;
}

static void send_state(struct acks *a, struct wire_ack *state, const struct peer *to)
{
    uint8_t bytes[WIRE_ACK_BYTES];

    state->epoch = a->epoch;
    state->ack_no = ++a->sent;
    state->window = window(a);
    state->renewed = a->renewed;
    wire_ack_frame(bytes, state, a->secret);
    a->send(a->arg, to, bytes, sizeof bytes);
}

static struct wire_ack state_of(const struct stream *s)
{
    return (struct wire_ack){
        .shard = s->shard,
        .nshards = s->nshards,
        .stream = s->id,
        .cum = s->expected - 1,
        .sack = s->early ? early_bits(s->early, s->expected + 1) : 0,
        .durable = s->durable,
    };
}

/* A stream that is known has told newer clocks than the stranger's. */
void acks_stranger(struct acks *a, const struct wire_head *h, const struct peer *from,
                   mono_t now)
{
    const struct stream *s = streams_find(a->streams, h->stream);
    struct wire_ack state = {.stream = h->stream, .echo_us = h->ts_us};
    uint16_t *answered = &a->strangers[h->stream % ACKS_SHARES];

    begin_second(a, now);
    if (*answered >= RECEIVER_ACKS_STRANGERS / ACKS_SHARES)
        return;
    ++*answered;
    if (s)
        state = state_of(s);
    state.shard = h->shard;
    state.nshards = h->nshards;
    send_state(a, &state, from);
}

void acks_owe(struct acks *a, struct stream *s, mono_t due)
{
    if (due < s->owed_at)
        s->owed_at = due;
    if (s->owing)
        return;
    s->owing = true;
    s->next_owing = a->owing;
    a->owing = streams_place(a->streams, s);
}

void acks_owe_repeat(struct acks *a, struct stream *s, mono_t now)
{
    if (now < s->repeat_at)
        return;
    s->repeat_at = now + SECOND_MS / RECEIVER_ACKS_DUPLICATE;
    acks_owe(a, s, now);
}

void acks_send(struct acks *a, struct stream *s)
{
    struct wire_ack state = state_of(s);

    state.echo_us = s->unechoed ? s->ts_us : 0;
    s->unechoed = false;
    s->unacked = 0;
    s->owed_at = INT64_MAX;
    send_state(a, &state, &s->peer);
}

mono_t acks_send_due(struct acks *a, mono_t now)
{
    uint32_t place = a->owing;
    mono_t next = INT64_MAX;

    a->owing = NO_STREAM;
    while (place != NO_STREAM) {
        struct stream *s = &a->streams->v[place];

        place = s->next_owing;
        s->owing = false;
        if (s->owed_at <= now)
            acks_send(a, s);
        if (s->owed_at == INT64_MAX)
            continue;
        acks_owe(a, s, s->owed_at);
        if (s->owed_at < next)
            next = s->owed_at;
    }
    return next;
}
