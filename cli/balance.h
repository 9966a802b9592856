/* balance: whether every hit that the collectors took is accounted for. */
#ifndef HC_BALANCE_H
#define HC_BALANCE_H

#include "../proto/buf.h"
#include "told.h"

/* In hits, all collectors together (proto/sender.h):
 * accepted = durable + in_ring + open + unprotected + lost. */
struct balance {
    uint64_t accepted, durable, in_ring, open, unprotected, lost;
};

/* Adds up. Returns false when there is none among the @n that told. */
bool balance_of(struct balance *b, const struct told *collectors, size_t n);

bool balance_is_even(const struct balance *b);

/* Appends it as a sentence with a newline, and as a JSON object. */
void balance_text(const struct balance *b, struct buf *out);
void balance_json(const struct balance *b, struct buf *out);

#endif
