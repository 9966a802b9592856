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
    member(j, "members", online_total(o));
    member(j, "connections", s->totals.total.visits);
    member(j, "modified", (uint64_t)(minute_start(s->touched) / 1000));
    member(j, "active", online_total(o) - o->background);
    member(j, "current", site_visitors(s, minutes));
    member(j, "views", s->totals.total.views);
    json_end(j);
}

void stats_json(const struct store *st, struct buf *out)
{
    struct json j;

    json_init(&j, out);
    json_begin_object(&j);
    for (size_t i = 0; i < st->nsites; i++)
        if (st->site[i]->state == SITE_LIVE)
            write_site(&j, st->site[i]);
    json_end(&j);
}
