/* fold: takes the hits of a datagram into the store, in three passes.
 *
 * The first finds each hit's site and asks for the visitor's memory, the second finds the
 * pages and asks for theirs, the third counts (effect.h): so the cache lines of a whole
 * datagram arrive together instead of one after the other.
 *
 * The first also parks the hits of sites that are being read back, and leaves out those
 * that were read back with their site. */
#include "fold.h"

#include <assert.h>

#include "effect.h"

#define PATH_MEMO 32 /* paths of one datagram whose hash is remembered */

/* One datagram being folded. */
struct fold {
    struct store *st;
    uint64_t stream, seq;
    ms_t now;
    mono_t sent;
    struct dating *dating;
    struct fold_counts *counts;
    struct site *site; /* of the hit before: most datagrams are of one */
    bool repeated;     /* that one has the datagram already */
    bool moved;        /* visitors were put or removed since the second pass */
    struct {
        struct slice path;
        uint64_t hash;
    } memo[PATH_MEMO]; /* repeated paths of a datagram are the same bytes */
};

/* One hit to be counted. */
struct seen {
    struct visit visit; /* known: as the second pass found it, true until f->moved */
    uint64_t path;      /* its hash */
};

/* The minute under which what happened at @at is filed. */
static minute_t minute_in(const struct store *st, ms_t at)
{
    minute_t m = minute_of(at);

    return m > st->now ? st->now : m;
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
        visit_cap(s);
        f->counts->capped_pages++;
    }
    return id;
}

/* Whether the site has the datagram by its marks; else notes that it has it now. Called
 * once per run of hits: a datagram may come back to a site, so what counts is how far the
 * site was read back, not how far it is. */
static bool has_datagram(struct fold *f, struct site *s)
{
    struct mark *m;

    if (f->stream == 0)
        return false;
    m = marks_get(&s->marks, f->stream, f->st->now, f->st->base, f->st->base_arg,
                  &f->counts->marks_evicted);
    if (!m) {
        f->counts->marks_evicted++; /* no memory: as if there were no place */
        return false;
    }
    if (f->seq <= m->loaded)
        return true;
    m->seq = f->seq;
    m->at = f->st->now;
    return false;
}

/* Makes @id the site that the following hits are for. */
static void enter_site(struct fold *f, struct slice id)
{
    if (f->site && slice_eq(id, site_id(f->site)))
        return;
    f->site = store_site(f->st, id);
    if (!f->site || f->site->state != SITE_LIVE)
        return;
    f->repeated = has_datagram(f, f->site);
    if (!f->repeated)
        site_advance(f->site, f->st->now);
}

static void park(struct fold *f, struct site *s, ms_t at, const struct hit *h)
{
    size_t before = s->parked.bytes;

    if (parked_add(&s->parked, f->stream, f->seq, at, h))
        f->counts->parked++;
    else
        f->counts->capped_sites++; /* no memory, as when a site cannot be made */
    f->st->parked += s->parked.bytes - before;
}

/* The site in whose tables the hit is to be counted now, or NULL. */
static struct site *site_of(struct fold *f, const struct seen *seen, const struct hit *h)
{
    struct site *s;

    if (h->kind >= HIT_KINDS) {
        f->counts->unknown_kind++;
        return NULL;
    }
    if (f->st->now - seen->visit.minute >= f->st->window) {
        f->counts->late++;
        return NULL;
    }
    enter_site(f, h->site);
    s = f->site;
    if (!s)
        f->counts->capped_sites++;
    else if (s->state != SITE_LIVE)
        park(f, s, seen->visit.at, h);
    else if (f->repeated)
        f->counts->repeated++;
    else if (!site_covers(s, seen->visit.minute)) /* the site is ahead of the clock */
        f->counts->late++;
    else
        return s;
    return NULL;
}

static void place(struct fold *f, struct seen *seen, const struct hit *h)
{
    struct site *s;

    seen->visit.at = dating_of(f->dating, h->at, f->sent, f->now);
    seen->visit.minute = minute_in(f->st, seen->visit.at);
    seen->visit.site = s = site_of(f, seen, h);
    if (!s)
        return;
    seen->visit.store = f->st;
    seen->visit.visitor = h->visitor;
    seen->visit.previous = h->previous;
    if (effect_is_sign(h))
        tabs_prefetch(&s->presence.tabs, h->visitor);
    if (!effect_is_seen(h))
        return;
    visitors_prefetch(&s->visitors, h->visitor);
    if (h->path.n > 0) {
        seen->path = path_hash(f, s, h->path);
        pages_prefetch(&s->pages, seen->path);
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
    struct visit *visit = &seen->visit;
    struct site *s = visit->site;
    struct visitor *v;

    visit->page = PAGE_NONE;
    if (effect_is_sign(h))
        tabs_prefetch_tab(&s->presence.tabs, h->visitor);
    if (!effect_is_seen(h))
        return;
    v = visitors_get(&s->visitors, h->visitor);
    visit->known = v;
    visit->page = page_of(f, s, seen->path, h->path);
    prefetch_page(s, visit->page, visit->minute);
    if (v && v->page != visit->page)
        prefetch_page(s, v->page, visitor_minute(s, v));
}

void fold_hits(struct store *st, const struct hit *hits, size_t n,
               const struct fold_origin *from, struct fold_counts *counts)
{
    struct fold f = {
        .st = st,
        .stream = from->stream,
        .seq = from->seq,
        .now = from->at,
        .sent = from->sent,
        .dating = from->dating,
        .counts = counts,
    };
    struct seen seen[DATAGRAM_HITS_MAX];

    assert(n <= DATAGRAM_HITS_MAX);
    store_clock(st, from->at);
    for (size_t i = 0; i < n; i++)
        place(&f, &seen[i], &hits[i]);
    for (size_t i = 0; i < n; i++)
        if (seen[i].visit.site)
            find_pages(&f, &seen[i], &hits[i]);
    for (size_t i = 0; i < n; i++)
        if (seen[i].visit.site)
            effect_take(&seen[i].visit, &hits[i], counts, &f.moved);
}

/* ---- what was parked ------------------------------------------------------ */

/* Makes @p's datagram the one that is being folded. */
static void enter_datagram(struct fold *f, const struct parked_hit *p)
{
    if (f->stream == p->stream && f->seq == p->seq)
        return;
    f->stream = p->stream;
    f->seq = p->seq;
    f->repeated = has_datagram(f, f->site);
}

static void count_parked(struct fold *f, const struct parked_hit *p)
{
    struct seen seen = {0};

    seen.visit = (struct visit){
        .store = f->st,
        .site = f->site,
        .visitor = p->hit.visitor,
        .previous = p->hit.previous,
        .at = p->at,
        .minute = minute_in(f->st, p->at),
    };
    enter_datagram(f, p);
    if (f->repeated) {
        f->counts->repeated++;
    } else if (f->st->now - seen.visit.minute >= f->st->window ||
               !site_covers(f->site, seen.visit.minute)) {
        f->counts->late++;
    } else {
        if (p->hit.path.n > 0)
            seen.path = pages_hash(&f->site->pages, p->hit.path);
        find_pages(f, &seen, &p->hit);
        effect_take(&seen.visit, &p->hit, f->counts, &f->moved);
    }
}

bool fold_parked(struct store *st, struct site *s, size_t max, struct fold_counts *counts)
{
    struct fold f = {.st = st, .site = s, .counts = counts, .moved = true};
    size_t before = s->parked.bytes;
    struct parked_hit p;
    bool more = true;

    assert(s->state == SITE_LOADING);
    s->tick |= site_advance(s, st->now);
    pages_drop_empty(&s->pages); /* see pages_restore */
    while (max-- > 0 && (more = parked_take(&s->parked, &p)))
        count_parked(&f, &p);
    st->parked -= before - s->parked.bytes;
    return !more;
}
