/* intake: frame, stream, body, fold, in the order of what they cost a forger.
 *
 * A number is remembered before the body is read: a body that cannot be read once cannot
 * be read the second time either. */
#include "intake.h"

void intake_init(struct intake *in, const struct secret *secret, struct store *store,
                 struct aggregator_counters *counters)
{
    in->secret = secret;
    in->store = store;
    in->counters = counters;
    in->folded = (struct fold_counts){0};
    streams_init(&in->streams);
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

/* Whether the datagram is to be folded. */
static bool is_new(struct intake *in, const struct wire_head *h)
{
    switch (streams_check(&in->streams, h->stream, h->seq)) {
    case STREAM_NEW:
        return true;
    case STREAM_DUPLICATE:
        in->counters->duplicate++;
        break;
    case STREAM_TOO_OLD:
        in->counters->too_old++;
        break;
    }
    return false;
}

/* Reads every hit of the body. Returns how many, or -1 if one cannot be read. */
static int read_hits(struct intake *in, const uint8_t *body, size_t n)
{
    int count = 0, more;

    if (body_open(&in->body, body, n) < 0)
        return -1;
    while ((more = body_next(&in->body, &in->hits[count])) > 0)
        count++;
    return more < 0 ? -1 : count;
}

static void take_body(struct intake *in, const struct wire_head *h, const uint8_t *body,
                      size_t n, ms_t now)
{
    int hits = read_hits(in, body, n);

    if (hits < 0) {
        in->counters->malformed++;
        return;
    }
    fold_hits(in->store, in->hits, (size_t)hits, (mono_t)(h->ts_us / 1000), now,
              &in->folded);
    in->counters->folded++;
}

enum wire_verdict intake_datagram(struct intake *in, const uint8_t *bytes, size_t n,
                                  ms_t now)
{
    struct wire_head h;
    const uint8_t *body;
    size_t body_n;
    enum wire_verdict v = wire_open(bytes, n, in->secret, &h, &body, &body_n);

    in->counters->datagrams++;
    if (v != WIRE_OK)
        count_refused(in->counters, v);
    else if (is_new(in, &h))
        take_body(in, &h, body, body_n, now);
    return v;
}
