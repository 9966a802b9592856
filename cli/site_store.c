/* hc:sites, hc:alerted and a site's own keys live on different nodes of a cluster, so
 * nothing here changes two of them at once. The order is such that a half-done change is
 * harmless and can be repeated: a name comes before its settings and goes after them. */
#include "site_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "../proto/keys.h"

#define TRIES 16 /* of a transaction; each means that somebody else made a change */

static enum store_result fail(struct site_store *s, const redisReply *r)
{
    const char *why = r == NULL                      ? s->redis->errstr
                      : r->type == REDIS_REPLY_ERROR ? r->str
                                                     : "an answer of an unexpected type";

    snprintf(s->why, sizeof s->why, "%s", why);
    return STORE_FAILED;
}

static void drop(redisReply *r)
{
    if (r)
        freeReplyObject(r);
}

/* A command that is answered by how many things changed. */
static enum store_result changed(struct site_store *s, redisReply *r)
{
    enum store_result result;

    if (r == NULL || r->type != REDIS_REPLY_INTEGER)
        result = fail(s, r);
    else
        result = r->integer > 0 ? STORE_DONE : STORE_SAME;
    drop(r);
    return result;
}

/* SADD or SREM. */
static enum store_result member(struct site_store *s, const char *command,
                                const char *key, struct slice site)
{
    return changed(s, redisCommand(s->redis, "%s %s %b", command, key, site.p, site.n));
}

enum store_result site_store_name(struct site_store *s, struct slice site)
{
    return member(s, "SADD", KEY_SITES, site);
}

enum store_result site_store_alerted(struct site_store *s, struct slice site)
{
    return member(s, "SADD", KEY_ALERTED, site);
}

enum store_result site_store_no_alerts(struct site_store *s, struct slice site)
{
    enum store_result result = member(s, "SREM", KEY_ALERTED, site);
    redisReply *all;
    size_t n = 0;

    /* Looked at after it was taken out, so that another operator's alert is not missed.
     */
    all = result == STORE_FAILED ? NULL : site_store_read(s, site);
    if (all == NULL)
        return STORE_FAILED;
    for (size_t i = 0; i + 1 < all->elements; i += 2)
        n += slice_starts((struct slice){all->element[i]->str, all->element[i]->len},
                          SLICE(SETTING_ALERT));
    drop(all);
    return n > 0 && site_store_alerted(s, site) == STORE_FAILED ? STORE_FAILED : result;
}

enum store_result site_store_forget(struct site_store *s, struct slice site, bool totals)
{
    struct key_name settings = key_settings(site), total = key_totals(site);
    struct key_name alerts = key_alerts(site);
    enum store_result keys, name;

    if (totals)
        keys = changed(
            s, redisCommand(s->redis, "DEL %s %s %s", settings.s, total.s, alerts.s));
    else
        keys = changed(s, redisCommand(s->redis, "DEL %s", settings.s));
    if (keys == STORE_FAILED || member(s, "SREM", KEY_ALERTED, site) == STORE_FAILED)
        return STORE_FAILED;
    name = member(s, "SREM", KEY_SITES, site);
    return name == STORE_SAME ? keys : name;
}

enum store_result site_store_live(struct site_store *s, struct slice site, ms_t *at)
{
    redisReply *r = redisCommand(s->redis, "ZSCORE " KEY_LIVE " %b", site.p, site.n);
    enum store_result result = STORE_DONE;

    *at = 0;
    if (r && r->type == REDIS_REPLY_STRING)
        *at = (ms_t)strtod(r->str, NULL);
    else if (r == NULL || r->type != REDIS_REPLY_NIL)
        result = fail(s, r);
    drop(r);
    return result;
}

/* One field that comes or goes. */
struct change {
    const char *field, *value; /* NULL: it goes */
    const char *prefix;        /* of this kind there may be max */
    size_t max;
};

/* What @c meets among the fields there are. */
static enum store_result meet(const redisReply *all, const struct change *c)
{
    bool there = false;
    size_t n = 0;

    for (size_t i = 0; i + 1 < all->elements; i += 2) {
        struct slice field = {all->element[i]->str, all->element[i]->len};

        there |= slice_eq(field, slice_of(c->field));
        n += c->value && slice_starts(field, slice_of(c->prefix));
    }
    if (there == (c->value != NULL))
        return STORE_SAME;
    return c->value && n >= c->max ? STORE_FULL : STORE_DONE;
}

/* A version of goals and alerts that there was not yet: above the one there is; and not
 * below the clock, for settings may be forgotten as a whole, and begin again. */
static long long next_version(const redisReply *all)
{
    struct timespec t;
    long long version = 0, now;

    clock_gettime(CLOCK_REALTIME, &t);
    now = t.tv_sec * 1000LL + t.tv_nsec / 1000000;
    for (size_t i = 0; i + 1 < all->elements; i += 2)
        if (strcmp(all->element[i]->str, SETTING_VERSION) == 0)
            version = strtoll(all->element[i + 1]->str, NULL, 10);
    return version < now || version >= (long long)EPOCH_MAX ? now : version + 1;
}

/* What aggregators read. */
static bool is_versioned(const char *field)
{
    return slice_starts(slice_of(field), SLICE(SETTING_GOAL)) ||
           slice_starts(slice_of(field), SLICE(SETTING_ALERT));
}

/* MULTI, HSET or HDEL, EXEC; with a goal or alert the version of all. STORE_SAME: the key
 * was changed by somebody since WATCH. */
static enum store_result commit(struct site_store *s, const char *key,
                                const struct change *c, long long version)
{
    enum store_result result = STORE_DONE;
    redisReply *r = NULL;
    int calls = 3;

    redisAppendCommand(s->redis, "MULTI");
    if (c->value)
        redisAppendCommand(s->redis, "HSET %s %s %s", key, c->field, c->value);
    else
        redisAppendCommand(s->redis, "HDEL %s %s", key, c->field);
    if (is_versioned(c->field)) {
        redisAppendCommand(s->redis, "HSET %s " SETTING_VERSION " %lld", key, version);
        calls++;
    }
    redisAppendCommand(s->redis, "EXEC");
    for (int i = 0; i < calls && result == STORE_DONE; i++) {
        drop(r);
        r = NULL;
        if (redisGetReply(s->redis, (void **)&r) != REDIS_OK ||
            r->type == REDIS_REPLY_ERROR)
            result = fail(s, r);
    }
    if (result == STORE_DONE && r->type == REDIS_REPLY_NIL)
        result = STORE_SAME;
    drop(r);
    return result;
}

static enum store_result watch(struct site_store *s, const char *key)
{
    redisReply *r = redisCommand(s->redis, "WATCH %s", key);
    enum store_result result =
        r && r->type == REDIS_REPLY_STATUS ? STORE_DONE : fail(s, r);

    drop(r);
    return result;
}

static enum store_result apply(struct site_store *s, struct slice site,
                               const struct change *c)
{
    struct key_name key = key_settings(site);

    for (int i = 0; i < TRIES; i++) {
        enum store_result result = watch(s, key.s);
        redisReply *all = result == STORE_DONE ? site_store_read(s, site) : NULL;
        long long version;

        if (all == NULL)
            return STORE_FAILED;
        result = meet(all, c);
        version = next_version(all);
        drop(all);
        if (result != STORE_DONE)
            return result; /* the connection ends, and with it the WATCH */
        result = commit(s, key.s, c, version);
        if (result != STORE_SAME)
            return result;
    }
    snprintf(s->why, sizeof s->why, "somebody else kept changing %s", key.s);
    return STORE_FAILED;
}

enum store_result site_store_add(struct site_store *s, struct slice site,
                                 const struct setting *new, const char *prefix,
                                 size_t max)
{
    return apply(s, site,
                 &(struct change){
                     .field = new->field, .value = new->value, .prefix = prefix, max});
}

enum store_result site_store_rm(struct site_store *s, struct slice site,
                                const char *field)
{
    return apply(s, site, &(struct change){.field = field});
}

enum store_result site_store_set(struct site_store *s, struct slice site,
                                 const char *field, const char *value)
{
    struct key_name key = key_settings(site);

    if (value == NULL)
        return changed(s, redisCommand(s->redis, "HDEL %s %s", key.s, field));
    return changed(s, redisCommand(s->redis, "HSET %s %s %s", key.s, field, value));
}

enum store_result site_store_tell(struct site_store *s, struct slice site)
{
    return changed(
        s, redisCommand(s->redis, "PUBLISH " CHANNEL_SETTINGS " %b", site.p, site.n));
}

/* Whether the reply is a list of texts, pairs of them if @pairs. */
static bool is_texts(const redisReply *r, bool pairs)
{
    if (r->type != REDIS_REPLY_ARRAY || (pairs && r->elements % 2 != 0))
        return false;
    for (size_t i = 0; i < r->elements; i++)
        if (r->element[i]->type != REDIS_REPLY_STRING)
            return false;
    return true;
}

static redisReply *checked(struct site_store *s, redisReply *r, bool pairs)
{
    if (r && is_texts(r, pairs))
        return r;
    fail(s, r);
    drop(r);
    return NULL;
}

redisReply *site_store_read(struct site_store *s, struct slice site)
{
    struct key_name key = key_settings(site);

    return checked(s, redisCommand(s->redis, "HGETALL %s", key.s), true);
}

/* ---- all sites ----------------------------------------------------------- */

static struct slice text_of(const redisReply *r, size_t i)
{
    return (struct slice){r->element[i]->str, r->element[i]->len};
}

static enum store_result list_names(struct site_store *s, struct site_index *list)
{
    redisReply *named = redisCommand(s->redis, "SMEMBERS " KEY_SITES), *live;
    int at;

    named = checked(s, named, false);
    if (named == NULL)
        return STORE_FAILED;
    live =
        checked(s, redisCommand(s->redis, "ZRANGE " KEY_LIVE " 0 -1 WITHSCORES"), true);
    list->row =
        calloc(named->elements + (live ? live->elements / 2 : 0) + 1, sizeof *list->row);
    if (list->row == NULL)
        abort();
    for (size_t i = 0; i < named->elements; i++)
        if ((at = roster_add(&list->roster, text_of(named, i))) >= 0)
            list->row[at].named = true;
    for (size_t i = 0; live && i < live->elements; i += 2)
        if ((at = roster_add(&list->roster, text_of(live, i))) >= 0)
            list->row[at].live = (ms_t)strtod(live->element[i + 1]->str, NULL);
    drop(named);
    if (live == NULL)
        return STORE_FAILED;
    drop(live);
    return STORE_DONE;
}

static void count_settings(const redisReply *all, struct site_index_row *row)
{
    struct setting_read r;

    for (size_t i = 0; i < all->elements; i += 2) {
        struct slice field = text_of(all, i), value = text_of(all, i + 1), origin;

        row->tokens += setting_read(&r, SETTING_TOKEN, field, value);
        row->goals += setting_read(&r, SETTING_GOAL, field, value);
        row->origins += setting_origin_read(field, &origin);
        if (slice_eq(field, SLICE(SETTING_BADGE)))
            row->badge = slice_eq(value, SLICE("1"));
        if (slice_eq(field, SLICE(SETTING_READ)))
            row->closed = visibility_is_closed(value);
        if (slice_eq(field, SLICE(SETTING_PRIVACY)))
            row->heeds = privacy_is_heeded(value);
    }
}

/* All are asked for before the first answer is read. */
static enum store_result list_settings(struct site_store *s, struct site_index *list)
{
    for (size_t i = 0; i < list->roster.n; i++) {
        struct key_name key = key_settings(roster_name(&list->roster, i));

        redisAppendCommand(s->redis, "HGETALL %s", key.s);
    }
    for (size_t i = 0; i < list->roster.n; i++) {
        redisReply *r = NULL;

        redisGetReply(s->redis, (void **)&r);
        r = checked(s, r, true);
        if (r == NULL)
            return STORE_FAILED;
        count_settings(r, &list->row[i]);
        drop(r);
    }
    return STORE_DONE;
}

enum store_result site_store_list(struct site_store *s, struct site_index *list)
{
    enum store_result result;

    *list = (struct site_index){0};
    result = list_names(s, list);
    if (result == STORE_DONE)
        result = list_settings(s, list);
    if (result != STORE_DONE)
        site_index_fini(list);
    return result;
}

void site_index_fini(struct site_index *list)
{
    roster_fini(&list->roster);
    free(list->row);
    list->row = NULL;
}
