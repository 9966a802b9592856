#include "backoff.h"

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The remainder is not quite uniform, by less than one in 2^40 for any bound in use. */
uint64_t backoff_next(struct backoff *b, uint64_t random)
{
    uint64_t bound = smaller(b->bound_ms ? b->bound_ms : b->first_ms, b->max_ms);

    b->bound_ms = bound < b->max_ms / 2 ? bound * 2 : b->max_ms;
    return random % (bound + 1);
}

void backoff_reset(struct backoff *b)
{
    b->bound_ms = 0;
}
