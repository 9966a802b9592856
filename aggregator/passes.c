/* passes: sites, visitors and pages, where they stand; then what the hit does to them.
 *
 * Blocks of hits are each a pass ahead of the one behind them: while one is counted, the
 * memory of the others is on its way. What one pass found may so have changed before the
 * next: a table of visitors may lie elsewhere.
 *
 * The pass that finds the sites also parks the hits of those that are being read back,
 * and leaves out those that were read back with their site. */
#include "passes.h"

#include "effect.h"

#define PASSES 6

/* Hits that go through a pass together: enough that what they ask for is on its way at
 * once, few enough that all of it still lies near in the last pass. */
#define BLOCK 8

minute_t passes_minute(const struct store *st, ms_t at)
{
    minute_t m = minute_of(at);

    return m > st->now ? st->now : m;
}

/* Most hits of a datagram name the very text that the one before named. */
static bool is_same(struct slice a, struct slice b)
{
    return a.n == b.n && (a.p == b.p || slice_eq(a, b));
}

/* ---- before the passes ---------------------------------------------------- */

/* When each hit happened, and where its site is looked for. */
void passes_note(const struct store *st, struct seen *seen, const struct hit *hits,
                 size_t n, const struct fold_origin *from)
{
    for (size_t i = 0; i < n; i++) {
        struct seen *k = &seen[i];

        k->from = from;
        k->visit.at = dating_of(from->dating, hits[i].at, from->sent, from->at);
        k->visit.minute = passes_minute(st, k->visit.at);
        if (i > 0 && is_same(hits[i].site, hits[i - 1].site)) {
            k->site = k[-1].site;
            continue;
        }
        k->site = store_hash(st, hits[i].site);
        store_prefetch(st, k->site);
    }
}

/* ---- the second pass: sites ----------------------------------------------- */

bool passes_has_datagram(struct passes *f, struct site *s, uint64_t stream, uint64_t seq)
{
    struct mark *m;

    if (stream == 0)
        return false;
    m = marks_get(&s->marks, stream, f->st->now, f->st->base, f->st->base_arg,
                  &f->counts->marks_evicted);
    if (!m) {
        f->counts->marks_evicted++; /* no memory: as if there were no place */
        return false;
    }
    if (seq <= m->loaded)
        return true;
    m->seq = seq;
    m->at = f->st->now;
    return false;
}

static void enter_datagram(struct passes *f, const struct fold_origin *from)
{
    if (f->from == from)
        return;
    f->from = from;
    f->site = NULL;
}

/* Makes @id the site that the following hits are for. */
static void enter_site(struct passes *f, uint64_t hash, struct slice id)
{
    if (f->site && is_same(id, f->id))
        return;
    f->run = 0;
    f->id = id;
    f->site = store_site_by(f->st, hash, id);
    if (!f->site || f->site->state != SITE_LIVE)
        return;
    f->repeated = passes_has_datagram(f, f->site, f->from->stream, f->from->seq);
    if (!f->repeated)
        site_advance(f->site, f->st->now);
}

static void park(struct passes *f, struct site *s, ms_t at, const struct hit *h)
{
    size_t before = s->parked.bytes;

    if (parked_add(&s->parked, f->from->stream, f->from->seq, at, h))
        f->counts->parked++;
    else
        f->counts->capped_sites++; /* no memory, as when a site cannot be made */
    f->st->parked += s->parked.bytes - before;
}

/* The site in whose tables the hit is to be counted now, or NULL. */
static struct site *site_of(struct passes *f, const struct seen *seen,
                            const struct hit *h)
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
    enter_site(f, seen->site, h->site);
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

static void place(struct passes *f, struct seen *seen, const struct hit *h)
{
    struct site *s;

    enter_datagram(f, seen->from);
    seen->visit.site = s = site_of(f, seen, h);
    if (!s)
        return;
    seen->run = f->run++;
    seen->visit.store = f->st;
    seen->visit.visitor = h->visitor;
    seen->visit.previous = h->previous;
    site_prefetch_row(s, seen->visit.minute);
    if (effect_is_sign(h))
        tabs_prefetch(&s->presence.tabs, h->visitor);
    if (!effect_is_seen(h))
        return;
    if (h->path.n > 0) {
        seen->path = path_memo_hash(f->memo, &f->st->shared.key, h->path);
        pages_prefetch(&s->pages, seen->path);
    }
}

/* ---- the third: visitors and pages ---------------------------------------- */

/* The page of a hit; PAGE_NONE when it names none. */
static uint16_t page_of(struct passes *f, struct site *s, uint64_t hash,
                        struct slice path)
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

void passes_find(struct passes *f, struct seen *seen, const struct hit *h)
{
    struct visit *visit = &seen->visit;
    struct site *s = visit->site;

    visit->page = PAGE_NONE;
    visit->known = NULL;
    if (effect_is_sign(h))
        tabs_prefetch_tab(&s->presence.tabs, h->visitor);
    if (!effect_is_seen(h))
        return;
    visit_look_up(visit);
    visit->page = page_of(f, s, seen->path, h->path);
    pages_prefetch_id(&s->pages, visit->page);
    if (visit->known)
        pages_prefetch_id(&s->pages, visit->known->page);
}

/* ---- the fourth: where they stand ----------------------------------------- */

static void approach(const struct seen *seen)
{
    const struct site *s = seen->visit.site;
    const struct visitor *known = NULL;

    if (seen->visit.moves == s->visitors.moves)
        known = seen->visit.known;
    recent_prefetch(&s->recent, seen->run);
    if (seen->run == 0)
        standing_prefetch_bits(&s->pages.standing, slot_of(s, seen->visit.minute));
    pages_prefetch_at(&s->pages, seen->visit.page, slot_of(s, seen->visit.minute));
    if (known && known->page != seen->visit.page)
        pages_prefetch_at(&s->pages, known->page, slot_of(s, visitor_minute(s, known)));
}

/* ---- all of them ---------------------------------------------------------- */

struct block {
    struct seen *seen;
    const struct hit *hits;
    size_t n;
};

typedef void (*pass_fn)(struct passes *f, const struct block *b);

static void for_sites(const struct store *st, const struct block *b,
                      void (*what)(const struct store *st, uint64_t hash))
{
    for (size_t i = 0; i < b->n; i++)
        if (i == 0 || b->seen[i].site != b->seen[i - 1].site)
            what(st, b->seen[i].site);
}

static void reach_sites(struct passes *f, const struct block *b)
{
    for_sites(f->st, b, store_prefetch_site);
}

static void reach_marks(struct passes *f, const struct block *b)
{
    for_sites(f->st, b, store_prefetch_marks);
}

/* Visitors lie furthest, on a page of memory of their own as a rule, and a processor goes
 * no further while it looks for that: so they are asked for one right after the other. */
static void place_all(struct passes *f, const struct block *b)
{
    for (size_t i = 0; i < b->n; i++)
        place(f, &b->seen[i], &b->hits[i]);
    for (size_t i = 0; i < b->n; i++)
        if (b->seen[i].visit.site && effect_is_seen(&b->hits[i]))
            visitors_prefetch(&b->seen[i].visit.site->visitors, b->hits[i].visitor);
}

static void find_all(struct passes *f, const struct block *b)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->seen[i].visit.site)
            passes_find(f, &b->seen[i], &b->hits[i]);
}

static void approach_all(struct passes *f, const struct block *b)
{
    (void)f;
    for (size_t i = 0; i < b->n; i++)
        if (b->seen[i].visit.site)
            approach(&b->seen[i]);
}

static void take_all(struct passes *f, const struct block *b)
{
    for (size_t i = 0; i < b->n; i++) {
        if (!b->seen[i].visit.site)
            continue;
        store_clock(f->st, b->seen[i].from->at);
        effect_take(&b->seen[i].visit, &b->hits[i], f->counts);
    }
}

/* What is beyond the last block, or before the first, is none. */
static inline void pass(pass_fn what, struct passes *f, const struct block *all,
                        size_t block)
{
    size_t at = block * BLOCK, left = all->n - at;
    struct block b = {all->seen + at, all->hits + at, left < BLOCK ? left : BLOCK};

    if (at < all->n)
        what(f, &b);
}

void passes_fold(struct passes *f, struct seen *seen, const struct hit *hits, size_t n)
{
    struct block all = {seen, hits, n};
    size_t blocks = (n + BLOCK - 1) / BLOCK;

    for (size_t i = 0; i < blocks + PASSES - 1; i++) {
        pass(reach_sites, f, &all, i);
        pass(reach_marks, f, &all, i - 1);
        pass(place_all, f, &all, i - 2);
        pass(find_all, f, &all, i - 3);
        pass(approach_all, f, &all, i - 4);
        pass(take_all, f, &all, i - 5);
    }
}
