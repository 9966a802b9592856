/* store: sites that wait to be read back, the lists, and what is counted of all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../aggregator/fold.h"
#include "../../proto/keys.h"

#define NOON (1763812800000LL) /* the start of a minute */
#define HOUR (60LL * MS_PER_MINUTE)

static const struct key key = {{1, 2, 3}};
static struct fold_counts counts;

static int begin(void **state)
{
    struct store *st = malloc(sizeof *st);

    store_init(st, 30, &key, NOON);
    st->lazy = true;
    memset(&counts, 0, sizeof counts);
    *state = st;
    return 0;
}

static int end(void **state)
{
    store_fini(*state);
    free(*state);
    return 0;
}

static struct site *site(struct store *st, const char *id)
{
    struct site *s = store_site(st, slice_of(id));

    assert_non_null(s);
    return s;
}

static void fold(struct store *st, const char *id, uint64_t visitor, ms_t now)
{
    struct hit h = {.site = slice_of(id), .path = SLICE("/a"), .visitor = visitor};
    struct fold_origin from = {.stream = 3, .seq = visitor, .at = now};

    fold_hits(st, &h, 1, &from, &counts);
}

static void load(struct store *st, struct site *s)
{
    assert_ptr_equal(store_take_load(st), s);
    assert_true(fold_parked(st, s, SIZE_MAX, &counts));
    store_loaded(st, s);
}

/* A view that came from the @i-th host. Returns whether that found no room. */
static bool come_from(struct site *s, unsigned i)
{
    char host[32];
    struct hit h = {.referrer = {host, (size_t)snprintf(host, sizeof host, "h%u", i)}};

    return traits_view(&s->traits, 0, &h) > 0;
}

/* Opens @n pages, of which @prefix is the beginning. Returns how many found no room. */
static unsigned open_pages(struct site *s, const char *prefix, unsigned n)
{
    unsigned crowded = 0;
    char path[32];

    for (unsigned i = 0; i < n; i++) {
        bool capped = false;
        uint16_t id;

        snprintf(path, sizeof path, "/%s%u", prefix, i);
        id = pages_id(&s->pages, pages_hash(&s->pages, slice_of(path)), slice_of(path),
                      &capped);
        assert_int_not_equal(id, PAGE_NONE);
        assert_int_equal(
            capped, slice_eq(page_path(pages_get(&s->pages, id)), SLICE(PAGE_OTHER)));
        crowded += capped;
    }
    return crowded;
}

static void who_fills_the_pages_of_other_sites_leaves_each_its_own(void **state)
{
    struct store *st = *state;
    struct pool *pool = &st->shared.pages;
    struct site *evil, *honest;

    pool->max = 100;
    evil = site(st, "evil");
    honest = site(st, "honest");
    assert_int_equal(open_pages(evil, "x", 500), 500 - PAGES_SURE - 100);
    assert_int_equal(open_pages(honest, "a", PAGES_SURE), 0);
    assert_int_equal(open_pages(honest, "b", 1), 1);
    assert_int_equal(pool->taken, 102); /* and (other) in each */
    pages_drop_empty(&evil->pages);     /* nobody is on them */
    assert_int_equal(pool->taken, 1);
    assert_int_equal(open_pages(honest, "b", 1), 0);
    store_reset(st, NOON);
    assert_int_equal(pool->taken, 0);
}

static void and_what_their_views_are_told_apart_by(void **state)
{
    struct store *st = *state;
    struct pool *pool = &st->shared.traits;
    struct site *evil, *honest;

    pool->max = 50;
    evil = site(st, "evil");
    honest = site(st, "honest");
    for (unsigned i = 0; i < 190; i++)
        assert_int_equal(come_from(evil, i), i >= TRAITS_SURE + 50);
    for (unsigned i = 0; i < 190; i++)
        assert_int_equal(come_from(honest, i), i >= TRAITS_SURE);
    assert_int_equal(pool->taken, 52);
    traits_clear_slot(&evil->traits, 0);
    for (size_t i = 0; i < evil->traits.n; i++)
        evil->traits.trait[i]->dirty = 0; /* Redis has it all */
    traits_drop_empty(&evil->traits);
    assert_int_equal(pool->taken, 1);
    /* What Redis has of a site had its place before. */
    pool->max = 0;
    assert_true(traits_restore(&honest->traits, TRAIT_REFERRER, SLICE("again"), 1, 7));
}

static void a_site_of_a_lazy_store_waits_to_be_read_back(void **state)
{
    struct store *st = *state;
    struct site *s = site(st, "shop");

    assert_int_equal(s->state, SITE_WAITING);
    assert_false(s->full);
    assert_int_equal(st->nloads, 1);
    assert_ptr_equal(store_take_load(st), s);
    assert_int_equal(s->state, SITE_LOADING);
    assert_int_equal(st->nloads, 1);
    assert_null(store_take_load(st));
    assert_true(fold_parked(st, s, 1, &counts));
    store_loaded(st, s);
    assert_int_equal(s->state, SITE_LIVE);
    assert_int_equal(st->nloads, 0);
    assert_int_equal(st->ndirty, 0);
}

static void otherwise_it_is_live_and_full(void **state)
{
    struct store *st = *state;
    struct site *s;

    st->lazy = false;
    s = site(st, "shop");
    assert_int_equal(s->state, SITE_LIVE);
    assert_true(s->full);
    assert_null(s->log.written);
    assert_int_equal(st->nloads, 0);
    assert_null(store_take_load(st));
}

static void sites_are_read_back_in_their_order_and_failed_ones_last(void **state)
{
    struct store *st = *state;
    struct site *a = site(st, "a"), *b = site(st, "b"), *c;

    assert_ptr_equal(store_take_load(st), a);
    store_retry_load(st, a);
    c = site(st, "c");
    assert_int_equal(st->nloads, 3);
    assert_ptr_equal(store_take_load(st), b);
    assert_ptr_equal(store_take_load(st), a);
    assert_ptr_equal(store_take_load(st), c);
    assert_null(store_take_load(st));
    store_retry_load(st, c);
    assert_ptr_equal(store_take_load(st), c);
}

static void a_load_that_failed_leaves_nothing_but_what_is_parked(void **state)
{
    struct store *st = *state;
    struct site *s = site(st, "shop"), *fresh;
    size_t order = s->order;

    s->commit = s->message = 17;
    for (uint64_t v = 1; v <= 100; v++)
        fold(st, "shop", v, NOON);
    store_take_load(st);
    assert_false(fold_parked(st, s, 60, &counts)); /* half way through */
    assert_int_equal(st->visitors, 60);
    assert_int_equal(st->log_waits, 60);
    s->log.written[3] = s->log.taken[3] = 9;
    s->capped = s->full = s->log.rewrite = true;
    s->warming = 5;
    store_retry_load(st, s);
    assert_int_equal(st->visitors, 0);
    assert_int_equal(st->log_waits, 0);
    assert_true(st->parked > 0);
    assert_int_equal(st->parked, s->parked.bytes);
    assert_int_equal(s->commit, 17);
    assert_int_equal(s->message, 17);
    assert_int_equal(s->order, order);
    assert_ptr_equal(store_find(st, SLICE("shop")), s);

    parked_fini(&s->parked);
    st->parked = 0;
    fresh = site_new(SLICE("shop"), s->hash, 30, st->now, &st->shared, true);
    fresh->commit = fresh->message = 17;
    fresh->row = s->row;
    fresh->log.written = s->log.written;
    fresh->log.taken = s->log.taken;
    assert_memory_equal(s, fresh, sizeof *s);
    for (size_t i = 0; i < 32 * sizeof *s->row; i++)
        assert_int_equal(((const char *)s->row)[i], 0);
    for (size_t i = 0; i < 32; i++)
        assert_int_equal(s->log.written[i] | s->log.taken[i], 0);
    site_free(fresh);
}

static void a_site_that_becomes_live_is_queued_if_it_is_dirty(void **state)
{
    struct store *st = *state;
    struct site *s = site(st, "shop");

    fold(st, "shop", 1, NOON);
    store_mark_dirty(st, s);
    assert_int_equal(st->ndirty, 0);
    load(st, s);
    assert_int_equal(st->ndirty, 1);
    assert_ptr_equal(store_take_dirty(st), s);
}

static void time_goes_by_a_site_that_is_not_live_and_is_made_up_for(void **state)
{
    struct store *st = *state;
    struct site *s = site(st, "shop");
    ms_t t = NOON;

    fold(st, "shop", 1, NOON);
    assert_ptr_equal(store_take_load(st), s);
    assert_false(fold_parked(st, s, 1, &counts));
    for (int i = 0; i < 3000 && t < NOON + 3 * HOUR; i++)
        t = fold_tick(st, t);
    assert_ptr_equal(store_find(st, SLICE("shop")), s);
    assert_int_equal(s->now, minute_of(NOON));
    assert_int_equal(site_visitors(s, 30), 1);
    assert_true(fold_parked(st, s, 1, &counts));
    store_loaded(st, s);
    assert_int_equal(s->now, st->now);
    assert_int_equal(site_visitors(s, 30), 0);
    assert_true(s->tick);
    assert_ptr_equal(store_take_dirty(st), s);
    s->totals.dirty = false;
    for (int i = 0; i < 3000 && t < NOON + 4 * HOUR; i++) {
        t = fold_tick(st, t);
        if (store_take_dirty(st))
            s->totals.dirty = false; /* they stay for ever: Redis must have them */
    }
    assert_null(store_find(st, SLICE("shop")));
    assert_int_equal(st->visitors, 0);
    assert_int_equal(st->log_waits, 0);
}

static void a_site_still_waiting_is_taken_up_at_the_present_minute(void **state)
{
    struct store *st = *state;
    struct site *s = site(st, "shop");

    fold_tick(st, NOON + HOUR);
    store_take_load(st);
    assert_int_equal(s->now, minute_of(NOON + HOUR));
}

static void only_live_sites_are_checked_again(void **state)
{
    struct store *st = *state;
    struct site *live = site(st, "live");

    load(st, live);
    site(st, "loading");
    store_take_load(st);
    site(st, "waiting");
    store_recheck(st);
    assert_int_equal(st->ndirty, 1);
    assert_ptr_equal(store_take_dirty(st), live);
}

/* A live site whose last commit began at @at, with news. */
static struct site *committed(struct store *st, const char *id, ms_t at)
{
    struct site *s = site(st, id);

    load(st, s);
    s->full = false;
    s->commit_at = at;
    s->totals.dirty = true;
    return s;
}

static void who_was_in_no_round_of_late_has_rested(void **state)
{
    struct store *st = *state;
    ms_t round = NOON - 2 * STORE_REST_MS;
    struct site *rested = committed(st, "rested", round - 1);
    struct site *in_it = committed(st, "in.it", round);
    struct site *since = committed(st, "since", round + 1);

    while (store_take_dirty(st))
        ;
    store_mark_dirty(st, rested); /* before there was a round */
    assert_null(store_take_rested(st));
    assert_ptr_equal(store_take_dirty(st), rested);
    store_begin_round(st, round);
    store_mark_dirty(st, in_it);
    store_mark_dirty(st, since);
    store_mark_dirty(st, rested);
    assert_int_equal(st->ndirty, 3);
    assert_ptr_equal(store_take_rested(st), rested);
    assert_null(store_take_rested(st));
    assert_ptr_equal(store_take_dirty(st), in_it);
    assert_ptr_equal(store_take_dirty(st), since);
    assert_int_equal(st->ndirty, 0);
}

static void who_was_committed_a_moment_ago_has_not_rested(void **state)
{
    struct store *st = *state;
    struct site *s = committed(st, "shop", NOON - STORE_REST_MS);

    store_take_dirty(st);
    store_begin_round(st, NOON);
    store_mark_dirty(st, s);
    assert_ptr_equal(store_take_rested(st), s);
    s->commit_at++;
    store_mark_dirty(st, s);
    assert_null(store_take_rested(st));
    assert_ptr_equal(store_take_dirty(st), s);
}

static void who_is_left_alone_or_only_a_minute_older_has_not_rested(void **state)
{
    struct store *st = *state;
    struct site *s = committed(st, "shop", NOON - HOUR);

    store_take_dirty(st);
    store_begin_round(st, NOON);
    s->retry_at = NOON + 1;
    store_mark_dirty(st, s);
    assert_null(store_take_rested(st));
    assert_ptr_equal(store_take_dirty(st), s);
    s->retry_at = NOON;
    s->totals.dirty = false;
    s->tick = true;
    store_mark_dirty(st, s);
    assert_null(store_take_rested(st));
    assert_ptr_equal(store_take_dirty(st), s);
}

static void who_has_rested_is_the_first_of_the_next_round(void **state)
{
    struct store *st = *state;
    struct site *busy = committed(st, "busy", NOON);
    struct site *a = committed(st, "a", NOON - HOUR);
    struct site *b = committed(st, "b", NOON - HOUR);
    struct site *c = committed(st, "c", NOON - HOUR);

    while (store_take_dirty(st))
        ;
    store_begin_round(st, NOON);
    store_mark_dirty(st, busy);
    store_mark_dirty(st, a);
    store_mark_dirty(st, b);
    store_mark_dirty(st, c);
    store_drop(st, b);
    assert_int_equal(st->ndirty, 3);
    store_begin_round(st, NOON + 1);
    assert_null(store_take_rested(st));
    store_drop(st, c); /* it is where the others are now */
    assert_int_equal(st->ndirty, 2);
    assert_ptr_equal(store_take_dirty(st), a);
    assert_ptr_equal(store_take_dirty(st), busy);
    assert_null(store_take_dirty(st));
}

static void a_barrier_is_lowered_by_what_is_parked_in_any_site(void **state)
{
    struct store *st = *state;
    struct barrier_mark mark = {.id = 3, .seq = 50};
    struct barrier b = {.mark = &mark, .n = 1};

    site(st, "a");
    site(st, "b");
    store_bar(st, &b);
    assert_int_equal(mark.seq, 50);
    fold(st, "a", 40, NOON);
    fold(st, "b", 30, NOON);
    store_bar(st, &b);
    assert_int_equal(mark.seq, 29);
    load(st, store_find(st, SLICE("a")));
    load(st, store_find(st, SLICE("b")));
    mark.seq = 50;
    store_bar(st, &b);
    assert_int_equal(mark.seq, 50);
}

static uint64_t base(void *arg, uint64_t stream)
{
    (void)arg;
    return stream;
}

static void a_reset_store_is_as_lazy_as_before_and_empty(void **state)
{
    struct store *st = *state;

    st->base = base;
    st->base_arg = st;
    site(st, "shop");
    fold(st, "shop", 1, NOON);
    fold(st, "other", 2, NOON);
    load(st, site(st, "shop"));
    store_reset(st, NOON + HOUR);
    assert_true(st->lazy);
    assert_ptr_equal(st->base, base);
    assert_ptr_equal(st->base_arg, st);
    assert_int_equal(st->parked + st->log_waits + st->nloads + st->visitors, 0);
    assert_int_equal(site(st, "new")->state, SITE_WAITING);
    assert_int_equal(st->nloads, 1);
    assert_string_equal(store_take_load(st)->id, "new");
}

static void a_site_that_nobody_has_visited_is_small(void **state)
{
    struct store *st = *state;
    struct site *s = site(st, "shop");

    assert_true(sizeof *s <= 1600);
    assert_int_equal(site_bytes(s), sizeof *s + 32 * (sizeof *s->row + 8));
    st->lazy = false;
    assert_int_equal(site_bytes(site(st, "b")), sizeof *s + 32 * sizeof *s->row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            who_fills_the_pages_of_other_sites_leaves_each_its_own, begin, end),
        cmocka_unit_test_setup_teardown(and_what_their_views_are_told_apart_by, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_site_of_a_lazy_store_waits_to_be_read_back,
                                        begin, end),
        cmocka_unit_test_setup_teardown(otherwise_it_is_live_and_full, begin, end),
        cmocka_unit_test_setup_teardown(
            sites_are_read_back_in_their_order_and_failed_ones_last, begin, end),
        cmocka_unit_test_setup_teardown(
            a_load_that_failed_leaves_nothing_but_what_is_parked, begin, end),
        cmocka_unit_test_setup_teardown(a_site_that_becomes_live_is_queued_if_it_is_dirty,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            time_goes_by_a_site_that_is_not_live_and_is_made_up_for, begin, end),
        cmocka_unit_test_setup_teardown(
            a_site_still_waiting_is_taken_up_at_the_present_minute, begin, end),
        cmocka_unit_test_setup_teardown(only_live_sites_are_checked_again, begin, end),
        cmocka_unit_test_setup_teardown(who_was_in_no_round_of_late_has_rested, begin,
                                        end),
        cmocka_unit_test_setup_teardown(who_was_committed_a_moment_ago_has_not_rested,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            who_is_left_alone_or_only_a_minute_older_has_not_rested, begin, end),
        cmocka_unit_test_setup_teardown(who_has_rested_is_the_first_of_the_next_round,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            a_barrier_is_lowered_by_what_is_parked_in_any_site, begin, end),
        cmocka_unit_test_setup_teardown(a_reset_store_is_as_lazy_as_before_and_empty,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_site_that_nobody_has_visited_is_small, begin,
                                        end),
    };

    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
