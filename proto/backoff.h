/* backoff: how long to rest before the next try, so that neither one who comes back often
 * nor a crowd that comes back at once does harm.
 *
 * The bound of the rest doubles with each one; the rest is anything from nothing to the
 * bound (full jitter). Pure: the caller brings the randomness. */
#ifndef HC_BACKOFF_H
#define HC_BACKOFF_H

#include <stdint.h>

struct backoff {
    uint64_t first_ms; /* bound of the first rest, at least 1 */
    uint64_t max_ms;   /* bound of all */
    uint64_t bound_ms; /* of the next one; 0: the first */
};

/* The next rest in ms, chosen by @random, 64 bits of any value. */
uint64_t backoff_next(struct backoff *b, uint64_t random);

/* What was tried went well: the next rest is a first one. */
void backoff_reset(struct backoff *b);

#endif
