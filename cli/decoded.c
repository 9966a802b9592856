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

void decoded_open(struct decoded *d, const uint8_t *bytes, size_t n,
                  const struct secret *s)
{
    const uint8_t *body;

    *d = (struct decoded){.n = n, .checked = s != NULL};
    d->verdict = wire_open(bytes, d->n, s, &d->head, &body, &d->body_n);
    d->opened = d->verdict == WIRE_OK;
    if (d->verdict == WIRE_BAD_KEY || d->verdict == WIRE_BAD_MAC)
        d->opened = wire_open(bytes, d->n, NULL, &d->head, &body, &d->body_n) == WIRE_OK;
    if (d->opened)
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
