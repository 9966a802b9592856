/* limiter: how often an address may do something. Shared by all workers. Pure.
 *
 * The generic cell rate algorithm, ITU-T Recommendation I.371, annex A, in its form of
 * virtual scheduling: of an address only the moment is kept at which it would have used
 * up nothing, its theoretical arrival time; what it does moves that on by an interval,
 * and is too much when it lies further ahead than the burst allows.
 *
 * A table of fixed size that strangers fill: LIMITER_WAYS places for each value of a
 * keyed hash. When all are taken, the address that owes least is forgotten, so whoever
 * sends too much is remembered, and a newcomer always has its burst. IPv6 addresses of
 * one /64 are one.
 *
 * Nothing is locked. Threads that meet at a place may let something pass too much, and
 * never more than that. */
#ifndef HC_LIMITER_H
#define HC_LIMITER_H

#include "../../proto/limits.h"
#include "../../proto/secret.h"
#include "../../proto/units.h"
#include "../client.h"

#define LIMITER_WAYS 4

struct rate {
    int64_t interval; /* between two, ns; 0: there is no limit */
    int64_t ahead;    /* ns that a burst may be ahead of it */
};

/* @n in each @per ms, and @burst at once, at least 1; @n 0: no limit. Each at most
 * RATE_MAX, and @per at most a minute. */
struct rate rate_of(long n, ms_t per, long burst);

struct bucket {
    uint64_t who; /* hash of the address, 0: nobody's */
    int64_t due;  /* its theoretical arrival time, ns */
};

struct limiter {
    struct key key;
    struct rate rate;
    _Alignas(64) struct bucket v[LIMITER_BUCKETS];
};

/* @l is all zero. @key: random, so that nobody can choose whose places he shares. */
void limiter_init(struct limiter *l, const struct key *key, struct rate rate);

enum limited {
    LIMITER_OVER,
    LIMITER_PASSED,
    LIMITER_DISPLACED, /* passed, and for it an address that owed was forgotten */
};

/* Once more by @ip. What is over the limit uses up nothing. */
enum limited limiter_take(struct limiter *l, const struct ip *ip, mono_t now);

#endif
