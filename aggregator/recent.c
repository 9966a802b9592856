/* recent: a ring of the latest events; entries and their text buffers are made once and
 * used again. Out of memory an event is left out of the feed, and counted nowhere else.
 */
#include "recent.h"

#include <assert.h>
#include <stdlib.h>

void recent_init(struct recent *r)
{
    *r = (struct recent){0};
}

void recent_fini(struct recent *r)
{
    for (size_t i = 0; r->entry && i < RECENT_MAX; i++)
        free(r->entry[i].text);
    free(r->entry);
    recent_init(r);
}

static bool reserve(struct recent_entry *e, size_t n)
{
    size_t cap = (n + 63) & ~(size_t)63;
    char *text;

    if (n <= e->cap)
        return true;
    text = realloc(e->text, cap);
    if (!text)
        return false;
    e->text = text;
    e->cap = (uint16_t)cap;
    return true;
}

void recent_add(struct recent *r, uint8_t kind, ms_t at, struct slice path,
                struct slice name)
{
    struct recent_entry *e;

    assert(path.n <= PATH_MAX_BYTES && name.n <= EVENT_NAME_MAX);
    if (!r->entry && !(r->entry = calloc(RECENT_MAX, sizeof *r->entry)))
        return;
    e = &r->entry[(r->last + 1) % RECENT_MAX];
    if (!reserve(e, path.n + name.n))
        return;
    if (path.n)
        memcpy(e->text, path.p, path.n);
    if (name.n)
        memcpy(e->text + path.n, name.p, name.n);
    e->path_n = (uint16_t)path.n;
    e->name_n = (uint16_t)name.n;
    e->kind = kind;
    e->at = at;
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

    assert(id >= recent_first(r) && id <= r->last);
    return (struct recent_event){
        .id = id,
        .kind = e->kind,
        .at = e->at,
        .path = {e->text, e->path_n},
        .name = {e->text + e->path_n, e->name_n},
    };
}
