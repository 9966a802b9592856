/* redis_setup: what a connection to Redis must have before the first commit.
 *
 * The scripts loaded, an epoch taken if there is none yet, and a look at whether this
 * Redis would drop keys when its memory is full. All of it goes out at once. */
#ifndef HC_REDIS_SETUP_H
#define HC_REDIS_SETUP_H

#include "../proto/loop/redis_link.h"
#include "../proto/slice.h"
#include "clock.h"
#include "counters.h"
#include "seldom.h"

#define SHA_TEXT 41 /* bytes: forty digits and a NUL */

struct redis_setup {
    uint64_t epoch;            /* 0: none yet, the next setup takes one */
    uint64_t floor;            /* the new epoch will be above it */
    char commit_sha[SHA_TEXT]; /* empty: not loaded */
    char claim_sha[SHA_TEXT];
    const struct clock *clock;
    struct aggregator_counters *counters;
    void (*done)(void *arg, bool ok);
    void *arg;
    struct seldom complained;
    unsigned pending; /* replies awaited */
    bool failed;
};

/* @done is called once for each redis_setup_begin, never from inside it. After !ok the
 * caller tries again later. */
void redis_setup_init(struct redis_setup *s, const struct clock *clock,
                      struct aggregator_counters *counters,
                      void (*done)(void *arg, bool ok), void *arg);

/* Begins; none may be under way. Returns false when the link takes no call: then it is
 * going down, and done is not called. */
bool redis_setup_begin(struct redis_setup *s, struct redis_link *link);

/* Gives the epoch up, for the next setup to take one above it and above @seen. */
void redis_setup_forget_epoch(struct redis_setup *s, uint64_t seen);

/* The policy by which a Redis with this INFO evicts keys; empty when it evicts none. The
 * slice is borrowed from @info. */
struct slice redis_setup_eviction(struct slice info);

#endif
