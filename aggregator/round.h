/* round: takes every dirty site to Redis, once.
 *
 * A round takes the sites that are dirty when it begins, one commit each, at most
 * COMMITS_IN_FLIGHT_MAX calls ahead of the replies. It has ended when all replies are in.
 * Sites that become dirty meanwhile wait for the next round. */
#ifndef HC_ROUND_H
#define HC_ROUND_H

#include "../proto/loop/redis_link.h"
#include "clock.h"
#include "commit.h"
#include "counters.h"
#include "seldom.h"

/* A site whose commit Redis refused for good (WRONGTYPE, say) is left alone so long; the
 * others go on. */
#define ROUND_PARK_MS 60000

/* Bytes of calls ahead of the replies; a quarter of what the link would hold. */
#define ROUND_BYTES_MAX (REDIS_OUTBOX_MAX / 4)

/* Redis answers in the order of the calls, so these are a queue. */
struct round_call {
    struct site *site; /* NULL: a tick, or a site that is no more */
    size_t bytes;
    bool last;      /* of the site's commit */
    bool cut;       /* and yet not its last part: the rest could not be sent */
    uint64_t began; /* the commit, uv_hrtime */
};

struct round {
    struct store *store;
    struct clock *clock;
    struct aggregator_counters *counters;
    struct redis_link *link;
    void (*ended)(void *arg);
    void *arg;

    bool active; /* a round is under way */
    bool check;  /* Redis may have gone back: a tick is not enough.
                    The caller's to set and to clear */
    size_t todo; /* sites still to be taken */
    unsigned outcomes[COMMIT_ERROR + 1]; /* of this round's commits */

    size_t parked;     /* dirty sites found not to be tried yet */
    ms_t parked_until; /* the first of them may be tried */
    struct seldom complained;

    struct slice sha;
    uint64_t epoch;
    struct commit commit; /* being built, while building */
    bool building;
    uint64_t began;              /* it, uv_hrtime */
    enum commit_outcome outcome; /* first that was not OK, of the commit being answered */
    struct command part;
    struct buf message;

    struct round_call call[COMMITS_IN_FLIGHT_MAX];
    unsigned first, n;
    size_t bytes;
};

/* @ended is called when a round ends, from a reply of the link and only then. The
 * pointers must outlive @r; the link is set by the caller before the first round. */
void round_init(struct round *r, struct store *store, struct clock *clock,
                struct aggregator_counters *counters, void (*ended)(void *arg),
                void *arg);
void round_fini(struct round *r);

/* Whether a site is to be committed at @now. */
bool round_has_work(const struct round *r, ms_t now);

/* Begins a round; none may be active. @sha is borrowed. If it is not active afterwards
 * there was nothing to wait for: it is over, and ended is not called. */
void round_begin(struct round *r, struct slice sha, uint64_t epoch, ms_t now);

/* The sites are about to be freed: replies still to come are ignored. */
void round_forget(struct round *r);

#endif
