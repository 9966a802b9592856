/* restore: rows, totals, marks, the record, the feed and page ids are taken as they are;
 * whatever does not fit makes the load doubtful, and the site will be written anew. */
#include "restore.h"

#include "visit.h"

void restore_pages(struct load *l, const struct claim *c)
{
    struct claim_reader r = c->pages;

    for (size_t i = 0; i < c->npages; i++) {
        struct slice id, path;
        struct page *page;
        uint64_t v;

        if (!claim_text(&r, &id) || !claim_text(&r, &path) ||
            !claim_number(id, PAGE_NONE, &v) ||
            !pages_restore(&l->site->pages, (uint16_t)v, path) ||
            !(page = pages_get(&l->site->pages, (uint16_t)v)))
            l->doubtful = true;
        else
            page->named = true;
    }
}

void restore_goals(struct load *l, const struct claim *c)
{
    struct claim_reader r = c->goals;
    struct slice field, value;

    for (size_t i = 0; i < c->ngoals && claim_text(&r, &field) && claim_text(&r, &value);
         i++)
        if (slice_eq(field, SLICE("v")))
            goals_begin(&l->site->goals, value);
        else
            l->goals_bad += !goals_add(&l->site->goals, field, value) &&
                            !alerts_add(&l->site->alerts, field, value);
}

void restore_alerts(struct load *l, const struct claim *c)
{
    struct claim_reader r = c->alerts;
    struct slice name, state;

    for (size_t i = 0; i < c->nalerts && claim_text(&r, &name) && claim_text(&r, &state);
         i++)
        alerts_restore(&l->site->alerts, name, state);
}

void restore_titles(struct load *l, const struct claim *c)
{
    struct claim_reader r = c->titles;
    struct slice path, title;

    for (size_t i = 0; i < c->ntitles; i++)
        if (claim_text(&r, &path) && claim_text(&r, &title))
            pages_restore_title(&l->site->pages, path, title);
}

/* The events of the reply by their place in the ring; the newest where two claim one. */
struct feed {
    uint64_t id[RECENT_MAX];
    struct slice json[RECENT_MAX];
    uint64_t last;
};

static void sort_feed(struct load *l, const struct claim *c, struct feed *f)
{
    ms_t over = minute_start(l->site->now + 1), at;
    struct claim_reader r = c->feed;

    for (size_t i = 0; i < c->nfeed; i++) {
        struct slice json;
        uint64_t id;

        if (!claim_text(&r, &json) || !recent_event_check(json, &id, &at) || at >= over ||
            id > EPOCH_MAX || id <= f->id[id % RECENT_MAX]) {
            l->doubtful = true;
            continue;
        }
        f->id[id % RECENT_MAX] = id;
        f->json[id % RECENT_MAX] = json;
        if (id > f->last)
            f->last = id;
    }
}

/* The newest run of events without a gap. */
void restore_feed(struct load *l, const struct claim *c)
{
    struct recent *recent = &l->site->recent;
    uint64_t id, last = recent->last; /* as the totals have it */
    struct feed f = {.last = 0};
    struct buf text;

    if (last < c->last_event)
        last = c->last_event;
    sort_feed(l, c, &f);
    l->doubtful |= c->nfeed > 0 && f.last != last;
    id = f.last;
    while (id > 1 && f.last - id + 1 < RECENT_MAX &&
           f.id[(id - 1) % RECENT_MAX] == id - 1)
        id--;
    if (f.last == 0 || f.last < last) {
        recent_restore(recent, last);
        return;
    }
    recent_restore(recent, id - 1);
    buf_init(&text, RECENT_TEXT_MAX);
    for (; id <= f.last; id++) {
        struct recent_event e;

        if (recent_event_parse(f.json[id % RECENT_MAX], &e, &text))
            recent_add(recent, &e);
        if (recent->last == id)
            continue;
        recent_restore(recent, id); /* what came before would be told wrong ids */
        l->doubtful = true;
    }
    buf_fini(&text);
}

/* One field of a row that is no count of it. */
static bool restore_trait(struct site *s, unsigned slot, struct slice name,
                          struct slice value)
{
    enum trait_kind kind;
    struct slice what;
    uint64_t views;

    if (slice_eq(name, SLICE("qh")))
        return queries_restore(&s->queries, slot, value);
    if (!trait_field(name, &kind, &what))
        return true;
    return claim_number(value, UINT32_MAX, &views) &&
           traits_restore(&s->traits, kind, what, slot, (uint32_t)views);
}

static void restore_traits(struct load *l, const struct claim_row *row, unsigned slot)
{
    struct claim_reader r = row->traits;
    struct slice name, value;

    for (size_t i = 0; i < row->ntraits; i++)
        if (claim_text(&r, &name) && claim_text(&r, &value))
            l->doubtful |= !restore_trait(l->site, slot, name, value);
}

void restore_row(struct load *l, const struct claim_row *row)
{
    struct site *s = l->site;
    unsigned age = s->now - row->minute, slot = slot_of(s, row->minute);

    l->doubtful |= !row->readable;
    if (!site_covers(s, row->minute)) { /* ahead of us, and given up */
        l->doubtful = true;
        return;
    }
    l->row[age] = (struct minute_count){(uint32_t)row->uniques, (uint32_t)row->last,
                                        (uint32_t)row->n};
    s->row[slot].engaged = row->engaged;
    s->row[slot].views = (uint32_t)row->views;
    s->row[slot].events = (uint32_t)row->events;
    s->row[slot].uniques = (uint32_t)row->uniques;
    s->row[slot].last = (uint32_t)row->last;
    s->log.written[slot] = s->log.taken[slot] = (uint32_t)row->n;
    restore_traits(l, row, slot);
}

void restore_record(struct load *l, const struct claim *c)
{
    struct store *st = l->store;
    struct site *s = l->site;

    if (s->commit < c->commit)
        s->commit = c->commit;
    if (s->message < c->message)
        s->message = c->message;
    if (s->message < s->commit)
        s->message = s->commit;
    if (st->number < s->commit)
        st->number = s->commit;
    s->commit_floor = c->commit;
    s->heard = (ms_t)c->time;
    if (c->capped)
        visit_cap(s);
    l->doubtful |= c->window != s->window; /* expiries went by it */
    s->full |= c->cut;
    if (marks_read(&s->marks, c->marks, s->now) < 0)
        l->doubtful = true;
}

void restore_totals(struct load *l, const struct claim *c)
{
    const struct claim_totals *t = &c->totals;
    struct site *s = l->site;

    s->totals = (struct totals){
        .total = {t->views, t->visits, t->joins, t->counted, (ms_t)t->since},
        .peaks = {t->day_peak, t->peak, (ms_t)t->day_peak_at, (ms_t)t->peak_at},
        .day = (int64_t)t->day,
        .life = (ms_t)t->life,
    };
    recent_restore(&s->recent, t->last_event);
}
