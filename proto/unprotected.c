/* unprotected: a queue of ranges in a circle. A range that was joined with younger bodies
 * becomes durable with the youngest of them. */
#include "unprotected.h"

void unprotected_add(struct unprotected *u, uint64_t seq, uint64_t hits)
{
    size_t at;

    if (u->n < SENDER_UNPROTECTED_MAX) {
        at = (u->first + u->n++) % SENDER_UNPROTECTED_MAX;
        u->range[at].hits = 0;
    } else {
        at = (u->first + u->n - 1) % SENDER_UNPROTECTED_MAX;
    }
    u->range[at].last = seq;
    u->range[at].hits += hits;
    u->hits += hits;
}

uint64_t unprotected_take(struct unprotected *u, uint64_t durable)
{
    uint64_t before = u->hits;

    while (u->n > 0 && u->range[u->first].last <= durable) {
        u->hits -= u->range[u->first].hits;
        u->first = (u->first + 1) % SENDER_UNPROTECTED_MAX;
        u->n--;
    }
    return before - u->hits;
}
