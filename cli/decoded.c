/* Reads on past a failed MAC and up to the place where a body stops making sense. */
#include "decoded.h"

static void read_hits(struct decoded *d, const uint8_t *body)
{
    struct body_reader r;
    int rc = -1;

    if (body_open(&r, body, d->body_n) == 0) {
        d->clock = r.start;
        while (d->nhits < DATAGRAM_HITS_MAX &&
               (rc = body_next(&r, &d->hit[d->nhits])) > 0)
            d->nhits++;
        if (rc > 0) { /* as many as there may be: now its end must follow */
            struct hit more;

            rc = body_next(&r, &more);
        }
    }
    d->malformed = rc != 0;
}

/* Opens what is for the aggregator, or an ACK. Returns the verdict. */
static enum wire_verdict open_any(struct decoded *d, const uint8_t *bytes,
                                  const struct secret *s, const uint8_t **body)
{
    enum wire_verdict v = wire_open(bytes, d->n, s, &d->head, body, &d->body_n);

    d->type = d->head.type;
    if (v == WIRE_BAD_TYPE) {
        v = wire_ack_open(bytes, d->n, s, &d->ack);
        d->type = WIRE_ACK;
    }
    return v;
}

void decoded_open(struct decoded *d, const uint8_t *bytes, size_t n,
                  const struct secret *s)
{
    const uint8_t *body;

    *d = (struct decoded){.n = n, .checked = s != NULL};
    d->verdict = open_any(d, bytes, s, &body);
    d->opened = d->verdict == WIRE_OK;
    if (d->verdict == WIRE_BAD_KEY || d->verdict == WIRE_BAD_MAC)
        d->opened = open_any(d, bytes, NULL, &body) == WIRE_OK;
    if (d->opened && d->type == WIRE_DATA)
        read_hits(d, body);
}

const char *decoded_verdict(const struct decoded *d)
{
    return d->verdict == WIRE_OK && d->malformed ? "malformed"
                                                 : wire_verdict_name(d->verdict);
}

const char *decoded_mac(const struct decoded *d)
{
    if (!d->checked)
        return "unchecked";
    switch (d->verdict) {
    case WIRE_OK:
        return "good";
    case WIRE_BAD_KEY:
        return "of another key";
    case WIRE_BAD_MAC:
        return "wrong";
    default:
        return "unchecked"; /* refused before it came to that */
    }
}
