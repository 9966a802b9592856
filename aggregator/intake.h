/* intake: one datagram as it came -> hits in the store, or a counted reason why not.
 * Pure.
 *
 * All or nothing: a body is read to its end before its first hit is folded. Nothing is
 * allocated for a datagram. */
#ifndef HC_INTAKE_H
#define HC_INTAKE_H

#include "../proto/body.h"
#include "../proto/wire.h"
#include "counters.h"
#include "fold.h"
#include "streams.h"

struct intake {
    const struct secret *secret;
    struct store *store;
    struct aggregator_counters *counters;
    struct fold_counts folded; /* what became of the hits, since intake_init */
    struct streams streams;
    struct body_reader body;
    struct hit hits[DATAGRAM_HITS_MAX + 1]; /* one more for the call that ends it */
};

/* The pointers must outlive @in. */
void intake_init(struct intake *in, const struct secret *secret, struct store *store,
                 struct aggregator_counters *counters);

/* Takes one datagram that came at @now. Returns what the frame was; on WIRE_OK it may
 * still have been a duplicate or malformed, which is counted. */
enum wire_verdict intake_datagram(struct intake *in, const uint8_t *bytes, size_t n,
                                  ms_t now);

#endif
