/* recent: a ring of the latest events; entries and the memory of long texts are made once
 * and used again. Out of memory an event is left out of the feed, and counted nowhere
 * else.
 */
#include "recent.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/hit.h"

void recent_init(struct recent *r)
{
    *r = (struct recent){0};
}

void recent_fini(struct recent *r)
{
    for (size_t i = 0; r->entry && i < RECENT_MAX; i++)
        free(r->apart[i].text);
    free(r->entry);
    recent_init(r);
}

#define LINE 64
#define RING_BYTES \
    (RECENT_MAX * (sizeof(struct recent_entry) + sizeof(struct recent_long)))

_Static_assert(RING_BYTES % LINE == 0, "as aligned_alloc wants it");

/* Makes the ring, if need be. */
static bool reserve(struct recent *r)
{
    if (r->entry)
        return true;
    r->entry = aligned_alloc(LINE, RING_BYTES);
    if (!r->entry)
        return false;
    memset(r->entry, 0, RING_BYTES);
    r->apart = (struct recent_long *)(r->entry + RECENT_MAX);
    return true;
}

/* Where @n bytes of text of entry @i go; NULL: no memory. */
static char *room(struct recent *r, size_t i, size_t n)
{
    struct recent_long *apart = &r->apart[i];
    size_t cap = (n + 63) & ~(size_t)63;
    char *text;

    if (n <= RECENT_TEXT)
        return r->entry[i].text;
    if (n <= apart->cap)
        return apart->text;
    if (!(text = realloc(apart->text, cap)))
        return NULL;
    *apart = (struct recent_long){text, cap};
    return text;
}

/* Where the texts of entry @i are. */
static const char *texts(const struct recent *r, size_t i)
{
    const struct recent_entry *e = &r->entry[i];
    size_t n = (size_t)e->path_n + e->name_n + e->referrer_n + e->goals_n;

    return n <= RECENT_TEXT ? e->text : r->apart[i].text;
}

static char *append(char *to, struct slice text)
{
    if (text.n)
        memcpy(to, text.p, text.n);
    return to + text.n;
}

void recent_add(struct recent *r, const struct recent_event *new)
{
    size_t i = (r->last + 1) % RECENT_MAX;
    struct recent_entry *e;
    char *to;

    assert(new->path.n <= PATH_MAX_BYTES &&new->name.n <= EVENT_NAME_MAX);
    assert(new->referrer.n <= REFERRER_MAX &&new->goals.n <= EVENT_GOALS_BYTES);
    if (!reserve(r))
        return;
    to = room(r, i, new->path.n + new->name.n + new->referrer.n + new->goals.n);
    if (!to)
        return;
    e = &r->entry[i];
    to = append(to, new->path);
    if (new->name.n + new->referrer.n + new->goals.n > 0)
        append(append(append(to, new->name), new->referrer), new->goals);
    e->path_n = (uint16_t) new->path.n;
    e->name_n = (uint8_t) new->name.n;
    e->referrer_n = (uint8_t) new->referrer.n;
    e->goals_n = (uint16_t) new->goals.n;
    e->number = new->kind == HIT_QUERY ? new->ms : new->visitor;
    e->kind = new->kind;
    e->device = new->device;
    e->browser = new->browser;
    memcpy(e->country, new->country, sizeof e->country);
    e->at = new->at;
    r->last++;
}

void recent_restore(struct recent *r, uint64_t last)
{
    r->last = r->lost = last;
}

uint64_t recent_first(const struct recent *r)
{
    uint64_t first = r->last > RECENT_MAX ? r->last - RECENT_MAX + 1 : 1;

    return first > r->lost ? first : r->lost + 1;
}

struct recent_event recent_get(const struct recent *r, uint64_t id)
{
    const struct recent_entry *e = &r->entry[id % RECENT_MAX];
    const char *text = texts(r, id % RECENT_MAX);
    bool is_query = e->kind == HIT_QUERY;

    assert(id >= recent_first(r) && id <= r->last);
    return (struct recent_event){
        .id = id,
        .kind = e->kind,
        .at = e->at,
        .path = {text, e->path_n},
        .name = {text + e->path_n, e->name_n},
        .referrer = {text + e->path_n + e->name_n, e->referrer_n},
        .goals = {text + e->path_n + e->name_n + e->referrer_n, e->goals_n},
        .visitor = is_query ? 0 : e->number,
        .device = e->device,
        .browser = e->browser,
        .country = {e->country[0], e->country[1]},
        .ms = is_query ? e->number : 0,
    };
}

size_t recent_bytes(const struct recent *r)
{
    size_t n = r->entry ? RING_BYTES : 0;

    for (size_t i = 0; r->entry && i < RECENT_MAX; i++)
        n += r->apart[i].cap;
    return n;
}
