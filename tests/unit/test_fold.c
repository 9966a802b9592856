/* fold: single claims, and the whole against an oracle of plain sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../aggregator/commit.h"
#include "../../aggregator/fold.h"
#include "../../proto/keys.h"

#define NOON (1763812800000LL) /* 2025-11-22 12:00:00 UTC, the start of a minute */
#define SENT 1000000000        /* the sender's clock */

static const struct key key = {{1, 2, 3}};
static struct fold_counts counts;

static struct hit hit_at(const char *site, uint64_t visitor, const char *path, ms_t age)
{
    return (struct hit){
        .site = slice_of(site),
        .path = slice_of(path),
        .visitor = visitor,
        .kind = HIT_VIEW,
        .at = SENT - age,
    };
}

static void fold(struct store *st, struct hit h, ms_t now)
{
    fold_hits(st, &h, 1, &(struct fold_origin){.sent = SENT, .at = now}, &counts);
}

static struct site *site(struct store *st, const char *id)
{
    struct site *s = store_find(st, slice_of(id));

    assert_non_null(s);
    return s;
}

static uint64_t on_page(struct site *s, const char *path, unsigned minutes)
{
    struct page_count top[PAGES_MAX];
    size_t n = site_top_pages(s, minutes, top, PAGES_MAX);

    for (size_t i = 0; i < n; i++)
        if (slice_eq(top[i].path, slice_of(path)))
            return top[i].visitors;
    return 0;
}

/* What a commit takes. */
static void commit(struct site *s)
{
    s->dirty = 0;
    s->full = s->presence.changed = s->totals.dirty = false;
    standing_send(&s->pages.standing);
    standing_end(&s->pages.standing, true);
}

/* Whether Redis is to be told how many have page @id open. */
static bool open_is_due(const struct pages *t, size_t id)
{
    const struct standing *st = &t->standing;
    size_t place = t->place[id];

    return *standing_bits(st, st->dirty, place, standing_open(st)) >> place % 64 & 1;
}

static void drain(struct store *st)
{
    struct site *s;

    while ((s = store_take_dirty(st)))
        commit(s);
}

/* Ticks until nothing more is due at @now. */
static void tick(struct store *st, ms_t now)
{
    fold_tick(st, now);
    for (size_t i = 0; i < 200; i++)
        fold_tick(st, now);
}

static int begin(void **state)
{
    struct store *st = malloc(sizeof *st);

    store_init(st, 30, &key, NOON);
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

static void a_visitor_counts_once_however_many_pages(void **state)
{
    struct store *st = *state;

    fold(st, hit_at("shop", 7, "/a", 0), NOON);
    fold(st, hit_at("shop", 7, "/b", 0), NOON + 1000);
    fold(st, hit_at("shop", 7, "/c", 0), NOON + 61000);
    assert_int_equal(site_visitors(site(st, "shop"), 5), 1);
    assert_int_equal(site_views(site(st, "shop"), 5), 3);
    assert_int_equal(on_page(site(st, "shop"), "/c", 5), 1);
    assert_int_equal(on_page(site(st, "shop"), "/a", 5), 0);
}

static void windows_end_at_their_minute(void **state)
{
    struct store *st = *state;

    fold(st, hit_at("shop", 7, "/", 0), NOON + 59999);
    tick(st, NOON + 4 * 60000 + 59999);
    assert_int_equal(site_visitors(site(st, "shop"), 5), 1);
    tick(st, NOON + 5 * 60000 + 10000);
    assert_int_equal(site_visitors(site(st, "shop"), 5), 0);
    assert_int_equal(site_visitors(site(st, "shop"), 30), 1);
    assert_int_equal(on_page(site(st, "shop"), "/", 30), 1);
    tick(st, NOON + 30 * 60000 + 10000);
    assert_int_equal(site_visitors(site(st, "shop"), 30), 0);
}

static void a_silent_site_is_forgotten(void **state)
{
    struct store *st = *state;

    fold(st, hit_at("shop", 7, "/", 0), NOON);
    assert_int_equal(st->ndirty, 1);
    for (ms_t t = NOON; t <= NOON + 32 * 60000; t = fold_tick(st, t))
        drain(st);
    assert_null(store_find(st, SLICE("shop")));
    assert_int_equal(st->nsites, 0);
    assert_int_equal(st->visitors, 0);
}

static void heartbeats_keep_a_visitor_and_count_no_view(void **state)
{
    struct store *st = *state;
    struct hit h = hit_at("shop", 7, "/a", 0);

    fold(st, h, NOON);
    h.kind = HIT_HEARTBEAT;
    for (int m = 1; m <= 40; m++)
        fold(st, h, NOON + m * 60000);
    assert_int_equal(site_visitors(site(st, "shop"), 1), 1);
    assert_int_equal(site_views(site(st, "shop"), 30), 0);
    assert_int_equal(counts.views, 1);
    assert_int_equal(counts.heartbeats, 40);
}

static void a_heartbeat_that_changes_nothing_makes_nothing_dirty(void **state)
{
    struct store *st = *state;
    struct hit h = hit_at("shop", 7, "/a", 0);
    struct site *s;

    h.tab = 70;
    fold(st, h, NOON);
    s = store_take_dirty(st);
    commit(s);
    h.kind = HIT_HEARTBEAT;
    fold(st, h, NOON + 1000);
    assert_int_equal(st->ndirty, 0);
    h.path = slice_of("/b");
    fold(st, h, NOON + 2000);
    assert_int_equal(st->ndirty, 1);
}

static void a_leave_and_an_unknown_kind_count_nobody(void **state)
{
    struct store *st = *state;
    struct hit h = hit_at("shop", 7, "/a", 0);

    h.kind = 99;
    fold(st, h, NOON);
    assert_null(store_find(st, SLICE("shop")));
    h.kind = HIT_LEAVE;
    fold(st, h, NOON);
    assert_int_equal(site_visitors(site(st, "shop"), 30), 0);
    assert_int_equal(site(st, "shop")->visitors.n, 0);
    assert_int_equal(site(st, "shop")->pages.n, 0);
    assert_int_equal(site(st, "shop")->presence.online.tabs, 0);
    assert_int_equal(counts.leaves, 1);
    assert_int_equal(counts.unknown_kind, 1);
}

static void a_late_hit_is_filed_where_it_happened(void **state)
{
    struct store *st = *state;
    struct site *s;

    fold(st, hit_at("shop", 7, "/now", 0), NOON + 10 * 60000);
    fold(st, hit_at("shop", 7, "/then", 4 * 60000), NOON + 10 * 60000);
    s = site(st, "shop");
    assert_int_equal(s->row[slot_of(s, s->now - 4)].views, 1);
    assert_int_equal(s->row[slot_of(s, s->now - 4)].uniques, 1);
    assert_int_equal(s->row[slot_of(s, s->now - 4)].last, 0);
    assert_int_equal(site_visitors(s, 30), 1);
    assert_int_equal(on_page(s, "/now", 30), 1);
    assert_int_equal(on_page(s, "/then", 30), 0);
    fold(st, hit_at("shop", 8, "/", 30 * 60000), NOON + 10 * 60000);
    assert_int_equal(counts.late, 1);
    assert_int_equal(site_visitors(s, 30), 1);
}

static void a_hit_from_the_future_happened_now(void **state)
{
    struct store *st = *state;

    fold(st, hit_at("shop", 7, "/", -3600000), NOON);
    assert_int_equal(site_visitors(site(st, "shop"), 1), 1);
}

static void midnight_does_not_count_a_visitor_twice(void **state)
{
    struct store *st = *state;
    struct hit h = hit_at("shop", 7, "/", 0);

    fold(st, h, NOON);
    h.visitor = 8;
    h.previous = 7;
    fold(st, h, NOON + 60000);
    h.previous = 0;
    fold(st, h, NOON + 120000);
    assert_int_equal(site_visitors(site(st, "shop"), 30), 1);
    assert_int_equal(site(st, "shop")->visitors.n, 1);
}

static void a_hit_under_yesterdays_id_after_the_renaming_is_made_good(void **state)
{
    struct store *st = *state;
    struct hit h = hit_at("shop", 8, "/a", 0), old = hit_at("shop", 7, "/b", 0);

    h.previous = 7;
    fold(st, old, NOON);
    fold(st, h, NOON + 1000);
    fold(st, old, NOON + 1500); /* from a collector whose clock is behind */
    fold(st, h, NOON + 2000);
    assert_int_equal(site_visitors(site(st, "shop"), 30), 1);
    assert_int_equal(on_page(site(st, "shop"), "/a", 30), 1);
    assert_int_equal(on_page(site(st, "shop"), "/b", 30), 0);
    assert_int_equal(st->visitors, 1);
}

static void times_at_the_end_of_all_numbers_are_taken(void **state)
{
    struct store *st = *state;
    struct hit h = hit_at("shop", 7, "/", 0);

    h.at = INT64_MAX - EVENT_AGE_MAX_MS;
    fold_hits(st, &h, 1, &(struct fold_origin){.at = NOON}, &counts);
    assert_int_equal(site_visitors(site(st, "shop"), 1), 1);
    h.at = -EVENT_AGE_MAX_MS;
    fold_hits(st, &h, 1,
              &(struct fold_origin){.sent = (mono_t)(UINT64_MAX / 1000), .at = NOON},
              &counts);
    assert_int_equal(counts.late, 1);
}

static void nobody_is_remembered_for_long_after_the_window(void **state)
{
    struct store *st = *state;

    for (uint64_t v = 1; v <= 10; v++)
        fold(st, hit_at("shop", v, "/", 0), NOON);
    for (ms_t t = NOON; t < NOON + 120 * 60000; t = fold_tick(st, t))
        for (uint64_t v = 2; v <= 10; v++)
            if (t % 60000 == 0)
                fold(st, hit_at("shop", v, "/", 0), t);
    assert_int_equal(site(st, "shop")->visitors.n, 9);
}

static void an_event_without_a_path_leaves_the_visitor_on_the_page(void **state)
{
    struct store *st = *state;
    struct hit h = hit_at("shop", 7, "/a", 0);

    fold(st, h, NOON);
    h.kind = HIT_EVENT;
    h.path = slice_of("");
    h.name = slice_of("signup");
    fold(st, h, NOON + 60000);
    assert_int_equal(on_page(site(st, "shop"), "/a", 1), 1);
    assert_int_equal(counts.events, 1);
}

static void pages_beyond_the_bound_are_other(void **state)
{
    struct store *st = *state;
    char path[32];
    struct site *s;

    for (int i = 0; i < PAGES_MAX + 500; i++) {
        snprintf(path, sizeof path, "/%d", i);
        fold(st, hit_at("shop", (uint64_t)i + 1, path, 0), NOON);
    }
    s = site(st, "shop");
    assert_int_equal(s->pages.n, PAGES_MAX);
    assert_int_equal(on_page(s, PAGE_OTHER, 30), 501);
    assert_int_equal(counts.capped_pages, 501);
    assert_true(s->capped);
    assert_int_equal(site_visitors(s, 30), PAGES_MAX + 500);
}

static void what_is_no_page_of_its_own_is_the_last_of_them(void **state)
{
    struct store *st = *state;
    struct page_count top[PAGES_MAX];
    char path[16];
    size_t n;

    for (unsigned i = 0; i < PAGES_MAX + 10; i++) {
        snprintf(path, sizeof path, "/%u", i);
        fold(st, hit_at("shop", i + 1, path, 0), NOON);
    }
    n = site_top_pages(site(st, "shop"), 5, top, PAGES_MAX);
    assert_int_equal(n, PAGES_MAX);
    assert_true(slice_eq(top[n - 1].path, SLICE(PAGE_OTHER)));
    assert_int_equal(top[n - 1].visitors, 11);
    n = site_top_pages(site(st, "shop"), 5, top, 20);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(top[i].path.p[0], '/');
}

static void sites_beyond_the_bound_are_refused_and_counted(void **state)
{
    struct store *st = *state;
    char id[16];

    for (int i = 0; i < SITES_MAX + 5; i++) {
        snprintf(id, sizeof id, "s%d", i);
        fold(st, hit_at(id, 7, "/", 0), NOON);
    }
    assert_int_equal(st->nsites, SITES_MAX);
    assert_int_equal(counts.capped_sites, 5);
    for (ms_t t = NOON; t <= NOON + 33 * 60000; t = fold_tick(st, t))
        drain(st);
    assert_int_equal(st->nsites, 0);
}

/* ---- sites that are read back first --------------------------------------- */

static int begin_lazy(void **state)
{
    begin(state);
    ((struct store *)*state)->lazy = true;
    return 0;
}

static void fold_from(struct store *st, uint64_t stream, uint64_t seq,
                      const struct hit *hits, size_t n, ms_t now)
{
    struct fold_origin from = {.stream = stream, .seq = seq, .sent = SENT, .at = now};

    fold_hits(st, hits, n, &from, &counts);
}

/* Takes the next site to be read back, which Redis has up to @loaded of stream 1. */
static struct site *load(struct store *st, const char *id, uint64_t loaded)
{
    struct site *s = store_take_load(st);
    uint64_t evicted = 0;

    assert_ptr_equal(s, site(st, id));
    if (loaded) {
        struct mark *m = marks_get(&s->marks, 1, st->now, NULL, NULL, &evicted);

        m->seq = m->loaded = loaded;
    }
    return s;
}

static void make_live(struct store *st, const char *id, uint64_t loaded)
{
    struct site *s = load(st, id, loaded);

    assert_true(fold_parked(st, s, SIZE_MAX, &counts));
    store_loaded(st, s);
}

static void hits_of_a_site_that_is_being_read_back_wait_and_others_do_not(void **state)
{
    struct store *st = *state;
    struct hit hits[3] = {hit_at("new", 7, "/a", 0), hit_at("live", 7, "/b", 0),
                          hit_at("new", 8, "/c", 0)};

    fold(st, hits[1], NOON);
    make_live(st, "live", 0);
    memset(&counts, 0, sizeof counts);
    fold_from(st, 1, 1, hits, 3, NOON);
    assert_int_equal(counts.parked, 2);
    assert_int_equal(counts.views, 1);
    assert_int_equal(site(st, "new")->visitors.n, 0);
    assert_int_equal(st->parked, site(st, "new")->parked.bytes);
    assert_true(st->parked > 0);

    make_live(st, "new", 0);
    assert_int_equal(counts.views, 3);
    assert_int_equal(site_visitors(site(st, "new"), 1), 2);
    assert_int_equal(on_page(site(st, "new"), "/c", 1), 1);
    assert_int_equal(st->parked, 0);
    fold_from(st, 1, 2, hits, 3, NOON);
    assert_int_equal(counts.parked, 2);
    assert_int_equal(site_views(site(st, "new"), 1), 4);
}

static void what_is_not_known_and_what_is_late_does_not_wait(void **state)
{
    struct store *st = *state;
    struct hit hits[2] = {hit_at("new", 7, "/", 0), hit_at("new", 7, "/", 30 * 60000)};

    hits[0].kind = HIT_KINDS;
    fold_from(st, 1, 1, hits, 2, NOON);
    assert_int_equal(counts.parked, 0);
    assert_int_equal(counts.unknown_kind, 1);
    assert_int_equal(counts.late, 1);
    assert_int_equal(st->nsites, 0);
}

static void leaves_messages_and_resets_wait_like_others(void **state)
{
    struct store *st = *state;
    struct hit hits[4] = {hit_at("shop", 7, "/a", 0), hit_at("shop", 7, "", 0),
                          hit_at("shop", VISITOR_NOBODY, "all is well", 0),
                          hit_at("shop", VISITOR_NOBODY, "", 0)};
    struct site *s;

    hits[0].tab = hits[1].tab = 70;
    hits[1].kind = HIT_LEAVE;
    hits[2].kind = HIT_MESSAGE;
    hits[3].kind = HIT_RESET;
    fold_from(st, 1, 1, hits, 4, NOON);
    assert_int_equal(counts.parked, 4);
    assert_int_equal(counts.leaves, 0);
    fold_from(st, 1, 2, hits, 4, NOON);
    make_live(st, "shop", 1);
    s = site(st, "shop");
    assert_int_equal(counts.repeated, 4);
    assert_int_equal(counts.leaves, 1);
    assert_int_equal(counts.messages, 1);
    assert_int_equal(counts.resets, 1);
    assert_int_equal(s->presence.online.reading, 1);
    assert_int_equal(st->tabs, 1);
    tick(st, NOON + 1500);
    assert_int_equal(s->presence.online.tabs, 0);
    tick(st, NOON + 60000);
    assert_int_equal(st->tabs, 0);
}

static void a_parked_hit_keeps_its_time_and_may_become_late(void **state)
{
    struct store *st = *state;
    struct site *s;

    fold(st, hit_at("new", 7, "/then", 60000), NOON + 60000);
    fold(st, hit_at("new", 8, "/too-late", 29 * 60000), NOON + 60000);
    fold_tick(st, NOON + 10 * 60000);
    make_live(st, "new", 0);
    s = site(st, "new");
    assert_int_equal(counts.late, 1);
    assert_int_equal(site_visitors(s, 10), 0);
    assert_int_equal(site_visitors(s, 11), 1);
    assert_int_equal(s->row[slot_of(s, minute_of(NOON))].views, 1);
    assert_int_equal(recent_get(&s->recent, 1).at, NOON);
}

static void what_was_read_back_is_not_counted_again(void **state)
{
    struct store *st = *state;
    struct hit h = hit_at("shop", 7, "/", 0);

    for (uint64_t seq = 1; seq <= 6; seq++) {
        fold_from(st, 1, seq, &h, 1, NOON);
        fold_from(st, 2, seq, &h, 1, NOON);
    }
    make_live(st, "shop", 4); /* of stream 1; of stream 2 it has nothing */
    assert_int_equal(counts.repeated, 4);
    assert_int_equal(counts.views, 8);
}

static void nor_is_it_when_it_comes_later(void **state)
{
    struct store *st = *state;
    struct hit hits[4] = {hit_at("shop", 7, "/", 0), hit_at("blog", 7, "/", 0),
                          hit_at("shop", 8, "/", 0), hit_at("shop", 9, "/", 0)};

    store_site(st, SLICE("shop"));
    store_site(st, SLICE("blog"));
    make_live(st, "shop", 10);
    make_live(st, "blog", 0);
    hits[3].kind = HIT_HEARTBEAT;
    fold_from(st, 1, 10, hits, 4, NOON);
    assert_int_equal(counts.repeated, 3);
    assert_int_equal(counts.views, 1);
    assert_int_equal(site_visitors(site(st, "shop"), 1), 0);
    fold_from(st, 1, 11, hits, 4, NOON);
    assert_int_equal(counts.repeated, 3);
    assert_int_equal(counts.views, 4); /* though each site comes twice */
    assert_int_equal(site_visitors(site(st, "shop"), 1), 3);
}

static void a_site_marks_how_far_each_sender_is(void **state)
{
    struct store *st = *state;
    struct hit h = hit_at("shop", 7, "/", 0);
    struct site *s;
    uint64_t evicted = 0;

    store_site(st, SLICE("shop"));
    make_live(st, "shop", 0);
    s = site(st, "shop");
    fold_from(st, 0, 0, &h, 1, NOON);
    assert_int_equal(s->marks.n, 0); /* a tape's */
    fold_from(st, 1, 5, &h, 1, NOON);
    fold_from(st, 2, 9, &h, 1, NOON);
    fold_from(st, 1, 6, &h, 1, NOON + 3 * 60000);
    assert_int_equal(s->marks.n, 2);
    assert_int_equal(marks_get(&s->marks, 1, 0, NULL, NULL, &evicted)->seq, 6);
    assert_int_equal(marks_get(&s->marks, 1, 0, NULL, NULL, &evicted)->at,
                     minute_of(NOON) + 3);
    assert_int_equal(marks_get(&s->marks, 1, 0, NULL, NULL, &evicted)->loaded, 0);
    assert_int_equal(marks_get(&s->marks, 2, 0, NULL, NULL, &evicted)->seq, 9);
    for (uint64_t stream = 10; stream < 10 + SITE_MARKS_MAX; stream++)
        fold_from(st, stream, 1, &h, 1, NOON + 3 * 60000);
    assert_int_equal(counts.marks_evicted, 2);
    assert_int_equal(s->marks.n, SITE_MARKS_MAX);
}

static void parked_hits_are_folded_in_steps_and_bar_until_the_last(void **state)
{
    struct store *st = *state;
    struct hit h = hit_at("shop", 7, "/", 0);
    struct barrier_mark mark = {.id = 1, .seq = 1000};
    struct barrier b = {.mark = &mark, .n = 1};
    struct site *s;

    for (uint64_t seq = 1; seq <= 100; seq++)
        fold_from(st, 1, seq, &h, 1, NOON);
    s = load(st, "shop", 30);
    assert_false(fold_parked(st, s, 40, &counts));
    fold_from(st, 1, 101, &h, 1, NOON); /* comes meanwhile, waits behind */
    assert_int_equal(counts.parked, 101);
    assert_int_equal(counts.views, 10);
    store_bar(st, &b);
    assert_int_equal(mark.seq, 0);
    assert_int_equal(st->ndirty, 0);
    assert_false(fold_parked(st, s, 61, &counts));
    assert_true(fold_parked(st, s, 1, &counts));
    store_loaded(st, s);
    assert_int_equal(counts.views, 71);
    assert_int_equal(counts.repeated, 30);
    assert_int_equal(st->ndirty, 1);
    assert_int_equal(st->parked, 0);
}

static void a_site_that_only_repeats_turns_its_minute_all_the_same(void **state)
{
    struct store *st = *state;
    struct hit h = hit_at("shop", 7, "/", 0);
    struct site *s;

    fold_from(st, 1, 5, &h, 1, NOON);
    make_live(st, "shop", 4);
    s = store_take_dirty(st);
    s->dirty = 0;
    fold_from(st, 1, 4, &h, 1, NOON + 60000); /* another sender's way of being late */
    assert_int_equal(counts.repeated, 1);
    tick(st, NOON + 60000 + 10000);
    assert_true(s->tick);
    assert_int_equal(st->ndirty, 1);
}

/* ---- a site whose clock was another host's --------------------------------- */

/* A live site that is @ahead minutes ahead, with a visitor in its newest one. */
static struct site *site_ahead(struct store *st, minute_t ahead)
{
    struct site *s = store_site(st, SLICE("shop"));

    site_advance(s, st->now + ahead);
    s->touched = s->now;
    st->now += ahead;
    fold(st, hit_at("shop", 70, "/ahead", 0), NOON + ahead * 60000);
    st->now -= ahead;
    return s;
}

static void a_site_may_be_ahead_and_hits_go_where_they_happened(void **state)
{
    struct store *st = *state;
    struct site *s = site_ahead(st, 5);

    assert_int_equal(s->now, minute_of(NOON) + 5);
    fold(st, hit_at("shop", 7, "/now", 0), NOON + 1000);
    fold(st, hit_at("shop", 8, "/then", 10 * 60000), NOON + 1000);
    fold(st, hit_at("shop", 70, "/back", 0), NOON + 1000);
    assert_int_equal(s->now, minute_of(NOON) + 5);
    assert_int_equal(site_visitors(s, 5), 1);
    assert_int_equal(site_visitors(s, 6), 2);
    assert_int_equal(site_visitors(s, 30), 3);
    assert_int_equal(on_page(s, "/ahead", 30), 1);
    assert_int_equal(on_page(s, "/back", 30), 0);
    assert_int_equal(s->row[slot_of(s, minute_of(NOON))].uniques, 2);
    assert_int_equal(s->row[slot_of(s, minute_of(NOON))].last, 1);
    assert_int_equal(counts.late, 0);
    assert_int_equal(s->stale, 0);
}

static void what_it_has_no_row_for_any_more_is_late(void **state)
{
    struct store *st = *state;
    struct site *s = site_ahead(st, 5);

    fold(st, hit_at("shop", 7, "/", 24 * 60000), NOON);
    assert_int_equal(counts.late, 0);
    fold(st, hit_at("shop", 8, "/", 25 * 60000), NOON);
    assert_int_equal(counts.late, 1);
    assert_int_equal(site_visitors(s, 30), 2);
}

static void it_waits_until_the_clock_has_come_and_turns_with_it_then(void **state)
{
    struct store *st = *state;
    struct site *s = site_ahead(st, 5);

    drain(st);
    for (ms_t t = NOON; t < NOON + 6 * 60000; t = fold_tick(st, t))
        assert_int_equal(st->ndirty, 0);
    assert_int_equal(s->now, minute_of(NOON) + 5);
    tick(st, NOON + 6 * 60000 + 10000);
    assert_int_equal(s->now, minute_of(NOON) + 6);
    assert_true(s->tick);
    drain(st);
    for (ms_t t = NOON + 7 * 60000; t < NOON + 40 * 60000; t = fold_tick(st, t))
        drain(st);
    assert_null(store_find(st, SLICE("shop")));
}

static void a_bound_met_by_a_site_ahead_holds_for_a_window(void **state)
{
    struct store *st = *state;
    struct site *s = site_ahead(st, 5);

    st->visitors = VISITORS_MAX;
    fold(st, hit_at("shop", 7, "/", 0), NOON);
    st->visitors = s->visitors.n;
    assert_true(s->capped);
    tick(st, NOON + 34 * 60000 + 10000);
    assert_true(s->capped);
    fold(st, hit_at("shop", 70, "/", 0), NOON + 35 * 60000);
    assert_false(s->capped);
}

/* ---- who is there now ----------------------------------------------------- */

static struct hit tab_at(uint8_t kind, uint64_t visitor, uint64_t tab, const char *path)
{
    struct hit h = hit_at("shop", visitor, path, 0);

    h.kind = kind;
    h.tab = tab;
    return h;
}

static uint64_t online(struct store *st)
{
    return online_total(&site(st, "shop")->presence.online);
}

static void heartbeats_and_what_names_a_tab_make_present_and_bare_pixels_do_not(
    void **state)
{
    struct store *st = *state;

    fold(st, tab_at(HIT_VIEW, 1, 0, "/a"), NOON);
    fold(st, tab_at(HIT_EVENT, 1, 0, "/a"), NOON);
    assert_int_equal(online(st), 0);
    assert_int_equal(site_visitors(site(st, "shop"), 1), 1);
    fold(st, tab_at(HIT_VIEW, 2, 20, "/a"), NOON);
    fold(st, tab_at(HIT_EVENT, 3, 30, "/a"), NOON);
    fold(st, tab_at(HIT_HEARTBEAT, 4, 40, "/a"), NOON);
    fold(st, tab_at(HIT_HEARTBEAT, 5, 0, "/a"), NOON);
    assert_int_equal(online(st), 4);
    assert_int_equal(st->tabs, 4);
    assert_int_equal(counts.views, 2);
    assert_int_equal(pages_get(&site(st, "shop")->pages, 0)->online, 4);
    assert_int_equal(site(st, "shop")->totals.peaks.all, 4);
}

static size_t commit_alerts(struct store *st)
{
    size_t commits = 0;

    for (struct site *s; (s = store_take_dirty(st)) != NULL; commit(s)) {
        commits += alerts_defined(&s->alerts) && !commit_is_tick(s);
        for (size_t i = 0; i < s->alerts.n; i++) {
            s->alerts.alert[i].inflight |= s->alerts.alert[i].dirty;
            s->alerts.alert[i].dirty = false;
        }
        alerts_told(&s->alerts, true);
    }
    return commits;
}

/* And each minute it is committed, by which it is heard what its operator changes. */
static void a_site_with_alerts_stays_though_nobody_visits_it(void **state)
{
    struct store *st = *state;
    struct site *s = store_site(st, SLICE("shop"));
    size_t commits = 0;

    alerts_begin(&s->alerts);
    assert_true(alerts_add(&s->alerts, SLICE("al:gone"), SLICE("below online 0 1 0")));
    alerts_end(&s->alerts);
    store_due(st, s);
    fold(st, hit_at("blog", 1, "/", 0), NOON);
    for (ms_t t = NOON; t < NOON + 120 * 60000; t = fold_tick(st, t))
        commits += commit_alerts(st);
    assert_int_equal(st->nsites, 1);
    assert_ptr_equal(st->site[0], s);
    assert_true(commits >= 119);
    assert_true(s->alerts.alert[0].state.on);
    alerts_begin(&s->alerts);
    alerts_end(&s->alerts);
    for (ms_t t = NOON + 120 * 60000; t < NOON + 124 * 60000; t = fold_tick(st, t))
        commit_alerts(st);
    assert_int_equal(st->nsites, 0);
}

/* Calls fold_tick as it asks to be, until @end. */
static void run(struct store *st, ms_t *now, ms_t end)
{
    while (*now < end) {
        ms_t next = fold_tick(st, *now);

        assert_true(next > *now);
        *now = next < end ? next : end;
    }
    fold_tick(st, end);
}

static void who_closes_the_page_is_gone_within_two_seconds_and_the_site_is_dirty(
    void **state)
{
    struct store *st = *state;
    ms_t now = NOON;
    struct site *s;

    fold(st, tab_at(HIT_VIEW, 1, 10, "/a"), now);
    run(st, &now, NOON + 10300);
    fold(st, tab_at(HIT_LEAVE, 1, 10, ""), now);
    assert_int_equal(online(st), 1);
    s = store_take_dirty(st);
    commit(s);
    run(st, &now, NOON + 11000);
    assert_int_equal(online(st), 1);
    assert_int_equal(st->ndirty, 0);
    run(st, &now, NOON + 11800);
    assert_int_equal(online(st), 0);
    assert_int_equal(st->ndirty, 1);
    assert_true(open_is_due(&s->pages, 0));
    assert_int_equal(counts.leaves, 1);
}

static void who_falls_silent_is_gone_within_45_seconds_and_takes_no_memory(void **state)
{
    struct store *st = *state;
    ms_t now = NOON;

    fold(st, tab_at(HIT_VIEW, 1, 10, "/a"), now);
    run(st, &now, NOON + 43900);
    assert_int_equal(online(st), 1);
    run(st, &now, NOON + 44500);
    assert_int_equal(online(st), 0);
    assert_int_equal(st->tabs, 0);
    assert_int_equal(st->due_first, INT64_MAX);
    assert_int_equal(presence_bytes(&site(st, "shop")->presence), 0);
}

static void the_tabs_of_yesterday_are_those_of_today(void **state)
{
    struct store *st = *state;
    struct hit h = tab_at(HIT_HEARTBEAT, 8, 10, "/a");

    fold(st, tab_at(HIT_VIEW, 7, 10, "/a"), NOON);
    fold(st, tab_at(HIT_VIEW, 7, 11, "/b"), NOON);
    commit(site(st, "shop"));
    h.previous = 7;
    fold(st, h, NOON + 1000);
    assert_int_equal(online(st), 1);
    assert_int_equal(site(st, "shop")->presence.online.tabs, 2);
    assert_false(site(st, "shop")->presence.changed);
    assert_int_equal(site_visitors(site(st, "shop"), 30), 1);
}

static void a_page_that_is_open_stays_though_the_window_shows_nobody_on_it(void **state)
{
    struct store *st = *state;
    ms_t now = NOON;
    struct site *s;

    fold(st, tab_at(HIT_VIEW, 1, 10, "/a"), now);
    fold(st, tab_at(HIT_VIEW, 1, 11, "/b"), now);
    s = site(st, "shop");
    while (now < NOON + 40 * 60000) {
        run(st, &now, now + 20000);
        fold(st, tab_at(HIT_HEARTBEAT, 1, 10, ""), now);
        commit(s);
    }
    assert_int_equal(pages_visitors(&s->pages, pages_get(&s->pages, 0)), 0);
    assert_int_equal(pages_get(&s->pages, 0)->online, 1);
    assert_int_equal(s->pages.n, 2);
    fold(st, tab_at(HIT_LEAVE, 1, 10, ""), now);
    run(st, &now, now + 90000);
    assert_int_equal(s->pages.n, 2); /* Redis has not been told */
    commit(s);
    run(st, &now, now + 90000);
    assert_int_equal(s->pages.n, 1);
}

static void at_the_bound_nobody_new_is_present_and_the_site_says_so(void **state)
{
    struct store *st = *state;

    fold(st, tab_at(HIT_VIEW, 1, 10, "/a"), NOON);
    st->tabs += TABS_MAX - 1;
    fold(st, tab_at(HIT_VIEW, 2, 20, "/a"), NOON);
    fold(st, tab_at(HIT_HEARTBEAT, 1, 10, "/a"), NOON);
    assert_int_equal(online(st), 1);
    assert_int_equal(counts.capped_tabs, 1);
    assert_int_equal(site_visitors(site(st, "shop"), 1), 2);
    assert_true(site(st, "shop")->capped);
    st->tabs -= TABS_MAX - 1;
    for (uint64_t tab = 0; tab <= VISITOR_TABS_MAX; tab++)
        fold(st, tab_at(HIT_VIEW, 1, 100 + tab, "/a"), NOON + (ms_t)tab);
    assert_int_equal(counts.tabs_displaced, 2);
    assert_int_equal(st->tabs, VISITOR_TABS_MAX);
}

static void a_site_that_goes_takes_no_other_ones_time_along(void **state)
{
    struct store *st = *state;
    struct hit h = tab_at(HIT_HEARTBEAT, 1, 10, "/a");
    ms_t now = NOON;

    fold(st, hit_at("old", 1, "/", 0), now);
    while (st->nsites != 1 || now == NOON) {
        fold(st, h, now);
        drain(st);
        run(st, &now, now + 20000);
    }
    assert_int_equal(site(st, "shop")->order, 0);
    assert_int_equal(st->due[0], presence_next(&site(st, "shop")->presence));
    run(st, &now, now + 50000);
    assert_int_equal(online(st), 0);
}

static void a_call_ends_so_many_tabs_and_asks_for_another(void **state)
{
    struct store *st = *state;

    for (uint64_t v = 1; v <= PRESENCE_TABS_A_TICK + 5; v++)
        fold(st, tab_at(HIT_VIEW, v, v, "/a"), NOON);
    assert_int_equal(fold_tick(st, NOON + 50000), NOON + 50001);
    while (fold_tick(st, NOON + 50000) == NOON + 50001)
        ;
    assert_int_equal(online(st), 0);
}

/* One opens a page 40 s before midnight, two more 5 s before, and nothing is heard of
 * them any more. */
static void come_before_midnight(struct store *st, ms_t midnight, ms_t *now)
{
    run(st, now, midnight - 40000);
    fold(st, tab_at(HIT_VIEW, 1, 10, "/a"), *now);
    run(st, now, midnight - 5000);
    fold(st, tab_at(HIT_VIEW, 2, 10, "/a"), *now);
    fold(st, tab_at(HIT_VIEW, 3, 10, "/a"), *now);
    commit(store_take_dirty(st));
    run(st, now, midnight - 1);
}

static void who_stays_past_midnight_is_of_the_new_days_peak(void **state)
{
    struct store *st = *state;
    ms_t midnight = NOON + 12 * 3600000, now = midnight - 50000;
    const struct totals *t;

    fold_tick(st, now);
    come_before_midnight(st, midnight, &now);
    t = &site(st, "shop")->totals;
    st->turn = 0; /* so that what is quiet is not looked at before */
    now = midnight + 4500;
    fold_tick(st, now);
    assert_int_equal(online(st), 2);
    assert_int_equal(totals_peaks(t, now).day, 3);
    assert_true(totals_peaks(t, now).day_at >= midnight);
    assert_int_equal(totals_peaks(t, now).all, 3);
}

static void whose_time_is_over_as_the_day_begins_is_not(void **state)
{
    struct store *st = *state;
    ms_t midnight = NOON + 12 * 3600000, now = midnight - 44200;
    const struct totals *t;

    fold(st, tab_at(HIT_VIEW, 9, 10, "/a"), now);
    come_before_midnight(st, midnight, &now);
    t = &site(st, "shop")->totals;
    assert_int_equal(totals_peaks(t, now).day, 4);
    fold_tick(st, midnight + 4500);
    assert_int_equal(totals_peaks(t, midnight).day, 3);
    assert_int_equal(totals_peaks(t, midnight).all, 4);
}

static void of_a_quiet_site_too_the_new_days_peak_is_written(void **state)
{
    struct store *st = *state;
    ms_t midnight = NOON + 12 * 3600000, now = midnight - 5000;

    fold(st, tab_at(HIT_VIEW, 1, 10, "/a"), now);
    run(st, &now, midnight - 1);
    commit(store_take_dirty(st));
    run(st, &now, midnight + 11000);
    assert_int_equal(totals_peaks(&site(st, "shop")->totals, now).day, 1);
    assert_int_equal(st->ndirty, 1);
    assert_true(site(st, "shop")->totals.dirty);
}

/* Redis forgets who is online unless it is told now and then (ONLINE_TTL_S). */
static void while_anybody_is_there_each_minute_is_told_though_visitors_find_no_room(
    void **state)
{
    struct store *st = *state;
    size_t visitors = st->visitors;
    ms_t now = NOON;

    st->visitors = VISITORS_MAX;
    for (int minute = 1; minute < 5; minute++) {
        for (int i = 0; i < 4; i++) {
            fold(st, tab_at(HIT_HEARTBEAT, 1, 10, "/a"), now);
            run(st, &now, now + 15000);
            if (i == 0 && st->ndirty > 0)
                commit(store_take_dirty(st));
        }
        run(st, &now, NOON + minute * 60000 + 1);
        assert_int_equal(online(st), 1);
        assert_int_equal(site_visitors(site(st, "shop"), 1), 0);
        assert_int_equal(st->ndirty, 1);
    }
    st->visitors = visitors;
}

/* ---- connections ------------------------------------------------------------ */

static struct hit held_at(enum hit_kind kind, uint64_t visitor, uint64_t tab)
{
    struct hit h = tab_at(kind, visitor, tab, "/a");

    h.marks = HIT_HELD;
    return h;
}

static uint64_t members(struct store *st)
{
    return site(st, "shop")->presence.online.members;
}

static void a_join_makes_seen_and_present_and_is_counted_and_no_view(void **state)
{
    struct store *st = *state;
    struct hit h = held_at(HIT_JOIN, 1, 10);
    struct site *s;

    fold(st, h, NOON);
    h.marks = HIT_HELD | HIT_COUNTED;
    h.tab = 11;
    fold(st, h, NOON + 1000);
    s = site(st, "shop");
    assert_int_equal(online(st), 1);
    assert_int_equal(members(st), 2);
    assert_int_equal(site_visitors(s, 1), 1);
    assert_int_equal(site_views(s, 1), 0);
    assert_int_equal(on_page(s, "/a", 1), 1);
    assert_int_equal(s->totals.total.joins, 2);
    assert_int_equal(s->totals.total.counted, 1);
    assert_int_equal(s->totals.total.visits, 1);
    assert_int_equal(s->totals.total.since, NOON);
    assert_int_equal(s->recent.last, 0);
    assert_int_equal(counts.joins, 2);
    assert_int_equal(counts.heartbeats, 0);
    assert_int_equal(st->ndirty, 1);
    fold(st, tab_at(HIT_RESET, VISITOR_NOBODY, 0, ""), NOON + 2000);
    assert_true(s->totals.total.joins == 0 && s->totals.total.counted == 0);
    assert_int_equal(members(st), 2);
}

static void a_connection_that_ends_is_gone_with_the_next_step(void **state)
{
    struct store *st = *state;
    ms_t now = NOON;

    fold(st, held_at(HIT_JOIN, 1, 10), now);
    fold(st, held_at(HIT_JOIN, 2, 20), now);
    run(st, &now, NOON + 10300);
    drain(st);
    fold(st, held_at(HIT_LEAVE, 1, 10), now);
    run(st, &now, NOON + 10300 + PRESENCE_STEP_MS);
    assert_int_equal(members(st), 1);
    assert_int_equal(online(st), 1);
    assert_int_equal(st->ndirty, 1);
}

static void what_lasts_leaves_its_page_before_it_ends(void **state)
{
    struct store *st = *state;
    struct hit h = tab_at(HIT_HEARTBEAT, 1, 10, "/a");
    ms_t now = NOON;

    h.lasts = 10;
    fold(st, h, now);
    drain(st);
    run(st, &now, NOON + 5500);
    assert_int_equal(online(st), 1);
    assert_int_equal(site(st, "shop")->presence.online.fresh.reading, 0);
    assert_int_equal(pages_get(&site(st, "shop")->pages, 0)->online, 0);
    assert_int_equal(st->ndirty, 1);
    run(st, &now, NOON + 10500);
    assert_int_equal(online(st), 0);
    assert_int_equal(st->tabs, 0);
}

static void one_that_is_opened_as_it_is_closed_counts_at_once(void **state)
{
    struct store *st = *state;

    fold(st, held_at(HIT_JOIN, 1, 10), NOON);
    fold(st, held_at(HIT_LEAVE, 1, 10), NOON + 1000);
    fold(st, held_at(HIT_JOIN, 1, 10), NOON + 1000);
    assert_int_equal(members(st), 1);
    assert_int_equal(online(st), 1);
}

/* The join left at once and was held up for 8 ms, the leave lingered for 5. */
static void a_leave_is_not_overtaken_by_a_join_that_was_held_up(void **state)
{
    struct store *st = *state;
    struct dating dating = {0};
    struct fold_origin from = {.sent = SENT, .at = NOON + 8, .dating = &dating};
    struct hit join = held_at(HIT_JOIN, 1, 10), leave = held_at(HIT_LEAVE, 1, 10);

    fold_hits(st, &join, 1, &from, &counts);
    assert_int_equal(members(st), 1);
    from.sent += 6;
    leave.at = join.at + 1;
    fold_hits(st, &leave, 1, &from, &counts);
    assert_int_equal(members(st), 0);
}

/* ---- who gets a name -------------------------------------------------------- */

enum { NAMELESS = 1000, ALICE = 2001, BOB = 2002 };

/* A ping of a page, on tab @tab; by @who, who is NAMELESS or has been. */
static void ping(struct store *st, uint64_t who, uint64_t tab, ms_t now)
{
    struct hit h = tab_at(HIT_HEARTBEAT, who, tab, "/a");

    h.lasts = 60;
    if (who != NAMELESS) {
        h.previous = NAMELESS;
        h.marks = HIT_NAMED;
    }
    fold(st, h, now);
}

static void must_be(struct store *st, uint64_t now_there, uint64_t visitors)
{
    assert_int_equal(online(st), now_there);
    assert_int_equal(site_visitors(site(st, "shop"), 5), visitors);
    assert_int_equal(site(st, "shop")->totals.total.visits, visitors);
}

static void who_gets_a_name_is_counted_once(void **state)
{
    struct store *st = *state;

    ping(st, NAMELESS, 5, NOON);
    for (int i = 1; i <= 8; i++) {
        ping(st, ALICE, 5, NOON + i * 15000);
        must_be(st, 1, 1);
    }
}

static void so_is_who_gets_it_on_the_next_page(void **state)
{
    struct store *st = *state;

    ping(st, NAMELESS, 5, NOON);
    ping(st, ALICE, 6, NOON + 5000);
    must_be(st, 1, 1);
    assert_int_equal(site(st, "shop")->presence.online.tabs, 2);
    ping(st, ALICE, 7, NOON + 10000);
    must_be(st, 1, 1);
}

/* The same browser is a connection, without a name, as in LiveUser. */
static void a_name_takes_over_no_identity_that_is_in_use(void **state)
{
    struct store *st = *state;

    fold(st, held_at(HIT_JOIN, NAMELESS, 77), NOON);
    ping(st, NAMELESS, 5, NOON + 100);
    must_be(st, 1, 1);
    for (int i = 1; i <= 8; i++) {
        ms_t now = NOON + i * 15000;

        ping(st, ALICE, 5, now);
        must_be(st, 2, 2);
        fold(st, held_at(HIT_HEARTBEAT, NAMELESS, 77), now + 5000);
        must_be(st, 2, 2);
        assert_int_equal(members(st), 1);
        assert_int_equal(site(st, "shop")->presence.online.tabs, 2);
    }
    fold(st, held_at(HIT_LEAVE, NAMELESS, 77), NOON + 126000);
    must_be(st, 1, 2);
}

/* Both show the same page in the same browser. */
static void two_behind_one_address_get_their_names_one_after_the_other(void **state)
{
    struct store *st = *state;

    ping(st, NAMELESS, 5, NOON);
    ping(st, ALICE, 5, NOON + 15000);
    ping(st, NAMELESS, 5, NOON + 20000);
    must_be(st, 2, 2);
    ping(st, ALICE, 5, NOON + 30000);
    must_be(st, 2, 2);
    ping(st, BOB, 5, NOON + 35000);
    must_be(st, 2, 2);
    ping(st, ALICE, 5, NOON + 45000);
    ping(st, BOB, 5, NOON + 50000);
    must_be(st, 2, 2);
}

/* Pages that were opened together, before there was a name. */
static void the_other_pages_follow_as_they_are_heard_of(void **state)
{
    struct store *st = *state;

    ping(st, NAMELESS, 5, NOON);
    ping(st, NAMELESS, 6, NOON);
    ping(st, ALICE, 5, NOON + 15000);
    assert_int_equal(online(st), 2);
    ping(st, ALICE, 6, NOON + 15000);
    assert_int_equal(online(st), 1);
    assert_int_equal(site(st, "shop")->presence.online.tabs, 2);
    assert_int_equal(site_visitors(site(st, "shop"), 5), 2);
}

/* ---- many connections ------------------------------------------------------- */

enum { BEYOND = 300, CONNECTIONS = VISITOR_TABS_MAX + BEYOND };

static void connect_all(struct store *st, enum hit_kind kind, uint64_t visitor,
                        uint64_t previous, ms_t now)
{
    for (uint64_t tab = 1; tab <= CONNECTIONS; tab++) {
        struct hit h = held_at(kind, visitor, tab);

        h.previous = previous;
        fold(st, h, now);
    }
}

static void expect_connected(struct store *st, uint64_t n, uint64_t visitors)
{
    assert_int_equal(members(st), n);
    assert_int_equal(online(st), visitors);
    assert_int_equal(site(st, "shop")->presence.online.tabs, n);
}

static void of_many_behind_one_address_each_connection_counts(void **state)
{
    struct store *st = *state;
    ms_t now = NOON;
    struct site *s;

    connect_all(st, HIT_JOIN, 7, 0, now);
    s = site(st, "shop");
    expect_connected(st, CONNECTIONS, 1 + BEYOND);
    assert_int_equal(site_visitors(s, 1), 1 + BEYOND);
    for (int beat = 0; beat < 3; beat++) {
        run(st, &now, now + 20000);
        connect_all(st, HIT_HEARTBEAT, 7, 0, now);
        expect_connected(st, CONNECTIONS, 1 + BEYOND);
    }
    fold(st, tab_at(HIT_HEARTBEAT, 7, 5000, "/b"), now + 1);
    assert_int_equal(counts.tabs_displaced, 0);
    assert_int_equal(counts.capped_tabs, 1);
    expect_connected(st, CONNECTIONS, 1 + BEYOND);
    for (uint64_t tab = 1; tab <= CONNECTIONS; tab += 2)
        fold(st, held_at(HIT_LEAVE, 7, tab), now);
    run(st, &now, now + PRESENCE_STEP_MS);
    expect_connected(st, CONNECTIONS / 2, 1 + BEYOND / 2);
    run(st, &now, now + 10000);
    connect_all(st, HIT_HEARTBEAT, 7, 0, now); /* all are back, where they were */
    expect_connected(st, CONNECTIONS, 1 + BEYOND);
    connect_all(st, HIT_LEAVE, 7, 0, now);
    run(st, &now, now + PRESENCE_STEP_MS);
    expect_connected(st, 0, 0);
    assert_int_equal(site_visitors(s, 5), 1 + BEYOND);
    assert_int_equal(s->visitors.n, 1 + BEYOND);
}

static void their_connections_are_the_same_after_midnight(void **state)
{
    struct store *st = *state;
    ms_t now = NOON;
    struct hit h;

    connect_all(st, HIT_JOIN, 7, 0, now);
    run(st, &now, now + 20000);
    h = held_at(HIT_HEARTBEAT, 8, CONNECTIONS); /* one of those that stand alone first */
    h.previous = 7;
    fold(st, h, now);
    expect_connected(st, CONNECTIONS, 1 + BEYOND);
    fold(st, held_at(HIT_LEAVE, 8, CONNECTIONS), now);
    connect_all(st, HIT_HEARTBEAT, 8, 7, now);
    run(st, &now, now + PRESENCE_STEP_MS);
    expect_connected(st, CONNECTIONS - 1, BEYOND);
    run(st, &now, now + 25000);
    expect_connected(st, CONNECTIONS - 1, BEYOND);
    assert_int_equal(site(st, "shop")->visitors.n, 1 + BEYOND);
    connect_all(st, HIT_LEAVE, 8, 7, now);
    run(st, &now, now + PRESENCE_STEP_MS);
    expect_connected(st, 0, 0);
    assert_int_equal(st->visitors, 1 + BEYOND);
}

/* ---- what is counted for ever ---------------------------------------------- */

static void views_and_visits_are_summed_and_begin_anew_with_a_reset(void **state)
{
    struct store *st = *state;
    struct totals *t;

    fold(st, tab_at(HIT_VIEW, 1, 10, "/a"), NOON);
    fold(st, tab_at(HIT_VIEW, 1, 11, "/b"), NOON + 60000);
    fold(st, tab_at(HIT_HEARTBEAT, 2, 20, "/b"), NOON + 60000);
    t = &site(st, "shop")->totals;
    assert_int_equal(t->total.views, 2);
    assert_int_equal(t->total.visits, 2);
    assert_int_equal(t->total.since, NOON);
    assert_int_equal(t->life, NOON);
    commit(store_take_dirty(st));
    fold(st, tab_at(HIT_RESET, VISITOR_NOBODY, 0, ""), NOON + 61000);
    assert_int_equal(t->total.views, 0);
    assert_int_equal(t->total.since, NOON + 61000);
    assert_int_equal(st->ndirty, 1);
    assert_int_equal(site_visitors(site(st, "shop"), 30), 2);
    assert_int_equal(counts.resets, 1);
}

static void a_message_goes_to_the_feed_and_makes_nobody_seen(void **state)
{
    struct store *st = *state;
    struct hit h = tab_at(HIT_MESSAGE, VISITOR_NOBODY, 0, "all is well");
    struct recent_event e;
    struct site *s;

    h.name = slice_of("deploy");
    fold(st, h, NOON);
    s = site(st, "shop");
    e = recent_get(&s->recent, 1);
    assert_int_equal(e.kind, HIT_MESSAGE);
    assert_true(slice_eq(e.path, h.path));
    assert_true(slice_eq(e.name, h.name));
    assert_int_equal(s->visitors.n + s->pages.n + s->row[slot_of(s, s->now)].views, 0);
    assert_int_equal(s->totals.life, NOON);
    assert_int_equal(s->totals.total.views, 0);
    assert_int_equal(st->ndirty, 1);
    assert_int_equal(counts.messages, 1);
    h.at = SENT - 31 * 60000;
    fold(st, h, NOON);
    assert_int_equal(counts.late, 1);
}

/* ---- goals ------------------------------------------------------------------ */

static uint64_t reached(const struct site *s, const char *goal)
{
    for (size_t i = 0; i < s->traits.n; i++) {
        const struct trait *t = s->traits.trait[i];

        if (t->kind == TRAIT_GOAL && slice_eq(trait_name(t), slice_of(goal)))
            return t->views;
    }
    return 0;
}

static void expect_goals(const struct site *s, uint64_t id, const char *goals)
{
    struct recent_event e = recent_get(&s->recent, id);

    assert_true(slice_eq(e.goals, slice_of(goals)));
}

static void a_goal_is_counted_each_time_in_the_minute_of_its_hit(void **state)
{
    struct store *st = *state;
    struct hit buy = {.site = SLICE("shop"),
                      .path = SLICE("/thanks"),
                      .name = SLICE("buy"),
                      .visitor = 1,
                      .kind = HIT_EVENT,
                      .at = SENT};
    struct site *s = store_site(st, SLICE("shop"));

    assert_true(goals_add(&s->goals, SLICE("g:thanks"), SLICE("path /thanks*")));
    assert_true(goals_add(&s->goals, SLICE("g:all"), SLICE("path *")));
    assert_true(goals_add(&s->goals, SLICE("g:buy"), SLICE("event buy")));
    fold(st, hit_at("shop", 1, "/thanks/a", 0), NOON);
    fold(st, hit_at("shop", 1, "/thanks/b", 60000), NOON);
    fold(st, hit_at("shop", 1, "/", 0), NOON);
    fold(st, buy, NOON);
    fold(st, buy, NOON);
    fold(st, hit_at("shop", 1, "/thanks", 31 * 60000), NOON); /* late */
    assert_int_equal(reached(s, "thanks"), 2);
    assert_int_equal(reached(s, "all"), 3);
    assert_int_equal(reached(s, "buy"), 2);
    assert_int_equal(counts.goals, 7);
    assert_int_equal(counts.capped_goals, 0);
    expect_goals(s, 1, "all thanks");
    expect_goals(s, 2, "all thanks");
    expect_goals(s, 3, "all");
    expect_goals(s, 5, "buy");
    for (size_t i = 0; i < s->traits.n; i++)
        if (slice_eq(trait_name(s->traits.trait[i]), SLICE("thanks")))
            assert_int_equal(s->traits.trait[i]->at[slot_of(s, s->now - 1)], 1);
    site_advance(s, s->now + 29);
    assert_int_equal(reached(s, "thanks"), 1);
}

static void a_goal_that_was_removed_keeps_its_count_and_counts_no_more(void **state)
{
    struct store *st = *state;
    struct site *s = store_site(st, SLICE("shop"));

    goals_add(&s->goals, SLICE("g:all"), SLICE("path *"));
    fold(st, hit_at("shop", 1, "/", 0), NOON);
    goals_begin(&s->goals, SLICE("2"));
    fold(st, hit_at("shop", 1, "/", 0), NOON);
    assert_int_equal(reached(s, "all"), 1);
    expect_goals(s, 2, "");
    site_advance(s, s->now + 30);
    traits_drop_empty(&s->traits);
    assert_int_equal(s->traits.n, 0); /* it left with its row */
}

static void of_many_goals_the_feed_names_some_and_rows_tell_so_many_apart(void **state)
{
    struct store *st = *state;
    struct site *s = store_site(st, SLICE("shop"));
    char field[16];

    for (unsigned round = 0; round < 3; round++) {
        goals_begin(&s->goals, SLICE("7"));
        for (unsigned i = 0; i < GOALS_MAX; i++) {
            snprintf(field, sizeof field, "g:%u%02u", round, i);
            assert_true(goals_add(&s->goals, slice_of(field), SLICE("path *")));
        }
        fold(st, hit_at("shop", 1, "/", 0), NOON);
    }
    expect_goals(s, 1, "000 001 002 003 004 005 006 007");
    assert_int_equal(counts.goals, 3 * GOALS_MAX);
    assert_int_equal(counts.capped_goals, 3 * GOALS_MAX - (GOALS_COUNTED_MAX - 1));
    assert_int_equal(reached(s, TRAIT_OTHER), counts.capped_goals);
    assert_int_equal(reached(s, "100"), 1);
    assert_int_equal(reached(s, "231"), 0);
}

static void the_feed_begins_when_it_does_though_its_first_event_is_older(void **state)
{
    struct store *st = *state;
    struct hit h = tab_at(HIT_VIEW, 1, 10, "/a");

    h.at = SENT - 40000;
    fold(st, h, NOON);
    assert_int_equal(site(st, "shop")->totals.life, NOON);
    assert_int_equal(site(st, "shop")->totals.total.since, NOON - 40000);
}

static void attention_is_added_up_in_the_minute_in_which_it_was_told(void **state)
{
    struct store *st = *state;
    struct hit h = tab_at(HIT_HEARTBEAT, 1, 10, "/a");
    struct site *s;

    fold(st, h, NOON);
    s = site(st, "shop");
    commit(s);
    h.engaged = 15000;
    fold(st, h, NOON + 1000);
    assert_true(s->dirty);
    h.kind = HIT_LEAVE;
    h.engaged = 250;
    fold(st, h, NOON + 2000);
    assert_int_equal(s->row[slot_of(s, s->now)].engaged, 15250);
    h.at -= 60000;
    fold(st, h, NOON + 62000);
    assert_int_equal(s->row[slot_of(s, s->now - 1)].engaged, 15500);
}

/* ---- the oracle ---------------------------------------------------------- */

enum { SITES = 12, VISITORS = 300, PAGES = 40, MINUTES = 150, HITS = 1000000 };

struct oracle {
    bool seen[VISITORS][MINUTES];
    int last[VISITORS]; /* minute, -1 never */
    int page[VISITORS];
    unsigned views[MINUTES];
};

static struct oracle oracle[SITES];
static uint64_t rng_state;

static uint64_t rng(uint64_t below)
{
    rng_state = rng_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (rng_state >> 33) % below;
}

/* The first few are the first of all. */
static void compare_top_pages(const struct site *s, unsigned minutes)
{
    static const size_t few[] = {1, 3, 20};
    struct page_count all[PAGES_MAX], some[20];
    size_t n = site_top_pages(s, minutes, all, PAGES_MAX);

    for (size_t k = 0; k < sizeof few / sizeof *few; k++) {
        size_t want = n < few[k] ? n : few[k];

        assert_int_equal(site_top_pages(s, minutes, some, few[k]), want);
        for (size_t i = 0; i < want; i++) {
            assert_ptr_equal(some[i].path.p, all[i].path.p);
            assert_int_equal(some[i].visitors, all[i].visitors);
            assert_int_equal(some[i].online, all[i].online);
        }
    }
}

static void compare_site(const struct site *s, const struct oracle *o, int now,
                         int window)
{
    unsigned current = 0, page[PAGES] = {0};
    struct page_count top[PAGES_MAX];
    size_t ntop;

    for (int w = 1; w <= window; w++) {
        int m = now - w + 1;
        unsigned uniques = 0;

        for (int v = 0; v < VISITORS && m >= 0; v++) {
            uniques += o->seen[v][m];
            if (o->last[v] == m) {
                current++;
                page[o->page[v]]++;
            }
        }
        assert_int_equal(site_visitors(s, (unsigned)w), current);
        if (m < 0)
            continue;
        assert_int_equal(s->row[slot_of(s, s->now - (unsigned)w + 1)].uniques, uniques);
        assert_int_equal(s->row[slot_of(s, s->now - (unsigned)w + 1)].views, o->views[m]);
    }
    compare_top_pages(s, 1);
    compare_top_pages(s, window < 5 ? (unsigned)window : 5);
    ntop = site_top_pages(s, (unsigned)window, top, PAGES_MAX);
    for (size_t i = 0; i < ntop; i++) {
        int p = atoi(top[i].path.p + 1);

        assert_int_equal(top[i].visitors, page[p]);
        page[p] = 0;
    }
    for (int p = 0; p < PAGES; p++)
        assert_int_equal(page[p], 0);
}

static void note(struct oracle *o, int v, int p, int m)
{
    o->seen[v][m] = true;
    o->views[m]++;
    if (m >= o->last[v]) {
        o->last[v] = m;
        o->page[v] = p;
    }
}

/* A million hits in bursts and lulls, up to five minutes late, in datagrams of any size.
 */
static void compare_with_oracle(unsigned window, uint64_t seed)
{
    struct store st;
    struct hit hits[DATAGRAM_HITS_MAX];
    char site_name[SITES][24], path[PAGES][24];
    ms_t now = NOON, step = (ms_t)(MINUTES - 8) * 60000 / (HITS / 70);
    size_t late = 0, sent = 0;
    int compared = -1;

    rng_state = seed;
    memset(oracle, 0, sizeof oracle);
    memset(&counts, 0, sizeof counts);
    for (int i = 0; i < SITES; i++) {
        snprintf(site_name[i], sizeof site_name[i], "site-%d", i);
        for (int v = 0; v < VISITORS; v++)
            oracle[i].last[v] = -1;
    }
    for (int i = 0; i < PAGES; i++)
        snprintf(path[i], sizeof path[i], "/%d/x", i);
    store_init(&st, window, &key, now);
    while (sent < HITS) {
        size_t n = 1 + rng(DATAGRAM_HITS_MAX);

        now += (ms_t)rng((uint64_t)step * 2);
        for (size_t i = 0; i < n; i++) {
            int s = (int)rng(SITES), v = (int)rng(rng(4) ? 30 : VISITORS),
                p = (int)rng(PAGES);
            ms_t age = rng(4) ? (ms_t)rng(2000) : (ms_t)rng(5 * 60000);
            ms_t at = now - age < NOON ? NOON : now - age;
            int m = (int)((at - NOON) / 60000), n_m = (int)((now - NOON) / 60000);

            hits[i] = hit_at(site_name[s], (uint64_t)s * 1000 + (uint64_t)v + 1, path[p],
                             now - at);
            hits[i].visitor *= UINT64_C(0x9e3779b97f4a7c15);
            if (n_m - m >= (int)window)
                late++;
            else
                note(&oracle[s], v, p, m);
        }
        sent += n;
        fold_hits(&st, hits, n, &(struct fold_origin){.sent = SENT, .at = now}, &counts);
        if (rng(3) == 0)
            fold_tick(&st, now);
        if ((int)((now - NOON) / 20000) == compared)
            continue;
        compared = (int)((now - NOON) / 20000);
        for (int s = 0; s < SITES; s++) {
            struct site *x = store_find(&st, slice_of(site_name[s]));

            if (!x)
                continue;
            site_advance(x, minute_of(now));
            compare_site(x, &oracle[s], (int)((now - NOON) / 60000), (int)window);
        }
    }
    assert_int_equal(counts.late, late);
    assert_int_equal(counts.views + late, sent);
    assert_true(compared > 300);
    store_fini(&st);
}

static void a_million_hits_agree_with_plain_sets(void **state)
{
    (void)state;
    compare_with_oracle(30, 42);
}

static void so_they_do_when_the_window_fills_the_ring_or_is_short(void **state)
{
    (void)state;
    compare_with_oracle(64, 43);
    compare_with_oracle(3, 44);
    compare_with_oracle(1, 45);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_visitor_counts_once_however_many_pages, begin,
                                        end),
        cmocka_unit_test_setup_teardown(windows_end_at_their_minute, begin, end),
        cmocka_unit_test_setup_teardown(a_silent_site_is_forgotten, begin, end),
        cmocka_unit_test_setup_teardown(a_site_with_alerts_stays_though_nobody_visits_it,
                                        begin, end),
        cmocka_unit_test_setup_teardown(heartbeats_keep_a_visitor_and_count_no_view,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            a_heartbeat_that_changes_nothing_makes_nothing_dirty, begin, end),
        cmocka_unit_test_setup_teardown(a_leave_and_an_unknown_kind_count_nobody, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_late_hit_is_filed_where_it_happened, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_hit_from_the_future_happened_now, begin, end),
        cmocka_unit_test_setup_teardown(midnight_does_not_count_a_visitor_twice, begin,
                                        end),
        cmocka_unit_test_setup_teardown(
            an_event_without_a_path_leaves_the_visitor_on_the_page, begin, end),
        cmocka_unit_test_setup_teardown(pages_beyond_the_bound_are_other, begin, end),
        cmocka_unit_test_setup_teardown(sites_beyond_the_bound_are_refused_and_counted,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            a_hit_under_yesterdays_id_after_the_renaming_is_made_good, begin, end),
        cmocka_unit_test_setup_teardown(times_at_the_end_of_all_numbers_are_taken, begin,
                                        end),
        cmocka_unit_test_setup_teardown(nobody_is_remembered_for_long_after_the_window,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            hits_of_a_site_that_is_being_read_back_wait_and_others_do_not, begin_lazy,
            end),
        cmocka_unit_test_setup_teardown(what_is_not_known_and_what_is_late_does_not_wait,
                                        begin_lazy, end),
        cmocka_unit_test_setup_teardown(leaves_messages_and_resets_wait_like_others,
                                        begin_lazy, end),
        cmocka_unit_test_setup_teardown(a_parked_hit_keeps_its_time_and_may_become_late,
                                        begin_lazy, end),
        cmocka_unit_test_setup_teardown(what_was_read_back_is_not_counted_again,
                                        begin_lazy, end),
        cmocka_unit_test_setup_teardown(nor_is_it_when_it_comes_later, begin_lazy, end),
        cmocka_unit_test_setup_teardown(a_site_marks_how_far_each_sender_is, begin_lazy,
                                        end),
        cmocka_unit_test_setup_teardown(
            parked_hits_are_folded_in_steps_and_bar_until_the_last, begin_lazy, end),
        cmocka_unit_test_setup_teardown(
            a_site_that_only_repeats_turns_its_minute_all_the_same, begin_lazy, end),
        cmocka_unit_test_setup_teardown(
            a_site_may_be_ahead_and_hits_go_where_they_happened, begin, end),
        cmocka_unit_test_setup_teardown(what_it_has_no_row_for_any_more_is_late, begin,
                                        end),
        cmocka_unit_test_setup_teardown(
            it_waits_until_the_clock_has_come_and_turns_with_it_then, begin, end),
        cmocka_unit_test_setup_teardown(a_bound_met_by_a_site_ahead_holds_for_a_window,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            heartbeats_and_what_names_a_tab_make_present_and_bare_pixels_do_not, begin,
            end),
        cmocka_unit_test_setup_teardown(
            who_closes_the_page_is_gone_within_two_seconds_and_the_site_is_dirty, begin,
            end),
        cmocka_unit_test_setup_teardown(
            who_falls_silent_is_gone_within_45_seconds_and_takes_no_memory, begin, end),
        cmocka_unit_test_setup_teardown(the_tabs_of_yesterday_are_those_of_today, begin,
                                        end),
        cmocka_unit_test_setup_teardown(
            a_page_that_is_open_stays_though_the_window_shows_nobody_on_it, begin, end),
        cmocka_unit_test_setup_teardown(
            at_the_bound_nobody_new_is_present_and_the_site_says_so, begin, end),
        cmocka_unit_test_setup_teardown(a_site_that_goes_takes_no_other_ones_time_along,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_call_ends_so_many_tabs_and_asks_for_another,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            a_join_makes_seen_and_present_and_is_counted_and_no_view, begin, end),
        cmocka_unit_test_setup_teardown(a_connection_that_ends_is_gone_with_the_next_step,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            a_leave_is_not_overtaken_by_a_join_that_was_held_up, begin, end),
        cmocka_unit_test_setup_teardown(what_lasts_leaves_its_page_before_it_ends, begin,
                                        end),
        cmocka_unit_test_setup_teardown(one_that_is_opened_as_it_is_closed_counts_at_once,
                                        begin, end),
        cmocka_unit_test_setup_teardown(who_gets_a_name_is_counted_once, begin, end),
        cmocka_unit_test_setup_teardown(so_is_who_gets_it_on_the_next_page, begin, end),
        cmocka_unit_test_setup_teardown(a_name_takes_over_no_identity_that_is_in_use,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            two_behind_one_address_get_their_names_one_after_the_other, begin, end),
        cmocka_unit_test_setup_teardown(the_other_pages_follow_as_they_are_heard_of,
                                        begin, end),
        cmocka_unit_test_setup_teardown(of_many_behind_one_address_each_connection_counts,
                                        begin, end),
        cmocka_unit_test_setup_teardown(their_connections_are_the_same_after_midnight,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            views_and_visits_are_summed_and_begin_anew_with_a_reset, begin, end),
        cmocka_unit_test_setup_teardown(
            a_goal_is_counted_each_time_in_the_minute_of_its_hit, begin, end),
        cmocka_unit_test_setup_teardown(
            a_goal_that_was_removed_keeps_its_count_and_counts_no_more, begin, end),
        cmocka_unit_test_setup_teardown(
            of_many_goals_the_feed_names_some_and_rows_tell_so_many_apart, begin, end),
        cmocka_unit_test_setup_teardown(a_message_goes_to_the_feed_and_makes_nobody_seen,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            attention_is_added_up_in_the_minute_in_which_it_was_told, begin, end),
        cmocka_unit_test_setup_teardown(whose_time_is_over_as_the_day_begins_is_not,
                                        begin, end),
        cmocka_unit_test_setup_teardown(who_stays_past_midnight_is_of_the_new_days_peak,
                                        begin, end),
        cmocka_unit_test_setup_teardown(of_a_quiet_site_too_the_new_days_peak_is_written,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            while_anybody_is_there_each_minute_is_told_though_visitors_find_no_room,
            begin, end),
        cmocka_unit_test_setup_teardown(
            the_feed_begins_when_it_does_though_its_first_event_is_older, begin, end),
        cmocka_unit_test_setup_teardown(what_is_no_page_of_its_own_is_the_last_of_them,
                                        begin, end),
        cmocka_unit_test(a_million_hits_agree_with_plain_sets),
        cmocka_unit_test(so_they_do_when_the_window_fills_the_ring_or_is_short),
    };

    return cmocka_run_group_tests_name("fold", tests, NULL, NULL);
}
