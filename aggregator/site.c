/* site: rows of minutes, and the windows that are sums of them. */
#include "site.h"

#include <assert.h>
#include <stdlib.h>

#include "../proto/keys.h"

static unsigned slots_for(unsigned window)
{
    unsigned slots = 1;

    while (slots < window)
        slots *= 2;
    return slots;
}

/* Everything but the id, the ring, the numbers and what is parked. */
static void empty(struct site *s)
{
    visitors_fini(&s->visitors);
    pages_fini(&s->pages);
    presence_fini(&s->presence);
    recent_fini(&s->recent);
    traits_fini(&s->traits);
    goals_fini(&s->goals);
    alerts_fini(&s->alerts);
    queries_fini(&s->queries);
    log_fini(&s->log);
    marks_fini(&s->marks);
}

/* The site, its rows, and if it is lazy two arrays of its log. */
static size_t own_bytes(unsigned slots, bool lazy)
{
    return sizeof(struct site) + slots * sizeof(struct site_row) +
           (lazy ? 2 * slots * sizeof(uint32_t) : 0);
}

struct site *site_new(struct slice id, uint64_t hash, unsigned window, minute_t now,
                      struct site_shared *shared, bool lazy)
{
    unsigned slots = slots_for(window);
    struct site *s = calloc(1, own_bytes(slots, lazy));
    uint32_t *counts;

    assert(id.n > 0 && id.n <= SITE_MAX && window > 0 && window <= WINDOW_MAX);
    if (!s)
        return NULL;
    memcpy(s->id, id.p, id.n);
    s->id_n = (uint8_t)id.n;
    s->hash = hash;
    s->window = window;
    s->slots = slots;
    s->now = s->touched = now;
    s->row = (struct site_row *)(s + 1);
    s->state = lazy ? SITE_WAITING : SITE_LIVE;
    s->full = !lazy; /* whatever an earlier process left in Redis goes */
    s->from_epoch = s->from_commit = UINT64_MAX;
    counts = lazy ? (uint32_t *)(s->row + slots) : NULL;
    visitors_init(&s->visitors);
    pages_init(&s->pages, slots, &shared->key, &shared->pages);
    presence_init(&s->presence);
    recent_init(&s->recent);
    traits_init(&s->traits, slots, &shared->key, &shared->traits);
    goals_init(&s->goals);
    alerts_init(&s->alerts);
    queries_init(&s->queries, slots);
    log_init(&s->log, counts, lazy ? counts + slots : NULL);
    marks_init(&s->marks);
    parked_init(&s->parked);
    return s;
}

void site_reset(struct site *s, minute_t now)
{
    struct site old = *s;

    assert(!s->queued && !s->committing && s->log.written);
    empty(s);
    memset(s, 0, own_bytes(old.slots, true));
    memcpy(s->id, old.id, sizeof s->id);
    s->id_n = old.id_n;
    s->hash = old.hash;
    s->window = old.window;
    s->slots = old.slots;
    s->now = s->touched = now;
    s->row = old.row;
    s->state = SITE_WAITING;
    s->from_epoch = s->from_commit = UINT64_MAX;
    s->commit = old.commit;
    s->message = old.message;
    s->failures = old.failures;
    s->order = old.order;
    s->parked = old.parked;
    visitors_init(&s->visitors);
    pages_init(&s->pages, old.slots, old.pages.key, old.pages.pool);
    presence_init(&s->presence);
    recent_init(&s->recent);
    traits_init(&s->traits, old.slots, old.traits.key, old.traits.pool);
    goals_init(&s->goals);
    alerts_init(&s->alerts);
    queries_init(&s->queries, old.slots);
    log_init(&s->log, old.log.written, old.log.taken);
    marks_init(&s->marks);
}

void site_free(struct site *s)
{
    if (!s)
        return;
    empty(s);
    parked_fini(&s->parked);
    free(s);
}

/* Empties the row of minute @m, which leaves the window. */
static bool clear_row(struct site *s, minute_t m)
{
    unsigned slot = slot_of(s, m);
    struct site_row *row = &s->row[slot];
    bool counted = row->views || row->events || row->last || row->engaged;

    s->stale += row->last;
    *row = (struct site_row){0};
    s->dirty &= ~(UINT64_C(1) << slot);
    s->inflight &= ~(UINT64_C(1) << slot);
    pages_clear_slot(&s->pages, slot);
    traits_clear_slot(&s->traits, slot);
    queries_clear_slot(&s->queries, slot);
    log_clear_slot(&s->log, slot);
    return counted;
}

bool site_advance(struct site *s, minute_t now)
{
    bool changed = false;
    minute_t steps;

    if (now <= s->now)
        return false;
    steps = now - s->now < s->window ? now - s->now : s->window;
    /* The windows that end earlier than the longest one change with every minute too. */
    changed = s->visitors.n > s->stale;
    for (minute_t i = 0; i < steps; i++)
        changed |= clear_row(s, s->now - s->window + 1 + i);
    s->now = now;
    if (s->capped && now - s->capped_at >= s->window)
        s->capped = false;
    return changed;
}

uint64_t site_visitors(const struct site *s, unsigned minutes)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < minutes; i++)
        sum += s->row[slot_of(s, s->now - i)].last;
    return sum;
}

uint64_t site_views(const struct site *s, unsigned minutes)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < minutes; i++)
        sum += s->row[slot_of(s, s->now - i)].views;
    return sum;
}

void site_alert_values(const struct site *s, uint64_t value[ALERT_WHATS])
{
    unsigned minutes = s->window < ALERT_MINUTES ? s->window : ALERT_MINUTES;

    value[ALERT_ONLINE] = online_total(&s->presence.online);
    value[ALERT_CURRENT] = site_visitors(s, minutes);
    value[ALERT_VIEWS] = site_views(s, minutes);
}

static uint64_t page_visitors(const struct site *s, const struct page *p,
                              unsigned minutes)
{
    uint64_t sum = 0;

    if (minutes == s->window)
        return pages_visitors(&s->pages, p);
    for (unsigned i = 0; i < minutes; i++)
        sum += pages_on(&s->pages, p, slot_of(s, s->now - i));
    return sum;
}

/* It is the only one that does not begin with a slash. */
static bool is_other(const struct page_count *c)
{
    return c->path.p[0] == PAGE_OTHER[0];
}

static bool before(const struct page_count *a, const struct page_count *b)
{
    if (is_other(a) || is_other(b))
        return is_other(b) && !is_other(a);
    if (a->visitors != b->visitors)
        return a->visitors > b->visitors;
    return a->online != b->online ? a->online > b->online
                                  : slice_cmp(a->path, b->path) < 0;
}

/* Whether a page with so many visitors in all of the window, at most, comes behind @last,
 * whoever is on it: nearly all of the pages of a site that has many. */
static bool is_behind(uint64_t visitors, const struct page_count *last)
{
    return visitors < last->visitors && !is_other(last);
}

size_t site_top_pages(const struct site *s, unsigned minutes, struct page_count *out,
                      size_t max)
{
    size_t n = 0;

    for (size_t k = 0; k < s->pages.n; k++) {
        const struct page *p = &s->pages.page[k];
        struct page_count c;
        size_t i;

        if ((n == max && is_behind(s->pages.standing.sum[k], &out[n - 1])) ||
            pages_visitors(&s->pages, p) + p->online == 0)
            continue;
        c = (struct page_count){page_path(p), page_visitors(s, p, minutes), p->online};
        if (c.visitors + c.online == 0 || (n == max && !before(&c, &out[n - 1])))
            continue;
        if (n < max)
            n++;
        for (i = n - 1; i > 0 && before(&c, &out[i - 1]); i--)
            out[i] = out[i - 1];
        out[i] = c;
    }
    return n;
}

bool site_is_empty(const struct site *s)
{
    minute_t silent = s->now > s->touched ? s->now - s->touched : 0;

    if (s->state != SITE_LIVE || s->visitors.n > s->stale || s->presence.tabs.n > 0 ||
        s->committing || s->totals.dirty || alerts_defined(&s->alerts) ||
        alerts_wait(&s->alerts))
        return false;
    return s->queued ? silent > s->window : silent >= s->window;
}

size_t site_bytes(const struct site *s)
{
    size_t n =
        own_bytes(s->slots, s->log.written != NULL) + visitors_bytes(&s->visitors) +
        pages_bytes(&s->pages) + presence_bytes(&s->presence) + traits_bytes(&s->traits) +
        goals_bytes(&s->goals) + alerts_bytes(&s->alerts) + queries_bytes(&s->queries);

    n += s->log.cap * sizeof(struct log_record) + s->marks.cap * sizeof(struct mark) +
         s->parked.bytes;
    return n + recent_bytes(&s->recent);
}
