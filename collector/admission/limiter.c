/* An address whose time is not ahead of the clock owes nothing, and its place is as good
 * as free: what is kept of it says the same as nothing. */
#include "limiter.h"

#include <assert.h>

#define SETS (LIMITER_BUCKETS / LIMITER_WAYS)
#define NS_PER_MS INT64_C(1000000)

_Static_assert((SETS & (SETS - 1)) == 0, "a power of two");
_Static_assert(RATE_MAX *(MS_PER_MINUTE *NS_PER_MS) < INT64_MAX / 2, "no overflow");

struct rate rate_of(long n, ms_t per, long burst)
{
    struct rate r = {0};

    assert(n >= 0 && n <= RATE_MAX && burst <= RATE_MAX && per <= MS_PER_MINUTE);
    if (n == 0)
        return r;
    r.interval = per * NS_PER_MS / n;
    r.ahead = r.interval * (burst > 1 ? burst - 1 : 0);
    return r;
}

void limiter_init(struct limiter *l, const struct key *key, struct rate rate)
{
    l->key = *key;
    l->rate = rate;
}

/* Its own place, or NULL. */
static struct bucket *find(struct bucket *set, uint64_t who)
{
    for (size_t i = 0; i < LIMITER_WAYS; i++)
        if (__atomic_load_n(&set[i].who, __ATOMIC_ACQUIRE) == who)
            return &set[i];
    return NULL;
}

static enum limited charge(struct bucket *b, const struct rate *rate, int64_t at)
{
    int64_t due = __atomic_load_n(&b->due, __ATOMIC_RELAXED), from;

    do {
        from = due > at ? due : at;
        if (from - at > rate->ahead)
            return LIMITER_OVER;
    } while (!__atomic_compare_exchange_n(&b->due, &due, from + rate->interval, false,
                                          __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return LIMITER_PASSED;
}

/* Takes the place of whoever owes least. The debt changes before the name does, so that
 * no newcomer is charged with what another owed. When somebody else moved in at the same
 * moment it passes without a place. */
static enum limited settle(struct bucket *set, uint64_t who, const struct rate *rate,
                           int64_t at)
{
    struct bucket *least = set;
    int64_t owed = __atomic_load_n(&set->due, __ATOMIC_RELAXED);

    for (size_t i = 1; i < LIMITER_WAYS; i++) {
        int64_t due = __atomic_load_n(&set[i].due, __ATOMIC_RELAXED);

        if (due < owed) {
            least = &set[i];
            owed = due;
        }
    }
    if (!__atomic_compare_exchange_n(&least->due, &owed, at + rate->interval, false,
                                     __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        return LIMITER_PASSED;
    __atomic_store_n(&least->who, who, __ATOMIC_RELEASE);
    return owed > at ? LIMITER_DISPLACED : LIMITER_PASSED;
}

enum limited limiter_take(struct limiter *l, const struct ip *ip, mono_t now)
{
    int64_t at = now * NS_PER_MS;
    struct bucket *set, *own;
    uint64_t who;

    if (l->rate.interval == 0)
        return LIMITER_PASSED;
    who = siphash(&l->key, ip->b, ip_client_bytes(ip));
    who = who ? who : 1;
    set = &l->v[(who & (SETS - 1)) * LIMITER_WAYS];
    own = find(set, who);
    return own ? charge(own, &l->rate, at) : settle(set, who, &l->rate, at);
}
