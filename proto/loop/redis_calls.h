/* redis_calls: the calls of one connection that Redis has not answered, oldest first.
 * Part of redis_link. */
#ifndef HC_REDIS_CALLS_H
#define HC_REDIS_CALLS_H

#include "redis_link.h"

struct redis_call {
    redis_reply_fn fn;
    void *arg;
    uint64_t at;     /* loop time of queuing, ms */
    bool subscribes; /* its reply tells how many channels are subscribed */
};

/* A ring that grows by doubling up to REDIS_CALLS_MAX. */
struct redis_calls {
    struct redis_call *ring;
    size_t size;  /* allocated, a power of two or 0 */
    size_t first; /* counts up; taken modulo size */
    size_t n;
};

void redis_calls_init(struct redis_calls *q);
void redis_calls_fini(struct redis_calls *q);

/* Returns 0, or -1 when REDIS_CALLS_MAX calls wait or memory is out. */
int redis_calls_push(struct redis_calls *q, const struct redis_call *call);

/* Removes the oldest into @call; false when there is none. */
bool redis_calls_pop(struct redis_calls *q, struct redis_call *call);

/* The oldest, valid until the next push; NULL when there is none. */
const struct redis_call *redis_calls_oldest(const struct redis_calls *q);

#endif
