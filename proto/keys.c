/* Names are put together here and nowhere else, so the hash tag cannot be forgotten. The
 * site must be valid: its alphabet has neither '}' nor ':', which is what makes the names
 * unambiguous. */
#include "keys.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include "hit.h"
#include "iso.h"

#define CHANNEL_PREFIX "hc:"

static struct key_name __attribute__((format(printf, 1, 2))) key_of(const char *fmt, ...)
{
    struct key_name k;
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(k.s, sizeof k.s, fmt, ap);
    va_end(ap);
    assert(n > 0 && (size_t)n < sizeof k.s);
    k.n = (size_t)n;
    return k;
}

/* For "%.*s". */
static int checked_length(struct slice site)
{
    assert(site_valid(site));
    return (int)site.n;
}

struct key_name key_meta(struct slice site)
{
    return key_of("hc:{%.*s}:m", checked_length(site), site.p);
}

struct key_name key_minute(struct slice site, minute_t min)
{
    return key_of("hc:{%.*s}:b:%" PRIu32, checked_length(site), site.p, min);
}

struct key_name key_traits(struct slice site, minute_t min)
{
    return key_of("hc:{%.*s}:tr:%" PRIu32, checked_length(site), site.p, min);
}

struct key_name key_recent(struct slice site)
{
    return key_of("hc:{%.*s}:r", checked_length(site), site.p);
}

struct key_name key_log(struct slice site, minute_t min)
{
    return key_of("hc:{%.*s}:l:%" PRIu32, checked_length(site), site.p, min);
}

struct key_name key_day(struct slice site, int64_t day)
{
    struct iso date = iso_of(day * MS_PER_DAY); /* 2025-11-22T... */

    return key_of("hc:{%.*s}:d:%.4s%.2s%.2s", checked_length(site), site.p, date.s,
                  date.s + 5, date.s + 8);
}

struct key_name key_pages(struct slice site)
{
    return key_of("hc:{%.*s}:pg", checked_length(site), site.p);
}

struct key_name key_titles(struct slice site)
{
    return key_of("hc:{%.*s}:ti", checked_length(site), site.p);
}

struct key_name key_online(struct slice site)
{
    return key_of("hc:{%.*s}:o", checked_length(site), site.p);
}

struct key_name key_totals(struct slice site)
{
    return key_of("hc:{%.*s}:t", checked_length(site), site.p);
}

struct key_name key_settings(struct slice site)
{
    return key_of("hc:{%.*s}:c", checked_length(site), site.p);
}

struct key_name key_alerts(struct slice site)
{
    return key_of("hc:{%.*s}:al", checked_length(site), site.p);
}

struct key_name key_staged(struct key_name key)
{
    return key_of("%s:new", key.s);
}

struct key_name key_channel(struct slice site)
{
    return key_of(CHANNEL_PREFIX "%.*s", checked_length(site), site.p);
}

bool key_channel_site(struct slice channel, struct slice *site)
{
    if (!slice_starts(channel, SLICE(CHANNEL_PREFIX)))
        return false;
    *site = slice_skip(channel, strlen(CHANNEL_PREFIX));
    return site_valid(*site);
}
