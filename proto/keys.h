/* keys: the names of the Redis keys and channels, built and taken apart in one place.
 *
 * Every key of a site carries the hash tag {site}, so a site stays on one slot of Redis
 * Cluster and a script may touch all its keys. Documented in PROTOCOL.md as a public API.
 */
#ifndef HC_KEYS_H
#define HC_KEYS_H

#include "limits.h"
#include "slice.h"
#include "units.h"

/* Where collectors tell each other which tabs are held anew; no site's channel. */
#define CHANNEL_JOINED "hc:!joined"

/* Where aggregators tell of alerts, and so does commit.lua; no site's channel. */
#define CHANNEL_ALERTS "hc:!alerts"

/* Where they hear which site's settings an operator has changed, so that it counts and
 * who may not read it is told no more; no site's channel either. */
#define CHANNEL_SETTINGS "hc:!settings"

#define KEY_MAX (SITE_MAX + 32)

struct key_name {
    char s[KEY_MAX]; /* NUL-terminated */
    size_t n;
};

#define KEY_EPOCH "hc:epoch"     /* string: the last epoch given to an aggregator */
#define KEY_SITES "hc:sites"     /* set: sites that an operator has named */
#define KEY_LIVE "hc:live"       /* zset: sites by the wall ms of a recent commit */
#define KEY_ALERTED "hc:alerted" /* set: sites that an operator has set alerts of */

struct key_name key_meta(struct slice site);                 /* hc:{S}:m  hash */
struct key_name key_minute(struct slice site, minute_t min); /* hc:{S}:b:MIN  hash */
struct key_name key_traits(struct slice site, minute_t min); /* hc:{S}:tr:MIN  hash */
struct key_name key_recent(struct slice site);               /* hc:{S}:r  hash, a ring */
struct key_name key_log(struct slice site, minute_t min);    /* hc:{S}:l:MIN  string */
struct key_name key_day(struct slice site, int64_t day);     /* hc:{S}:d:YYYYMMDD  set */
struct key_name key_pages(struct slice site);    /* hc:{S}:pg hash, id: path */
struct key_name key_titles(struct slice site);   /* hc:{S}:ti hash, path: title */
struct key_name key_online(struct slice site);   /* hc:{S}:o  hash, who is there now */
struct key_name key_totals(struct slice site);   /* hc:{S}:t  hash, for ever */
struct key_name key_settings(struct slice site); /* hc:{S}:c  hash, for ever */
struct key_name key_alerts(struct slice site);   /* hc:{S}:al hash, ALERTS_TTL_S */
struct key_name key_channel(struct slice site);  /* hc:S  pub/sub channel */

/* Its text; ends with @k. */
static inline struct slice key_text(const struct key_name *k)
{
    return (struct slice){k->s, k->n};
}

/* The same key, staged: what a rewrite writes before it is renamed. */
struct key_name key_staged(struct key_name key); /* ...:new */

/* The site of a channel name: true and @site, or false if it is none of ours. */
bool key_channel_site(struct slice channel, struct slice *site);

/* In a minute row, the field of a page is this prefix and its path. */
#define FIELD_PAGE "p:"

/* The page that stands for all those beyond a bound. No real path: those begin with /. */
#define PAGE_OTHER "(other)"

#endif
