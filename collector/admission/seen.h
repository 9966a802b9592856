/* seen: whether something was there within the last hour, by its hash. Shared by all
 * workers. Pure.
 *
 * A table of fixed size that strangers fill: SEEN_WAYS places for each value of the hash,
 * and the one that was added longest ago makes room. A place is one word, 44 bits of the
 * hash above 20 of the second it was added in, so it changes whole and nothing is locked;
 * the places of one value are one line of cache. Something new is taken for one of the
 * eight that it shares its places with once in 2^41 times. */
#ifndef HC_SEEN_H
#define HC_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include "../../proto/limits.h"
#include "../../proto/units.h"

#define SEEN_WAYS 8

struct seen {
    uint64_t *words; /* the caller's, 0: free */
    size_t sets;
};

/* @words are @n zeros, a power of two and at least SEEN_WAYS, that outlive it. */
void seen_init(struct seen *s, uint64_t *words, size_t n);

/* @id: a hash under a key that strangers do not know. */
bool seen_has(const struct seen *s, uint64_t id, mono_t now);

enum added {
    SEEN_BEFORE,    /* it was there; its hour begins anew */
    SEEN_NEW,       /* it was not */
    SEEN_DISPLACED, /* it was not, and something that was is forgotten for it */
};

/* Of threads that add the same at the same time one is told that it is new. (Two may be,
 * if a third changes another of its places at that moment.) */
enum added seen_add(struct seen *s, uint64_t id, mono_t now);

/* Whether it was there, and it is not any longer. Of threads that do so at the same time
 * one is told that it was. */
bool seen_forget(struct seen *s, uint64_t id, mono_t now);

#endif
