/* pages: the live pages of one site, and how many visitors are on each, by last minute.
 *
 * A page's count in a slot is the number of visitors whose latest minute has that slot
 * and whose latest hit was on this page; summed over a window it is "visitors on this
 * page now". At
 * PAGES_MAX live pages, or when the pool of all is empty, a new path is counted on the
 * page PAGE_OTHER, which no real path can be, for those begin with '/'. */
#ifndef HC_PAGES_H
#define HC_PAGES_H

#include "../proto/secret.h"
#include "../proto/slice.h"
#include "../proto/units.h"
#include "pool.h"
#include "standing.h"
#include "visitors.h"

struct page {
    uint64_t hash;
    char *path; /* not NUL-terminated, allocated */
    uint16_t path_n, id;
    bool named;       /* Redis has its id; the commit's to set */
    bool title_dirty; /* Redis does not have its title */
    uint8_t title_n;
    char *title;     /* the newest that was told, allocated; NULL: none */
    uint32_t online; /* visitors who have it open now (pages_open) */
};

struct pages_entry {
    uint64_t hash;
    uint16_t id;
    bool used;
};

struct pages {
    struct page *page;        /* n of them, in no order */
    struct standing standing; /* as many places as there may be pages, and of each the
                                 counts */
    uint16_t *place;          /* by page id; PAGE_NONE where free */
    size_t n;                 /* live pages */
    size_t ids;               /* ids handed out so far: place[0..ids) */
    size_t ids_cap;
    struct pages_entry *index; /* open addressing by hash */
    size_t index_cap;          /* a power of two, 0 before the first page */
    const struct key *key;
    struct pool *pool;  /* of all sites' pages */
    size_t titled;      /* pages with a title */
    size_t titles_left; /* titles in Redis, about, whose pages are gone */
    bool titles_dirty;  /* a page's title_dirty is set */
    bool titles_sent;   /* the commit that is out has some */
    bool retitle;       /* all of them are to be written, over what there was */
    bool retitle_sent;  /* which the commit that is out does */
};

/* @pool: of all sites, or NULL: they have no bound of their own. */
void pages_init(struct pages *t, unsigned slots, const struct key *key,
                struct pool *pool);
void pages_fini(struct pages *t);

/* The hash that stands for @path in this table. Two paths are the same page when their
 * hashes are, as with visitors: 64 bits under a secret key. */
uint64_t pages_hash(const struct pages *t, struct slice path);

/* Brings the index's memory near before pages_id asks for it. */
void pages_prefetch(const struct pages *t, uint64_t hash);

/* Brings near what a visitor's coming or going changes on page @id, which may be
 * PAGE_NONE: first where it lies, then the page and its count in @slot. */
static inline void pages_prefetch_id(const struct pages *t, uint16_t id)
{
    if (id < t->ids)
        prefetch(&t->place[id]);
}

static inline void pages_prefetch_at(const struct pages *t, uint16_t id, unsigned slot)
{
    if (id < t->ids && t->place[id] != PAGE_NONE)
        standing_prefetch(&t->standing, t->place[id], slot);
}

/* The id of @path's page, made if need be; sets *@capped and gives PAGE_OTHER at the
 * bound. PAGE_NONE when out of memory. */
uint16_t pages_id(struct pages *t, uint64_t hash, struct slice path, bool *capped);

/* Page @id, which may be PAGE_NONE, has the title @title (<= EVENT_NAME_MAX) from now on,
 * if that is not empty; out of memory the one before. PAGE_OTHER has none. */
void pages_title(struct pages *t, uint16_t id, struct slice title);

/* The page of @path, or both (pages_restore), have the title that Redis says; if there is
 * none it is left there. Looks at all pages, of which a site has few that have titles. */
void pages_restore_title(struct pages *t, struct slice path, struct slice title);

/* Makes the page that Redis knows as @id; ids that are left out are free. False when @id
 * is taken or no id, @path no path, or out of memory. Redis may have a path twice, under
 * the id of a page that was freed and under that of its next life: both are made, the
 * first is found by pages_id, and pages_drop_empty, which is due before that is asked,
 * leaves the one that somebody is on. */
bool pages_restore(struct pages *t, uint16_t id, struct slice path);

/* Page @id, or NULL. Valid until a page is made or dropped: then it may lie elsewhere. */
static inline struct page *pages_get(const struct pages *t, size_t id)
{
    return id < t->ids && t->place[id] != PAGE_NONE ? &t->page[t->place[id]] : NULL;
}

/* How many visitors of @slot are on @p, and of all slots. */
static inline uint32_t pages_on(const struct pages *t, const struct page *p,
                                unsigned slot)
{
    return *standing_at(&t->standing, (size_t)(p - t->page), slot);
}

static inline uint32_t pages_visitors(const struct pages *t, const struct page *p)
{
    return t->standing.sum[p - t->page];
}

/* So many visitors of @slot more, or less, are on page @id, which may be none. */
static inline void pages_stand(struct pages *t, uint16_t id, unsigned slot, int by)
{
    if (id >= t->ids || t->place[id] == PAGE_NONE)
        return;
    standing_add(&t->standing, t->place[id], slot, by);
    standing_mark(&t->standing, t->place[id], slot);
}

/* So many visitors more, or less, have @p open; Redis is to be told. */
static inline void pages_open(struct pages *t, struct page *p, int by)
{
    p->online += (uint32_t)by;
    standing_mark(&t->standing, (size_t)(p - t->page), standing_open(&t->standing));
}

static inline struct slice page_path(const struct page *p)
{
    return (struct slice){p->path, p->path_n};
}

static inline struct slice page_title(const struct page *p)
{
    return (struct slice){p->title, p->title_n};
}

/* Empties @slot on every page: its minute has left the window. */
void pages_clear_slot(struct pages *t, unsigned slot);

/* Frees the pages that nobody is on, in the window or at this moment, and that no commit
 * still has to write. */
void pages_drop_empty(struct pages *t);

size_t pages_bytes(const struct pages *t);

#endif
