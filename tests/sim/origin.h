/* origin: what the views of the simulation are told apart by, made up from the number of
 * the hit alone; and sums of it, of hits or of what lies somewhere, to compare.
 *
 * Every view has a device. Of those in three one comes by the campaign "spring", by a
 * term that only it has, one by "autumn". One in five comes from a host that only it has.
 */
#ifndef HC_SIM_ORIGIN_H
#define HC_SIM_ORIGIN_H

#include "../../proto/hit.h"
#include "../../proto/trait.h"

struct origin {
    uint64_t device[HIT_DEVICES];
    uint64_t spring, autumn;
    uint64_t internal, news;
    /* Values that only one view has: how many views, and the sum of their numbers. */
    uint64_t terms, hosts, numbers;
    uint64_t
        others; /* of these, those that lie with TRAIT_OTHER, whose numbers are gone */
    uint64_t strange;              /* of values that nobody told */
    uint64_t all, buy, gone, late; /* goals (operator.h) */
};

/* Says it of @h, hit @n of its site. Texts are valid until the next call. */
void origin_make(unsigned n, struct hit *h);

/* Adds what hit @n, a view, has been told by. */
void origin_add_hit(struct origin *o, unsigned n);

/* Adds @count of a value. */
void origin_add(struct origin *o, enum trait_kind kind, struct slice name,
                uint64_t count);

/* Whether all is the same but for goals, and for numbers that are gone. */
bool origin_same(const struct origin *a, const struct origin *b);

/* Whether it can be that of @views views. */
bool origin_is_of(const struct origin *o, uint64_t views);

#endif
