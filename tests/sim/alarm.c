/* alarm: by the text of CHANNEL_ALERTS and the fields of hc:{S}:al. */
#include "alarm.h"

#include <stdio.h>
#include <string.h>

#include "../../proto/keys.h"

#define WRONG_MAX 5 /* s: more than a rule waits and a look takes */

/* NULL: there are too many names. */
static struct alarm *find(struct alarms *a, const char *name)
{
    for (unsigned n = 0; n < ALARMS; n++) {
        struct alarm *al = &a->alarm[n];

        if (al->name[0] == '\0')
            snprintf(al->name, sizeof al->name, "%s", name);
        if (strcmp(al->name, name) == 0)
            return al;
    }
    return NULL;
}

/* ---- what is published ----------------------------------------------------- */

static void hear(struct alarms *of, unsigned n, struct node_redis *redis,
                 struct slice text)
{
    char line[1024], name[8];
    struct alarm *al;
    unsigned i;
    bool on;

    snprintf(line, sizeof line, "%.*s", (int)text.n, text.p);
    if (sscanf(line, "{\"site\":\"site-%u\",\"name\":\"%7[^\"]\"", &i, name) != 2 ||
        i >= n || !(al = find(&of[i], name)))
        world_fail(redis->world, "an alert is not of the form that PROTOCOL.md tells");
    on = strstr(line, "\"on\":true") != NULL;
    if (al->on == on && !al->forgotten)
        world_fail(redis->world, "site-%u: alert %s is told to be %s once more", i, name,
                   on ? "on" : "off");
    al->on = on;
    al->forgotten = false;
    al->at = redis->world->now / MS;
}

size_t alarms_hear(struct alarms *of, unsigned n, struct node_redis *redis)
{
    struct slice rest = buf_get(&redis->model.alerts);
    size_t lines = 0;

    for (; rest.n > 0; lines++) {
        const char *end = memchr(rest.p, '\n', rest.n);
        struct slice line = {rest.p, (size_t)(end - rest.p)};

        hear(of, n, redis, line);
        rest = slice_skip(rest, line.n + 1);
    }
    return lines;
}

void alarms_lost(struct alarms *of, unsigned n, const struct node_redis *redis)
{
    for (unsigned i = 0; i < n * ALARMS; i++) {
        struct alarm *al = &of[i / ALARMS].alarm[i % ALARMS];

        al->forgotten |= al->at > redis->kept;
    }
}

/* ---- how they stand -------------------------------------------------------- */

static struct slice told(struct node_redis *redis, const struct site *s, const char *name)
{
    return redis_model_get(&redis->model, key_alerts(site_id(s)).s, name);
}

static void check_one(struct alarms *a, struct node_redis *redis, const struct site *s,
                      const struct alert *al)
{
    char text[ALERT_STATE_TEXT_MAX], name[SETTING_NAME_MAX + 1];
    const struct alarm *heard;

    snprintf(name, sizeof name, "%.*s", al->name_n, al->name);
    alert_state_text(&al->state, text);
    if (al->state.at > 0 && !slice_eq(told(redis, s, name), slice_of(text)))
        world_fail(redis->world, "%.*s: alert %s is \"%s\", and Redis has something else",
                   s->id_n, s->id, name, text);
    heard = find(a, name);
    if (heard && heard->on != al->state.on && !heard->forgotten)
        world_fail(redis->world, "%.*s: alert %s is %s, and that was not told", s->id_n,
                   s->id, name, al->state.on ? "on" : "off");
}

static bool is_there(const struct site *s, const char *name)
{
    for (size_t i = 0; i < s->alerts.n; i++)
        if (slice_eq(alert_name(&s->alerts.alert[i]), slice_of(name)))
            return true;
    return false;
}

void alarms_check(struct alarms *a, struct node_redis *redis, const struct site *s)
{
    for (size_t i = 0; i < s->alerts.n; i++)
        check_one(a, redis, s, &s->alerts.alert[i]);
    for (unsigned n = 0; n < ALARMS; n++) {
        const struct alarm *al = &a->alarm[n];
        struct slice left = told(redis, s, al->name);

        if (al->name[0] == '\0' || is_there(s, al->name))
            continue;
        if ((al->on && !al->forgotten) || left.n > 0)
            world_fail(
                redis->world,
                "%.*s: alert %s is no more, was told %s, and lies there as \"%.*s\"",
                s->id_n, s->id, al->name, al->on ? "on" : "off", (int)left.n, left.p);
    }
}

static bool is_wrong(const struct alert *al, uint64_t value)
{
    const struct alert_rule *r = &al->rule;
    bool back = r->below ? value >= r->back : value <= r->back;
    bool beyond = r->below ? value <= r->limit : value >= r->limit;

    return al->state.on ? al->over || back : al->defined && beyond;
}

void alarms_watch(struct alarms *a, struct world *w, const struct site *s, ms_t clock)
{
    uint64_t value[ALERT_WHATS];

    if (s->state != SITE_LIVE || s->warming > clock)
        return;
    site_alert_values(s, value);
    for (size_t i = 0; i < s->alerts.n; i++) {
        const struct alert *al = &s->alerts.alert[i];
        char name[SETTING_NAME_MAX + 1];
        struct alarm *heard;

        snprintf(name, sizeof name, "%.*s", al->name_n, al->name);
        heard = find(a, name);
        if (!heard)
            continue;
        heard->wrong = is_wrong(al, value[al->rule.what]) ? heard->wrong + 1 : 0;
        if (heard->wrong > WRONG_MAX)
            world_fail(w, "%.*s: alert %s is %s though its number is %lu", s->id_n, s->id,
                       name, al->state.on ? "on" : "off",
                       (unsigned long)value[al->rule.what]);
    }
}
