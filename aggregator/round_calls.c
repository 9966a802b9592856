/* round_calls: a ring. */
#include "round_calls.h"

#include <assert.h>

static unsigned place(const struct round_calls *q, unsigned i)
{
    return (q->first + i) % COMMITS_IN_FLIGHT_MAX;
}

bool round_calls_have_room(const struct round_calls *q)
{
    return q->n < COMMITS_IN_FLIGHT_MAX && q->bytes < ROUND_BYTES_MAX;
}

void round_calls_add(struct round_calls *q, const struct round_call *call)
{
    assert(q->n < COMMITS_IN_FLIGHT_MAX);
    q->call[place(q, q->n++)] = *call;
    q->bytes += call->bytes;
}

struct round_call round_calls_take(struct round_calls *q)
{
    struct round_call call = q->call[q->first];

    assert(q->n > 0);
    q->first = place(q, 1);
    q->n--;
    q->bytes -= call.bytes;
    return call;
}

struct round_call *round_calls_newest(struct round_calls *q)
{
    return q->n > 0 ? &q->call[place(q, q->n - 1)] : NULL;
}

mono_t round_calls_sent(const struct round_calls *q)
{
    return q->n > 0 ? q->call[place(q, q->n - 1)].sent : INT64_MIN;
}

void round_calls_forget(struct round_calls *q)
{
    for (unsigned i = 0; i < q->n; i++)
        q->call[place(q, i)].site = NULL;
}
