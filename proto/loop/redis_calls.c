/* Redis answers in the order it was asked, so the calls in flight are a queue and nothing
 * more. It keeps the memory of its longest time. */
#include "redis_calls.h"

#include <stdlib.h>
#include "../limits.h"

#define FIRST_SIZE 64

static struct redis_call *slot(const struct redis_calls *q, size_t i)
{
    return &q->ring[(q->first + i) & (q->size - 1)];
}

static int grow(struct redis_calls *q)
{
    struct redis_calls bigger = {.size = q->size ? q->size * 2 : FIRST_SIZE, .n = q->n};

    bigger.ring = malloc(bigger.size * sizeof *bigger.ring);
    if (bigger.ring == NULL)
        return -1;
    for (size_t i = 0; i < q->n; i++)
        bigger.ring[i] = *slot(q, i);
    free(q->ring);
    *q = bigger;
    return 0;
}

void redis_calls_init(struct redis_calls *q)
{
    *q = (struct redis_calls){0};
}

void redis_calls_fini(struct redis_calls *q)
{
    free(q->ring);
    redis_calls_init(q);
}

int redis_calls_push(struct redis_calls *q, const struct redis_call *call)
{
    if (q->n == REDIS_CALLS_MAX || (q->n == q->size && grow(q) < 0))
        return -1;
    *slot(q, q->n++) = *call;
    return 0;
}

bool redis_calls_pop(struct redis_calls *q, struct redis_call *call)
{
    if (q->n == 0)
        return false;
    *call = *slot(q, 0);
    q->first++;
    q->n--;
    return true;
}

const struct redis_call *redis_calls_oldest(const struct redis_calls *q)
{
    return q->n ? slot(q, 0) : NULL;
}
