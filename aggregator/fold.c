/* fold: takes the hits of a datagram into the store, in three passes.
 *
 * The first finds each hit's site and asks for the visitor's memory, the second finds the
 * pages and asks for theirs, the third counts: so the cache lines of a whole datagram
 * arrive together instead of one after the other. A visitor is counted
 * in the row of the latest minute it was seen in, so one more hit moves it from that row
 * to this one, and the sum over any window stays the number of distinct visitors. */
#include "fold.h"

#include <assert.h>

#define TURN_MS 10000    /* the sites turn their minute spread over this time */
#define TURN_STEP_MS 100 /* and are looked at so often meanwhile */
#define STALE_PART 8     /* a table is swept when one visitor in eight is stale, */
#define STALE_MINUTES 60 /* and each hour: nobody is remembered for longer */
#define TURN_SITES                                                                   \
    256              /* at most so many sites a call, that a late one does not stall \
                      */
#define PATH_MEMO 32 /* paths of one datagram whose hash is remembered */

/* One datagram being folded. */
struct fold {
    struct store *st;
    ms_t now;
    mono_t sent;
    struct fold_counts *counts;
    struct site *site; /* of the hit before: most datagrams are of one */
    bool moved;        /* visitors were put or removed since the second pass */
    struct {
        struct slice path;
        uint64_t hash;
    } memo[PATH_MEMO]; /* repeated paths of a datagram are the same bytes */
};

/* One hit that makes its visitor seen. */
struct seen {
    struct site *site;
    ms_t at;
    minute_t minute;
    uint64_t path;           /* its hash */
    struct visitor *visitor; /* as the second pass found it; true until f->moved */
    uint16_t page;
};

static void turn_minute(struct store *st, ms_t now)
{
    if (minute_of(now) <= st->now)
        return;
    st->now = minute_of(now);
    st->turn = st->turn_of = st->nsites;
}

static void drop_stale(struct store *st, struct site *s)
{
    if (s->stale == 0)
        return;
    st->visitors -= visitors_drop_stale(&s->visitors, s->now, s->window);
    s->stale = 0;
}

static void mark(struct site *s, minute_t m)
{
    s->dirty |= UINT64_C(1) << slot_of(s, m);
}

/* The visitor stands in the row of minute @m and on @page, or (@by = -1) no more. */
static void stand(struct site *s, minute_t m, uint16_t page, int by)
{
    unsigned slot = slot_of(s, m);
    struct page *p = pages_get(&s->pages, page);

    s->row[slot].last += (uint32_t)by;
    mark(s, m);
    if (!p)
        return;
    p->at[slot] += (uint32_t)by;
    p->visitors += (uint32_t)by;
    p->dirty |= UINT64_C(1) << slot;
}

static void cap(struct site *s)
{
    s->capped = true;
    s->capped_at = s->now;
}

static uint64_t path_hash(struct fold *f, const struct site *s, struct slice path)
{
    size_t i = (uintptr_t)path.p % PATH_MEMO;

    if (f->memo[i].path.p != path.p || f->memo[i].path.n != path.n) {
        f->memo[i].path = path;
        f->memo[i].hash = pages_hash(&s->pages, path);
    }
    return f->memo[i].hash;
}

/* The page of a hit; PAGE_NONE when it names none. */
static uint16_t page_of(struct fold *f, struct site *s, uint64_t hash, struct slice path)
{
    bool capped = false;
    uint16_t id;

    if (path.n == 0)
        return PAGE_NONE;
    id = pages_id(&s->pages, hash, path, &capped);
    if (capped) {
        cap(s);
        f->counts->capped_pages++;
    }
    return id;
}

/* Takes the visitor out, who is counted under another id. */
static void forget(struct fold *f, struct site *s, const struct visitor *v)
{
    if (visitor_is_stale(v, s->now, s->window))
        s->stale--;
    else
        stand(s, s->now - (uint16_t)((uint16_t)s->now - v->last), v->page, -1);
    visitors_remove(&s->visitors, v->id);
    f->st->visitors--;
    f->moved = true;
}

/* The visitor under the id of today, or known under yesterday's and renamed; NULL if new.
 * Known under both, because a hit under yesterday's came after the renaming, only today's
 * stays. */
static struct visitor *find(struct fold *f, const struct seen *seen, const struct hit *h)
{
    struct visitors *t = &seen->site->visitors;
    struct visitor *v = f->moved ? visitors_get(t, h->visitor) : seen->visitor;
    struct visitor *old = h->previous ? visitors_get(t, h->previous) : NULL, kept;

    if (!old)
        return v;
    if (v) {
        forget(f, seen->site, old);
        return visitors_get(t, h->visitor);
    }
    kept = *old;
    kept.id = h->visitor;
    visitors_remove(t, h->previous);
    f->moved = true;
    v = visitors_put(t, h->visitor);
    assert(v); /* there is room: one was just removed */
    *v = kept;
    return v;
}

/* Room for one visitor more, NULL at the bounds. */
static struct visitor *admit(struct fold *f, struct site *s, uint64_t id)
{
    struct visitor *v;

    f->moved = true;
    if (s->visitors.n >= SITE_VISITORS_MAX || f->st->visitors >= VISITORS_MAX)
        drop_stale(f->st, s);
    if (s->visitors.n >= SITE_VISITORS_MAX || f->st->visitors >= VISITORS_MAX)
        return NULL;
    v = visitors_put(&s->visitors, id);
    if (v)
        f->st->visitors++;
    return v;
}

/* A visitor of whom the window knows nothing. */
static void begin(struct fold *f, struct site *s, struct visitor *v, const struct hit *h,
                  minute_t m, uint16_t page)
{
    if (v)
        s->stale--;
    else if (!(v = admit(f, s, h->visitor))) {
        cap(s);
        f->counts->capped_visitors++;
        return;
    }
    v->seen = 1;
    v->last = (uint16_t)m;
    v->page = page;
    stand(s, m, page, 1);
    s->row[slot_of(s, m)].uniques++;
    s->news.visitors++;
}

/* A visitor who was seen before, later than minute @m, in it, or earlier. */
static void again(struct site *s, struct visitor *v, minute_t m, uint16_t page)
{
    int16_t ahead = (int16_t)((uint16_t)m - v->last);
    minute_t last = m - (minute_t)ahead;

    if (page == PAGE_NONE)
        page = v->page;
    if (ahead > 0) {
        v->seen = ahead < 64 ? v->seen << ahead | 1 : 1;
        stand(s, last, v->page, -1);
        stand(s, m, page, 1);
        s->row[slot_of(s, m)].uniques++;
        v->last = (uint16_t)m;
        v->page = page;
    } else if (ahead < 0) {
        uint64_t bit = UINT64_C(1) << -ahead;

        if (v->seen & bit)
            return;
        v->seen |= bit;
        s->row[slot_of(s, m)].uniques++;
        mark(s, m);
    } else if (page != v->page) {
        stand(s, m, v->page, -1);
        stand(s, m, page, 1);
        v->page = page;
    }
}

static void count_kind(struct fold *f, struct site *s, const struct hit *h, minute_t m,
                       ms_t at)
{
    struct site_row *row = &s->row[slot_of(s, m)];

    switch (h->kind) {
    case HIT_VIEW:
        row->views++;
        s->news.views++;
        f->counts->views++;
        break;
    case HIT_EVENT:
        row->events++;
        s->news.events++;
        f->counts->events++;
        break;
    default:
        f->counts->heartbeats++;
        return;
    }
    mark(s, m);
    recent_add(&s->recent, h->kind, at, h->path, h->name);
}

/* The site of a hit that makes its visitor seen; NULL if it makes nobody seen, is too
 * late, or the site is refused. */
static struct site *site_of(struct fold *f, const struct hit *h, minute_t m)
{
    struct site *s;

    if (h->kind >= HIT_KINDS) {
        f->counts->unknown_kind++;
        return NULL;
    }
    if (h->kind == HIT_LEAVE) {
        f->counts->leaves++;
        return NULL;
    }
    if (f->st->now - m >= f->st->window) {
        f->counts->late++;
        return NULL;
    }
    if (f->site && slice_eq(h->site, site_id(f->site)))
        return f->site;
    s = store_site(f->st, h->site);
    if (!s)
        f->counts->capped_sites++;
    else
        site_advance(s, f->st->now);
    f->site = s;
    return s;
}

static void place(struct fold *f, struct seen *seen, const struct hit *h)
{
    ms_t age = f->sent - h->at; /* both within the reach of body.h: no overflow */

    seen->at = age < 0 ? f->now : age > f->now ? 0 : f->now - age;
    seen->minute = minute_of(seen->at);
    if (seen->minute > f->st->now)
        seen->minute = f->st->now;
    seen->site = site_of(f, h, seen->minute);
    if (!seen->site)
        return;
    visitors_prefetch(&seen->site->visitors, h->visitor);
    if (h->path.n > 0) {
        seen->path = path_hash(f, seen->site, h->path);
        pages_prefetch(&seen->site->pages, seen->path);
    }
}

static void prefetch_page(const struct site *s, uint16_t id, minute_t m)
{
    const struct page *p = pages_get(&s->pages, id);

    if (!p)
        return;
    __builtin_prefetch(p, 1);
    __builtin_prefetch(&p->at[slot_of(s, m)], 1);
}

static void find_pages(struct fold *f, struct seen *seen, const struct hit *h)
{
    struct site *s = seen->site;
    struct visitor *v = visitors_get(&s->visitors, h->visitor);

    seen->visitor = v;
    seen->page = page_of(f, s, seen->path, h->path);
    prefetch_page(s, seen->page, seen->minute);
    if (v && v->page != seen->page)
        prefetch_page(s, v->page, s->now - (uint16_t)((uint16_t)s->now - v->last));
}

static void count(struct fold *f, const struct seen *seen, const struct hit *h)
{
    struct site *s = seen->site;
    struct visitor *v;

    s->touched = s->now;
    count_kind(f, s, h, seen->minute, seen->at);
    v = find(f, seen, h);
    if (v && !visitor_is_stale(v, s->now, s->window))
        again(s, v, seen->minute, seen->page);
    else
        begin(f, s, v, h, seen->minute, seen->page);
    if (s->dirty)
        store_mark_dirty(f->st, s);
}

void fold_hits(struct store *st, const struct hit *hits, size_t n, mono_t sent, ms_t now,
               struct fold_counts *counts)
{
    struct fold f = {.st = st, .now = now, .sent = sent, .counts = counts};
    struct seen seen[DATAGRAM_HITS_MAX];

    assert(n <= DATAGRAM_HITS_MAX);
    turn_minute(st, now);
    for (size_t i = 0; i < n; i++)
        place(&f, &seen[i], &hits[i]);
    for (size_t i = 0; i < n; i++)
        if (seen[i].site)
            find_pages(&f, &seen[i], &hits[i]);
    for (size_t i = 0; i < n; i++)
        if (seen[i].site)
            count(&f, &seen[i], &hits[i]);
}

/* Brings one site into the new minute and tidies it; it may be gone afterwards. */
static void turn_site(struct store *st, struct site *s)
{
    if (site_advance(s, st->now)) {
        s->tick = true;
        store_mark_dirty(st, s);
    }
    if (s->stale * STALE_PART > s->visitors.n ||
        (st->now + s->order) % STALE_MINUTES == 0)
        drop_stale(st, s);
    pages_drop_empty(&s->pages);
    if (site_is_empty(s))
        store_drop(st, s);
}

ms_t fold_tick(struct store *st, ms_t now)
{
    ms_t since;
    size_t keep;

    turn_minute(st, now);
    since = now - minute_start(st->now);
    keep = since >= TURN_MS || since < 0
               ? 0
               : st->turn_of * (size_t)(TURN_MS - since) / TURN_MS;
    /* Downwards: a site that is dropped is replaced by one already turned. */
    for (int n = 0; st->turn > keep && n < TURN_SITES; n++)
        turn_site(st, st->site[--st->turn]);
    if (st->turn > keep)
        return now + 1;
    return st->turn ? now + TURN_STEP_MS : minute_start(st->now + 1);
}
