/* keep: bodies kept until they are durable, and what is given up, and counted, when they
 * cannot be. Pure; the ring, the flight over it, and what was let go unprotected. */
#ifndef HC_KEEP_H
#define HC_KEEP_H

#include "flight.h"
#include "sender.h"
#include "unprotected.h"

struct keep {
    struct ring *ring;
    struct flight flight;
    uint64_t durable; /* all up to this one are safe, in whatever epoch */
    bool stuck;       /* the open body found no room, and there is no more since */
    struct sender_counters c;
    struct unprotected unprotected;
};

/* @k is zeroed memory. What is in @ring counts as accepted. */
void keep_init(struct keep *k, struct ring *ring);

/* Moves the open body, which has hits, into the ring, at the cost of the oldest records
 * that came. NULL when there is no room: then it stays open, and k->stuck is set until
 * there is more. */
struct ring_record *keep_seal(struct keep *k, mono_t now);

/* Whether the room left is for hits that will not be repeated. Where the first record
 * came there is no want: it will be let go. */
bool keep_is_nearly_full(const struct keep *k);

/* All up to @durable are safe. */
void keep_durable(struct keep *k, uint64_t durable);

/* The aggregator began anew. */
void keep_restart(struct keep *k, bool died);

/* Drops the first record; its hits are added to @counter. */
void keep_drop_first(struct keep *k, uint64_t *counter);

/* The first record, if every aggregator died of it: to be set aside and dropped. One that
 * is first in line but not in the ring waits until those before it are durable. */
struct ring_record *keep_poison(struct keep *k);

/* Gives up what is too old, and says when the first record will be, INT64_MAX if none. */
void keep_expire(struct keep *k, mono_t now);
mono_t keep_expire_due(const struct keep *k);

/* The counters, gauges up to date. */
const struct sender_counters *keep_counters(struct keep *k);

#endif
