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

#define INDEX_MIN 16
#define IDS_MIN 8
#define ROOM_MIN 2
#define ROOM_DOUBLES 64 /* from then on it grows by a half */

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
    uint64_t hash = t->page[t->place[id]].hash;
    struct pages_entry *e = seek(t, hash);

    if (!e->used)
        *e = (struct pages_entry){.hash = hash, .id = id, .used = true};
}

static void reindex(struct pages *t)
{
    memset(t->index, 0, t->index_cap * sizeof *t->index);
    for (size_t id = 0; id < t->ids; id++)
        if (t->place[id] != PAGE_NONE)
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
    size_t cap = t->ids_cap ? t->ids_cap : IDS_MIN;
    uint16_t *place;

    while (cap <= id)
        cap *= 2;
    if (cap > t->ids_cap) {
        place = realloc(t->place, cap * sizeof *place);
        if (!place)
            return false;
        t->place = place;
        t->ids_cap = cap;
    }
    while (t->ids <= id)
        t->place[t->ids++] = PAGE_NONE;
    return true;
}

/* A free id, PAGE_NONE when there is none or no memory. */
static uint16_t take_id(struct pages *t)
{
    size_t id = t->ids;

    if (t->n < t->ids)
        for (id = 0; t->place[id] != PAGE_NONE; id++)
            ;
    return id < PAGES_MAX && ids_reserve(t, (uint16_t)id) ? (uint16_t)id : PAGE_NONE;
}

/* ---- their places: side by side, in no order, without gaps ---------------- */

/* Makes it @room places. Out of memory it may be that pages have more room than their
 * counts, but never less. */
static bool resize(struct pages *t, size_t room)
{
    bool shrinks = room < t->standing.room;
    struct page *page;

    if (shrinks && !standing_resize(&t->standing, room, t->n))
        return false;
    page = realloc(t->page, room * sizeof *page);
    if (page)
        t->page = page;
    return shrinks || (page && standing_resize(&t->standing, room, t->n));
}

static bool reserve(struct pages *t)
{
    size_t room = t->standing.room;

    if (t->n < room)
        return true;
    return resize(t, room < ROOM_MIN       ? ROOM_MIN
                     : room < ROOM_DOUBLES ? room * 2
                                           : room + room / 2);
}

/* Puts a new page under the free id @id. */
static struct page *add(struct pages *t, uint16_t id, uint64_t hash, struct slice path)
{
    char *text;
    struct page *p;

    if (!reserve(t) || !(text = malloc(path.n)))
        return NULL;
    memcpy(text, path.p, path.n);
    t->place[id] = (uint16_t)t->n;
    p = &t->page[t->n];
    *p = (struct page){.hash = hash, .path = text, .path_n = (uint16_t)path.n, .id = id};
    pool_take(t->pool, t->n++);
    index_put(t, id);
    return p;
}

/* Takes a page out; the last one comes to its place. */
static void take_out(struct pages *t, size_t place)
{
    struct page *p = &t->page[place];
    size_t last = t->n - 1;

    free(p->path);
    free(p->title);
    t->place[p->id] = PAGE_NONE;
    if (place != last) {
        *p = t->page[last];
        t->place[p->id] = (uint16_t)place;
        standing_move(&t->standing, last, place);
    }
    pool_give(t->pool, t->n--, 1);
}

void pages_init(struct pages *t, unsigned slots, const struct key *key, struct pool *pool)
{
    *t = (struct pages){.key = key, .pool = pool};
    standing_init(&t->standing, slots);
}

void pages_fini(struct pages *t)
{
    for (size_t i = 0; i < t->n; i++) {
        free(t->page[i].path);
        free(t->page[i].title);
    }
    pool_give(t->pool, t->n, t->n);
    standing_fini(&t->standing);
    free(t->page);
    free(t->place);
    free(t->index);
    pages_init(t, t->standing.slots, t->key, t->pool);
}

uint64_t pages_hash(const struct pages *t, struct slice path)
{
    return siphash(t->key, path.p, path.n);
}

void pages_prefetch(const struct pages *t, uint64_t hash)
{
    if (t->index_cap)
        prefetch(&t->index[hash & (t->index_cap - 1)]);
}

/* A page that is not there yet. */
static uint16_t make(struct pages *t, uint64_t hash, struct slice path, bool *capped)
{
    struct slice other = SLICE(PAGE_OTHER);
    uint16_t id;

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

uint16_t pages_id(struct pages *t, uint64_t hash, struct slice path, bool *capped)
{
    const struct pages_entry *found = t->n > 0 ? seek(t, hash) : NULL;

    return found && found->used ? found->id : make(t, hash, path, capped);
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

    for (size_t i = 0; i < t->n && title.n <= EVENT_NAME_MAX; i++)
        if (t->page[i].hash == hash)
            found |= retitle(t, &t->page[i], title);
    if (!found)
        t->titles_left++;
}

void pages_clear_slot(struct pages *t, unsigned slot)
{
    standing_clear_slot(&t->standing, slot);
}

/* The title too: whoever is on the page next may tell none, and would find an older one
 * in Redis. */
static bool is_empty(const struct pages *t, const struct page *p)
{
    return pages_visitors(t, p) == 0 && p->online == 0 && !p->title_dirty &&
           standing_is_told(&t->standing, (size_t)(p - t->page));
}

/* Titles that stay behind in Redis are written over when they are as many as there may be
 * pages. */
static void drop(struct pages *t, size_t place)
{
    if (t->page[place].title) {
        t->titled--;
        t->retitle |= ++t->titles_left > PAGES_MAX;
    }
    take_out(t, place);
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

    for (size_t i = t->n; i-- > 0;)
        if (is_empty(t, &t->page[i]))
            drop(t, i);
    if (t->n == before)
        return;
    if (t->n == 0) {
        begin_anew(t);
        return;
    }
    if (t->standing.room > ROOM_DOUBLES && t->n < t->standing.room / 2)
        resize(t, t->n + t->n / 2 + 1); /* best effort: the large one does as well */
    reindex(t);
}

size_t pages_bytes(const struct pages *t)
{
    size_t n = t->ids_cap * sizeof *t->place + t->index_cap * sizeof *t->index +
               t->standing.room * sizeof *t->page + standing_bytes(&t->standing);

    for (size_t i = 0; i < t->n; i++)
        n += (size_t)t->page[i].path_n + t->page[i].title_n;
    return n;
}
