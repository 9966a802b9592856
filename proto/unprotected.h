/* unprotected: numbers of bodies that were let go after the aggregator had received them
 * and before it called them durable, oldest first, as ranges. Pure. */
#ifndef HC_UNPROTECTED_H
#define HC_UNPROTECTED_H

#include <stddef.h>
#include <stdint.h>
#include "limits.h"

struct unprotected {
    uint64_t hits; /* in all ranges */
    size_t first, n;
    struct {
        uint64_t last; /* number; the range begins behind the one before it */
        uint64_t hits;
    } range[SENDER_UNPROTECTED_MAX];
};

/* All zero is empty. Adds body @seq, above all before it. When there are
 * SENDER_UNPROTECTED_MAX ranges it joins the newest one. */
void unprotected_add(struct unprotected *u, uint64_t seq, uint64_t hits);

/* Removes the ranges that lie wholly at or below @durable. Returns their hits. */
uint64_t unprotected_take(struct unprotected *u, uint64_t durable);

#endif
