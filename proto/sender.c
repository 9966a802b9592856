/* sender: seals, sends and repeats; takes what the aggregator says of it.
 *
 * The happy path: sender_add fills the open body; sender_tick seals it into the ring and
 * sends it; an ACK says that it came, and one some seconds later that it is durable,
 * which drops it from the ring. What is kept, keep.h knows, what of it is on its way or
 * lost, flight.h, and how long to wait, patience.h.
 *
 * When it does not go well: an ACK that makes no sense is refused whole, before anything
 * of it is believed. Silence is probed with growing pauses, then given up. A new epoch
 * puts everything that is not durable back to where it was before it was sent; until the
 * first epoch is known nothing but pings goes out. Where a send fails nothing is done:
 * the datagram was lost like any other.
 *
 * `due` is the earliest of all that will be due, so that a tick with nothing to do is one
 * comparison. */
#include "sender.h"

#include <assert.h>
#include <stdlib.h>

#include "keep.h"
#include "patience.h"

/* A comparison build, for figures of what acknowledgements are worth: every body is sent
 * once, under no epoch, and called durable. */
#ifdef FIRE_AND_FORGET
#define FORGETFUL true
#else
#define FORGETFUL false
#endif

struct sender {
    const struct secret *secret;
    struct sender_env env;
    uint64_t epoch;    /* 0: not known yet */
    uint64_t ack_no;   /* of the newest ACK of this epoch */
    uint64_t told_cum; /* and what it said */
    mono_t sealed_at;  /* the last time */
    mono_t due;        /* what sender_tick returned, or earlier */
    bool redirected;   /* and nothing heard since */
    struct patience patience;
    struct keep keep;
};

static mono_t earlier(mono_t a, mono_t b)
{
    return a < b ? a : b;
}

static uint64_t clock_us(const struct sender *s)
{
    return s->env.clock_us(s->env.arg);
}

/* Frames @rec, or a ping without one, into @bytes. Returns the datagram's length. */
static size_t frame(const struct sender *s, uint8_t *bytes, uint64_t seq, uint64_t now_us,
                    const struct ring_record *rec)
{
    struct wire_head head = {
        .type = rec ? WIRE_DATA : WIRE_PING,
        .nshards = 1,
        .stream = ring_stream(s->keep.ring),
        .epoch = FORGETFUL ? 0 : s->epoch,
        .seq = seq,
        .base = ring_base(s->keep.ring),
        .ts_us = now_us,
    };

    return wire_frame(bytes, &head, rec ? rec->body : NULL, rec ? rec->body_n : 0,
                      s->secret);
}

static void emit(struct sender *s, uint64_t seq, uint64_t now_us,
                 const struct ring_record *rec, mono_t now)
{
    uint8_t bytes[DATAGRAM_MAX];
    size_t n = frame(s, bytes, seq, now_us, rec);

    s->keep.c.datagrams_sent++;
    patience_asked(&s->patience, now);
    s->env.emit(s->env.arg, bytes, n);
}

static void ping(struct sender *s, mono_t now)
{
    s->keep.c.pings++;
    patience_pinged(&s->patience, now);
    emit(s, ring_next(s->keep.ring), clock_us(s), NULL, now);
}

static void send_record(struct sender *s, uint64_t seq, struct ring_record *rec,
                        mono_t now)
{
    uint64_t now_us = clock_us(s);

    if (flight_out(&s->keep.flight) == 0)
        patience_wait(&s->patience, now);
    flight_sent(&s->keep.flight, seq, rec, now_us);
    emit(s, seq, now_us, rec, now);
}

static void resend(struct sender *s, uint64_t seq, mono_t now)
{
    s->keep.c.datagrams_resent++;
    send_record(s, seq, flight_entry(&s->keep.flight, seq)->rec, now);
}

/* Sends what is lost, and what was never sent, up to the limit. */
static void transmit(struct sender *s, mono_t now)
{
    struct flight *f = &s->keep.flight;
    uint64_t limit;

    if (s->epoch == 0)
        return;
    limit = flight_limit(f);
    for (uint64_t seq = f->cum + 1; f->nlost > 0 && seq < f->next && seq <= limit; seq++)
        if (flight_entry(f, seq)->lost)
            resend(s, seq, now);
    while (f->unsent && f->next <= limit)
        send_record(s, f->next, f->unsent, now);
}

/* Moves the open body into the ring and sends it. Returns false when there is no room:
 * then it stays open. */
static bool seal(struct sender *s, mono_t now)
{
    struct ring_record *rec = keep_seal(&s->keep, now);

    if (!rec)
        return false;
    s->sealed_at = now;
    if (FORGETFUL) {
        send_record(s, ring_base(s->keep.ring), rec, now);
        keep_drop_first(&s->keep, &s->keep.c.durable);
    }
    transmit(s, now);
    return true;
}

/* When the open body leaves. */
static mono_t open_due(const struct sender *s)
{
    const struct body_writer *w = ring_open_body(s->keep.ring);

    if (w->hits == 0 || s->keep.stuck)
        return INT64_MAX;
    if (w->start - s->sealed_at >= SENDER_LINGER_MS)
        return w->start; /* the first after a pause */
    return w->start + SENDER_LINGER_MS;
}

/* When to ask again, if something new ought to have been heard by then. */
static mono_t probe_due(const struct sender *s)
{
    bool waiting = s->epoch == 0 || s->redirected || flight_out(&s->keep.flight) > 0;

    return waiting ? s->patience.probe_at : INT64_MAX;
}

static mono_t next_due(const struct sender *s)
{
    mono_t due = earlier(open_due(s), keep_expire_due(&s->keep));

    due = earlier(due, probe_due(s));
    due = earlier(due, patience_ping_due(&s->patience));
    return earlier(due, patience_silence_due(&s->patience));
}

/* Repeats the oldest of what has not come. Returns how many. */
static unsigned resend_oldest(struct sender *s, mono_t now)
{
    struct flight *f = &s->keep.flight;
    uint64_t limit = flight_limit(f);
    unsigned n = 0;

    for (uint64_t seq = f->cum + 1; seq < f->next && seq <= limit; seq++) {
        if (n == SENDER_PROBES)
            break;
        if (flight_entry(f, seq)->came)
            continue;
        resend(s, seq, now);
        n++;
    }
    return n;
}

/* Nothing new was heard for too long. */
static void probe(struct sender *s, mono_t now)
{
    s->keep.c.probes++;
    if (flight_out(&s->keep.flight) > 0)
        flight_slow_down(&s->keep.flight);
    if (s->redirected || resend_oldest(s, now) == 0)
        ping(s, now);
    patience_probed(&s->patience, now);
}

/* Whether @a may be believed. What does not make sense comes from a mistake, or from
 * somebody who has the secret; neither may harm what is kept here. */
static bool makes_sense(const struct sender *s, const struct wire_ack *a, uint64_t now_us)
{
    if (a->stream != ring_stream(s->keep.ring) || a->epoch == 0 || a->epoch < s->epoch)
        return false;
    if (a->epoch == s->epoch && (a->ack_no <= s->ack_no || a->cum < s->told_cum))
        return false;
    return a->cum < ring_next(s->keep.ring) && a->durable <= a->cum &&
           a->echo_us <= now_us;
}

/* An aggregator that knows nothing of what the one before was sent. That one has died,
 * unless it says that it is the same, or another was turned to. */
static void begin_epoch(struct sender *s, const struct wire_ack *a, bool redirected)
{
    if (s->epoch != 0)
        s->keep.c.epochs++;
    s->epoch = a->epoch;
    keep_restart(&s->keep, !a->renewed && !redirected);
}

static void set_poison_aside(struct sender *s)
{
    const struct ring_record *rec = keep_poison(&s->keep);
    uint8_t bytes[DATAGRAM_MAX];

    if (!rec)
        return;
    s->env.set_aside(s->env.arg, bytes,
                     frame(s, bytes, ring_base(s->keep.ring), clock_us(s), rec));
    keep_drop_first(&s->keep, &s->keep.c.lost_poison);
}

/* Takes what @a says of this epoch. Returns whether it is new. */
static bool take(struct sender *s, const struct wire_ack *a)
{
    struct flight *f = &s->keep.flight;
    bool news = (f->window == 0) != (a->window == 0) || a->durable > s->keep.durable;

    s->ack_no = a->ack_no;
    s->told_cum = a->cum;
    f->window = a->window;
    news |= flight_came(f, a->cum, a->sack) > 0;
    s->keep.c.datagrams_found_lost +=
        flight_overtaken(f, a->echo_us, rtt_reorder(&s->patience.rtt));
    keep_durable(&s->keep, a->durable);
    set_poison_aside(s);
    return news;
}

struct sender *sender_new(const struct secret *secret, struct ring *ring,
                          const struct sender_env *env, mono_t now)
{
    struct sender *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->secret = secret;
    s->env = *env;
    s->sealed_at = INT64_MIN / 2; /* the first hit follows a pause */
    s->due = now;
    patience_init(&s->patience, now);
    keep_init(&s->keep, ring);
    return s;
}

void sender_free(struct sender *s)
{
    free(s);
}

bool sender_add(struct sender *s, const struct hit *h, mono_t now)
{
    struct body_writer *w = ring_open_body(s->keep.ring);
    bool fits;

    s->keep.c.accepted++;
    if (h->kind == HIT_HEARTBEAT && keep_is_nearly_full(&s->keep)) {
        s->keep.c.lost_heartbeat++;
        return false;
    }
    if (w->hits > 0 && body_add(w, h))
        return true;
    if (w->hits > 0 && !seal(s, now)) {
        s->keep.c.lost_full++;
        return false;
    }
    w = ring_open_body(s->keep.ring);
    body_begin(w, now);
    fits = body_add(w, h);
    assert(fits); /* as any hit does an empty body */
    s->due = earlier(s->due, next_due(s));
    return true;
}

void sender_ack(struct sender *s, const uint8_t *bytes, size_t n, mono_t now)
{
    uint64_t now_us = clock_us(s);
    struct wire_ack a;
    bool news, redirected = s->redirected;

    if (wire_ack_open(bytes, n, s->secret, &a) != WIRE_OK ||
        !makes_sense(s, &a, now_us)) {
        s->keep.c.acks_refused++;
        return;
    }
    s->keep.c.acks++;
    news = redirected || a.epoch > s->epoch;
    s->redirected = false;
    if (a.epoch > s->epoch)
        begin_epoch(s, &a, redirected);
    patience_measure(&s->patience, a.echo_us, now_us);
    news |= take(s, &a);
    patience_heard(&s->patience, now, news);
    transmit(s, now);
    s->due = next_due(s);
}

mono_t sender_tick(struct sender *s, mono_t now, bool force)
{
    if (now < s->due && !force)
        return s->due;
    patience_slept(&s->patience, now - s->due, now);
    keep_expire(&s->keep, now);
    if (open_due(s) <= now || (force && ring_open_body(s->keep.ring)->hits > 0))
        seal(s, now);
    transmit(s, now);
    if (probe_due(s) <= now)
        probe(s, now);
    if (patience_ping_due(&s->patience) <= now)
        ping(s, now);
    if (patience_silence_due(&s->patience) <= now) {
        patience_gave_up(&s->patience, now);
        s->env.give_up(s->env.arg);
    }
    return s->due = next_due(s);
}

void sender_redirect(struct sender *s, mono_t now)
{
    s->keep.c.failovers++;
    s->redirected = true;
    patience_redirect(&s->patience);
    ping(s, now);
    patience_wait(&s->patience, now);
    s->due = next_due(s);
}

uint64_t sender_unreceived(const struct sender *s)
{
    const struct keep *k = &s->keep;

    return ring_hits(k->ring) - k->flight.hits + ring_open_body(k->ring)->hits;
}

uint64_t sender_undurable(const struct sender *s)
{
    const struct keep *k = &s->keep;

    return ring_hits(k->ring) + ring_open_body(k->ring)->hits + k->unprotected.hits;
}

bool sender_is_heard(const struct sender *s, mono_t now)
{
    return now - s->patience.heard_at <= SENDER_FRESH_MS;
}

const struct sender_counters *sender_counters(struct sender *s)
{
    s->keep.c.rtt_us = s->patience.rtt.smoothed;
    return keep_counters(&s->keep);
}
