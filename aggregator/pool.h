/* pool: how many of something that strangers can make all sites have together.
 *
 * Each site may have `sure` of them whatever strangers do to the others; those beyond are
 * taken from one pool for all. So memory has a bound far below sites times a site's own
 * bound, and nobody can take the last place of a site that has few. Pure. */
#ifndef HC_POOL_H
#define HC_POOL_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

struct pool {
    size_t sure;  /* of each site */
    size_t max;   /* beyond those, of all */
    size_t taken; /* of max; more by those that sites are read back with, and by one in
                     each site that stands for all that found no room */
};

/* Whether a site that has @own of them may have one more. NULL: there is no pool. */
static inline bool pool_has_room(const struct pool *p, size_t own)
{
    return !p || own < p->sure || p->taken < p->max;
}

/* A site that had @own of them has one more. */
static inline void pool_take(struct pool *p, size_t own)
{
    if (p && own >= p->sure)
        p->taken++;
}

/* A site that had @own of them has @n less. */
static inline void pool_give(struct pool *p, size_t own, size_t n)
{
    size_t above = p && own > p->sure ? own - p->sure : 0;
    size_t given = above < n ? above : n;

    assert(n <= own);
    if (p == NULL)
        return;
    assert(p->taken >= given);
    p->taken -= given;
}

#endif
