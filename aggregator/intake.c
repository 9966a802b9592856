/* intake: frame, receiver, body, fold, in the order of what they cost a forger. The
 * receiver calls back when the turn of a datagram has come, be it this one or one that
 * waited for it. */
#include "intake.h"

#include <stdlib.h>

/* Reads every hit of the body. Returns how many, or -1 if one cannot be read. */
static int read_hits(struct intake *in, const uint8_t *body, size_t n)
{
    struct hit *hits = fold_queue_room(in->queue);
    int count = 0, more;

    if (body_open(&in->body, body, n) < 0)
        return -1;
    while ((more = body_next(&in->body, &hits[count])) > 0)
        count++;
    return more < 0 ? -1 : count;
}

static void on_turn(void *arg, const struct arrival *a)
{
    struct intake *in = arg;
    struct fold_origin from = {.stream = a->stream,
                               .seq = a->seq,
                               .sent = a->sent,
                               .at = a->at,
                               .dating = a->dating};
    int hits = read_hits(in, a->body, a->body_n);

    if (hits < 0) {
        in->counters->malformed++;
        return;
    }
    fold_queue_take(in->queue, (size_t)hits, &from);
    in->counters->folded++;
    if (a->was_held)
        fold_queue_settle(in->queue);
}

static void on_answer(void *arg, const struct peer *to, const uint8_t *bytes, size_t n)
{
    struct intake *in = arg;

    in->send(in->arg, to, bytes, n);
}

static void on_mark(void *arg, struct barrier *b)
{
    struct intake *in = arg;

    store_bar(in->store, b);
}

void intake_init(struct intake *in, const struct secret *secret, struct store *store,
                 struct aggregator_counters *counters,
                 void (*send)(void *arg, const struct peer *to, const uint8_t *bytes,
                              size_t n),
                 void *arg)
{
    const struct receiver_env env = {
        .fold = on_turn, .send = on_answer, .bar = on_mark, .arg = in};

    in->secret = secret;
    in->store = store;
    in->counters = counters;
    in->folded = (struct fold_counts){0};
    in->send = send;
    in->arg = arg;
    in->receiver = receiver_new(secret, &env);
    in->queue = fold_queue_new(store, &in->folded);
    if (!in->receiver || !in->queue)
        abort();
}

void intake_fini(struct intake *in)
{
    receiver_free(in->receiver);
    fold_queue_free(in->queue);
    in->receiver = NULL;
    in->queue = NULL;
}

static void count_refused(struct aggregator_counters *c, enum wire_verdict v)
{
    switch (v) {
    case WIRE_BAD_SHAPE:
        c->bad_shape++;
        break;
    case WIRE_BAD_VERSION:
        c->bad_version++;
        break;
    case WIRE_BAD_TYPE:
        c->bad_type++;
        break;
    case WIRE_BAD_KEY:
        c->bad_key++;
        break;
    case WIRE_BAD_MAC:
        c->bad_mac++;
        break;
    case WIRE_OK:
        break;
    }
}

enum wire_verdict intake_datagram(struct intake *in, const uint8_t *bytes, size_t n,
                                  const struct peer *from, ms_t wall, mono_t now,
                                  enum receiver_verdict *what)
{
    struct wire_head h;
    const uint8_t *body;
    size_t body_n;
    enum wire_verdict v = wire_open(bytes, n, in->secret, &h, &body, &body_n);

    *what = RECEIVER_TAKEN;
    in->counters->datagrams++;
    if (v == WIRE_OK)
        *what = receiver_take(in->receiver, &h, body, body_n, from, wall, now);
    else
        count_refused(in->counters, v);
    return v;
}

void intake_settle(struct intake *in)
{
    fold_queue_settle(in->queue);
}
