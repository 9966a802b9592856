/* roll: sites with alerts are called up though nobody visits them.
 *
 * A site is read back when a hit of it comes. If none comes, after a restart or because
 * the site has never had one, nobody would notice that it is `below` a bound. So the set
 * hc:alerted, which `headcount site alert` keeps, is read on the connection for loads,
 * every ROLL_EVERY_MS. Those that the store does not have are made, and so read back; a
 * site that has alerts stays (site_is_empty).
 *
 * To read a site back is to claim it. So the roll is called by the aggregator that
 * senders talk to, not by one that stands by; and not before they have done so for
 * ROLL_FIRST_MS: what they had kept has come by then, and the sites that are visited are
 * read back. A site that is known, but not to have alerts, is committed: the answer
 * tells.
 *
 * Of more than ALERTED_MAX sites as many are called, others each time. A tenth of the
 * store's places is left to sites that are visited; for whom there is none is counted,
 * roll_capped. An answer that is none is passed over: whoever put it there will miss the
 * alerts. Redis is trusted: a name is as long as it is (REDIS_REPLY_MAX). */
#ifndef HC_ROLL_H
#define HC_ROLL_H

#include "../proto/loop/redis_link.h"
#include "counters.h"
#include "store.h"

#define ROLL_FIRST_MS 30000
#define ROLL_EVERY_MS 10000

struct roll {
    struct store *store;
    struct aggregator_counters *counters;
    mono_t due;
    bool waiting; /* for the answer, */
    bool stale;   /* which is of an epoch that is over */
};

/* The pointers must outlive @r, and @r all calls on links. */
void roll_init(struct roll *r, struct store *store, struct aggregator_counters *counters);

/* Senders are heard, since @now. */
void roll_begin(struct roll *r, mono_t now);

/* The epoch is over: an answer that is still to come is ignored. */
void roll_stop(struct roll *r);

/* While sites may be read and senders are heard: asks @link if it is time. Returns when
 * to be called again, INT64_MAX: an answer will come first. */
mono_t roll_turn(struct roll *r, struct redis_link *link, mono_t now);

#endif
