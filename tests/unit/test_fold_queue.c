/* fold_queue: what goes through it together becomes what it would have become one
 * datagram after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../aggregator/fold.h"
#include "../dice.h"

#define NOON INT64_C(1763812800000)
#define SENT 1000000

enum { SITES = 5, VISITORS = 40, PATHS = 12, STREAMS = 3, DATAGRAMS = 3000 };

static const struct key key = {{1, 2, 3}};
static struct dice dice;

static size_t below(size_t n)
{
    return (size_t)dice_below(&dice, n);
}

/* The same life twice: hit by hit, and through a queue. */
struct twins {
    struct store one, other;
    struct fold_counts one_counts, other_counts;
    struct dating one_dating[STREAMS], other_dating[STREAMS];
    struct fold_queue *queue;
    uint64_t seq[STREAMS];
    ms_t now;
};

static void begin(struct twins *t, uint64_t seed, bool lazy)
{
    dice = (struct dice){seed};
    *t = (struct twins){.now = NOON};
    store_init(&t->one, 10, &key, NOON);
    store_init(&t->other, 10, &key, NOON);
    t->one.lazy = t->other.lazy = lazy;
    t->queue = fold_queue_new(&t->other, &t->other_counts);
    assert_non_null(t->queue);
}

static void end(struct twins *t)
{
    fold_queue_free(t->queue);
    store_fini(&t->one);
    store_fini(&t->other);
}

/* "site3", "/7": texts that stay, as a batch's do. */
static struct slice text_of(const char *what, size_t i)
{
    static char text[2][64][24];
    char *at = text[what[0] == '/'][i];

    assert_true(i < 64);
    snprintf(at, sizeof text[0][0], "%s%zu", what, i);
    return slice_of(at);
}

static struct hit random_hit(void)
{
    static const uint8_t kinds[] = {HIT_VIEW,      HIT_VIEW,  HIT_EVENT,
                                    HIT_HEARTBEAT, HIT_LEAVE, HIT_JOIN,
                                    HIT_MESSAGE,   HIT_QUERY, 200};
    struct hit h = {.site = text_of("site", below(SITES)),
                    .kind = kinds[below(sizeof kinds)],
                    .visitor = (1 + below(VISITORS)) * UINT64_C(0x9e3779b97f4a7c15),
                    .at = SENT - (mono_t)below(below(8) ? 3000 : 900000),
                    .state = (uint8_t)below(HIT_STATES)};

    if (below(4))
        h.path = text_of("/", below(PATHS));
    if (below(2))
        h.tab = 1 + below(3);
    if (below(6) == 0)
        h.previous = (1 + below(VISITORS)) * UINT64_C(0x9e3779b97f4a7c15);
    if (below(12) == 0)
        h.marks = HIT_NAMED;
    if (h.kind == HIT_JOIN || (h.kind == HIT_LEAVE && below(2)))
        h.marks |= HIT_HELD;
    if (h.kind == HIT_EVENT)
        h.name = SLICE("signup");
    if (h.kind == HIT_VIEW)
        h.device = (uint8_t)below(HIT_DEVICES);
    return h;
}

static void take(struct twins *t)
{
    size_t stream = below(STREAMS), n = below(below(5) ? 30 : DATAGRAM_HITS_MAX + 1);
    struct hit *hits = fold_queue_room(t->queue), same[DATAGRAM_HITS_MAX];
    struct fold_origin from = {.stream = stream, /* 0: of none */
                               .seq = ++t->seq[stream],
                               .sent = SENT,
                               .at = t->now,
                               .dating = stream ? &t->one_dating[stream] : NULL};

    for (size_t i = 0; i < n; i++)
        same[i] = hits[i] = random_hit();
    fold_hits(&t->one, same, n, &from, &t->one_counts);
    from.dating = stream ? &t->other_dating[stream] : NULL;
    fold_queue_take(t->queue, n, &from);
}

static void compare_tables(const struct site *a, const struct site *b)
{
    uint64_t id = 0;
    const struct visitor *x, *y;

    assert_int_equal(a->visitors.n, b->visitors.n);
    while ((x = visitors_after(&a->visitors, id))) {
        y = visitors_after(&b->visitors, id);
        assert_non_null(y);
        assert_memory_equal(x, y, sizeof *x);
        id = x->id;
    }
    assert_int_equal(a->pages.n, b->pages.n);
    for (size_t i = 0; i < a->pages.ids; i++) {
        const struct page *p = pages_get(&a->pages, i), *q = pages_get(&b->pages, i);

        assert_true(!p == !q);
        if (!p)
            continue;
        assert_true(slice_eq(page_path(p), page_path(q)));
        assert_int_equal(p->online, q->online);
        assert_int_equal(pages_visitors(&a->pages, p), pages_visitors(&b->pages, q));
        for (unsigned slot = 0; slot < a->slots; slot++)
            assert_int_equal(pages_on(&a->pages, p, slot), pages_on(&b->pages, q, slot));
    }
}

static void compare_feeds(const struct recent *a, const struct recent *b)
{
    assert_int_equal(a->last, b->last);
    for (uint64_t id = recent_first(a); id <= a->last; id++) {
        struct recent_event x = recent_get(a, id), y = recent_get(b, id);

        assert_int_equal(x.at, y.at);
        assert_int_equal(x.kind, y.kind);
        assert_true(slice_eq(x.path, y.path) && slice_eq(x.name, y.name));
    }
}

static void compare(struct twins *t)
{
    assert_memory_equal(&t->one_counts, &t->other_counts, sizeof t->one_counts);
    assert_int_equal(t->one.nsites, t->other.nsites);
    assert_int_equal(t->one.clock, t->other.clock);
    assert_int_equal(t->one.visitors, t->other.visitors);
    assert_int_equal(t->one.tabs, t->other.tabs);
    assert_int_equal(t->one.parked, t->other.parked);
    for (size_t i = 0; i < t->one.nsites; i++) {
        const struct site *a = t->one.site[i], *b = t->other.site[i];

        assert_true(slice_eq(site_id(a), site_id(b)));
        assert_int_equal(a->now, b->now);
        assert_int_equal(a->dirty, b->dirty);
        assert_int_equal(a->stale, b->stale);
        assert_int_equal(a->state, b->state);
        assert_memory_equal(a->row, b->row, a->slots * sizeof *a->row);
        assert_memory_equal(&a->presence.online, &b->presence.online,
                            sizeof a->presence.online);
        assert_memory_equal(&a->totals, &b->totals, sizeof a->totals);
        compare_tables(a, b);
        compare_feeds(&a->recent, &b->recent);
    }
}

static void settle(struct twins *t)
{
    fold_queue_settle(t->queue);
    if (below(2)) {
        fold_tick(&t->one, t->now);
        fold_tick(&t->other, t->now);
    }
    compare(t);
}

static void live(struct twins *t)
{
    for (int i = 0; i < DATAGRAMS; i++) {
        t->now += (ms_t)below(below(50) ? 200 : 70000);
        take(t);
        if (below(9) == 0)
            settle(t);
    }
    settle(t);
}

static void a_life_in_batches_is_the_life_of_one_datagram_after_the_other(void **state)
{
    struct twins t;

    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        begin(&t, seed, false);
        live(&t);
        assert_true(t.one_counts.views > 5000 && t.one_counts.late > 100);
        end(&t);
    }
}

static void hits_of_sites_that_load_are_parked_in_order(void **state)
{
    struct twins t;

    (void)state;
    begin(&t, 7, true);
    for (int i = 0; i < 300; i++)
        take(&t);
    settle(&t);
    assert_true(t.one_counts.parked > 1000);
    for (struct site *a, *b; (a = store_take_load(&t.one));) {
        b = store_take_load(&t.other);
        assert_true(fold_parked(&t.one, a, SIZE_MAX, &t.one_counts));
        assert_true(fold_parked(&t.other, b, SIZE_MAX, &t.other_counts));
        store_loaded(&t.one, a);
        store_loaded(&t.other, b);
    }
    compare(&t);
    live(&t);
    end(&t);
}

/* Its row may be another's by the time that those before are counted. */
static void the_minute_does_not_turn_while_hits_are_on_their_way(void **state)
{
    struct twins t;

    (void)state;
    begin(&t, 8, false);
    for (int i = 0; i < 60; i++) {
        take(&t);
        t.now += 5 * 60000;
    }
    settle(&t);
    end(&t);
}

/* What a hit's visitor was found as may be gone when those before it have been counted:
 * every other one is new. */
static void a_table_grows_while_hits_are_on_their_way(void **state)
{
    uint64_t known = 0;
    struct twins t;

    (void)state;
    begin(&t, 9, false);
    for (unsigned i = 0; i < 30; i++) {
        struct fold_origin from = {.sent = SENT, .at = NOON};
        struct hit *hits = fold_queue_room(t.queue);

        for (size_t k = 0; k < DATAGRAM_HITS_MAX; k++) {
            uint64_t who = k % 2 || !known ? ++known : 1 + below(known);

            hits[k] = (struct hit){.site = SLICE("a"),
                                   .path = text_of("/", below(60)),
                                   .visitor = who * UINT64_C(0x9e3779b97f4a7c15),
                                   .at = SENT};
        }
        fold_hits(&t.one, hits, DATAGRAM_HITS_MAX, &from, &t.one_counts);
        fold_queue_take(t.queue, DATAGRAM_HITS_MAX, &from);
        if (i % 3 == 0)
            settle(&t);
    }
    settle(&t);
    assert_int_equal(t.other.visitors, known);
    end(&t);
}

static void datagrams_without_hits_and_full_ones_find_room(void **state)
{
    struct fold_counts counts = {0};
    struct fold_queue *q;
    struct store st;

    (void)state;
    store_init(&st, 10, &key, NOON);
    q = fold_queue_new(&st, &counts);
    for (unsigned i = 0; i < 3 * FOLD_QUEUE_DATAGRAMS; i++) {
        struct hit *hits = fold_queue_room(q);
        size_t n = i % 5 ? 0 : DATAGRAM_HITS_MAX;

        for (size_t k = 0; k <= n; k++)
            hits[k] = (struct hit){
                .site = SLICE("a"), .path = SLICE("/"), .visitor = 1 + k, .at = SENT};
        fold_queue_take(q, n, &(struct fold_origin){.sent = SENT, .at = NOON});
    }
    fold_queue_settle(q);
    fold_queue_settle(q);
    assert_int_equal(counts.views,
                     (3 * FOLD_QUEUE_DATAGRAMS + 4) / 5 * DATAGRAM_HITS_MAX);
    assert_int_equal(st.visitors, DATAGRAM_HITS_MAX);
    fold_queue_free(q);
    store_fini(&st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_life_in_batches_is_the_life_of_one_datagram_after_the_other),
        cmocka_unit_test(hits_of_sites_that_load_are_parked_in_order),
        cmocka_unit_test(the_minute_does_not_turn_while_hits_are_on_their_way),
        cmocka_unit_test(a_table_grows_while_hits_are_on_their_way),
        cmocka_unit_test(datagrams_without_hits_and_full_ones_find_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
