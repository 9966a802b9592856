/* recent: a ring of the latest events; entries and the memory of long texts are made once
 * and used again. Out of memory an event is left out of the feed, and counted nowhere
 * else.
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
        free(r->entry[i].more);
    free(r->entry);
    recent_init(r);
}

/* Where @n bytes of text of @e go; NULL: no memory. */
static char *room(struct recent_entry *e, size_t n)
{
    size_t cap = (n + 63) & ~(size_t)63;
    char *more;

    if (n <= sizeof e->text)
        return e->text;
    if (n <= e->cap)
        return e->more;
    if (!(more = realloc(e->more, cap)))
        return NULL;
    e->more = more;
    e->cap = (uint16_t)cap;
    return more;
}

/* Where the texts of @e are. */
static const char *texts(const struct recent_entry *e)
{
    size_t n = (size_t)e->path_n + e->name_n + e->referrer_n + e->goals_n;

    return n <= sizeof e->text ? e->text : e->more;
}

static char *append(char *to, struct slice text)
{
    if (text.n)
        memcpy(to, text.p, text.n);
    return to + text.n;
}

void recent_add(struct recent *r, const struct recent_event *new)
{
    struct recent_entry *e;
    char *to;

    assert(new->path.n <= PATH_MAX_BYTES &&new->name.n <= EVENT_NAME_MAX);
    assert(new->referrer.n <= REFERRER_MAX &&new->goals.n <= EVENT_GOALS_BYTES);
    if (!r->entry && !(r->entry = calloc(RECENT_MAX, sizeof *r->entry)))
        return;
    e = &r->entry[(r->last + 1) % RECENT_MAX];
    to = room(e, new->path.n + new->name.n + new->referrer.n + new->goals.n);
    if (!to)
        return;
    to = append(to, new->path);
    if (new->name.n + new->referrer.n + new->goals.n > 0)
        append(append(append(to, new->name), new->referrer), new->goals);
    e->path_n = (uint16_t) new->path.n;
    e->name_n = (uint16_t) new->name.n;
    e->referrer_n = (uint8_t) new->referrer.n;
    e->goals_n = (uint16_t) new->goals.n;
    e->visitor = new->visitor;
    e->ms = new->ms;
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
    const char *text = texts(e);

    assert(id >= recent_first(r) && id <= r->last);
    return (struct recent_event){
        .id = id,
        .kind = e->kind,
        .at = e->at,
        .path = {text, e->path_n},
        .name = {text + e->path_n, e->name_n},
        .referrer = {text + e->path_n + e->name_n, e->referrer_n},
        .goals = {text + e->path_n + e->name_n + e->referrer_n, e->goals_n},
        .visitor = e->visitor,
        .device = e->device,
        .browser = e->browser,
        .country = {e->country[0], e->country[1]},
        .ms = e->ms,
    };
}
