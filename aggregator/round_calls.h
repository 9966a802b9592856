/* round_calls: what a round has asked of Redis and has no reply to yet.
 *
 * Redis answers in the order of the calls, so these are a queue, bounded in number and,
 * so that what one connection holds has a bound, in bytes. Zeroed memory is an empty one.
 * Pure. */
#ifndef HC_ROUND_CALLS_H
#define HC_ROUND_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include "../proto/limits.h"
#include "../proto/loop/redis_link.h"
#include "../proto/units.h"

/* Bytes of calls ahead of the replies; a quarter of what the link would hold. */
#define ROUND_BYTES_MAX (REDIS_OUTBOX_MAX / 4)

struct site;

struct round_call {
    struct site *site; /* NULL: a tick, hc:live, or a site that is no more */
    size_t bytes;
    mono_t sent;
    bool last;      /* of the site's commit */
    bool cut;       /* and yet not its last part: the rest could not be sent */
    uint64_t began; /* the commit, us */
};

struct round_calls {
    struct round_call call[COMMITS_IN_FLIGHT_MAX];
    unsigned first, n;
    size_t bytes;
};

/* Whether one more may be sent: bytes are below their bound before it, by how much does
 * not matter. */
bool round_calls_have_room(const struct round_calls *q);

/* @call was sent; there was room in number. */
void round_calls_add(struct round_calls *q, const struct round_call *call);

/* Takes the oldest, which was answered; there is one. */
struct round_call round_calls_take(struct round_calls *q);

/* The newest, to be changed; NULL: there is none. */
struct round_call *round_calls_newest(struct round_calls *q);

/* When that was sent, INT64_MIN: there is none. */
mono_t round_calls_sent(const struct round_calls *q);

/* No site of them is there any more. */
void round_calls_forget(struct round_calls *q);

#endif
