/* receiver: what a datagram's number makes of it.
 *
 * Happy path: the stream is found, the number is the expected one, the body is folded, an
 * ACK is owed within RECEIVER_ACK_DELAY_MS. Nothing is allocated or copied for it.
 *
 * Whatever goes otherwise is told at the end of the batch: a gap that opened or closed, a
 * new stream, a PING. What may be a replay, since its clock is not newer than what was
 * seen before, is answered seldom, and to where the stream was last heard of for certain,
 * not to where it came from. Senders of another epoch are told ours, and leave no trace.
 *
 * `expected` never passes UINT64_MAX, because no datagram of that number is taken. */
#include "receiver.h"

#include <stdlib.h>

#include "acks.h"
#include "frontier.h"

/* Built with -DFIRE_AND_FORGET to compare with: whatever comes is folded as it comes, and
 * nobody is answered. Its senders send everything once, with epoch 0 and base = seq. */
#ifdef FIRE_AND_FORGET
#define ACKNOWLEDGED 0
#else
#define ACKNOWLEDGED 1
#endif

struct receiver {
    struct receiver_env env;
    uint64_t epoch; /* 0: not ready */
    struct streams streams;
    struct acks acks;
    struct frontier frontier;
    size_t held; /* bytes of early datagrams and their slots */
    mono_t
        heard; /* the newest datagram that was no replay; INT64_MIN: none of this epoch */
    struct receiver_counts counts;
};

struct receiver *receiver_new(const struct secret *secret, const struct receiver_env *env)
{
    struct receiver *r = calloc(1, sizeof *r);

    if (!r)
        return NULL;
    r->env = *env;
    streams_init(&r->streams);
    acks_init(&r->acks, secret, &r->streams, env->send, env->arg);
    receiver_reset(r, 0);
    return r;
}

void receiver_free(struct receiver *r)
{
    if (r)
        streams_fini(&r->streams);
    free(r);
}

void receiver_reset(struct receiver *r, uint64_t epoch)
{
    streams_fini(&r->streams);
    acks_reset(&r->acks, epoch);
    r->epoch = epoch;
    r->heard = INT64_MIN;
    frontier_init(&r->frontier, &r->streams);
    r->held = 0;
}

static void fold(struct receiver *r, const struct arrival *a)
{
    r->counts.folded++;
    r->env.fold(r->env.arg, a);
}

static void drop_slots(struct receiver *r, struct stream *s)
{
    early_free(s->early);
    s->early = NULL;
    r->held -= EARLY_SLOTS_BYTES;
}

/* Folds @seq, which came early. Returns false when it did not. */
static bool fold_early(struct receiver *r, struct stream *s, uint64_t seq)
{
    struct early_datagram *d = s->early ? early_take(s->early, seq) : NULL;

    if (!d)
        return false;
    r->counts.early++;
    r->held -= EARLY_BYTES(d->n);
    if (s->early->n == 0)
        drop_slots(r, s);
    fold(r,
         &(struct arrival){s->id, seq, d->body, d->n, true, d->sent, d->at, &s->dating});
    free(d);
    return true;
}

/* Folds what has been waiting for the expected one. */
static void follow(struct receiver *r, struct stream *s)
{
    while (fold_early(r, s, s->expected))
        s->expected++;
}

/* What is missing below @base will not come any more: folds what is there, in order. No
 * more than SENDER_WINDOW steps, however far it is. */
static void raise_base(struct receiver *r, struct stream *s, uint64_t base, mono_t now)
{
    uint64_t found = 0, first = s->expected;

    for (uint64_t seq = first; s->early && seq < base; seq++)
        found += fold_early(r, s, seq);
    s->expected = base;
    r->counts.skipped += base - first - found;
    follow(r, s);
    frontier_move(&r->frontier, s);
    acks_owe(&r->acks, s, now);
}

/* Keeps @a until its turn. Returns false when there is no memory or no room. */
static bool hold(struct receiver *r, struct stream *s, const struct arrival *a)
{
    size_t slots = s->early ? 0 : EARLY_SLOTS_BYTES;

    if (r->held + slots + EARLY_BYTES(a->body_n) > RECEIVER_HELD_MAX)
        return false;
    if (!s->early && !(s->early = early_new()))
        return false;
    r->held += slots;
    if (early_put(s->early, a->seq, a->body, a->body_n, a->sent, a->at)) {
        r->held += EARLY_BYTES(a->body_n);
        return true;
    }
    if (s->early->n == 0)
        drop_slots(r, s);
    return false;
}

/* One that was not heard in this epoch before. */
static struct stream *begin_stream(struct receiver *r, const struct wire_head *h,
                                   const struct peer *from, mono_t now)
{
    struct stream *s = streams_add(&r->streams, h->stream);

    if (!s)
        return NULL;
    s->expected = s->base = h->base > 0 ? h->base : 1;
    s->barred = s->expected - 1;
    s->heard = s->repeat_at = INT64_MIN;
    s->owed_at = INT64_MAX;
    s->peer = *from;
    acks_owe(&r->acks, s, now);
    return s;
}

/* Returns whether the datagram is newer than all before: no replay. */
static bool hear(struct receiver *r, struct stream *s, const struct wire_head *h,
                 const struct peer *from, mono_t now)
{
    bool fresh = h->ts_us > s->ts_us;

    acks_hear(&r->acks, s, now);
    if (h->base > s->base)
        s->base = h->base;
    s->shard = h->shard;
    s->nshards = h->nshards;
    if (!fresh)
        return false;
    s->ts_us = h->ts_us;
    s->unechoed = true;
    s->peer = *from;
    return true;
}

static void take_ping(struct receiver *r, struct stream *s, bool fresh, mono_t now)
{
    r->counts.pings++;
    if (s->base > s->expected && r->acks.limit > 0)
        raise_base(r, s, s->base, now);
    if (fresh)
        acks_owe(&r->acks, s, now);
    else
        acks_owe_repeat(&r->acks, s, now);
}

static void refuse(struct receiver *r, struct stream *s, uint64_t *count, mono_t now)
{
    ++*count;
    acks_owe_repeat(&r->acks, s, now);
}

/* One more has been taken. After a gap, or into one, its sender is told soon. */
static void count_taken(struct receiver *r, struct stream *s, bool in_order, mono_t now)
{
    acks_owe(&r->acks, s, in_order ? now + RECEIVER_ACK_DELAY_MS : now);
    if (++s->unacked >= RECEIVER_ACK_EVERY)
        acks_send(&r->acks, s);
}

static void take_expected(struct receiver *r, struct stream *s, const struct arrival *a,
                          mono_t now)
{
    struct arrival dated = *a;
    bool in_order = !s->early;

    s->expected++;
    dated.dating = &s->dating;
    fold(r, &dated);
    follow(r, s);
    frontier_move(&r->frontier, s);
    count_taken(r, s, in_order, now);
}

/* The base is looked at before the window: a sender that has given up more than a window
 * would never come into it else. */
static void take_data(struct receiver *r, struct stream *s, const struct arrival *a,
                      mono_t now)
{
    bool room = r->acks.limit > 0 && a->seq < UINT64_MAX;

    if (room && s->base > s->expected)
        raise_base(r, s, s->base, now);
    if (a->seq < s->expected || (s->early && early_has(s->early, a->seq)))
        refuse(r, s, &r->counts.duplicate, now);
    else if (room && a->seq == s->expected)
        take_expected(r, s, a, now);
    else if (room && a->seq - s->expected < SENDER_WINDOW && hold(r, s, a))
        count_taken(r, s, false, now);
    else
        refuse(r, s, &r->counts.window_drops, now);
}

/* Datagrams of our epoch. */
static enum receiver_verdict take(struct receiver *r, const struct wire_head *h,
                                  const struct arrival *a, const struct peer *from,
                                  mono_t now)
{
    struct stream *s = streams_find(&r->streams, h->stream);
    bool fresh;

    if (!s && r->streams.n == STREAMS_MAX)
        return RECEIVER_FULL;
    if (!s && !(s = begin_stream(r, h, from, now))) {
        r->counts.window_drops++;
        return RECEIVER_TAKEN;
    }
    fresh = hear(r, s, h, from, now);
    if (fresh)
        r->heard = now;
    if (h->type == WIRE_PING)
        take_ping(r, s, fresh, now);
    else
        take_data(r, s, a, now);
    return RECEIVER_TAKEN;
}

static void turn_away(struct receiver *r, const struct wire_head *h,
                      const struct peer *from, mono_t now)
{
    r->counts.stale_epoch++;
    acks_stranger(&r->acks, h, from, now);
}

enum receiver_verdict receiver_take(struct receiver *r, const struct wire_head *h,
                                    const uint8_t *body, size_t body_n,
                                    const struct peer *from, ms_t wall, mono_t now)
{
    struct arrival a = {.stream = h->stream,
                        .seq = h->seq,
                        .body = body,
                        .body_n = body_n,
                        .sent = (mono_t)(h->ts_us / 1000),
                        .at = wall};

    if (r->epoch == 0)
        r->counts.not_ready++;
    else if (!ACKNOWLEDGED)
        fold(r, &a);
    else if (h->epoch > r->epoch)
        return RECEIVER_SUPERSEDED;
    else if (h->epoch == r->epoch)
        return take(r, h, &a, from, now);
    else
        turn_away(r, h, from, now);
    return RECEIVER_TAKEN;
}

void receiver_limit(struct receiver *r, size_t datagrams)
{
    r->acks.limit = datagrams;
}

mono_t receiver_acks(struct receiver *r, mono_t now)
{
    return acks_send_due(&r->acks, now);
}

void receiver_mark(struct receiver *r, struct barrier *b)
{
    frontier_mark(&r->frontier, b, r->env.bar, r->env.arg);
}

void receiver_unmark(struct receiver *r)
{
    frontier_unmark(&r->frontier);
}

void receiver_mature(struct receiver *r, const struct barrier *b, mono_t now)
{
    for (size_t i = 0; i < b->n; i++) {
        struct stream *s = frontier_stream(&r->frontier, &b->mark[i]);

        if (!s || b->mark[i].seq <= s->durable)
            continue;
        s->durable = b->mark[i].seq;
        acks_owe(&r->acks, s, now + RECEIVER_ACK_DELAY_MS);
    }
}

uint64_t receiver_base(const struct receiver *r, uint64_t id)
{
    const struct stream *s = streams_find(&r->streams, id);

    return s ? s->base : 0;
}

size_t receiver_streams(const struct receiver *r)
{
    return r->streams.n;
}

mono_t receiver_heard(const struct receiver *r)
{
    return r->heard;
}

uint64_t receiver_missing(const struct receiver *r)
{
    uint64_t missing = 0;

    for (uint32_t i = 0; i < r->streams.n; i++) {
        const struct stream *s = &r->streams.v[i];

        if (s->early)
            missing += s->early->last - s->expected + 1 - s->early->n;
    }
    return missing;
}

const struct receiver_counts *receiver_counts(struct receiver *r)
{
    r->counts.acks = r->acks.sent;
    return &r->counts;
}
