/* Reads a message front to back by the order in which it is written. A member of a later
 * version is stepped over, but none of ours may stand where another is due, nor may a
 * name be written with escapes: so each is there once, and what is passed on says nothing
 * twice. */
#include "delta.h"

#include "hit.h"

/* The members of an object, in their order. */
static const char *const message_names[] = {
    "v",      "site",     "e",     "q",       "n",    "t",     "d",
    "online", "visitors", "pv",    "engaged", "peak", "total", "feed",
    "pages",  "alerts",   "flags", "events",  NULL,
};
static const char *const online_names[] = {
    "total",      "active", "writing", "reading", "idle",
    "background", "tabs",   "members", "fresh",   NULL,
};
static const char *const fresh_names[] = {
    "total", "writing", "reading", "idle", "background", NULL,
};
static const char *const total_names[] = {
    "views", "visits", "connections", "counted", "since", NULL,
};
static const char *const feed_names[] = {"life", "last", NULL};

static bool is_ours(const char *const *names, struct slice name)
{
    for (; *names; names++)
        if (slice_eq(name, slice_of(*names)))
            return true;
    return false;
}

/* Takes a text without its quotes. */
static bool take_text(struct slice *s, struct slice *text)
{
    const char *begin = s->p + 1;

    if (!json_take_text(s))
        return false;
    *text = (struct slice){begin, (size_t)(s->p - begin) - 1};
    return true;
}

static bool take_name(struct slice *s, struct slice *name)
{
    return take_text(s, name) && !memchr(name->p, '\\', name->n) &&
           json_take(s, SLICE(":"));
}

/* Takes what stands before the value of @name, one of @names: a brace or comma, perhaps
 * members that are not ours, and the name. */
static bool take_key(struct slice *s, const char *const *names, const char *name)
{
    struct slice before = strcmp(name, names[0]) == 0 ? SLICE("{") : SLICE(","), key;

    while (json_take(s, before) && take_name(s, &key)) {
        if (slice_eq(key, slice_of(name)))
            return true;
        if (is_ours(names, key) || !json_take_value(s))
            return false;
        before = SLICE(",");
    }
    return false;
}

/* Takes what is not ours to the end of the object. */
static bool take_rest(struct slice *s, const char *const *names)
{
    struct slice key;

    while (json_take(s, SLICE(",")))
        if (!take_name(s, &key) || is_ours(names, key) || !json_take_value(s))
            return false;
    return json_take(s, SLICE("}"));
}

static bool take_number(struct slice *s, const char *const *names, const char *name,
                        uint64_t *v)
{
    return take_key(s, names, name) && json_take_u64(s, v);
}

/* A member that need not be there. Takes its key if it is what comes next of ours. */
static bool take_key_if(struct slice *s, const char *const *names, const char *name)
{
    struct slice rest = *s;

    if (!take_key(&rest, names, name))
        return false;
    *s = rest;
    return true;
}

static bool take_number_if(struct slice *s, const char *const *names, const char *name,
                           uint64_t *v)
{
    *v = 0;
    return !take_key_if(s, names, name) || json_take_u64(s, v);
}

/* A member of the message whose inside is nobody's business here. */
static bool take_whole(struct slice *s, const char *name, char begin)
{
    return take_key(s, message_names, name) && s->n > 0 && s->p[0] == begin &&
           json_take_value(s);
}

/* Those who are fresh; all are when it is not told. */
static bool take_fresh(struct slice *s, struct online *o)
{
    uint64_t derived;

    online_all_fresh(o);
    if (!take_key_if(s, online_names, "fresh"))
        return true;
    return take_number(s, fresh_names, "total", &derived) &&
           take_number(s, fresh_names, "writing", &o->fresh.writing) &&
           take_number(s, fresh_names, "reading", &o->fresh.reading) &&
           take_number(s, fresh_names, "idle", &o->fresh.idle) &&
           take_number(s, fresh_names, "background", &o->fresh.background) &&
           take_rest(s, fresh_names);
}

static bool take_online(struct slice *s, struct online *o)
{
    uint64_t derived;

    return take_key(s, message_names, "online") &&
           take_number(s, online_names, "total", &derived) &&
           take_number(s, online_names, "active", &derived) &&
           take_number(s, online_names, "writing", &o->writing) &&
           take_number(s, online_names, "reading", &o->reading) &&
           take_number(s, online_names, "idle", &o->idle) &&
           take_number(s, online_names, "background", &o->background) &&
           take_number(s, online_names, "tabs", &o->tabs) &&
           take_number_if(s, online_names, "members", &o->members) && take_fresh(s, o) &&
           take_rest(s, online_names);
}

static bool take_total(struct slice *s, struct total *t)
{
    uint64_t since;

    if (!take_key(s, message_names, "total") ||
        !take_number(s, total_names, "views", &t->views) ||
        !take_number(s, total_names, "visits", &t->visits) ||
        !take_number_if(s, total_names, "connections", &t->joins) ||
        !take_number_if(s, total_names, "counted", &t->counted) ||
        !take_number(s, total_names, "since", &since))
        return false;
    t->since = (ms_t)since;
    return take_rest(s, total_names);
}

static bool take_feed(struct slice *s, struct delta_view *v)
{
    uint64_t life;

    if (!take_key(s, message_names, "feed") ||
        !take_number(s, feed_names, "life", &life) ||
        !take_number(s, feed_names, "last", &v->last))
        return false;
    v->life = (ms_t)life;
    return take_rest(s, feed_names);
}

/* There where the site has any defined. */
static bool take_alerts(struct slice *s)
{
    if (!take_key_if(s, message_names, "alerts"))
        return true;
    return s->n > 0 && s->p[0] == '[' && json_take_value(s);
}

static bool take_flags(struct slice *s, struct delta_view *v)
{
    struct slice flag;

    v->tick = v->loading = v->warming = false;
    if (!take_key(s, message_names, "flags") || !json_take(s, SLICE("[")))
        return false;
    if (json_take(s, SLICE("]")))
        return true;
    do {
        if (!take_text(s, &flag))
            return false;
        v->tick |= slice_eq(flag, SLICE("tick"));
        v->loading |= slice_eq(flag, SLICE("loading"));
        v->warming |= slice_eq(flag, SLICE("warming"));
    } while (json_take(s, SLICE(",")));
    return json_take(s, SLICE("]"));
}

static bool take_events(struct slice *s, struct delta_view *v)
{
    v->nevents = 0;
    if (!json_take(s, SLICE("[")))
        return false;
    if (json_take(s, SLICE("]")))
        return true;
    do {
        struct slice event = *s;
        ms_t at;

        if (v->nevents == MESSAGE_EVENTS_MAX ||
            !recent_event_take(s, &v->event_id[v->nevents], &at))
            return false;
        event.n -= s->n;
        v->event[v->nevents++] = event;
    } while (json_take(s, SLICE(",")));
    return json_take(s, SLICE("]"));
}

static bool take_head(struct slice *s, struct delta_view *v)
{
    const char *const *names = message_names;
    uint64_t version, at;

    if (!take_number(s, names, "v", &version) || version != DELTA_VERSION ||
        !take_key(s, names, "site") || !take_text(s, &v->site) || !site_valid(v->site) ||
        !take_number(s, names, "e", &v->epoch) ||
        !take_number(s, names, "q", &v->commit) || !take_number(s, names, "n", &v->n) ||
        !take_number(s, names, "t", &at))
        return false;
    v->at = (ms_t)at;
    return true;
}

static bool take_state(struct slice *s, struct delta_view *v)
{
    return take_whole(s, "d", '{') && take_online(s, &v->online) &&
           take_whole(s, "visitors", '{') && take_whole(s, "pv", '{') &&
           take_whole(s, "engaged", '{') && take_whole(s, "peak", '{') &&
           take_total(s, &v->total) && take_feed(s, v) && take_whole(s, "pages", '[') &&
           take_alerts(s) && take_flags(s, v);
}

int delta_parse(struct slice message, struct delta_view *v)
{
    struct slice s = message;

    if (message.n > MESSAGE_MAX || !take_head(&s, v) || !take_state(&s, v) ||
        !take_key(&s, message_names, "events"))
        return -1;
    v->state = message;
    v->state.n -= s.n + strlen(",\"events\":");
    return take_events(&s, v) && json_take(&s, SLICE("}")) && s.n == 0 ? 0 : -1;
}
