/* streams: an array of them, and an index of places that is at most half full.
 *
 * Ids come out of datagrams whose MAC was right, so whoever could make them collide has
 * the secret: a multiplication spreads them well enough. */
#include "streams.h"

#include <assert.h>
#include <stdlib.h>

#define FIRST_CAP 16

_Static_assert(STREAMS_MAX % FIRST_CAP == 0, "doubling meets the bound");

void streams_init(struct streams *t)
{
    *t = (struct streams){0};
}

void streams_fini(struct streams *t)
{
    for (uint32_t i = 0; i < t->n; i++)
        early_free(t->v[i].early);
    free(t->v);
    free(t->index);
    streams_init(t);
}

/* The index entry of @id, or the empty one where it would have to be put. */
static uint32_t *seek(const struct streams *t, uint64_t id)
{
    uint32_t mask = 2 * t->cap - 1;
    uint32_t i = (uint32_t)(id * UINT64_C(0x9e3779b97f4a7c15) >> 32) & mask;

    while (t->index[i] != 0 && t->v[t->index[i] - 1].id != id)
        i = (i + 1) & mask;
    return &t->index[i];
}

static bool grow(struct streams *t)
{
    uint32_t cap = t->cap ? 2 * t->cap : FIRST_CAP;
    uint32_t *index;
    struct stream *v;

    if (t->cap == STREAMS_MAX)
        return false;
    v = realloc(t->v, cap * sizeof *v);
    if (!v)
        return false;
    t->v = v;
    index = calloc(2 * (size_t)cap, sizeof *index);
    if (!index)
        return false; /* a larger array does no harm */
    free(t->index);
    t->index = index;
    t->cap = cap;
    for (uint32_t i = 0; i < t->n; i++)
        *seek(t, v[i].id) = i + 1;
    return true;
}

struct stream *streams_find(const struct streams *t, uint64_t id)
{
    uint32_t place = t->n > 0 ? *seek(t, id) : 0;

    return place > 0 ? &t->v[place - 1] : NULL;
}

struct stream *streams_add(struct streams *t, uint64_t id)
{
    uint32_t *place;

    if (t->n == t->cap && !grow(t))
        return NULL;
    place = seek(t, id);
    assert(*place == 0);
    t->v[t->n] = (struct stream){.id = id};
    *place = ++t->n;
    return &t->v[t->n - 1];
}
