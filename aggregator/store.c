/* store: sites in an array, an index of them by keyed hash, and two lists. */
#include "store.h"

#include <assert.h>
#include <stdlib.h>

#define INDEX_MIN 64

void store_init(struct store *st, unsigned window, const struct key *key, ms_t now)
{
    assert(window > 0 && window <= WINDOW_MAX);
    *st = (struct store){.window = window,
                         .shared = {.key = *key,
                                    .pages = {PAGES_SURE, PAGES_SHARED_MAX, 0},
                                    .traits = {TRAITS_SURE, TRAITS_SHARED_MAX, 0}},
                         .now = minute_of(now),
                         .clock = now,
                         .due_first = INT64_MAX,
                         .part_bytes = COMMIT_PART_BYTES};
    site_queue_init(&st->dirty);
    site_queue_init(&st->rested);
    st->load_tail = &st->load_head;
}

void store_fini(struct store *st)
{
    for (size_t i = 0; i < st->nsites; i++)
        site_free(st->site[i]);
    free(st->site);
    free(st->due);
    free(st->index);
}

void store_reset(struct store *st, ms_t now)
{
    minute_t ahead = st->ahead > st->now ? st->ahead : st->now;
    struct store old = *st;

    store_fini(st);
    store_init(st, old.window, &old.shared.key, now);
    st->ahead = ahead;
    st->part_bytes = old.part_bytes;
    st->lazy = old.lazy;
    st->base = old.base;
    st->base_arg = old.base_arg;
}

static size_t seek(const struct store *st, uint64_t hash, struct slice id)
{
    size_t i = hash & (st->index_cap - 1);

    while (st->index[i] &&
           !(st->index[i]->hash == hash && slice_eq(site_id(st->index[i]), id)))
        i = (i + 1) & (st->index_cap - 1);
    return i;
}

static void reindex(struct store *st)
{
    memset(st->index, 0, st->index_cap * sizeof(struct site *));
    for (size_t i = 0; i < st->nsites; i++)
        st->index[seek(st, st->site[i]->hash, site_id(st->site[i]))] = st->site[i];
}

/* Room for one more site, and an index at most half full. */
static bool reserve(struct store *st)
{
    size_t cap = st->index_cap ? st->index_cap * 2 : INDEX_MIN;
    struct site **site, **index;
    ms_t *due;

    if ((st->nsites + 1) * 2 <= st->index_cap)
        return true;
    site = realloc(st->site, cap / 2 * sizeof(struct site *));
    if (!site)
        return false;
    st->site = site;
    due = realloc(st->due, cap / 2 * sizeof *due);
    if (!due)
        return false;
    st->due = due;
    index = calloc(cap, sizeof(struct site *));
    if (!index)
        return false;
    free(st->index);
    st->index = index;
    st->index_cap = cap;
    reindex(st);
    return true;
}

uint64_t store_hash(const struct store *st, struct slice id)
{
    return siphash(&st->shared.key, id.p, id.n);
}

void store_prefetch(const struct store *st, uint64_t hash)
{
    if (st->index_cap)
        prefetch(&st->index[hash & (st->index_cap - 1)]);
}

/* The first in its place: of an index half full that is mostly the one. */
void store_prefetch_site(const struct store *st, uint64_t hash)
{
    const struct site *s = st->index_cap ? st->index[hash & (st->index_cap - 1)] : NULL;

    if (s)
        site_prefetch(s);
}

void store_prefetch_marks(const struct store *st, uint64_t hash)
{
    const struct site *s = st->index_cap ? st->index[hash & (st->index_cap - 1)] : NULL;

    if (s)
        prefetch(s->marks.v);
}

struct site *store_find(const struct store *st, struct slice id)
{
    if (st->nsites == 0)
        return NULL;
    return st->index[seek(st, store_hash(st, id), id)];
}

static void wait_for_load(struct store *st, struct site *s)
{
    s->state = SITE_WAITING;
    s->next_load = NULL;
    *st->load_tail = s;
    st->load_tail = &s->next_load;
}

struct site *store_site(struct store *st, struct slice id)
{
    return store_site_by(st, store_hash(st, id), id);
}

struct site *store_site_by(struct store *st, uint64_t hash, struct slice id)
{
    struct site *s = NULL;

    if (st->nsites > 0)
        s = st->index[seek(st, hash, id)];
    if (s || st->nsites >= SITES_MAX || !reserve(st))
        return s;
    s = site_new(id, hash, st->window, st->now, &st->shared, st->lazy);
    if (!s)
        return NULL;
    if (st->lazy) {
        wait_for_load(st, s);
        st->nloads++;
    }
    s->commit = s->message = st->number;
    s->order = st->nsites;
    st->due[st->nsites] = INT64_MAX;
    st->site[st->nsites++] = s;
    st->index[seek(st, hash, id)] = s;
    return s;
}

/* Takes @s out of the index; what its probing run held moves up to where it belongs. */
static void index_remove(struct store *st, const struct site *s)
{
    size_t mask = st->index_cap - 1, gap = seek(st, s->hash, site_id(s)), i = gap;

    for (;;) {
        i = (i + 1) & mask;
        if (!st->index[i])
            break;
        if (((i - st->index[i]->hash) & mask) >= ((i - gap) & mask)) {
            st->index[gap] = st->index[i];
            gap = i;
        }
    }
    st->index[gap] = NULL;
}

static struct site_queue *queue_of(struct store *st, const struct site *s)
{
    return s->rested ? &st->rested : &st->dirty;
}

void store_drop(struct store *st, struct site *s)
{
    assert(s->state == SITE_LIVE && !s->committing);
    if (s->queued) {
        site_queue_remove(queue_of(st, s), s);
        st->ndirty--;
    }
    if (st->number < s->commit)
        st->number = s->commit;
    if (st->number < s->message)
        st->number = s->message;
    index_remove(st, s);
    st->visitors -= s->visitors.n;
    st->log_waits -= s->log.n;
    st->tabs -= s->presence.tabs.n;
    st->site[s->order] = st->site[--st->nsites];
    st->due[s->order] = st->due[st->nsites];
    st->site[s->order]->order = s->order;
    site_free(s);
}

static bool has_rested(const struct store *st, const struct site *s)
{
    return s->commit_at < st->round_at && s->commit_at + STORE_REST_MS <= st->clock &&
           s->retry_at <= st->clock && site_has_news(s);
}

void store_mark_dirty(struct store *st, struct site *s)
{
    if (s->queued || s->committing || s->state != SITE_LIVE)
        return;
    s->queued = true;
    s->rested = has_rested(st, s);
    site_queue_put(queue_of(st, s), s);
    st->ndirty++;
}

void store_clock(struct store *st, ms_t now)
{
    if (st->clock < now)
        st->clock = now;
    if (minute_of(now) <= st->now)
        return;
    st->now = minute_of(now);
    st->turn = st->turn_of = st->nsites;
}

void store_peaks(const struct store *st, struct site *s)
{
    totals_online(&s->totals, presence_heard(&s->presence), st->clock);
}

void store_due(struct store *st, const struct site *s)
{
    ms_t due = presence_next(&s->presence);

    if (s->state != SITE_LIVE)
        return; /* store_loaded will bring it here */
    if (s->alerts.n > 0 && due > s->alerts.due)
        due = s->alerts.due;
    st->due[s->order] = due;
    if (st->due_first > due)
        st->due_first = due;
}

void store_tabs(struct store *st, struct site *s, size_t before)
{
    const struct presence *p = &s->presence;

    if (s->state != SITE_LIVE)
        return; /* who came and went before it was read back was not there at once */
    store_peaks(st, s);
    if (p->changed || s->totals.dirty)
        store_mark_dirty(st, s);
    st->tabs += p->tabs.n - before;
    store_due(st, s);
}

size_t store_tabs_room(const struct store *st, const struct site *s)
{
    size_t own = s->presence.tabs.n, all = st->tabs;

    if (s->state != SITE_LIVE)
        all += own;
    if (own >= SITE_TABS_MAX || all >= TABS_MAX)
        return 0;
    return SITE_TABS_MAX - own < TABS_MAX - all ? SITE_TABS_MAX - own : TABS_MAX - all;
}

void store_begin_round(struct store *st, ms_t now)
{
    for (struct site *s = st->rested.head; s; s = s->next_dirty)
        s->rested = false;
    site_queue_prepend(&st->dirty, &st->rested);
    st->round_at = now;
}

static struct site *take(struct store *st, struct site_queue *q)
{
    struct site *s = site_queue_take(q);

    if (s) {
        s->queued = false;
        st->ndirty--;
    }
    return s;
}

struct site *store_take_dirty(struct store *st)
{
    return take(st, st->dirty.n > 0 ? &st->dirty : &st->rested);
}

struct site *store_take_rested(struct store *st)
{
    return take(st, &st->rested);
}

struct site *store_take_load(struct store *st)
{
    struct site *s = st->load_head;

    if (!s)
        return NULL;
    st->load_head = s->next_load;
    if (!st->load_head)
        st->load_tail = &st->load_head;
    s->state = SITE_LOADING;
    site_advance(s, st->now);
    return s;
}

void store_retry_load(struct store *st, struct site *s)
{
    assert(s->state == SITE_LOADING);
    st->visitors -= s->visitors.n;
    st->log_waits -= s->log.n;
    site_reset(s, st->now);
    wait_for_load(st, s);
}

void store_loaded(struct store *st, struct site *s)
{
    assert(s->state == SITE_LOADING && !s->parked.first);
    s->state = SITE_LIVE;
    st->nloads--;
    s->tick |= site_advance(s, st->now);
    store_tabs(st, s, 0);
    if (site_has_news(s) || s->tick)
        store_mark_dirty(st, s);
}

void store_bar(const struct store *st, struct barrier *b)
{
    if (st->parked == 0)
        return;
    for (size_t i = 0; i < st->nsites; i++)
        parked_bar(&st->site[i]->parked, b);
}

void store_recheck(struct store *st)
{
    for (size_t i = 0; i < st->nsites; i++) {
        struct site *s = st->site[i];

        if (s->state != SITE_LIVE)
            continue;
        s->tick = false;   /* a commit publishes too, and a tick alone would not check */
        s->renewed.at = 0; /* while our clock is held, Redis' goes on */
        s->present_at = 0;
        store_mark_dirty(st, s);
    }
}
