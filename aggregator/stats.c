/* stats: one line of numbers per site, out of memory. */
#include "stats.h"

#include "../proto/json.h"
#include "../proto/summary.h"

static void member(struct json *j, const char *key, uint64_t v)
{
    json_key(j, key);
    json_u64(j, v);
}

static void write_site(struct json *j, const struct site *s)
{
    const struct online *o = &s->presence.online;
    unsigned minutes = MINUTES_DEFAULT < s->window ? MINUTES_DEFAULT : s->window;

    json_key_slice(j, site_id(s));
    json_begin_object(j);
    member(j, "created", (uint64_t)(s->totals.total.since / 1000));
    member(j, "members", o->members);
    member(j, "connections", s->totals.total.joins);
    member(j, "modified", (uint64_t)(s->heard / 1000));
    member(j, "online", online_total(o));
    member(j, "active", online_total(o) - o->background);
    member(j, "current", site_visitors(s, minutes));
    member(j, "views", s->totals.total.views);
    member(j, "visits", s->totals.total.visits);
    json_end(j);
}

static bool is_shown(const struct site *s, ms_t now, ms_t clean_ms)
{
    if (s->state != SITE_LIVE)
        return false;
    return clean_ms == 0 || online_total(&s->presence.online) > 0 ||
           now - s->heard < clean_ms;
}

void stats_json(const struct store *st, ms_t now, ms_t clean_ms, struct buf *out)
{
    struct json j;

    json_init(&j, out);
    json_begin_object(&j);
    for (size_t i = 0; i < st->nsites; i++)
        if (is_shown(st->site[i], now, clean_ms))
            write_site(&j, st->site[i]);
    json_end(&j);
}
