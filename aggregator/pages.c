/* pages: a table of pages by id, and an index of ids by the keyed hash of the path.
 *
 * Ids are small and stable while a page lives, so that a visitor remembers two bytes. A
 * page is freed when nobody in the window is on it and Redis has been told; its id may
 * then be given to another path: the only visitors who still name it are stale, and those
 * count nowhere. */
#include "pages.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/keys.h"
#include "visitors.h"

#define INDEX_MIN 16
#define IDS_MIN 8

static bool same(const struct page *p, uint64_t hash, struct slice path)
{
    return p->hash == hash && slice_eq(page_path(p), path);
}

/* The index entry that holds @path, or the empty one where it belongs. */
static size_t seek(const struct pages *t, uint64_t hash, struct slice path)
{
    size_t i = hash & (t->index_cap - 1);

    while (t->index[i] && !same(t->page[t->index[i] - 1], hash, path))
        i = (i + 1) & (t->index_cap - 1);
    return i;
}

static void index_put(struct pages *t, uint16_t id)
{
    const struct page *p = t->page[id];

    t->index[seek(t, p->hash, page_path(p))] = (uint16_t)(id + 1);
}

static void reindex(struct pages *t)
{
    memset(t->index, 0, t->index_cap * sizeof *t->index);
    for (size_t id = 0; id < t->ids; id++)
        if (t->page[id])
            index_put(t, (uint16_t)id);
}

/* Keeps the index at most half full. */
static bool index_reserve(struct pages *t)
{
    size_t cap = t->index_cap ? t->index_cap * 2 : INDEX_MIN;
    uint16_t *index;

    if ((t->n + 1) * 2 <= t->index_cap)
        return true;
    index = calloc(cap, sizeof *index);
    if (!index)
        return false;
    free(t->index);
    t->index = index;
    t->index_cap = cap;
    reindex(t);
    return true;
}

/* A free id, PAGE_NONE when out of memory. */
static uint16_t take_id(struct pages *t)
{
    struct page **page;
    size_t cap;

    if (t->n < t->ids)
        for (size_t id = 0; id < t->ids; id++)
            if (!t->page[id])
                return (uint16_t)id;
    if (t->ids == t->page_cap) {
        cap = t->page_cap ? t->page_cap * 2 : IDS_MIN;
        page = realloc(t->page, cap * sizeof(struct page *));
        if (!page)
            return PAGE_NONE;
        t->page = page;
        t->page_cap = cap;
    }
    t->page[t->ids] = NULL;
    return (uint16_t)t->ids++;
}

/* One allocation: the page, its path beside it, the counts behind. */
static struct page *page_new(const struct pages *t, uint64_t hash, struct slice path)
{
    size_t head = (sizeof(struct page) + path.n + 7) & ~(size_t)7;
    struct page *p = calloc(1, head + t->slots * sizeof(uint32_t));

    if (!p)
        return NULL;
    p->hash = hash;
    p->path = (char *)(p + 1);
    p->path_n = (uint16_t)path.n;
    p->at = (uint32_t *)(void *)((char *)p + head);
    memcpy(p->path, path.p, path.n);
    return p;
}

static uint16_t add(struct pages *t, uint64_t hash, struct slice path)
{
    uint16_t id;
    struct page *p;

    if (!index_reserve(t) || (id = take_id(t)) == PAGE_NONE)
        return PAGE_NONE;
    p = page_new(t, hash, path);
    if (!p)
        return PAGE_NONE;
    t->page[id] = p;
    t->n++;
    index_put(t, id);
    return id;
}

void pages_init(struct pages *t, unsigned slots, const struct key *key)
{
    *t = (struct pages){.slots = slots, .key = key};
}

void pages_fini(struct pages *t)
{
    for (size_t id = 0; id < t->ids; id++)
        free(t->page[id]);
    free(t->page);
    free(t->index);
    pages_init(t, t->slots, t->key);
}

uint16_t pages_id(struct pages *t, struct slice path, bool *capped)
{
    uint64_t hash = siphash(t->key, path.p, path.n);

    if (t->n > 0) {
        uint16_t found = t->index[seek(t, hash, path)];

        if (found)
            return (uint16_t)(found - 1);
    }
    /* One place is kept for "(other)" itself. */
    if (t->n >= PAGES_MAX - 1 && !slice_eq(path, SLICE(PAGE_OTHER))) {
        *capped = true;
        return pages_id(t, SLICE(PAGE_OTHER), capped);
    }
    return add(t, hash, path);
}

void pages_clear_slot(struct pages *t, unsigned slot)
{
    for (size_t id = 0; id < t->ids; id++) {
        struct page *p = t->page[id];

        if (!p)
            continue;
        assert(p->visitors >= p->at[slot]);
        p->visitors -= p->at[slot];
        p->at[slot] = 0;
        p->dirty &= ~(UINT64_C(1) << slot);
        p->inflight &= ~(UINT64_C(1) << slot);
    }
}

void pages_drop_empty(struct pages *t)
{
    size_t before = t->n;

    for (size_t id = 0; id < t->ids; id++) {
        struct page *p = t->page[id];

        if (p && p->visitors == 0 && p->dirty == 0 && p->inflight == 0) {
            free(p);
            t->page[id] = NULL;
            t->n--;
        }
    }
    if (t->n == before)
        return;
    if (t->n == 0)
        pages_fini(t);
    else
        reindex(t);
}

size_t pages_bytes(const struct pages *t)
{
    size_t n = t->page_cap * sizeof(struct page *) + t->index_cap * sizeof *t->index;

    for (size_t id = 0; id < t->ids; id++)
        if (t->page[id])
            n += sizeof(struct page) + t->slots * sizeof(uint32_t) + t->page[id]->path_n;
    return n;
}
