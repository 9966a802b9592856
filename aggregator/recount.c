/* recount: read from its end, the first record of a visitor tells its latest minute and
 * page, each further one a minute more, and a renaming is met before everything under the
 * old id that it is of; which of what follows that is, the records say.
 *
 * Whoever was present in the running minute or the one before, and did not say goodbye
 * since, is taken to be so still, until its next heartbeat would be overdue. */
#include "recount.h"

#include "visit.h"

#define PREFETCH 8 /* records ahead */

#define PRESENT_MINUTES 2 /* that tell who is there; an open page is heard of in each */

/* A hidden page beats once a minute, give or take 10 %, ms. */
#define WARMING_HIDDEN_MS 66000

/* Whose the record is by now. */
static uint64_t present_id(const struct load *l, const struct log_record *r)
{
    return renamings_resolve(&l->renamed, r->visitor, r->renamings);
}

static void on_renamed(struct load *l, const struct log_record *r)
{
    if (r->visitor == 0 || l->old == 0 || r->visitor == l->old ||
        !renamings_add(&l->renamed, l->old, present_id(l, r), r->renamings))
        l->doubtful = true;
}

/* The visitor was present when it was last seen, in the minute that @l is at. */
static void seed(struct load *l, uint64_t id, uint16_t page, uint8_t state)
{
    ms_t until = l->now + (state == STATE_BACKGROUND ? WARMING_HIDDEN_MS : WARMING_MS);
    struct site *s = l->site;

    if (state == STATE_NONE || state >= HIT_STATES || l->age >= PRESENT_MINUTES ||
        visitors_get(&l->gone, id))
        return;
    if (!presence_seed(&s->presence, &s->pages, id, page, state, l->now, until))
        visit_cap(s);
}

/* Nothing was heard of the visitor since, or it came back. */
static void on_left(struct load *l, const struct log_record *r)
{
    uint64_t id = present_id(l, r);

    if (l->age < PRESENT_MINUTES && l->gone.n < SITE_VISITORS_MAX &&
        !visitors_get(&l->site->visitors, id) && !visitors_get(&l->gone, id))
        visitors_put(&l->gone, id);
}

/* A visitor who was not met before: this is its latest minute. */
static void stand(struct load *l, uint64_t id, uint16_t page, uint8_t state)
{
    struct site *s = l->site;
    minute_t m = load_minute(l, l->age);
    unsigned slot = slot_of(s, m);
    struct page *p = pages_get(&s->pages, page);
    struct visitor *v = NULL;

    if (s->visitors.n < SITE_VISITORS_MAX && l->store->visitors < VISITORS_MAX)
        v = visitors_put(&s->visitors, id);
    if (!v) {
        visit_cap(s);
        return;
    }
    l->store->visitors++;
    v->seen = 1;
    v->last = (uint16_t)m;
    v->page = p ? page : PAGE_NONE;
    s->row[slot].last++;
    s->row[slot].uniques++;
    l->doubtful |= !p && page != PAGE_NONE;
    seed(l, id, v->page, state);
    if (p)
        standing_add(&s->pages.standing, s->pages.place[page], slot, 1);
}

static void on_seen(struct load *l, const struct log_record *r)
{
    uint64_t id = present_id(l, r);
    struct site *s = l->site;
    minute_t m = load_minute(l, l->age);
    struct visitor *v;
    unsigned ago;

    v = visitors_get(&s->visitors, id);
    if (!v) {
        stand(l, id, r->page, r->state);
        return;
    }
    ago = visitor_minute(s, v) - m;
    if (v->seen >> ago & 1)
        return;
    v->seen |= UINT64_C(1) << ago;
    s->row[slot_of(s, m)].uniques++;
}

static void on_record(struct load *l, const struct log_record *r)
{
    if (l->old && r->kind != LOG_RENAMED) { /* half a pair */
        l->old = 0;
        l->doubtful = true;
    }
    if (!l->met || log_is_later(r->renamings, l->site->log.renamings))
        l->site->log.renamings = r->renamings;
    l->met = true;
    if (r->kind == LOG_OLD) {
        l->old = r->visitor;
    } else if (r->kind == LOG_RENAMED) {
        on_renamed(l, r);
        l->old = 0;
    } else if (r->visitor == 0) {
        l->doubtful |= r->kind == LOG_SEEN || r->kind == LOG_LEFT;
    } else if (r->kind == LOG_SEEN) {
        on_seen(l, r);
    } else if (r->kind == LOG_LEFT) {
        on_left(l, r);
    }
}

static struct log_record record_at(struct slice log, size_t i)
{
    return log_decode((const uint8_t *)log.p + i * LOG_RECORD_BYTES);
}

void recount(struct load *l, struct slice log, uint32_t n)
{
    size_t found = log.n / LOG_RECORD_BYTES;

    l->doubtful |= log.n != (size_t)n * LOG_RECORD_BYTES;
    if (found > n)
        found = n;
    while (found-- > 0) {
        struct log_record r = record_at(log, found);

        if (found >= PREFETCH)
            visitors_prefetch(&l->site->visitors,
                              record_at(log, found - PREFETCH).visitor);
        on_record(l, &r);
    }
}
