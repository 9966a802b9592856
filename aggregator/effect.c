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

static void feed(const struct visit *v, const struct hit *h)
{
    struct site *s = v->site;

    totals_begin_feed(&s->totals, v->store->clock);
    recent_add(&s->recent, h->kind, v->at, h->path, h->name);
}

static void count_kind(const struct visit *v, const struct hit *h,
                       struct fold_counts *counts)
{
    struct site *s = v->site;

    switch (h->kind) {
    case HIT_VIEW:
        touch_row(v)->views++;
        s->news.views++;
        totals_view(&s->totals, v->at);
        feed(v, h);
        counts->views++;
        break;
    case HIT_EVENT:
        touch_row(v)->events++;
        s->news.events++;
        feed(v, h);
        counts->events++;
        break;
    case HIT_MESSAGE:
        touch_row(v); /* so that a commit takes the feed */
        feed(v, h);
        counts->messages++;
        break;
    case HIT_RESET:
        totals_reset(&s->totals, v->at);
        counts->resets++;
        break;
    case HIT_LEAVE:
        counts->leaves++;
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
    struct sign sign = {.visitor = h->visitor,
                        .previous = h->previous,
                        .tab = h->tab,
                        .at = v->at,
                        .page = v->page,
                        .state = h->state,
                        .leave = h->kind == HIT_LEAVE};
    enum presence_verdict what = presence_take(
        &s->presence, &s->pages, &sign, v->store->clock, store_tabs_room(v->store, s));

    v->entered = what == PRESENCE_ENTERED;
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

static void count_visitor(struct visit *v, bool is_seen, struct fold_counts *counts,
                          bool *moved)
{
    struct site *s = v->site;

    if (*moved || !is_seen)
        v->known = visitors_get(&s->visitors, v->visitor);
    if (!is_seen) {
        visit_rename(v, moved);
    } else if (!visit_count(v, moved)) {
        visit_cap(s);
        counts->capped_visitors++;
    }
}

void effect_take(struct visit *v, const struct hit *h, struct fold_counts *counts,
                 bool *moved)
{
    struct site *s = v->site;

    s->touched = s->now;
    count_kind(v, h, counts);
    if (h->engaged > 0)
        touch_row(v)->engaged += h->engaged;
    v->entered = false;
    if (effect_is_sign(h))
        count_tab(v, h, counts);
    else if (h->previous && effect_is_seen(h))
        rename_tabs(v);
    if (effect_is_seen(h) || (effect_is_sign(h) && h->previous))
        count_visitor(v, effect_is_seen(h), counts, moved);
    if (s->dirty || s->totals.dirty)
        store_mark_dirty(v->store, s);
}
