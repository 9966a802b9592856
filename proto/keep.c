/* keep: every hit that was accepted stands in exactly one place: the open body, the ring,
 * the unprotected ones, or a counter of what became of it. Each function here moves hits
 * from one to another, so that their sum never changes. */
#include "keep.h"

void keep_init(struct keep *k, struct ring *ring)
{
    k->ring = ring;
    k->durable = ring_base(ring) - 1;
    k->c.accepted = ring_hits(ring) + ring_open_body(ring)->hits;
    flight_init(&k->flight, ring);
}

/* Lets go of the first record, which came. */
static void unprotect_first(struct keep *k)
{
    uint64_t hits = 0, seq = ring_base(k->ring);

    keep_drop_first(k, &hits);
    unprotected_add(&k->unprotected, seq, hits);
}

struct ring_record *keep_seal(struct keep *k, mono_t now)
{
    struct ring_record *rec = ring_seal(k->ring, now);

    while (!rec && ring_first(k->ring) && flight_has_first(&k->flight)) {
        unprotect_first(k);
        rec = ring_seal(k->ring, now);
    }
    k->stuck = !rec;
    if (rec)
        flight_sealed(&k->flight, rec);
    return rec;
}

bool keep_is_nearly_full(const struct keep *k)
{
    return ring_held(k->ring) / SENDER_FULL >= ring_capacity(k->ring) / 16 &&
           !flight_has_first(&k->flight);
}

void keep_durable(struct keep *k, uint64_t durable)
{
    if (durable <= k->durable)
        return;
    k->durable = durable;
    k->c.durable += unprotected_take(&k->unprotected, durable);
    while (ring_first(k->ring) && ring_base(k->ring) <= durable)
        keep_drop_first(k, &k->c.durable);
}

void keep_restart(struct keep *k, bool died)
{
    k->c.lost_restart += unprotected_take(&k->unprotected, UINT64_MAX);
    flight_restart(&k->flight, died);
}

void keep_drop_first(struct keep *k, uint64_t *counter)
{
    *counter += ring_first(k->ring)->hits;
    flight_drop_first(&k->flight);
    k->stuck = false;
}

struct ring_record *keep_poison(struct keep *k)
{
    struct ring_record *first = ring_first(k->ring);

    if (!first || flight_has_first(&k->flight) || first->tries < SENDER_TRIES)
        return NULL;
    return first;
}

void keep_expire(struct keep *k, mono_t now)
{
    while (keep_expire_due(k) <= now) {
        if (flight_has_first(&k->flight))
            unprotect_first(k);
        else
            keep_drop_first(k, &k->c.lost_expired);
    }
}

mono_t keep_expire_due(const struct keep *k)
{
    const struct ring_record *first = ring_first(k->ring);

    return first ? first->sealed + SENDER_RETENTION_MS : INT64_MAX;
}

const struct sender_counters *keep_counters(struct keep *k)
{
    k->c.in_ring = ring_hits(k->ring);
    k->c.open = ring_open_body(k->ring)->hits;
    k->c.unprotected = k->unprotected.hits;
    k->c.ring_bytes = ring_held(k->ring);
    k->c.ring_limit = ring_capacity(k->ring);
    return &k->c;
}
