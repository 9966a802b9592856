/* effect: first what is counted of a hit of its kind, then the tab, then the visitor: its
 * log tells in which state it is present by now. */
#include "effect.h"

/* The row of the hit's minute, to be changed. */
static struct site_row *touch_row(const struct visit *v)
{
    struct site *s = v->site;
    unsigned slot = slot_of(s, v->minute);

    s->dirty |= UINT64_C(1) << slot;
    return &s->row[slot];
}

/* What names a visitor in the feed alone: half the bits of its id, well mixed, so that
 * the id cannot be had back. It is called for each view, of which few are ever told. */
static uint32_t feed_name(uint64_t visitor)
{
    uint64_t v = (visitor ^ visitor >> 31) * UINT64_C(0x9e3779b97f4a7c15);
    uint32_t name = (uint32_t)(((v ^ v >> 29) * UINT64_C(0xd6e8feb86659fd93)) >> 32);

    return name ? name : 1;
}

/* Names of goals, as an entry of the feed has them. */
struct reached {
    unsigned n;
    size_t bytes;
    char names[EVENT_GOALS_BYTES];
};

static void note_goal(struct reached *r, struct slice name)
{
    if (++r->n > EVENT_GOALS_MAX)
        return;
    if (r->bytes > 0)
        r->names[r->bytes++] = ' ';
    memcpy(r->names + r->bytes, name.p, name.n);
    r->bytes += name.n;
}

/* Counts the goals that a view or event reaches. Texts of what is returned are in @r. */
static struct slice count_goals(const struct visit *v, const struct hit *h,
                                struct fold_counts *counts, struct reached *r)
{
    struct site *s = v->site;

    r->n = 0;
    r->bytes = 0;
    for (size_t i = 0; i < s->goals.n; i++) {
        const struct goal *goal = s->goals.goal[i];

        if (!goal_is_reached(goal, h))
            continue;
        if (!traits_goal(&s->traits, slot_of(s, v->minute), goal_name(goal)))
            counts->capped_goals++;
        note_goal(r, goal_name(goal));
    }
    counts->goals += r->n;
    return (struct slice){r->names, r->bytes};
}

static void feed(const struct visit *v, const struct hit *h, struct slice goals)
{
    struct site *s = v->site;
    struct recent_event e = {
        .kind = h->kind, .at = v->at, .path = h->path, .goals = goals};

    if (h->kind != HIT_VIEW)
        e.name = h->name;
    if (h->kind == HIT_QUERY)
        e.ms = h->engaged;
    if (h->kind == HIT_VIEW || h->kind == HIT_EVENT) {
        e.visitor = feed_name(h->visitor);
        e.device = h->device;
        e.browser = h->browser;
        memcpy(e.country, h->country, sizeof e.country);
        e.referrer = h->referrer;
    }
    totals_begin_feed(&s->totals, v->store->clock);
    recent_add(&s->recent, &e);
}

/* Of most sites there are no goals. */
static void feed_reached(const struct visit *v, const struct hit *h,
                         struct fold_counts *counts)
{
    struct reached reached;

    feed(v, h, count_goals(v, h, counts, &reached));
}

static void feed_seen(const struct visit *v, const struct hit *h,
                      struct fold_counts *counts)
{
    if (v->site->goals.n > 0)
        feed_reached(v, h, counts);
    else
        feed(v, h, (struct slice){NULL, 0});
}

static void count_view(const struct visit *v, const struct hit *h,
                       struct fold_counts *counts)
{
    struct site *s = v->site;

    touch_row(v)->views++;
    s->news.views++;
    totals_view(&s->totals, v->at);
    counts->capped_referrers += traits_view(&s->traits, slot_of(s, v->minute), h);
    feed_seen(v, h, counts);
    counts->views++;
}

static void count_event(const struct visit *v, const struct hit *h,
                        struct fold_counts *counts)
{
    touch_row(v)->events++;
    v->site->news.events++;
    feed_seen(v, h, counts);
    counts->events++;
}

static void count_kind(const struct visit *v, const struct hit *h,
                       struct fold_counts *counts)
{
    struct site *s = v->site;

    switch (h->kind) {
    case HIT_VIEW:
        count_view(v, h, counts);
        break;
    case HIT_EVENT:
        count_event(v, h, counts);
        break;
    case HIT_MESSAGE:
        touch_row(v); /* so that a commit takes the feed */
        feed(v, h, (struct slice){NULL, 0});
        counts->messages++;
        break;
    case HIT_QUERY:
        touch_row(v);
        queries_add(&s->queries, slot_of(s, v->minute), h->engaged);
        feed(v, h, (struct slice){NULL, 0});
        counts->queries++;
        break;
    case HIT_RESET:
        totals_reset(&s->totals, v->at);
        counts->resets++;
        break;
    case HIT_LEAVE:
        counts->leaves++;
        break;
    case HIT_JOIN:
        totals_join(&s->totals, v->at, h->marks & HIT_COUNTED);
        counts->joins++;
        break;
    default:
        counts->heartbeats++;
        break;
    }
}

/* Where the visitor of the hit is at this moment. */
static void count_tab(struct visit *v, const struct hit *h, struct fold_counts *counts)
{
    struct site *s = v->site;
    size_t before = s->presence.tabs.n;
    struct sign sign = {.visitor = v->visitor,
                        .previous = v->previous,
                        .tab = h->tab,
                        .at = v->at,
                        .page = v->page,
                        .state = h->state,
                        .lasts = h->lasts,
                        .leave = h->kind == HIT_LEAVE,
                        .begins = h->kind == HIT_JOIN,
                        .held = h->marks & HIT_HELD};
    enum presence_verdict what = presence_take(
        &s->presence, &s->pages, &sign, v->store->clock, store_tabs_room(v->store, s));

    v->entered |= what == PRESENCE_ENTERED;
    if (what == PRESENCE_LEFT)
        visit_left(v->store, s, v->visitor);
    if (what == PRESENCE_DISPLACED)
        counts->tabs_displaced++;
    if (what == PRESENCE_FULL) {
        visit_cap(s);
        counts->capped_tabs++;
    }
    store_tabs(v->store, s, before);
}

/* The visitor has tabs under yesterday's id, though the hit is none of them. */
static void rename_tabs(const struct visit *v)
{
    struct site *s = v->site;
    size_t before = s->presence.tabs.n;

    presence_rename(&s->presence, &s->pages, v->previous, v->visitor);
    store_tabs(v->store, s, before);
}

/* A connection for which its visitor has no room is from here on of a visitor of its own,
 * yesterday too. */
static void stand_alone(struct visit *v, const struct hit *h)
{
    if (v->previous) {
        rename_tabs(v);
        visit_look_up(v);
        visit_rename(v);
    }
    if (!presence_is_beyond(&v->site->presence, v->visitor, v->previous, h->tab))
        return;
    v->visitor = presence_own(v->visitor, h->tab);
    if (v->previous)
        v->previous = presence_own(v->previous, h->tab);
    visit_look_up(v);
}

/* The visitor has a name since a moment ago; before it was taken for one of those
 * without. There may be more of them, who stay as they are: then only the tab is the
 * visitor's. */
static void take_name(struct visit *v, const struct hit *h)
{
    struct site *s = v->site;
    struct presence *p = &s->presence;
    const struct visitor *known = visitors_get(&s->visitors, v->visitor);
    bool is_known = known && !visitor_is_stale(known, s->now, s->window);
    size_t before = p->tabs.n;
    bool was, had;

    if (!is_known && presence_is_alone(p, v->previous))
        return; /* it is the only one, and is renamed as at midnight */
    was = presence_state(p, v->visitor) != STATE_NONE;
    had = presence_state(p, v->previous) != STATE_NONE;
    presence_name(p, &s->pages, v->previous, v->visitor, h->tab);
    v->entered = !was && presence_state(p, v->visitor) != STATE_NONE;
    if (had && presence_state(p, v->previous) == STATE_NONE)
        visit_left(v->store, s, v->previous);
    v->previous = 0;
    store_tabs(v->store, s, before);
}

static void count_visitor(struct visit *v, bool is_seen, struct fold_counts *counts)
{
    if (!is_seen || v->moves != v->site->visitors.moves)
        visit_look_up(v);
    if (!is_seen) {
        visit_rename(v);
    } else if (!visit_count(v)) {
        visit_cap(v->site);
        counts->capped_visitors++;
    }
}

void effect_take(struct visit *v, const struct hit *h, struct fold_counts *counts)
{
    struct site *s = v->site;

    s->touched = s->now;
    if (s->heard < v->at)
        s->heard = v->at;
    count_kind(v, h, counts);
    if (h->engaged > 0 && h->kind != HIT_QUERY)
        touch_row(v)->engaged += h->engaged;
    if (h->kind == HIT_VIEW || h->kind == HIT_HEARTBEAT)
        pages_title(&s->pages, v->page, h->name);
    v->entered = false;
    if (h->marks & HIT_NAMED && v->previous && (effect_is_sign(h) || effect_is_seen(h)))
        take_name(v, h);
    if (h->marks & HIT_HELD && effect_is_sign(h))
        stand_alone(v, h);
    if (effect_is_sign(h))
        count_tab(v, h, counts);
    else if (v->previous && effect_is_seen(h))
        rename_tabs(v);
    if (effect_is_seen(h) || (effect_is_sign(h) && v->previous))
        count_visitor(v, effect_is_seen(h), counts);
    if (s->dirty || s->totals.dirty || s->pages.titles_dirty)
        store_mark_dirty(v->store, s);
}
