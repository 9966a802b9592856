/* fold: hits of one datagram, of many together, and those that were parked; what becomes
 * of them is in passes.c and effect.c. */
#include "fold.h"

#include <assert.h>
#include <stdlib.h>

#include "effect.h"
#include "passes.h"

struct fold_queue {
    struct passes passes;
    size_t n, datagrams;
    struct hit hits[FOLD_QUEUE_HITS];
    struct seen seen[FOLD_QUEUE_HITS];
    struct fold_origin from[FOLD_QUEUE_DATAGRAMS];
    struct path_memo memo;
};

void fold_hits(struct store *st, const struct hit *hits, size_t n,
               const struct fold_origin *from, struct fold_counts *counts)
{
    struct passes f = {.st = st, .counts = counts};
    struct seen seen[DATAGRAM_HITS_MAX];

    assert(n <= DATAGRAM_HITS_MAX);
    store_clock(st, from->at);
    passes_note(st, seen, hits, n, from);
    passes_fold(&f, seen, hits, n);
}

struct fold_queue *fold_queue_new(struct store *st, struct fold_counts *counts)
{
    struct fold_queue *q = malloc(sizeof *q);

    if (!q)
        return NULL;
    q->passes = (struct passes){.st = st, .counts = counts, .memo = &q->memo};
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
    struct store *st = q->passes.st;
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
    passes_note(st, &q->seen[q->n], hits, n, kept);
    kept->dating = NULL; /* its stream may go */
    q->n += n;
}

void fold_queue_settle(struct fold_queue *q)
{
    if (q->datagrams == 0)
        return;
    passes_fold(&q->passes, q->seen, q->hits, q->n);
    store_clock(q->passes.st, q->from[q->datagrams - 1].at);
    q->n = q->datagrams = 0;
    q->passes.from = NULL;
}

/* ---- what was parked ------------------------------------------------------ */

/* What was parked for a site, and the datagram that its latest hit was in. */
struct unparking {
    struct passes passes;
    struct fold_origin from;
};

static void count_parked(struct unparking *u, const struct parked_hit *p)
{
    struct passes *f = &u->passes;
    struct seen seen = {0};

    seen.visit = (struct visit){
        .store = f->st,
        .site = f->site,
        .visitor = p->hit.visitor,
        .previous = p->hit.previous,
        .at = p->at,
        .minute = passes_minute(f->st, p->at),
    };
    if (u->from.stream != p->stream || u->from.seq != p->seq) {
        u->from = (struct fold_origin){.stream = p->stream, .seq = p->seq};
        f->repeated = passes_has_datagram(f, f->site, p->stream, p->seq);
    }
    if (f->repeated) {
        f->counts->repeated++;
    } else if (f->st->now - seen.visit.minute >= f->st->window ||
               !site_covers(f->site, seen.visit.minute)) {
        f->counts->late++;
    } else {
        if (p->hit.path.n > 0)
            seen.path = pages_hash(&f->site->pages, p->hit.path);
        passes_find(f, &seen, &p->hit);
        effect_take(&seen.visit, &p->hit, f->counts);
    }
}

bool fold_parked(struct store *st, struct site *s, size_t max, struct fold_counts *counts)
{
    struct unparking u = {.passes = {.st = st, .site = s, .counts = counts}};
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
