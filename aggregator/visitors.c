/* visitors: see the header for the layout.
 *
 * Happy path: home() names a slot, a few steps along the sorted run find the entry. An
 * insertion moves the rest of its run one slot up. The array ends in a tail of spare
 * slots, so a run never wraps; when a run reaches the tail's end, or the load its limit,
 * the table is laid out anew with a quarter more room. */
#include "visitors.h"

#include "prefetch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CAP_MIN 16
#define CAP_DOUBLES_BELOW 256 /* small tables double, large ones grow by a quarter */
#define LOAD_NUM 4            /* at most 4/5 full */
#define LOAD_DEN 5

/* Slots of a table: the spare ones at the end take the last run's overhang. Runs at a
 * load of 0.8 seldom pass a hundred. */
static size_t slots(size_t cap)
{
    return cap + 16 + (cap / 16 < 240 ? cap / 16 : 240);
}

static size_t home(uint64_t id, size_t cap)
{
    return (size_t)(((unsigned __int128)id * cap) >> 64);
}

/* The slot of @id, or the one where it would have to be put. A gap, less one, is above
 * all ids. */
static size_t seek(const struct visitors *t, uint64_t id)
{
    size_t i = home(id, t->cap);

    while (t->v[i].id - 1 < id - 1)
        i++;
    return i;
}

/* Lays the entries out in a fresh array of @cap slots. Returns false, changing nothing,
 * when there is no memory or a run does not fit the tail. */
static bool resize(struct visitors *t, size_t cap)
{
    size_t end = slots(cap);
    struct visitor *v = calloc(end, sizeof *v);
    size_t next = 0; /* first slot not yet taken */

    if (!v)
        return false;
    for (size_t i = 0, left = t->n; left > 0; i++) {
        size_t at;

        if (t->v[i].id == 0)
            continue;
        at = home(t->v[i].id, cap);
        if (at < next)
            at = next;
        if (at + 1 >= end) {
            free(v);
            return false;
        }
        v[at] = t->v[i];
        next = at + 1;
        left--;
    }
    free(t->v);
    t->v = v;
    t->cap = cap;
    t->moves++;
    return true;
}

static bool grow(struct visitors *t)
{
    size_t cap = t->cap ? t->cap : CAP_MIN / 2;

    for (int attempt = 0; attempt < 4; attempt++) {
        cap = cap < CAP_DOUBLES_BELOW ? cap * 2 : cap + cap / 4;
        if (resize(t, cap))
            return true;
    }
    return false;
}

/* The first gap at or after @i; the array's last slot is always one. */
static size_t gap_after(const struct visitors *t, size_t i)
{
    while (t->v[i].id != 0)
        i++;
    return i;
}

/* Moves the survivors down to where they belong, in one sweep. Their order does not
 * change, so each goes to its home or right behind the one before, never upwards. */
static size_t sweep(struct visitors *t, uint32_t now, unsigned window)
{
    size_t next = 0, kept = 0, before = t->n;

    for (size_t i = 0, left = t->n; left > 0; i++) {
        struct visitor v = t->v[i];
        size_t at;

        if (v.id == 0)
            continue;
        left--;
        t->v[i].id = 0;
        if (visitor_is_stale(&v, now, window))
            continue;
        at = home(v.id, t->cap);
        if (at < next)
            at = next;
        t->v[at] = v;
        next = at + 1;
        kept++;
    }
    t->n = kept;
    return before - kept;
}

void visitors_init(struct visitors *t)
{
    *t = (struct visitors){0};
}

void visitors_fini(struct visitors *t)
{
    free(t->v);
    visitors_init(t);
}

struct visitor *visitors_get(const struct visitors *t, uint64_t id)
{
    size_t i;

    if (t->n == 0)
        return NULL;
    i = seek(t, id);
    return t->v[i].id == id ? &t->v[i] : NULL;
}

struct visitor *visitors_after(const struct visitors *t, uint64_t id)
{
    if (t->n == 0)
        return NULL;
    for (size_t i = home(id, t->cap), end = slots(t->cap); i < end; i++)
        if (t->v[i].id > id)
            return &t->v[i];
    return NULL;
}

void visitors_prefetch(const struct visitors *t, uint64_t id)
{
    const char *p;

    if (t->cap == 0)
        return;
    p = (const char *)&t->v[home(id, t->cap)];
    prefetch(p);
    prefetch(p + 64); /* most runs are over by then */
}

struct visitor *visitors_put(struct visitors *t, uint64_t id)
{
    size_t i, gap;

    assert(id != 0);
    if ((t->n + 1) * LOAD_DEN > t->cap * LOAD_NUM && !grow(t))
        return NULL;
    i = seek(t, id);
    gap = gap_after(t, i);
    if (gap + 1 >= slots(t->cap)) {
        if (!grow(t))
            return NULL;
        i = seek(t, id);
        gap = gap_after(t, i);
    }
    memmove(&t->v[i + 1], &t->v[i], (gap - i) * sizeof *t->v);
    t->moves++;
    t->v[i] = (struct visitor){.id = id};
    t->n++;
    return &t->v[i];
}

void visitors_remove(struct visitors *t, uint64_t id)
{
    size_t i = seek(t, id), end = i + 1;

    assert(t->v[i].id == id);
    while (t->v[end].id != 0 && home(t->v[end].id, t->cap) < end)
        end++;
    memmove(&t->v[i], &t->v[i + 1], (end - i - 1) * sizeof *t->v);
    t->v[end - 1].id = 0;
    t->n--;
    t->moves++;
}

size_t visitors_drop_stale(struct visitors *t, uint32_t now, unsigned window)
{
    size_t dropped = t->n ? sweep(t, now, window) : 0;
    uint32_t moves = t->moves + 1;

    if (t->n == 0)
        visitors_fini(t);
    else if (t->cap > CAP_DOUBLES_BELOW && t->n < t->cap / 4)
        resize(t, t->n + t->n / 2); /* best effort: the large table works as well */
    t->moves = moves;
    return dropped;
}

size_t visitors_bytes(const struct visitors *t)
{
    return t->cap ? slots(t->cap) * sizeof *t->v : 0;
}
