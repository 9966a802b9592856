/* parked: hits of a site that is being read back from Redis, in order of arrival. Pure.
 *
 * The others of their datagrams are folded meanwhile: a site that loads slowly holds up
 * nobody else, only the barrier of its senders' streams (parked_bar). */
#ifndef HC_PARKED_H
#define HC_PARKED_H

#include "../proto/hit.h"
#include "maturity.h"

struct parked_hit {
    uint64_t stream, seq;
    ms_t at;        /* when it happened, wall clock */
    struct hit hit; /* its texts are borrowed from the queue; site is empty */
};

struct parked_chunk;

struct parked {
    struct parked_chunk *first, *last; /* each holds many */
    size_t bytes;                      /* allocated */
    struct barrier_mark *lowest;       /* of each stream the lowest number parked */
    uint16_t streams, cap;
};

void parked_init(struct parked *p);
void parked_fini(struct parked *p);

/* Copies. Returns false when out of memory; then nothing changed. */
bool parked_add(struct parked *p, uint64_t stream, uint64_t seq, ms_t at,
                const struct hit *h);

/* Takes the oldest out. False when there is none; then all memory is given back. @out is
 * valid until the next call. */
bool parked_take(struct parked *p, struct parked_hit *out);

/* Lowers the marks of @b to below what is parked here. What has been taken counts too
 * until parked_take has returned false: the site does not have it in Redis before then.
 */
void parked_bar(const struct parked *p, struct barrier *b);

#endif
