/* round: takes every dirty site to Redis, once.
 *
 * A round takes the sites that are dirty when it begins, one commit each, at most
 * COMMITS_IN_FLIGHT_MAX calls ahead of the replies. It has ended when all replies are in.
 * Sites that become dirty meanwhile wait for the next round.
 *
 * But those that have rested (store.h) need not: in a round one of them is taken after
 * each ROUND_AHEAD_EVERY others, and between two rounds a few may go ahead. So a change
 * of a quiet site is told at once, however busy others are, who have most of Redis all
 * the same. What goes ahead between two rounds is a round, too, but a part of one: it
 * says nothing of those it leaves.
 *
 * Replies only change what is known; calls are made by round_begin and round_turn. */
#ifndef HC_ROUND_H
#define HC_ROUND_H

#include "clock.h"
#include "commit.h"
#include "counters.h"
#include "live.h"
#include "round_calls.h"
#include "seldom.h"

/* A site whose commit Redis refuses for reasons of its own (WRONGTYPE, say, or a record
 * that never fits) is written anew so many times at once, and then left alone for so
 * long: quarantined. */
#define ROUND_REWRITES 3
#define ROUND_PARK_MS 60000

/* No more sites than these go ahead at a time between two rounds: so long does the next
 * round wait for them. */
#define ROUND_AHEAD_SITES 8

/* And in a round one that has rested is taken after so many others. */
#define ROUND_AHEAD_EVERY 8

struct round {
    struct store *store;
    struct clock *clock;
    struct aggregator_counters *counters;
    struct redis_link *link;

    bool active;           /* a round is under way */
    bool check;            /* Redis may have gone back: a tick is not enough.
                              The caller's to set and to clear */
    bool ahead;            /* only sites that have rested are taken */
    size_t todo;           /* sites still to be taken */
    unsigned since_rested; /* sites taken since one was that has rested; in the beginning
                              as many as it takes */
    unsigned outcomes[COMMIT_ERROR + 1]; /* of this round's commits */
    unsigned refused;   /* of its COMMIT_ERRORs, sites quarantined by it */
    size_t left_out;    /* of the last whole round and since: they, and those that were
                           quarantined before */
    uint64_t fenced_by; /* the highest epoch that Redis named instead of OK, 0: none */
    mono_t answered;    /* when the latest call was sent that had a good reply */

    struct seldom complained;

    struct slice sha;
    uint64_t epoch;
    struct commit commit; /* being built, while building */
    bool building;
    uint64_t began;              /* it, us */
    enum commit_outcome outcome; /* first that was not OK, of the commit being answered */
    struct command part;
    struct buf message;
    struct live live; /* sites committed by this round */

    struct round_calls calls;
};

/* The pointers must outlive @r; the link is set by the caller before the first round. */
void round_init(struct round *r, struct store *store, struct clock *clock,
                struct aggregator_counters *counters);
void round_fini(struct round *r);

/* When a site is to be committed (wall clock): not after @now if one is by then; later,
 * when all that are dirty are quarantined; INT64_MAX when none is dirty. */
ms_t round_due(const struct round *r, ms_t now);

/* Begins a round; none may be active. @sha is borrowed. If it is not active afterwards
 * there was nothing to wait for: it is over. */
void round_begin(struct round *r, struct slice sha, uint64_t epoch, ms_t now);

/* The same of some sites that have rested, and whether there are any. */
void round_begin_ahead(struct round *r, struct slice sha, uint64_t epoch, ms_t now);
bool round_may_go_ahead(const struct round *r);

/* Goes on as far as the replies allow; ends the round when the last is in. */
void round_turn(struct round *r, ms_t now);

/* Takes the sites that died out of hc:live. False in the middle of a commit: then later.
 */
bool round_sweep(struct round *r, ms_t now);

/* The connection is lost: no further call of this round is made. */
void round_stop(struct round *r);

/* Whether every site of the round that is over is in Redis, but for those quarantined;
 * and whether these are few enough to do without. When they are most of all sites it is
 * not the sites' fault. */
bool round_is_confirmed(const struct round *r);
bool round_can_do_without(const struct round *r);

/* When the newest call that waits for a reply was sent, INT64_MIN when none does. */
mono_t round_sent(const struct round *r);

/* The sites are about to be freed: replies still to come are ignored. */
void round_forget(struct round *r);

#endif
