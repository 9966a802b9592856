/* Names are put together here and nowhere else, so the hash tag cannot be forgotten. The
 * site must be valid: its alphabet has neither '}' nor ':', which is what makes the names
 * unambiguous. */
#include "keys.h"

#include <assert.h>
#include "decimal.h"
#include "hit.h"
#include "iso.h"

#define CHANNEL_PREFIX "hc:"

/* Appends @s to the name. */
static void add(struct key_name *k, struct slice s)
{
    assert(s.n < sizeof k->s - k->n);
    memcpy(k->s + k->n, s.p, s.n);
    k->n += s.n;
    k->s[k->n] = '\0';
}

/* Whether no other site has these keys. That it is valid all who have a site know, and a
 * commit builds a dozen keys: so here only what would be confused. */
static bool is_unambiguous(struct slice site)
{
    return site.n > 0 && site.n <= SITE_MAX && !memchr(site.p, '}', site.n);
}

static inline char *put(char *p, struct slice s)
{
    memcpy(p, s.p, s.n);
    return p + s.n;
}

/* hc:{site}@what, at @p; returns the end. Inline, as the next two are: so that the pieces
 * that are known, all but the site, are no calls of memcpy. */
static inline char *put_key(char *p, struct slice site, struct slice what)
{
    assert(is_unambiguous(site));
    p = put(p, SLICE(CHANNEL_PREFIX "{"));
    p = put(p, site);
    p = put(p, SLICE("}:"));
    return put(p, what);
}

static inline struct key_name key_of(struct slice site, struct slice what)
{
    struct key_name k;

    k.n = (size_t)(put_key(k.s, site, what) - k.s);
    k.s[k.n] = '\0';
    return k;
}

/* hc:{site}@what@min */
static inline struct key_name key_at(struct slice site, struct slice what, minute_t min)
{
    struct key_name k;
    char *p = put_key(k.s, site, what);

    p += decimal_write(p, min);
    *p = '\0';
    k.n = (size_t)(p - k.s);
    return k;
}

struct key_name key_meta(struct slice site)
{
    return key_of(site, SLICE("m"));
}

struct key_name key_minute(struct slice site, minute_t min)
{
    return key_at(site, SLICE("b:"), min);
}

struct key_name key_traits(struct slice site, minute_t min)
{
    return key_at(site, SLICE("tr:"), min);
}

struct key_name key_recent(struct slice site)
{
    return key_of(site, SLICE("r"));
}

struct key_name key_log(struct slice site, minute_t min)
{
    return key_at(site, SLICE("l:"), min);
}

struct key_name key_day(struct slice site, int64_t day)
{
    struct iso date = iso_of(day * MS_PER_DAY); /* 2025-11-22T... */
    struct key_name k = key_of(site, SLICE("d:"));

    add(&k, (struct slice){date.s, 4});
    add(&k, (struct slice){date.s + 5, 2});
    add(&k, (struct slice){date.s + 8, 2});
    return k;
}

struct key_name key_pages(struct slice site)
{
    return key_of(site, SLICE("pg"));
}

struct key_name key_titles(struct slice site)
{
    return key_of(site, SLICE("ti"));
}

struct key_name key_online(struct slice site)
{
    return key_of(site, SLICE("o"));
}

struct key_name key_totals(struct slice site)
{
    return key_of(site, SLICE("t"));
}

struct key_name key_settings(struct slice site)
{
    return key_of(site, SLICE("c"));
}

struct key_name key_alerts(struct slice site)
{
    return key_of(site, SLICE("al"));
}

struct key_name key_staged(struct key_name key)
{
    add(&key, SLICE(":new"));
    return key;
}

struct key_name key_channel(struct slice site)
{
    struct key_name k;

    assert(site_valid(site));
    k.n = 0;
    add(&k, SLICE(CHANNEL_PREFIX));
    add(&k, site);
    return k;
}

bool key_channel_site(struct slice channel, struct slice *site)
{
    if (!slice_starts(channel, SLICE(CHANNEL_PREFIX)))
        return false;
    *site = slice_skip(channel, strlen(CHANNEL_PREFIX));
    return site_valid(*site);
}
