/* queries: a histogram for each slot that has any. */
#include "queries.h"

#include <stdlib.h>

/* The histogram of @slot, made if need be; NULL when out of memory. */
static struct spread *make(struct queries *q, unsigned slot)
{
    if (!q->at && !(q->at = calloc(q->slots, sizeof(struct spread *))))
        return NULL;
    if (!q->at[slot])
        q->at[slot] = calloc(1, sizeof(struct spread));
    return q->at[slot];
}

void queries_init(struct queries *q, unsigned slots)
{
    *q = (struct queries){.slots = slots};
}

void queries_fini(struct queries *q)
{
    for (unsigned slot = 0; q->at && slot < q->slots; slot++)
        free(q->at[slot]);
    free(q->at);
    queries_init(q, q->slots);
}

void queries_add(struct queries *q, unsigned slot, uint32_t ms)
{
    struct spread *s = make(q, slot);

    if (!s)
        return;
    s->n[spread_bucket(ms)]++;
    q->dirty |= UINT64_C(1) << slot;
}

bool queries_restore(struct queries *q, unsigned slot, struct slice text)
{
    struct spread read = {{0}}, *s;

    if (text.n == 0 || !spread_read(&read, text) || !(s = make(q, slot)))
        return false;
    *s = read;
    return true;
}

void queries_clear_slot(struct queries *q, unsigned slot)
{
    if (!q->at)
        return;
    free(q->at[slot]);
    q->at[slot] = NULL;
    q->dirty &= ~(UINT64_C(1) << slot);
    q->inflight &= ~(UINT64_C(1) << slot);
}

size_t queries_bytes(const struct queries *q)
{
    size_t n = q->at ? q->slots * sizeof(struct spread *) : 0;

    for (unsigned slot = 0; q->at && slot < q->slots; slot++)
        n += q->at[slot] ? sizeof(struct spread) : 0;
    return n;
}
