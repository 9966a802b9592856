/* pages: a table of pages by id, and an index of ids by the keyed hash of the path.
 *
 * Ids are small and stable while a page lives, so that a visitor remembers two bytes. A
 * page is freed when nobody in the window is on it, nobody has it open, and Redis has
 * been told; its id may then be given to another path: the only visitors who still name
 * it are stale, and those count nowhere. */
#include "pages.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/keys.h"
#include "../proto/limits.h"
#include "visitors.h"

#define INDEX_MIN 16
#define IDS_MIN 8
#define ROOM_MIN 2
#define ROOM_DOUBLES 64 /* from then on it grows by a half */
#define LINE 64         /* bytes of a cache line */

/* The index entry of @hash, or the empty one where it belongs. */
static struct pages_entry *seek(const struct pages *t, uint64_t hash)
{
    size_t i = hash & (t->index_cap - 1);

    while (t->index[i].used && t->index[i].hash != hash)
        i = (i + 1) & (t->index_cap - 1);
    return &t->index[i];
}

static void index_put(struct pages *t, uint16_t id)
{
    uint64_t hash = t->page[id]->hash;
    struct pages_entry *e = seek(t, hash);

    if (!e->used)
        *e = (struct pages_entry){.hash = hash, .id = id, .used = true};
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
    struct pages_entry *index;

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

/* Makes ids up to @id exist, the new ones free. */
static bool ids_reserve(struct pages *t, uint16_t id)
{
    size_t cap = t->page_cap ? t->page_cap : IDS_MIN;
    struct page **page;

    while (cap <= id)
        cap *= 2;
    if (cap > t->page_cap) {
        page = realloc(t->page, cap * sizeof(struct page *));
        if (!page)
            return false;
        t->page = page;
        t->page_cap = cap;
    }
    while (t->ids <= id)
        t->page[t->ids++] = NULL;
    return true;
}

/* A free id, PAGE_NONE when there is none or no memory. */
static uint16_t take_id(struct pages *t)
{
    size_t id = t->ids;

    if (t->n < t->ids)
        for (id = 0; t->page[id]; id++)
            ;
    return id < PAGES_MAX && ids_reserve(t, (uint16_t)id) ? (uint16_t)id : PAGE_NONE;
}

/* ---- where pages lie: side by side, in no order, without gaps ------------- */

/* Bytes from one to the next: whole cache lines, so that each begins with one. */
static size_t stride(const struct pages *t)
{
    size_t n = offsetof(struct page, at) + t->slots * sizeof(uint32_t);

    return (n + LINE - 1) / LINE * LINE;
}

static struct page *lies(const struct pages *t, size_t i)
{
    return (struct page *)(t->lie + i * stride(t));
}

/* Room for @room pages, as many as there are or more. */
static bool settle(struct pages *t, size_t room)
{
    char *lie = aligned_alloc(LINE, room * stride(t));

    if (!lie)
        return false;
    if (t->n > 0)
        memcpy(lie, t->lie, t->n * stride(t));
    free(t->lie);
    t->lie = lie;
    t->room = room;
    for (size_t i = 0; i < t->n; i++)
        t->page[lies(t, i)->id] = lies(t, i);
    return true;
}

static bool reserve(struct pages *t)
{
    size_t room = t->room < ROOM_MIN       ? ROOM_MIN
                  : t->room < ROOM_DOUBLES ? t->room * 2
                                           : t->room + t->room / 2;

    return t->n < t->room || settle(t, room);
}

/* Puts a new page under the free id @id. */
static struct page *add(struct pages *t, uint16_t id, uint64_t hash, struct slice path)
{
    char *text;
    struct page *p;

    if (!reserve(t) || !(text = malloc(path.n)))
        return NULL;
    memcpy(text, path.p, path.n);
    p = memset(lies(t, t->n), 0, stride(t));
    p->hash = hash;
    p->path = text;
    p->path_n = (uint16_t)path.n;
    p->id = id;
    t->page[id] = p;
    pool_take(t->pool, t->n++);
    index_put(t, id);
    return p;
}

/* Takes a page out; the last one comes to lie in its place. */
static void take_out(struct pages *t, struct page *p)
{
    struct page *last = lies(t, t->n - 1);

    free(p->path);
    free(p->title);
    t->page[p->id] = NULL;
    if (p != last) {
        memcpy(p, last, stride(t));
        t->page[p->id] = p;
    }
    pool_give(t->pool, t->n--, 1);
}

void pages_init(struct pages *t, unsigned slots, const struct key *key, struct pool *pool)
{
    *t = (struct pages){.slots = slots, .key = key, .pool = pool};
}

void pages_fini(struct pages *t)
{
    for (size_t i = 0; i < t->n; i++) {
        free(lies(t, i)->path);
        free(lies(t, i)->title);
    }
    pool_give(t->pool, t->n, t->n);
    free(t->lie);
    free(t->page);
    free(t->index);
    pages_init(t, t->slots, t->key, t->pool);
}

uint64_t pages_hash(const struct pages *t, struct slice path)
{
    return siphash(t->key, path.p, path.n);
}

void pages_prefetch(const struct pages *t, uint64_t hash)
{
    if (t->index_cap)
        __builtin_prefetch(&t->index[hash & (t->index_cap - 1)]);
}

uint16_t pages_id(struct pages *t, uint64_t hash, struct slice path, bool *capped)
{
    struct slice other = SLICE(PAGE_OTHER);
    uint16_t id;

    if (t->n > 0) {
        const struct pages_entry *found = seek(t, hash);

        if (found->used)
            return found->id;
    }
    /* One place is kept for PAGE_OTHER itself. */
    if ((t->n >= PAGES_MAX - 1 || !pool_has_room(t->pool, t->n)) &&
        !slice_eq(path, other)) {
        *capped = true;
        return pages_id(t, pages_hash(t, other), other, capped);
    }
    if (!index_reserve(t) || (id = take_id(t)) == PAGE_NONE)
        return PAGE_NONE;
    return add(t, id, hash, path) ? id : PAGE_NONE;
}

bool pages_restore(struct pages *t, uint16_t id, struct slice path)
{
    struct page *p;

    if (id >= PAGES_MAX || path.n == 0 || path.n > PATH_MAX_BYTES || pages_get(t, id))
        return false;
    if (!index_reserve(t) || !ids_reserve(t, id))
        return false;
    p = add(t, id, pages_hash(t, path), path);
    if (p)
        p->named = true;
    return p;
}

/* Returns whether the page has the title @title now, and had another one before. */
static bool retitle(struct pages *t, struct page *p, struct slice title)
{
    char *text;

    if (title.n == 0 || slice_eq(title, page_title(p)) ||
        slice_eq(page_path(p), SLICE(PAGE_OTHER)))
        return false;
    assert(title.n <= EVENT_NAME_MAX);
    text = malloc(title.n);
    if (!text)
        return false;
    memcpy(text, title.p, title.n);
    t->titled += !p->title;
    free(p->title);
    p->title = text;
    p->title_n = (uint8_t)title.n;
    return true;
}

void pages_title(struct pages *t, uint16_t id, struct slice title)
{
    struct page *p = pages_get(t, id);

    if (p && retitle(t, p, title))
        p->title_dirty = t->titles_dirty = true;
}

void pages_restore_title(struct pages *t, struct slice path, struct slice title)
{
    uint64_t hash = pages_hash(t, path);
    bool found = false;

    for (size_t id = 0; id < t->ids && title.n <= EVENT_NAME_MAX; id++)
        if (t->page[id] && t->page[id]->hash == hash)
            found |= retitle(t, t->page[id], title);
    if (!found)
        t->titles_left++;
}

void pages_clear_slot(struct pages *t, unsigned slot)
{
    for (size_t i = 0; i < t->n; i++) {
        struct page *p = lies(t, i);

        assert(p->visitors >= p->at[slot]);
        p->visitors -= p->at[slot];
        p->at[slot] = 0;
        p->dirty &= ~(UINT64_C(1) << slot);
        p->inflight &= ~(UINT64_C(1) << slot);
    }
}

/* The title too: whoever is on the page next may tell none, and would find an older one
 * in Redis. */
static bool is_written(const struct page *p)
{
    return p->dirty == 0 && p->inflight == 0 && !p->online_dirty && !p->online_sent &&
           !p->title_dirty;
}

/* Takes a page out. Titles that stay behind in Redis are written over when they are as
 * many as there may be pages. */
static void drop(struct pages *t, size_t id)
{
    if (t->page[id]->title) {
        t->titled--;
        t->retitle |= ++t->titles_left > PAGES_MAX;
    }
    take_out(t, t->page[id]);
}

/* As it was born, but for what may still lie in Redis. */
static void begin_anew(struct pages *t)
{
    pages_fini(t);
    t->retitle = true;
}

void pages_drop_empty(struct pages *t)
{
    size_t before = t->n;

    for (size_t id = 0; id < t->ids; id++) {
        struct page *p = t->page[id];

        if (p && p->visitors == 0 && p->online == 0 && is_written(p))
            drop(t, id);
    }
    if (t->n == before)
        return;
    if (t->n == 0) {
        begin_anew(t);
        return;
    }
    if (t->room > ROOM_DOUBLES && t->n < t->room / 4)
        settle(t, t->n * 2); /* best effort: the large one does as well */
    reindex(t);
}

size_t pages_bytes(const struct pages *t)
{
    size_t n = t->page_cap * sizeof(struct page *) + t->index_cap * sizeof *t->index +
               t->room * stride(t);

    for (size_t i = 0; i < t->n; i++)
        n += lies(t, i)->path_n + lies(t, i)->title_n;
    return n;
}
