/* loads: brings sites back from Redis, LOADS_MAX at a time, on a connection of their own.
 *
 * Takes sites off the store's list of loads, passes calls and replies to and fro, folds
 * what was parked and makes the site live. A call in flight for each; replies come in
 * order. A turn does some milliseconds of work at most. */
#ifndef HC_LOADS_H
#define HC_LOADS_H

#include "../proto/loop/redis_link.h"
#include "clock.h"
#include "counters.h"
#include "fold.h"
#include "load.h"

struct loads;

struct loads_events {
    /* Redis says that a later aggregator, of epoch @by (0: unknown), owns a site. */
    void (*fenced)(void *arg, uint64_t by);
    /* claim.lua is not there; loads_start again once it is. */
    void (*noscript)(void *arg);
    void *arg;
};

struct loads *loads_new(struct store *st, struct clock *clock,
                        struct aggregator_counters *counters, struct fold_counts *folded,
                        const struct loads_events *events);
void loads_free(struct loads *l);

/* The connection is up, @sha is there, the epoch is ours: sites may be read. The link is
 * borrowed until loads_stop. */
void loads_start(struct loads *l, struct redis_link *link, struct slice sha,
                 uint64_t epoch);

/* The connection is lost: what was being read will be read again. Its replies come, NULL,
 * before or after. */
void loads_stop(struct loads *l);

/* All sites are about to be freed: replies still to come are ignored. */
void loads_forget(struct loads *l);

/* Begins what can be begun, goes on with a site whose parked hits were too many for one
 * turn. Returns when it wants to be called again, INT64_MAX: a reply will come first. */
mono_t loads_turn(struct loads *l, mono_t now);

#endif
