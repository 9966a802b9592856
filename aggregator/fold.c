/* fold: takes hits into the store, many at a time.
 *
 * What a hit touches lies anywhere in memory, each place known from the one before: the
 * index of sites, the site, its tables, the visitor and the page, the page's counts. So
 * hits go together through passes, of which each asks for the memory that the next one
 * reads: the cache lines of all of them arrive together instead of one after the other.
 * Nothing is counted before the last pass, and there one hit after the other, in the
 * order in which they were taken.
 *
 * The second pass also parks the hits of sites that are being read back, and leaves out
 * those that were read back with their site. */
#include "fold.h"

#include <assert.h>
#include <stdlib.h>

#include "effect.h"
#include "path_memo.h"

/* Hits that go through the passes together: enough that no pass waits for the memory of
 * its first ones, few enough that all of it still lies near in the last. */
#define BLOCK 64

/* One hit on its way. */
struct seen {
    struct visit visit;
    const struct fold_origin *from;
    uint64_t site, path; /* their hashes */
    unsigned run;        /* hits of the same site and datagram just before */
};

/* What the passes share. */
struct fold {
    struct store *st;
    struct fold_counts *counts;
    const struct fold_origin *from; /* the datagram that is being taken */
    struct site *site;              /* of the hit before: most datagrams are of one */
    bool repeated;                  /* that one has the datagram already */
    unsigned run;                   /* hits of it so far */
    struct path_memo *memo;         /* NULL: none is kept */
};

struct fold_queue {
    struct fold fold;
    size_t n, datagrams;
    struct hit hits[FOLD_QUEUE_HITS];
    struct seen seen[FOLD_QUEUE_HITS];
    struct fold_origin from[FOLD_QUEUE_DATAGRAMS];
    struct path_memo memo;
};

/* The minute under which what happened at @at is filed. */
static minute_t minute_in(const struct store *st, ms_t at)
{
    minute_t m = minute_of(at);

    return m > st->now ? st->now : m;
}

/* ---- before the passes ---------------------------------------------------- */

/* When each hit happened, and where its site is looked for. */
static void note(const struct store *st, struct seen *seen, const struct hit *hits,
                 size_t n, const struct fold_origin *from)
{
    for (size_t i = 0; i < n; i++) {
        struct seen *k = &seen[i];

        k->from = from;
        k->visit.at = dating_of(from->dating, hits[i].at, from->sent, from->at);
        k->visit.minute = minute_in(st, k->visit.at);
        if (i > 0 && slice_eq(hits[i].site, hits[i - 1].site)) {
            k->site = k[-1].site;
            continue;
        }
        k->site = store_hash(st, hits[i].site);
        store_prefetch(st, k->site);
    }
}

/* ---- the second pass: sites ----------------------------------------------- */

/* Whether the site has the datagram by its marks; else notes that it has it now. Called
 * once per run of hits: a datagram may come back to a site, so what counts is how far the
 * site was read back, not how far it is. */
static bool has_datagram(struct fold *f, struct site *s, uint64_t stream, uint64_t seq)
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

static void enter_datagram(struct fold *f, const struct fold_origin *from)
{
    if (f->from == from)
        return;
    f->from = from;
    f->site = NULL;
}

/* Makes @id the site that the following hits are for. */
static void enter_site(struct fold *f, uint64_t hash, struct slice id)
{
    if (f->site && f->site->hash == hash && slice_eq(id, site_id(f->site)))
        return;
    f->run = 0;
    f->site = store_site_by(f->st, hash, id);
    if (!f->site || f->site->state != SITE_LIVE)
        return;
    f->repeated = has_datagram(f, f->site, f->from->stream, f->from->seq);
    if (!f->repeated)
        site_advance(f->site, f->st->now);
}

static void park(struct fold *f, struct site *s, ms_t at, const struct hit *h)
{
    size_t before = s->parked.bytes;

    if (parked_add(&s->parked, f->from->stream, f->from->seq, at, h))
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

static void place(struct fold *f, struct seen *seen, const struct hit *h)
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
    visitors_prefetch(&s->visitors, h->visitor);
    if (h->path.n > 0) {
        seen->path = path_memo_hash(f->memo, &f->st->shared.key, h->path);
        pages_prefetch(&s->pages, seen->path);
    }
}

/* ---- the third: visitors and pages ---------------------------------------- */

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

static void find(struct fold *f, struct seen *seen, const struct hit *h)
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
    const struct visitor *known = seen->visit.known;

    recent_prefetch(&s->recent, seen->run);
    pages_prefetch_at(&s->pages, seen->visit.page, slot_of(s, seen->visit.minute));
    if (known && known->page != seen->visit.page)
        pages_prefetch_at(&s->pages, known->page, slot_of(s, visitor_minute(s, known)));
}

/* ---- all of them ---------------------------------------------------------- */

static void fold_block(struct fold *f, struct seen *seen, const struct hit *hits,
                       size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (i == 0 || seen[i].site != seen[i - 1].site)
            store_prefetch_site(f->st, seen[i].site);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || seen[i].site != seen[i - 1].site)
            store_prefetch_marks(f->st, seen[i].site);
    for (size_t i = 0; i < n; i++)
        place(f, &seen[i], &hits[i]);
    for (size_t i = 0; i < n; i++)
        if (seen[i].visit.site)
            find(f, &seen[i], &hits[i]);
    for (size_t i = 0; i < n; i++)
        if (seen[i].visit.site)
            approach(&seen[i]);
    for (size_t i = 0; i < n; i++) {
        if (!seen[i].visit.site)
            continue;
        store_clock(f->st, seen[i].from->at);
        effect_take(&seen[i].visit, &hits[i], f->counts);
    }
}

/* In blocks of about the same size, for a last one of a few would wait for each. */
static void fold_all(struct fold *f, struct seen *seen, const struct hit *hits, size_t n)
{
    size_t blocks = (n + BLOCK - 1) / BLOCK, done = 0;

    for (; blocks > 0; blocks--) {
        size_t part = (n - done) / blocks;

        fold_block(f, seen + done, hits + done, part);
        done += part;
    }
}

void fold_hits(struct store *st, const struct hit *hits, size_t n,
               const struct fold_origin *from, struct fold_counts *counts)
{
    struct fold f = {.st = st, .counts = counts};
    struct seen seen[DATAGRAM_HITS_MAX];

    assert(n <= DATAGRAM_HITS_MAX);
    store_clock(st, from->at);
    note(st, seen, hits, n, from);
    fold_all(&f, seen, hits, n);
}

struct fold_queue *fold_queue_new(struct store *st, struct fold_counts *counts)
{
    struct fold_queue *q = malloc(sizeof *q);

    if (!q)
        return NULL;
    q->fold = (struct fold){.st = st, .counts = counts, .memo = &q->memo};
    path_memo_init(&q->memo);
    q->n = q->datagrams = 0;
    return q;
}

void fold_queue_free(struct fold_queue *q)
{
    free(q);
}

struct hit *fold_queue_room(struct fold_queue *q)
{
    if (FOLD_QUEUE_HITS - q->n < DATAGRAM_HITS_MAX + 1 ||
        q->datagrams == FOLD_QUEUE_DATAGRAMS)
        fold_queue_settle(q);
    return &q->hits[q->n];
}

/* The minute may not turn while hits of the one before are on their way: their row could
 * be another's by the time they are counted. */
void fold_queue_take(struct fold_queue *q, size_t n, const struct fold_origin *from)
{
    struct store *st = q->fold.st;
    struct hit *hits = &q->hits[q->n];
    struct fold_origin *kept;

    assert(n <= DATAGRAM_HITS_MAX);
    if (q->n > 0 && minute_of(from->at) > st->now) {
        fold_queue_settle(q);
        hits = memmove(q->hits, hits, n * sizeof *hits);
    }
    if (q->n == 0)
        store_clock(st, from->at);
    kept = &q->from[q->datagrams++];
    *kept = *from;
    note(st, &q->seen[q->n], hits, n, kept);
    kept->dating = NULL; /* its stream may go */
    q->n += n;
}

void fold_queue_settle(struct fold_queue *q)
{
    fold_all(&q->fold, q->seen, q->hits, q->n);
    q->n = q->datagrams = 0;
    q->fold.from = NULL;
}

/* ---- what was parked ------------------------------------------------------ */

/* What was parked for a site, and the datagram that its latest hit was in. */
struct unparking {
    struct fold fold;
    struct fold_origin from;
};

static void count_parked(struct unparking *u, const struct parked_hit *p)
{
    struct fold *f = &u->fold;
    struct seen seen = {0};

    seen.visit = (struct visit){
        .store = f->st,
        .site = f->site,
        .visitor = p->hit.visitor,
        .previous = p->hit.previous,
        .at = p->at,
        .minute = minute_in(f->st, p->at),
    };
    if (u->from.stream != p->stream || u->from.seq != p->seq) {
        u->from = (struct fold_origin){.stream = p->stream, .seq = p->seq};
        f->repeated = has_datagram(f, f->site, p->stream, p->seq);
    }
    if (f->repeated) {
        f->counts->repeated++;
    } else if (f->st->now - seen.visit.minute >= f->st->window ||
               !site_covers(f->site, seen.visit.minute)) {
        f->counts->late++;
    } else {
        if (p->hit.path.n > 0)
            seen.path = pages_hash(&f->site->pages, p->hit.path);
        find(f, &seen, &p->hit);
        effect_take(&seen.visit, &p->hit, f->counts);
    }
}

bool fold_parked(struct store *st, struct site *s, size_t max, struct fold_counts *counts)
{
    struct unparking u = {.fold = {.st = st, .site = s, .counts = counts}};
    size_t before = s->parked.bytes;
    struct parked_hit p;
    bool more = true;

    assert(s->state == SITE_LOADING);
    s->tick |= site_advance(s, st->now);
    pages_drop_empty(&s->pages); /* see pages_restore */
    while (max-- > 0 && (more = parked_take(&s->parked, &p)))
        count_parked(&u, &p);
    st->parked -= before - s->parked.bytes;
    return !more;
}
