/* One question at a time; the answer makes the sites, and the loads do the rest. When the
 * connection breaks the answer is NULL, and the next one begins anew. */
#include "roll.h"

#include "../proto/hit.h"
#include "../proto/keys.h"

/* Sites that are visited have places of which these take none. */
static bool has_room(const struct store *st)
{
    return st->nsites < SITES_MAX - SITES_MAX / 10;
}

/* One that is there and knows of no alerts is committed: the answer tells of them. */
static void call_up(struct roll *r, struct slice name)
{
    struct site *s = store_find(r->store, name);

    if (s == NULL && (!has_room(r->store) || store_site(r->store, name) == NULL)) {
        r->counters->roll_capped++;
    } else if (s && s->state == SITE_LIVE && !alerts_defined(&s->alerts)) {
        s->tick = false; /* it alone would be no commit */
        store_mark_dirty(r->store, s);
    }
}

static void on_names(void *arg, const redisReply *reply)
{
    struct roll *r = arg;

    r->waiting = false;
    if (r->stale) {
        r->stale = false;
        return;
    }
    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY)
        return;
    for (size_t i = 0; i < reply->elements; i++) {
        const redisReply *name = reply->element[i];

        if (name->type == REDIS_REPLY_STRING &&
            site_valid((struct slice){name->str, name->len}))
            call_up(r, (struct slice){name->str, name->len});
    }
}

void roll_init(struct roll *r, struct store *store, struct aggregator_counters *counters)
{
    *r = (struct roll){.store = store, .counters = counters, .due = INT64_MAX};
}

void roll_begin(struct roll *r, mono_t now)
{
    r->due = now + ROLL_FIRST_MS;
}

void roll_stop(struct roll *r)
{
    r->stale = r->waiting;
}

mono_t roll_turn(struct roll *r, struct redis_link *link, mono_t now)
{
    const char *argv[] = {"SRANDMEMBER", KEY_ALERTED, TEXT_OF(ALERTED_MAX)};
    const size_t lens[] = {strlen(argv[0]), strlen(argv[1]), strlen(argv[2])};

    if (r->waiting)
        return INT64_MAX;
    if (now >= r->due) {
        r->due = now + ROLL_EVERY_MS;
        r->waiting = redis_link_call(link, 3, argv, lens, on_names, r) == 0;
    }
    return r->due;
}
