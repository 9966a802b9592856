/* visit: one hit moves its visitor from row to row and from page to page.
 *
 * In a lazy store each change that a reader of the minute log could not guess is logged:
 * a minute that is new to the visitor, another page in its latest minute, that it is
 * present again, that it left, a renaming. The
 * pair that tells of a renaming goes into the site's newest minute, so that a reader, who
 * comes from there, has met it before anything that was logged under the old id. */
#include "visit.h"

#include <assert.h>

static void mark(struct site *s, minute_t m)
{
    s->dirty |= UINT64_C(1) << slot_of(s, m);
}

/* The visitor stands in the row of minute @m and on @page, or (@by = -1) no more. */
static void stand(struct site *s, minute_t m, uint16_t page, int by)
{
    unsigned slot = slot_of(s, m);

    s->row[slot].last += (uint32_t)by;
    mark(s, m);
    pages_stand(&s->pages, page, slot, by);
}

/* A visitor of that minute goes from one page to another. */
static void change_page(struct site *s, minute_t m, uint16_t from, uint16_t to)
{
    unsigned slot = slot_of(s, m);

    mark(s, m);
    pages_stand(&s->pages, from, slot, -1);
    pages_stand(&s->pages, to, slot, 1);
}

static bool is_stale(const struct site *s, const struct visitor *v)
{
    return visitor_is_stale(v, s->now, s->window);
}

/* ---- the minute log ------------------------------------------------------ */

/* A log that is to be written anew needs no records before that has begun. */
static bool is_logged(const struct store *st, const struct site *s)
{
    return st->lazy && !s->log.rewrite;
}

/* Whether @n records more may wait; if not, the site's log is given up. */
static bool has_room(struct store *st, struct site *s, size_t n)
{
    if (st->log_waits + n <= LOG_PENDING_MAX)
        return true;
    st->log_waits -= s->log.n;
    log_overflow(&s->log);
    s->full = true;
    return false;
}

/* Logs one record; false when it is not to be, or the site's log was given up. */
static bool note(struct store *st, struct site *s, minute_t m, enum log_kind kind,
                 uint64_t visitor, uint16_t page, uint8_t state)
{
    size_t before = s->log.n;

    if (!is_logged(st, s) || !has_room(st, s, 1))
        return false;
    mark(s, m); /* its row says how many records there are */
    if (log_add(&s->log, slot_of(s, m), kind, visitor, page, state)) {
        st->log_waits++;
        return true;
    }
    st->log_waits -= before;
    s->full = true;
    return false;
}

/* Logs a renaming: both records or none. */
static void note_pair(struct store *st, struct site *s, uint64_t visitor, uint64_t old)
{
    if (has_room(st, s, 2) && note(st, s, s->now, LOG_RENAMED, visitor, PAGE_NONE, 0))
        note(st, s, s->now, LOG_OLD, old, PAGE_NONE, 0);
}

static void note_seen(const struct visit *v, const struct visitor *who, minute_t m)
{
    struct site *s = v->site;

    if (!is_logged(v->store, s))
        return;
    if ((uint16_t)m == who->last)
        note(v->store, s, m, LOG_SEEN, who->id, who->page,
             presence_state(&s->presence, who->id));
    else
        note(v->store, s, m, LOG_SEEN, who->id, PAGE_NONE, 0);
}

/* The visitor of the visit was @old. A rewrite of the log that is under way goes by id,
 * and may be past the one and before the other: so it is told every minute. @all: its
 * last minute has to be told in any case. */
static void note_renamed(const struct visit *v, const struct visitor *who, uint64_t old,
                         bool all)
{
    struct site *s = v->site;
    minute_t last = visitor_minute(s, who);
    bool rewriting = s->committing && s->full_sent;

    if (!is_logged(v->store, s))
        return;
    note_pair(v->store, s, who->id, old);
    for (unsigned i = 0; (all || rewriting) && i < (rewriting ? s->window : 1); i++)
        if (site_covers(s, last - i) && who->seen >> i & 1)
            note_seen(v, who, last - i);
}

/* Whether it is by now, under the id of today: the old one's records do not say so. */
static bool is_present(const struct visit *v)
{
    return presence_state(&v->site->presence, v->visitor) != STATE_NONE;
}

/* ---- who it is ------------------------------------------------------------ */

/* Takes a stale visitor out. */
static void forget(const struct visit *v, uint64_t id)
{
    v->site->stale--;
    visitors_remove(&v->site->visitors, id);
    v->store->visitors--;
}

/* The visitor @old has the id of today from now on, under which nobody is known. */
static struct visitor *rename(const struct visit *v, struct visitor *old)
{
    struct visitors *t = &v->site->visitors;
    struct visitor kept = *old, *renamed;

    visitors_remove(t, v->previous);
    renamed = visitors_put(t, v->visitor);
    assert(renamed); /* there is room: one was just removed */
    kept.id = v->visitor;
    *renamed = kept;
    if (!is_stale(v->site, renamed))
        note_renamed(v, renamed, v->previous, is_present(v));
    return renamed;
}

/* Nobody is seen twice in a minute: takes back the minutes that @twice counts, bit 0
 * being minute @last. */
static void take_back(struct site *s, minute_t last, uint64_t twice)
{
    for (unsigned i = 0; twice; i++, twice >>= 1) {
        if (!(twice & 1) || !site_covers(s, last - i))
            continue;
        s->row[slot_of(s, last - i)].uniques--;
        mark(s, last - i);
    }
}

/* The visitor is known under both ids, because a hit under yesterday's came after the
 * renaming: the two become one. */
static struct visitor *merge(const struct visit *v, const struct visitor *known,
                             const struct visitor *old)
{
    struct site *s = v->site;
    struct visitor a = *known, b = *old, *merged;
    minute_t a_last = visitor_minute(s, &a), b_last = visitor_minute(s, &b);

    if (b_last >= a_last) { /* of one minute @old is the later: it came behind */
        struct visitor swap = a;

        a = b, b = swap;
        a_last = b_last;
        if (a.page == PAGE_NONE) {
            change_page(s, a_last, a.page, b.page);
            a.page = b.page;
        }
    }
    b.seen <<= (uint16_t)(a.last - b.last);
    stand(s, visitor_minute(s, &b), b.page, -1);
    take_back(s, a_last, a.seen & b.seen);
    a.seen |= b.seen;
    a.id = v->visitor;
    visitors_remove(&s->visitors, v->previous);
    v->store->visitors--;
    merged = visitors_get(&s->visitors, v->visitor);
    *merged = a;
    note_renamed(v, merged, v->previous, true);
    return merged;
}

/* The visitor under the id of today, or known under yesterday's and renamed; NULL if new.
 */
static struct visitor *find(const struct visit *v)
{
    struct visitors *t = &v->site->visitors;
    struct visitor *known = v->known, *old = NULL;

    if (v->previous && v->previous != v->visitor)
        old = visitors_get(t, v->previous);
    if (!old)
        return known;
    if (known && is_stale(v->site, old)) {
        forget(v, v->previous);
        return visitors_get(t, v->visitor);
    }
    if (known && is_stale(v->site, known)) {
        forget(v, v->visitor);
        known = NULL;
        old = visitors_get(t, v->previous);
    }
    return known ? merge(v, known, old) : rename(v, old);
}

/* ---- where it stands ------------------------------------------------------ */

static bool is_full(const struct visit *v)
{
    return v->site->visitors.n >= SITE_VISITORS_MAX || v->store->visitors >= VISITORS_MAX;
}

/* Room for one visitor more, NULL at the bounds. */
static struct visitor *admit(const struct visit *v)
{
    struct visitor *who;

    if (is_full(v))
        visit_drop_stale(v->store, v->site);
    if (is_full(v))
        return NULL;
    who = visitors_put(&v->site->visitors, v->visitor);
    if (who)
        v->store->visitors++;
    return who;
}

/* A visitor of whom the window knows nothing. */
static bool begin(const struct visit *v, struct visitor *who)
{
    struct site *s = v->site;

    if (who)
        s->stale--;
    else if (!(who = admit(v)))
        return false;
    who->seen = 1;
    who->last = (uint16_t)v->minute;
    who->page = v->page;
    stand(s, v->minute, v->page, 1);
    s->row[slot_of(s, v->minute)].uniques++;
    s->news.visitors++;
    totals_visit(&s->totals, v->at);
    note_seen(v, who, v->minute);
    return true;
}

/* A visitor who was seen before, later than this minute, in it, or earlier. Returns
 * whether where it stands is another place, which is logged. */
static bool again(const struct visit *v, struct visitor *who)
{
    struct site *s = v->site;
    minute_t m = v->minute, last = visitor_minute(s, who);
    int32_t ahead = (int32_t)(m - last);
    uint16_t page = v->page == PAGE_NONE ? who->page : v->page;

    if (ahead == 0) {
        if (page == who->page)
            return false;
        change_page(s, m, who->page, page);
        who->page = page;
    } else if (ahead > 0) {
        stand(s, last, who->page, -1);
        stand(s, m, page, 1);
        who->seen <<= ahead; /* by less than 64: both are in the window */
        who->last = (uint16_t)m;
        who->page = page;
    }
    if (ahead != 0) {
        uint64_t bit = ahead < 0 ? UINT64_C(1) << -ahead : 1;

        if (who->seen & bit)
            return false;
        who->seen |= bit;
        s->row[slot_of(s, m)].uniques++;
        mark(s, m);
    }
    note_seen(v, who, m);
    return ahead >= 0;
}

bool visit_count(const struct visit *v)
{
    struct visitor *who = find(v);

    if (!who || is_stale(v->site, who))
        return begin(v, who);
    if (!again(v, who) && v->entered)
        note_seen(v, who, visitor_minute(v->site, who));
    return true;
}

void visit_rename(const struct visit *v)
{
    find(v);
}

void visit_left(struct store *st, struct site *s, uint64_t visitor)
{
    note(st, s, s->now, LOG_LEFT, visitor, PAGE_NONE, 0);
}

void visit_drop_stale(struct store *st, struct site *s)
{
    if (s->stale == 0)
        return;
    st->visitors -= visitors_drop_stale(&s->visitors, s->now, s->window);
    s->stale = 0;
}
