/* presence: single claims, and the whole against an oracle that keeps every sign and
 * counts everything anew each time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../aggregator/presence.h"
#include "../../aggregator/visitors.h"
#include "../../proto/limits.h"
#include "../dice.h"

#define NOON (1763812800000LL) /* the start of a step */

static const struct key key = {{1, 2, 3}};

struct fixture {
    struct presence p;
    struct pages pages;
    ms_t now;
    uint64_t left; /* the last visitor who said goodbye */
    size_t lefts;
};

/* Whether Redis is to be told how many have page @id open; and it is told. */
static bool is_due(const struct fixture *f, size_t id)
{
    const struct standing *t = &f->pages.standing;
    size_t place = f->pages.place[id];

    return *standing_bits(t, t->dirty, place, standing_open(t)) >> place % 64 & 1;
}

static void tell(struct fixture *f)
{
    standing_send(&f->pages.standing);
    standing_end(&f->pages.standing, true);
}

static uint16_t page(struct fixture *f, const char *path)
{
    bool capped;

    return pages_id(&f->pages, pages_hash(&f->pages, slice_of(path)), slice_of(path),
                    &capped);
}

static int begin(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    presence_init(&f->p);
    pages_init(&f->pages, 32, &key, NULL);
    f->now = NOON;
    page(f, "/a");
    page(f, "/b");
    *state = f;
    return 0;
}

static int end(void **state)
{
    struct fixture *f = *state;

    presence_fini(&f->p);
    pages_fini(&f->pages);
    free(f);
    return 0;
}

static void on_left(void *arg, uint64_t visitor)
{
    struct fixture *f = arg;

    f->left = visitor;
    f->lefts++;
}

/* Brings everything to @at ms after noon. */
static void at(struct fixture *f, ms_t at)
{
    size_t budget = SIZE_MAX;

    f->now = NOON + at;
    assert_true(presence_tick(&f->p, &f->pages, f->now, &budget, on_left, f));
}

static enum presence_verdict take(struct fixture *f, struct sign s)
{
    return presence_take(&f->p, &f->pages, &s, f->now, SITE_TABS_MAX - f->p.tabs.n);
}

/* A sign of this moment, on page 0. */
static struct sign sign(const struct fixture *f, uint64_t visitor, uint64_t tab,
                        uint8_t state)
{
    return (struct sign){.visitor = visitor, .tab = tab, .at = f->now, .state = state};
}

static enum presence_verdict beat(struct fixture *f, uint64_t visitor, uint64_t tab,
                                  uint8_t state)
{
    return take(f, sign(f, visitor, tab, state));
}

static enum presence_verdict leave(struct fixture *f, uint64_t visitor, uint64_t tab)
{
    struct sign s = sign(f, visitor, tab, STATE_NONE);

    s.leave = true;
    return take(f, s);
}

static void expect(const struct fixture *f, uint64_t writing, uint64_t reading,
                   uint64_t idle, uint64_t background, uint64_t tabs)
{
    const struct online *o = &f->p.online;

    assert_int_equal(o->writing, writing);
    assert_int_equal(o->reading, reading);
    assert_int_equal(o->idle, idle);
    assert_int_equal(o->background, background);
    assert_int_equal(o->tabs, tabs);
}

static uint32_t on(struct fixture *f, uint16_t id)
{
    return pages_get(&f->pages, id)->online;
}

static void a_visitor_is_the_most_active_of_its_tabs(void **state)
{
    static const uint8_t order[] = {STATE_BACKGROUND, STATE_IDLE, STATE_READING,
                                    STATE_WRITING};
    struct fixture *f = *state;

    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(beat(f, 1, i, order[i]), i ? PRESENCE_TAKEN : PRESENCE_ENTERED);
        expect(f, i == 3, i == 2, i == 1, i == 0, i + 1);
        assert_int_equal(presence_state(&f->p, 1), order[i]);
    }
    assert_int_equal(on(f, 0), 1);
    beat(f, 1, 3, STATE_BACKGROUND);
    expect(f, 0, 1, 0, 0, 4);
    assert_int_equal(presence_state(&f->p, 2), STATE_NONE);
}

static void a_state_that_is_not_told_is_reading_or_what_it_was(void **state)
{
    struct fixture *f = *state;

    beat(f, 1, 1, STATE_NONE);
    beat(f, 2, 1, HIT_STATES + 3);
    expect(f, 0, 2, 0, 0, 2);
    beat(f, 1, 1, STATE_BACKGROUND);
    beat(f, 1, 1, STATE_NONE);
    expect(f, 0, 1, 0, 1, 2);
}

static void a_tab_in_front_counts_44_seconds_and_a_hidden_one_150(void **state)
{
    struct fixture *f = *state;

    beat(f, 1, 1, STATE_READING);
    beat(f, 2, 1, STATE_BACKGROUND);
    at(f, PRESENCE_ACTIVE_MS - 1);
    expect(f, 0, 1, 0, 1, 2);
    at(f, PRESENCE_ACTIVE_MS);
    expect(f, 0, 0, 0, 1, 1);
    at(f, PRESENCE_HIDDEN_MS - 1);
    expect(f, 0, 0, 0, 1, 1);
    at(f, PRESENCE_HIDDEN_MS);
    expect(f, 0, 0, 0, 0, 0);
    assert_int_equal(f->p.tabs.n, 0);
    assert_int_equal(f->lefts, 0);
    assert_int_equal(presence_bytes(&f->p), 0);
}

static void a_tab_that_leaves_counts_a_second_longer_and_its_visitor_is_told(void **state)
{
    struct fixture *f = *state;

    beat(f, 1, 1, STATE_WRITING);
    at(f, 10100);
    f->p.changed = false;
    assert_int_equal(leave(f, 1, 1), PRESENCE_TAKEN);
    assert_false(f->p.changed);
    at(f, 11499);
    expect(f, 1, 0, 0, 0, 1);
    at(f, 11500);
    expect(f, 0, 0, 0, 0, 0);
    assert_true(f->p.changed);
    assert_int_equal(f->lefts, 1);
    assert_int_equal(f->left, 1);
    at(f, 10100 + PRESENCE_LEFT_MS + PRESENCE_STEP_MS);
    assert_int_equal(f->p.tabs.n, 0);
}

static void who_goes_to_the_next_page_was_never_away(void **state)
{
    struct fixture *f = *state;
    struct sign next;

    beat(f, 1, 1, STATE_READING);
    at(f, 5000);
    leave(f, 1, 1);
    at(f, 5900);
    next = sign(f, 1, 2, STATE_READING);
    next.page = 1;
    assert_int_equal(take(f, next), PRESENCE_TAKEN);
    expect(f, 0, 1, 0, 0, 2);
    at(f, 6000);
    expect(f, 0, 1, 0, 0, 1);
    assert_int_equal(on(f, 0), 0);
    assert_int_equal(on(f, 1), 1);
    assert_int_equal(f->lefts, 0);
}

static void closing_one_of_three_tabs_changes_nothing_for_the_visitor(void **state)
{
    struct fixture *f = *state;

    beat(f, 1, 1, STATE_READING);
    beat(f, 1, 2, STATE_READING);
    beat(f, 1, 3, STATE_BACKGROUND);
    expect(f, 0, 1, 0, 0, 3);
    leave(f, 1, 1);
    at(f, 3000);
    expect(f, 0, 1, 0, 0, 2);
    assert_int_equal(on(f, 0), 1);
    leave(f, 1, 2);
    at(f, 6000);
    expect(f, 0, 0, 0, 1, 1);
    leave(f, 1, 3);
    at(f, 9000);
    expect(f, 0, 0, 0, 0, 0);
    assert_int_equal(on(f, 0), 0);
    assert_int_equal(f->lefts, 1);
}

static void what_is_older_than_the_newest_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct sign old = sign(f, 1, 1, STATE_WRITING);

    at(f, 10000);
    beat(f, 1, 1, STATE_IDLE);
    old.page = 1;
    assert_int_equal(take(f, old), PRESENCE_OLD);
    old.leave = true;
    assert_int_equal(take(f, old), PRESENCE_OLD);
    expect(f, 0, 0, 1, 0, 1);
    assert_int_equal(on(f, 1), 0);
}

static void a_beat_that_comes_after_the_goodbye_does_not_bring_the_tab_back(void **state)
{
    struct fixture *f = *state;
    struct sign beaten;

    beat(f, 1, 1, STATE_READING);
    at(f, 10000);
    leave(f, 1, 1);
    beaten = sign(f, 1, 1, STATE_READING);
    assert_int_equal(take(f, beaten), PRESENCE_OLD); /* of the same instant */
    beaten.at -= 1;
    at(f, 10000 + PRESENCE_LEFT_MS - 1000);
    assert_int_equal(take(f, beaten), PRESENCE_OLD);
    expect(f, 0, 0, 0, 0, 0);
    assert_int_equal(beat(f, 1, 1, STATE_READING), PRESENCE_ENTERED); /* it is there */
    expect(f, 0, 1, 0, 0, 1);
}

static void a_goodbye_that_comes_first_keeps_the_tab_from_beginning(void **state)
{
    struct fixture *f = *state;
    struct sign view = sign(f, 1, 1, STATE_READING);

    at(f, 500);
    leave(f, 1, 1);
    expect(f, 0, 0, 0, 0, 0);
    assert_int_equal(take(f, view), PRESENCE_OLD);
    expect(f, 0, 0, 0, 0, 0);
    at(f, 5000);
    assert_int_equal(f->lefts, 0);
}

static void a_goodbye_that_comes_late_ends_the_tab_at_once(void **state)
{
    struct fixture *f = *state;
    struct sign bye = sign(f, 1, 1, STATE_NONE);

    beat(f, 1, 1, STATE_READING);
    beat(f, 1, 2, STATE_IDLE);
    bye.at += 100;
    bye.leave = true;
    at(f, 30000);
    assert_int_equal(take(f, bye), PRESENCE_TAKEN);
    expect(f, 0, 0, 1, 0, 1);
    bye.tab = 2;
    assert_int_equal(take(f, bye), PRESENCE_LEFT);
    expect(f, 0, 0, 0, 0, 0);
    assert_int_equal(on(f, 0), 0);
    at(f, 31000);
    assert_int_equal(f->lefts, 0); /* it was told */
    assert_int_equal(f->p.tabs.n, 2);
    bye.leave = false;
    assert_int_equal(take(f, bye), PRESENCE_OLD);
}

static void what_is_over_already_makes_nobody_present(void **state)
{
    struct fixture *f = *state;
    struct sign s = sign(f, 1, 1, STATE_READING);

    at(f, PRESENCE_ACTIVE_MS);
    assert_int_equal(take(f, s), PRESENCE_OLD);
    s.state = STATE_BACKGROUND;
    assert_int_equal(take(f, s), PRESENCE_ENTERED);
    expect(f, 0, 0, 0, 1, 1);
    at(f, PRESENCE_ACTIVE_MS + 500);
    s.at += 1; /* it came to the front, was there for a while, and went */
    s.state = STATE_READING;
    assert_int_equal(take(f, s), PRESENCE_OLD);
    expect(f, 0, 0, 0, 0, 0);
    s.at = NOON - 3600000;
    s.leave = true;
    assert_int_equal(take(f, s), PRESENCE_OLD);
    assert_int_equal(f->p.tabs.n, 0);
}

static void a_tab_moves_from_page_to_page_and_stays_when_none_is_named(void **state)
{
    struct fixture *f = *state;
    struct sign s = sign(f, 1, 1, STATE_READING);

    take(f, s);
    beat(f, 2, 1, STATE_READING);
    assert_int_equal(on(f, 0), 2);
    s.page = 1;
    take(f, s);
    s.page = PAGE_NONE;
    f->p.changed = false;
    take(f, s);
    assert_false(f->p.changed);
    assert_int_equal(on(f, 0), 1);
    assert_int_equal(on(f, 1), 1);
    s.tab = 7; /* one more, on no page */
    take(f, s);
    expect(f, 0, 2, 0, 0, 3);
    assert_int_equal(on(f, 0) + on(f, 1), 2);
}

static void a_visitor_counts_once_on_a_page(void **state)
{
    struct fixture *f = *state;

    for (uint64_t tab = 1; tab <= 3; tab++)
        beat(f, 1, tab, STATE_READING);
    assert_int_equal(on(f, 0), 1);
    leave(f, 1, 1);
    leave(f, 1, 2);
    at(f, 5000);
    assert_int_equal(on(f, 0), 1);
    leave(f, 1, 3);
    at(f, 9000);
    assert_int_equal(on(f, 0), 0);
}

static void only_a_number_that_changes_is_to_be_told(void **state)
{
    struct fixture *f = *state;

    beat(f, 1, 1, STATE_READING);
    assert_true(f->p.changed);
    assert_true(is_due(f, 0));
    f->p.changed = false;
    tell(f);
    for (int i = 1; i <= 200; i++) {
        at(f, i * 15000);
        beat(f, 1, 1, STATE_READING);
    }
    assert_false(f->p.changed);
    beat(f, 1, 1, STATE_IDLE);
    assert_true(f->p.changed);
    assert_false(is_due(f, 0));
}

static void a_page_that_is_open_is_not_freed(void **state)
{
    struct fixture *f = *state;

    beat(f, 1, 1, STATE_READING);
    tell(f);
    pages_drop_empty(&f->pages);
    assert_null(pages_get(&f->pages, 1));
    assert_non_null(pages_get(&f->pages, 0));
    leave(f, 1, 1);
    at(f, 5000);
    pages_drop_empty(&f->pages);
    assert_non_null(pages_get(&f->pages, 0)); /* its 0 has to be written */
    standing_send(&f->pages.standing);
    pages_drop_empty(&f->pages);
    assert_non_null(pages_get(&f->pages, 0));
    standing_end(&f->pages.standing, true);
    pages_drop_empty(&f->pages);
    assert_int_equal(f->pages.n, 0);
}

static void a_tab_that_comes_back_is_not_on_a_page_that_has_another_path(void **state)
{
    struct fixture *f = *state;
    struct sign s;

    beat(f, 1, 1, STATE_READING);
    leave(f, 1, 1);
    at(f, 5000);
    tell(f);
    pages_drop_empty(&f->pages);
    assert_int_equal(page(f, "/c"), 0);
    s = sign(f, 1, 1, STATE_READING);
    s.page = PAGE_NONE;
    assert_int_equal(take(f, s), PRESENCE_ENTERED);
    assert_int_equal(on(f, 0), 0);
}

/* ---- midnight ------------------------------------------------------------- */

static enum presence_verdict renamed(struct fixture *f, uint64_t visitor, uint64_t from,
                                     uint64_t tab)
{
    struct sign s = sign(f, visitor, tab, STATE_READING);

    s.previous = from;
    return take(f, s);
}

static void at_midnight_tabs_follow_their_visitor_and_no_number_changes(void **state)
{
    struct fixture *f = *state;

    for (uint64_t tab = 1; tab <= 5; tab++)
        beat(f, 1, tab, STATE_READING);
    f->p.changed = false;
    assert_int_equal(renamed(f, 2, 1, 3), PRESENCE_TAKEN);
    assert_false(f->p.changed);
    assert_int_equal(presence_state(&f->p, 1), STATE_NONE);
    assert_int_equal(presence_state(&f->p, 2), STATE_READING);
    expect(f, 0, 1, 0, 0, 5);
    assert_int_equal(renamed(f, 2, 2, 3), PRESENCE_TAKEN);
    expect(f, 0, 1, 0, 0, 5);
}

static void two_that_were_one_are_one_and_the_same_tab_counts_once(void **state)
{
    struct fixture *f = *state;

    beat(f, 1, 1, STATE_WRITING);
    beat(f, 1, 2, STATE_READING);
    at(f, 1000);
    beat(f, 2, 1, STATE_IDLE);
    at(f, 2000);
    beat(f, 1, 2, STATE_BACKGROUND);
    expect(f, 1, 0, 1, 0, 3);
    presence_rename(&f->p, &f->pages, 1, 2);
    expect(f, 0, 0, 1, 0, 2); /* the newest of each tab */
    assert_int_equal(on(f, 0), 1);
    beat(f, 1, 2, STATE_WRITING); /* a straggler under yesterday's id */
    expect(f, 1, 0, 1, 0, 3);
    presence_rename(&f->p, &f->pages, 1, 2);
    expect(f, 1, 0, 0, 0, 2);
}

static void also_of_two_that_become_one_the_tabs_have_a_bound(void **state)
{
    struct fixture *f = *state;

    for (uint64_t tab = 0; tab < VISITOR_TABS_MAX; tab++) {
        beat(f, 1, tab, STATE_READING);
        beat(f, 2, 1000 + tab, STATE_READING);
    }
    presence_rename(&f->p, &f->pages, 1, 2);
    expect(f, 0, 1, 0, 0, VISITOR_TABS_MAX);
    assert_int_equal(f->p.tabs.n, VISITOR_TABS_MAX);
}

/* ---- bounds --------------------------------------------------------------- */

static void the_tab_not_heard_of_for_longest_makes_room(void **state)
{
    struct fixture *f = *state;
    struct sign old;

    for (uint64_t tab = 0; tab < VISITOR_TABS_MAX; tab++) {
        at(f, (ms_t)tab * 10);
        beat(f, 1, tab, STATE_READING);
    }
    old = sign(f, 1, 500, STATE_READING);
    old.at = NOON - 1;
    assert_int_equal(take(f, old), PRESENCE_OLD); /* it would have to go at once */
    beat(f, 1, 0, STATE_READING);
    assert_int_equal(beat(f, 1, 501, STATE_READING), PRESENCE_DISPLACED);
    expect(f, 0, 1, 0, 0, VISITOR_TABS_MAX);
    assert_int_equal(beat(f, 1, 0, STATE_READING), PRESENCE_TAKEN);     /* is there */
    assert_int_equal(beat(f, 1, 1, STATE_READING), PRESENCE_DISPLACED); /* was not */
    leave(f, 1, 40);
    at(f, 5000);
    expect(f, 0, 1, 0, 0, VISITOR_TABS_MAX - 1);
    assert_int_equal(beat(f, 1, 502, STATE_READING),
                     PRESENCE_TAKEN); /* its memory goes */
    expect(f, 0, 1, 0, 0, VISITOR_TABS_MAX);
    assert_int_equal(leave(f, 1, 503), PRESENCE_OLD); /* nobody makes room for that */
}

static void without_room_nobody_new_is_present_and_the_others_go_on(void **state)
{
    struct fixture *f = *state;
    struct sign known = sign(f, 1, 1, STATE_IDLE), fresh = sign(f, 2, 1, STATE_IDLE);

    beat(f, 1, 1, STATE_READING);
    assert_int_equal(presence_take(&f->p, &f->pages, &fresh, f->now, 0), PRESENCE_FULL);
    fresh.leave = true;
    assert_int_equal(presence_take(&f->p, &f->pages, &fresh, f->now, 0), PRESENCE_OLD);
    assert_int_equal(presence_take(&f->p, &f->pages, &known, f->now, 0), PRESENCE_TAKEN);
    expect(f, 0, 0, 1, 0, 1);
}

static void a_million_tabs_take_less_than_64_bytes_each_and_give_them_back(void **state)
{
    struct fixture *f = *state;
    enum { TABS = 1000000 };
    double worst = 0;

    for (uint64_t v = 1; v <= TABS; v++) {
        beat(f, v, v, v % 100 ? STATE_READING : STATE_BACKGROUND);
        if (v > 1000 && (double)presence_bytes(&f->p) / (double)v > worst)
            worst = (double)presence_bytes(&f->p) / (double)v;
    }
    print_message("%.1f bytes a tab at most\n", worst);
    assert_true(worst <= 64);
    expect(f, 0, TABS - TABS / 100, 0, TABS / 100, TABS);
    at(f, PRESENCE_ACTIVE_MS);
    expect(f, 0, 0, 0, TABS / 100, TABS / 100);
    assert_true(presence_bytes(&f->p) < 100 * TABS / 100);
    beat(f, 100, 100, STATE_WRITING); /* it is found where it was moved to */
    expect(f, 1, 0, 0, TABS / 100 - 1, TABS / 100);
    at(f, PRESENCE_HIDDEN_MS);
    assert_int_equal(presence_bytes(&f->p), 0);
    assert_int_equal(on(f, 0), 0);
}

static void a_call_looks_at_no_more_than_it_may(void **state)
{
    struct fixture *f = *state;
    size_t budget, calls = 0;

    for (uint64_t v = 1; v <= 1000; v++)
        beat(f, v, v, STATE_BACKGROUND);
    f->now += 3600 * 1000; /* a suspended machine */
    do {
        budget = 100;
        calls++;
    } while (!presence_tick(&f->p, &f->pages, f->now, &budget, on_left, f));
    assert_in_range(calls, 10, 70);
    assert_int_equal(f->p.tabs.n, 0);
    expect(f, 0, 0, 0, 0, 0);
    budget = 0;
    assert_true(presence_tick(&f->p, &f->pages, f->now, &budget, on_left, f));
}

static void between_two_calls_of_one_step_signs_are_taken(void **state)
{
    struct fixture *f = *state;
    size_t budget = 3;

    for (uint64_t v = 1; v <= 10; v++)
        beat(f, v, v, STATE_READING);
    f->now = NOON + 100 * 1000;
    assert_false(presence_tick(&f->p, &f->pages, f->now, &budget, on_left, f));
    assert_int_equal(budget, 0);
    for (uint64_t v = 1; v <= 20; v += 2)
        beat(f, v, v, STATE_WRITING);
    leave(f, 1, 1);
    at(f, 100 * 1000);
    expect(f, 10, 0, 0, 0, 10);
    at(f, 101 * 1000);
    expect(f, 9, 0, 0, 0, 9);
}

static void a_clock_that_is_set_back_a_little_does_no_harm(void **state)
{
    struct fixture *f = *state;

    at(f, 20000);
    beat(f, 1, 1, STATE_READING);
    f->now -= 5000;
    assert_int_equal(beat(f, 2, 1, STATE_READING), PRESENCE_ENTERED);
    at(f, 15000);
    expect(f, 0, 2, 0, 0, 2);
    at(f, 15000 + PRESENCE_ACTIVE_MS);
    expect(f, 0, 1, 0, 0, 1);
    at(f, 20000 + PRESENCE_ACTIVE_MS);
    expect(f, 0, 0, 0, 0, 0);
}

/* ---- tabs that last, and connections ---------------------------------------- */

static struct sign lasting(const struct fixture *f, uint64_t visitor, uint64_t tab,
                           uint8_t lasts)
{
    struct sign s = sign(f, visitor, tab, STATE_READING);

    s.lasts = lasts;
    return s;
}

static void expect_fresh(const struct fixture *f, uint64_t writing, uint64_t reading,
                         uint64_t idle, uint64_t background)
{
    const struct online *o = &f->p.online;

    assert_int_equal(o->fresh.writing, writing);
    assert_int_equal(o->fresh.reading, reading);
    assert_int_equal(o->fresh.idle, idle);
    assert_int_equal(o->fresh.background, background);
}

static void a_tab_counts_as_long_as_it_says_and_is_fresh_for_half_of_that(void **state)
{
    struct fixture *f = *state;
    struct sign hidden = lasting(f, 2, 1, 20);

    hidden.state = STATE_BACKGROUND;
    take(f, lasting(f, 1, 1, 60));
    take(f, hidden);
    expect_fresh(f, 0, 1, 0, 1);
    at(f, 10000);
    expect(f, 0, 1, 0, 1, 2);
    expect_fresh(f, 0, 1, 0, 0);
    at(f, 20000);
    expect(f, 0, 1, 0, 0, 1);
    at(f, 29999);
    assert_int_equal(on(f, 0), 1);
    f->p.changed = false;
    at(f, 30000);
    assert_true(f->p.changed);
    assert_int_equal(on(f, 0), 0);
    expect(f, 0, 1, 0, 0, 1);
    expect_fresh(f, 0, 0, 0, 0);
    at(f, 59999);
    expect(f, 0, 1, 0, 0, 1);
    at(f, 60000);
    expect(f, 0, 0, 0, 0, 0);
    assert_int_equal(f->p.tabs.n, 0);
}

static void a_faded_tab_that_is_heard_of_is_fresh_again_and_on_its_page(void **state)
{
    struct fixture *f = *state;
    struct sign late;

    take(f, lasting(f, 1, 1, 60));
    at(f, 40000);
    take(f, lasting(f, 1, 1, 60));
    expect_fresh(f, 0, 1, 0, 0);
    assert_int_equal(on(f, 0), 1);
    at(f, 70000);
    expect_fresh(f, 0, 0, 0, 0);
    beat(f, 1, 1, STATE_READING); /* as any other from here on */
    at(f, 70000 + PRESENCE_ACTIVE_MS - 1);
    expect_fresh(f, 0, 1, 0, 0);
    late = lasting(f, 2, 1, 60);
    late.at -= 30500;
    take(f, late); /* is past its half when it comes */
    expect(f, 0, 2, 0, 0, 2);
    expect_fresh(f, 0, 1, 0, 0);
    at(f, 70000 + PRESENCE_ACTIVE_MS);
    expect(f, 0, 1, 0, 0, 1);
    at(f, 70000 + PRESENCE_ACTIVE_MS + 29500);
    expect(f, 0, 0, 0, 0, 0);
}

static void a_visitor_is_the_most_active_of_the_fresh_tabs_too(void **state)
{
    struct fixture *f = *state;
    struct sign writes = lasting(f, 1, 1, 20);

    writes.state = STATE_WRITING;
    take(f, writes);
    beat(f, 1, 2, STATE_IDLE);
    expect_fresh(f, 1, 0, 0, 0);
    at(f, 10000);
    expect(f, 1, 0, 0, 0, 2);
    expect_fresh(f, 0, 0, 1, 0);
    assert_int_equal(on(f, 0), 1); /* by the other one */
    at(f, 20000);
    expect(f, 0, 0, 1, 0, 1);
    expect_fresh(f, 0, 0, 1, 0);
}

static struct sign held(const struct fixture *f, uint64_t visitor, uint64_t tab)
{
    struct sign s = sign(f, visitor, tab, STATE_READING);

    s.held = true;
    return s;
}

static enum presence_verdict hang_up(struct fixture *f, uint64_t visitor, uint64_t tab)
{
    struct sign s = held(f, visitor, tab);

    s.leave = true;
    return take(f, s);
}

static void a_connection_is_a_member_until_it_ends_and_that_is_at_once(void **state)
{
    struct fixture *f = *state;
    struct sign old;

    take(f, held(f, 1, 1));
    take(f, held(f, 1, 2));
    beat(f, 1, 3, STATE_READING);
    assert_int_equal(f->p.online.members, 2);
    at(f, 10100);
    hang_up(f, 1, 1);
    at(f, 10500); /* the next step */
    assert_int_equal(f->p.online.members, 1);
    expect(f, 0, 1, 0, 0, 2);
    old = held(f, 1, 1);
    old.at = NOON + 10050;
    assert_int_equal(take(f, old), PRESENCE_OLD);
    hang_up(f, 1, 2);
    at(f, 11000);
    assert_int_equal(f->p.online.members, 0);
    assert_int_equal(f->lefts, 0);
    take(f, held(f, 1, 1)); /* it comes back */
    assert_int_equal(f->p.online.members, 1);
    at(f, 11000 + PRESENCE_ACTIVE_MS);
    assert_int_equal(f->p.online.members, 0);
}

/* As with a page that is loaded anew: one connection ends, the next one begins. */
static void one_that_is_opened_in_the_ms_in_which_it_was_closed_is_open(void **state)
{
    struct fixture *f = *state;
    struct sign again = held(f, 1, 1);

    take(f, again);
    hang_up(f, 1, 1);
    assert_int_equal(f->p.online.members, 0);
    assert_int_equal(take(f, again), PRESENCE_OLD); /* a beat of before */
    again.begins = true;
    assert_int_equal(take(f, again), PRESENCE_ENTERED);
    assert_int_equal(f->p.online.members, 1);
    hang_up(f, 1, 1); /* and closed again */
    assert_int_equal(f->p.online.members, 0);
    at(f, 1000);
    hang_up(f, 1, 1);
    assert_int_equal(take(f, again), PRESENCE_OLD); /* it began before that */
    assert_int_equal(f->p.online.members, 0);
}

/* It is told three times within that, but one may be lost. */
static void a_connection_that_says_how_long_it_lasts_does_not_fade(void **state)
{
    struct fixture *f = *state;
    struct sign s = held(f, 1, 1), late = held(f, 2, 1);

    s.lasts = late.lasts = 60;
    take(f, s);
    at(f, 45000);
    late.at = f->now - 40000;
    take(f, late);
    expect_fresh(f, 0, 2, 0, 0);
    assert_int_equal(on(f, 0), 2);
    at(f, 65000);
    expect(f, 0, 0, 0, 0, 0);
    assert_int_equal(f->p.tabs.n, 0);
}

static void a_connection_displaces_nobody_and_is_not_displaced(void **state)
{
    struct fixture *f = *state;

    for (uint64_t tab = 0; tab < VISITOR_TABS_MAX; tab++) {
        assert_false(presence_is_beyond(&f->p, 1, 0, tab));
        take(f, held(f, 1, tab));
        at(f, (ms_t)tab);
    }
    assert_false(presence_is_beyond(&f->p, 1, 0, 7));
    assert_true(presence_is_beyond(&f->p, 1, 0, 500));
    assert_int_equal(take(f, held(f, 1, 500)), PRESENCE_FULL);
    assert_int_equal(beat(f, 1, 501, STATE_READING), PRESENCE_FULL);
    assert_int_equal(f->p.online.members, VISITOR_TABS_MAX);
    hang_up(f, 1, 7);
    at(f, 1000);
    assert_false(presence_is_beyond(&f->p, 1, 0, 500));
    assert_int_equal(beat(f, 1, 501, STATE_READING), PRESENCE_TAKEN);
    assert_true(presence_is_beyond(&f->p, 1, 0, 500));
    at(f, 2000);
    assert_int_equal(beat(f, 1, 502, STATE_READING), PRESENCE_DISPLACED); /* 501 */
    assert_int_equal(f->p.online.members, VISITOR_TABS_MAX - 1);
}

static void a_connection_that_stands_alone_is_found_again_whoever_left(void **state)
{
    struct fixture *f = *state;

    for (uint64_t tab = 0; tab < VISITOR_TABS_MAX; tab++)
        take(f, held(f, 1, tab));
    take(f, held(f, presence_own(1, 500), 500));
    expect(f, 0, 2, 0, 0, VISITOR_TABS_MAX + 1);
    hang_up(f, 1, 3);
    at(f, 1000);
    assert_true(presence_is_beyond(&f->p, 1, 0, 500));
    assert_true(presence_is_beyond(&f->p, 9, 1, 500)); /* as yesterday */
    assert_false(presence_is_beyond(&f->p, 9, 0, 500));
    hang_up(f, presence_own(1, 500), 500);
    at(f, 1500);
    expect(f, 0, 1, 0, 0, VISITOR_TABS_MAX - 1);
    assert_true(presence_is_beyond(&f->p, 1, 0, 500)); /* that it left is known there */
    at(f, 1500 + PRESENCE_LEFT_MS);
    assert_false(presence_is_beyond(&f->p, 1, 0, 500));
}

static void a_straggler_of_yesterday_that_stands_alone_by_now_counts_once(void **state)
{
    struct fixture *f = *state;

    take(f, held(f, 2, 1));
    take(f, held(f, presence_own(2, 500), 500));
    take(f, held(f, 1, 500));
    assert_int_equal(f->p.online.members, 3);
    presence_rename(&f->p, &f->pages, 1, 2);
    assert_int_equal(f->p.online.members, 2);
}

static void who_stands_alone_is_somebody_else(void **state)
{
    (void)state;
    assert_true(presence_own(1, 1) != presence_own(1, 2));
    assert_true(presence_own(1, 1) != presence_own(2, 1));
    assert_true(presence_own(1, 0) != 1);
    for (uint64_t tab = 0; tab < 1000; tab++)
        assert_true(presence_own(5, tab) > VISITOR_NOBODY);
}

static void who_is_known_from_before_a_restart_is_no_member(void **state)
{
    struct fixture *f = *state;

    presence_seed(&f->p, &f->pages, 1, 0, STATE_READING, f->now, NOON + WARMING_MS);
    assert_int_equal(f->p.online.members, 0);
    assert_false(presence_is_beyond(&f->p, 1, 0, 1));
    take(f, held(f, 1, 1));
    assert_int_equal(f->p.online.members, 1);
    expect(f, 0, 1, 0, 0, 1);
}

/* ---- who gets a name ------------------------------------------------------ */

static void of_one_without_a_name_only_the_tab_goes_that_has_one_now(void **state)
{
    struct fixture *f = *state;

    assert_true(presence_is_alone(&f->p, 1)); /* nobody is */
    beat(f, 1, 5, STATE_WRITING);
    assert_true(presence_is_alone(&f->p, 1));
    beat(f, 1, 6, STATE_READING);
    assert_false(presence_is_alone(&f->p, 1));
    presence_name(&f->p, &f->pages, 1, 2, 5);
    expect(f, 1, 1, 0, 0, 2);
    assert_int_equal(presence_state(&f->p, 2), STATE_WRITING);
    assert_int_equal(presence_state(&f->p, 1), STATE_READING);
    assert_int_equal(on(f, 0), 2);
    presence_name(&f->p, &f->pages, 1, 2, 7); /* which is not there */
    expect(f, 1, 1, 0, 0, 2);
    presence_name(&f->p, &f->pages, 1, 2, 6);
    expect(f, 1, 0, 0, 0, 2);
    assert_int_equal(on(f, 0), 1);
    beat(f, 1, 5, STATE_IDLE); /* of somebody else: the one who has it is heard of */
    presence_name(&f->p, &f->pages, 1, 2, 5);
    expect(f, 1, 0, 1, 0, 3);
}

static void a_connection_without_a_name_stays_what_it_is(void **state)
{
    struct fixture *f = *state;

    take(f, held(f, 1, 1));
    assert_false(presence_is_alone(&f->p, 1));
    presence_name(&f->p, &f->pages, 1, 2, 1);
    assert_int_equal(presence_state(&f->p, 1), STATE_READING);
    assert_int_equal(presence_state(&f->p, 2), STATE_NONE);
}

static void who_is_known_from_before_a_restart_may_be_the_one_with_the_name(void **state)
{
    struct fixture *f = *state;

    presence_seed(&f->p, &f->pages, 1, 0, STATE_READING, f->now, NOON + WARMING_MS);
    assert_true(presence_is_alone(&f->p, 1));
    presence_name(&f->p, &f->pages, 1, 2, 5);
    assert_int_equal(presence_state(&f->p, 1), STATE_READING);
}

/* ---- after a restart ------------------------------------------------------ */

static void who_was_there_before_a_restart_counts_until_it_is_heard_of_or_for_a_while(
    void **state)
{
    struct fixture *f = *state;
    ms_t until = NOON + WARMING_MS;

    for (uint64_t v = 1; v <= 3; v++)
        assert_true(presence_seed(&f->p, &f->pages, v, 0, STATE_IDLE, f->now, until));
    assert_true(presence_seed(&f->p, &f->pages, 4, 0, STATE_IDLE, f->now, f->now));
    expect(f, 0, 0, 3, 0, 3);
    assert_int_equal(on(f, 0), 3);
    at(f, 5000);
    assert_int_equal(beat(f, 1, 10, STATE_READING), PRESENCE_TAKEN);
    assert_int_equal(beat(f, 1, 11, STATE_READING), PRESENCE_TAKEN);
    leave(f, 2, 20);
    expect(f, 0, 1, 2, 0, 4);
    at(f, 6500);
    expect(f, 0, 1, 1, 0, 3);
    assert_int_equal(f->left, 2);
    at(f, WARMING_MS);
    expect(f, 0, 1, 0, 0, 2);
    assert_true(presence_seed(&f->p, &f->pages, 1, 1, STATE_IDLE, f->now, f->now + 9999));
    expect(f, 0, 1, 0, 0, 2); /* it is known better */
}

static void a_seed_goes_where_its_visitor_goes(void **state)
{
    struct fixture *f = *state;
    ms_t until = NOON + WARMING_MS;

    presence_seed(&f->p, &f->pages, 1, 0, STATE_READING, f->now, until);
    assert_int_equal(renamed(f, 2, 1, 5), PRESENCE_TAKEN);
    expect(f, 0, 1, 0, 0, 1);
    presence_seed(&f->p, &f->pages, 1, 0, STATE_READING, f->now, until);
    expect(f, 0, 2, 0, 0, 2);
    assert_int_equal(renamed(f, 2, 1, 5), PRESENCE_TAKEN);
    expect(f, 0, 1, 0, 0, 1);
    presence_seed(&f->p, &f->pages, 3, 0, STATE_READING, f->now, until);
    assert_int_equal(presence_heard(&f->p), 1);
    presence_rename(&f->p, &f->pages, 2, 3);
    expect(f, 0, 1, 0, 0, 1);
    assert_int_equal(presence_heard(&f->p), 1);
    assert_int_equal(f->p.tabs.n, 1);
}

/* ---- the oracle ----------------------------------------------------------- */

enum { PEOPLE = 24, TABS = 4, PATHS = 6, SIGNS = 250000, KEPT = 12 };

/* A sign as it came, the step in which it did, and what it made of the tab. */
struct heard {
    struct sign s;
    ms_t came;
    uint8_t state;
    uint16_t page;
    bool held;
    ms_t fresh_until;
};

/* All signs of a tab, in the order in which they came. */
struct told {
    struct heard *heard;
    size_t n, cap;
};

struct oracle {
    struct told tab[2 * PEOPLE][TABS];
};

static ms_t round_up(ms_t t)
{
    return (t + PRESENCE_STEP_MS - 1) / PRESENCE_STEP_MS * PRESENCE_STEP_MS;
}

static ms_t time_of(const struct sign *s)
{
    return s->leave && !s->held ? s->at + PRESENCE_LEAVE_MS : s->at;
}

/* When the tab ends by this sign; a goodbye that came late ends it at once. */
static ms_t end_by(const struct heard *h)
{
    if (h->s.leave)
        return h->s.held ? h->s.at : round_up(time_of(&h->s));
    if (h->s.lasts > 0)
        return round_up(h->s.at + h->s.lasts * 1000);
    return round_up(h->s.at + (h->state == STATE_BACKGROUND ? PRESENCE_HIDDEN_MS
                                                            : PRESENCE_ACTIVE_MS));
}

/* The newest sign, in whatever order they came. */
static const struct heard *newest_of(const struct told *t)
{
    const struct heard *newest = NULL;

    for (const struct heard *h = t->heard; h < t->heard + t->n; h++)
        if (!newest || time_of(&h->s) > time_of(&newest->s) ||
            (time_of(&h->s) == time_of(&newest->s) &&
             (h->s.leave >= newest->s.leave || h->s.begins)))
            newest = h;
    return newest;
}

/* The sign by which the tab is open at @now, or NULL. */
static const struct heard *look(const struct told *t, ms_t now)
{
    const struct heard *h = newest_of(t);

    return h && h->state != STATE_NONE && now < end_by(h) ? h : NULL;
}

/* Nothing is known any more of a tab that is over and did not say goodbye just now. */
static void forget(struct told *t, ms_t now)
{
    const struct heard *h = newest_of(t);
    bool left = h && h->s.leave &&
                now < round_up(time_of(&h->s) - PRESENCE_LEAVE_MS + PRESENCE_LEFT_MS);

    if (!left && !look(t, now))
        t->n = 0;
}

static unsigned rank(uint8_t state)
{
    return state == STATE_BACKGROUND ? 1
           : state == STATE_IDLE     ? 2
           : state == STATE_READING  ? 3
           : state == STATE_WRITING  ? 4
                                     : 0;
}

struct numbers {
    uint64_t states[5], fresh[5], tabs, members, page[PATHS];
};

static struct numbers count_all(const struct oracle *o, ms_t now)
{
    struct numbers n = {.tabs = 0};

    for (int v = 0; v < 2 * PEOPLE; v++) {
        bool on_page[PATHS] = {false};
        unsigned best = 0, freshest = 0;

        for (int t = 0; t < TABS; t++) {
            const struct heard *h = look(&o->tab[v][t], now);

            if (!h)
                continue;
            n.tabs++;
            n.members += h->held;
            if (rank(h->state) > best)
                best = rank(h->state);
            if (now >= h->fresh_until)
                continue;
            if (h->page != PAGE_NONE)
                on_page[h->page] = true;
            if (rank(h->state) > freshest)
                freshest = rank(h->state);
        }
        n.states[best]++;
        n.fresh[freshest]++;
        for (int p = 0; p < PATHS; p++)
            n.page[p] += on_page[p];
    }
    return n;
}

static void compare(struct fixture *f, const struct numbers *n)
{
    assert_int_equal(f->p.online.background, n->states[1]);
    assert_int_equal(f->p.online.idle, n->states[2]);
    assert_int_equal(f->p.online.reading, n->states[3]);
    assert_int_equal(f->p.online.writing, n->states[4]);
    assert_int_equal(f->p.online.fresh.background, n->fresh[1]);
    assert_int_equal(f->p.online.fresh.idle, n->fresh[2]);
    assert_int_equal(f->p.online.fresh.reading, n->fresh[3]);
    assert_int_equal(f->p.online.fresh.writing, n->fresh[4]);
    assert_int_equal(f->p.online.tabs, n->tabs);
    assert_int_equal(f->p.online.members, n->members);
    for (uint16_t p = 0; p < PATHS; p++)
        assert_int_equal(on(f, p), n->page[p]);
}

/* What is older than the last KEPT signs of a tab is of minutes ago. */
static void keep(struct told *t, struct heard h)
{
    if (t->n == t->cap) {
        t->cap = t->cap ? t->cap * 2 : KEPT;
        t->heard = realloc(t->heard, t->cap * sizeof *t->heard);
        assert_non_null(t->heard);
    }
    t->heard[t->n++] = h;
    if (t->n < 2 * KEPT)
        return;
    memmove(t->heard, t->heard + t->n - KEPT, KEPT * sizeof *t->heard);
    t->n = KEPT;
}

static void hear(struct told *t, const struct sign *s, ms_t now)
{
    ms_t step = now / PRESENCE_STEP_MS * PRESENCE_STEP_MS;
    const struct heard *open = look(t, now);
    struct heard h = {*s, step, s->state, s->page, s->held, INT64_MAX};

    if (s->lasts > 0 && !s->held)
        h.fresh_until = round_up(s->at + s->lasts * 500);
    if (open && s->leave) {
        h.held = open->held;
        h.fresh_until = now < open->fresh_until ? INT64_MAX : 0;
    }
    if (s->leave)
        h.state = STATE_NONE;
    else if (s->state == STATE_NONE)
        h.state = STATE_READING;
    if (open && (s->leave || s->state == STATE_NONE))
        h.state = open->state;
    if (open && (s->leave || s->page == PAGE_NONE))
        h.page = open->page;
    keep(t, h);
}

static uint64_t id_of(int v)
{
    return (uint64_t)(v + 1) << 40 | 3;
}

/* The signs of both, as they came. */
static void rename_told(struct oracle *o, int from, int to, ms_t now)
{
    for (int t = 0; t < TABS; t++) {
        struct told *a = &o->tab[from][t], b;

        forget(a, now);
        forget(&o->tab[to][t], now);
        b = o->tab[to][t];
        o->tab[to][t] = (struct told){NULL, 0, 0};
        for (size_t i = 0, k = 0; i < a->n || k < b.n;) {
            bool first = k == b.n || (i < a->n && a->heard[i].came <= b.heard[k].came);
            struct heard *h = first ? &a->heard[i++] : &b.heard[k++];

            keep(&o->tab[to][t], *h);
        }
        free(b.heard);
        a->n = 0;
    }
}

struct life {
    struct fixture *f;
    struct oracle *o;
    struct dice d;
    bool midnight; /* has been */
};

/* Up to half a minute old; so nothing comes of a tab that its newest sign has outlived.
 * Of two tabs that become one it is not known which began in one and the same ms. */
static struct sign random_sign(struct life *l)
{
    struct sign s = {.at = l->f->now, .page = PAGE_NONE};

    s.tab = dice_below(&l->d, TABS);
    s.state = (uint8_t)dice_below(&l->d, HIT_STATES);
    s.leave = dice_below(&l->d, 6) == 0;
    s.held = dice_below(&l->d, 3) == 0;
    s.begins = s.held && !s.leave && !l->midnight && dice_below(&l->d, 2);
    if (dice_below(&l->d, 3) == 0)
        s.lasts = (uint8_t)(31 + dice_below(&l->d, TAB_LASTS_MAX_S - 30));
    if (dice_below(&l->d, 3) == 0)
        s.at -= (ms_t)dice_below(&l->d, 30000);
    if (dice_below(&l->d, 4))
        s.page = (uint16_t)dice_below(&l->d, PATHS);
    return s;
}

/* A sign of somebody; after midnight some still come under yesterday's id. */
static void live_on(struct life *l)
{
    int person = (int)dice_below(&l->d, dice_below(&l->d, 2) ? 4 : PEOPLE);
    bool today = l->midnight && dice_below(&l->d, 8);
    int v = today ? PEOPLE + person : person;
    struct sign s = random_sign(l);

    s.visitor = id_of(v);
    if (today && dice_below(&l->d, 3)) {
        s.previous = id_of(person);
        rename_told(l->o, person, v, l->f->now);
    }
    hear(&l->o->tab[v][s.tab], &s, l->f->now);
    l->f->lefts += take(l->f, s) == PRESENCE_LEFT;
}

static void expect_the_same(struct life *l, struct numbers *before)
{
    struct numbers n = count_all(l->o, l->f->now);

    compare(l->f, &n);
    if (memcmp(before, &n, sizeof n) != 0)
        assert_true(l->f->p.changed);
    l->f->p.changed = false;
    for (uint16_t p = 0; p < PATHS; p++) {
        if (before->page[p] != n.page[p])
            assert_true(is_due(l->f, p));
    }
    tell(l->f);
    *before = n;
}

/* Until the next change that is said to come nothing may change. */
static void pass_time(struct life *l, ms_t ms, struct numbers *before)
{
    ms_t next = presence_next(&l->f->p), to = l->f->now + ms;

    if (next > to)
        next = to + 1;
    if (next - 1 > l->f->now) {
        struct numbers n = count_all(l->o, next - 1);

        assert_memory_equal(&n, before, sizeof n);
    }
    at(l->f, to - NOON);
}

static void a_quarter_of_a_million_signs_agree_with_counting_all_anew(void **state)
{
    struct life l = {.f = *state, .o = calloc(1, sizeof *l.o), .d = {7}};
    struct numbers before = {.states = {2 * PEOPLE}, .fresh = {2 * PEOPLE}};

    assert_non_null(l.o);
    for (uint16_t p = 2; p < PATHS; p++)
        assert_int_equal(page(l.f, (const char *[]){"/c", "/d", "/e", "/f"}[p - 2]), p);
    for (int i = 0; i < SIGNS; i++) {
        ms_t most = dice_below(&l.d, 2000) ? 1500 : 300000;
        ms_t quiet = (ms_t)dice_below(&l.d, (uint64_t)most);

        l.midnight = i / 5000 % 4 == 3; /* the ids of yesterday and today in turn */
        if (!l.midnight && dice_below(&l.d, 4) == 0)
            quiet = 0;
        pass_time(&l, quiet, &before);
        expect_the_same(&l, &before);
        live_on(&l);
        expect_the_same(&l, &before);
    }
    assert_true(l.f->lefts > 1000);
    for (int v = 0; v < 2 * PEOPLE; v++)
        for (int t = 0; t < TABS; t++)
            free(l.o->tab[v][t].heard);
    free(l.o);
}

#define CLAIM(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(a_visitor_is_the_most_active_of_its_tabs),
        CLAIM(a_state_that_is_not_told_is_reading_or_what_it_was),
        CLAIM(a_tab_in_front_counts_44_seconds_and_a_hidden_one_150),
        CLAIM(a_tab_that_leaves_counts_a_second_longer_and_its_visitor_is_told),
        CLAIM(who_goes_to_the_next_page_was_never_away),
        CLAIM(closing_one_of_three_tabs_changes_nothing_for_the_visitor),
        CLAIM(what_is_older_than_the_newest_changes_nothing),
        CLAIM(a_beat_that_comes_after_the_goodbye_does_not_bring_the_tab_back),
        CLAIM(a_goodbye_that_comes_first_keeps_the_tab_from_beginning),
        CLAIM(a_goodbye_that_comes_late_ends_the_tab_at_once),
        CLAIM(what_is_over_already_makes_nobody_present),
        CLAIM(a_tab_moves_from_page_to_page_and_stays_when_none_is_named),
        CLAIM(a_visitor_counts_once_on_a_page),
        CLAIM(only_a_number_that_changes_is_to_be_told),
        CLAIM(a_page_that_is_open_is_not_freed),
        CLAIM(a_tab_that_comes_back_is_not_on_a_page_that_has_another_path),
        CLAIM(at_midnight_tabs_follow_their_visitor_and_no_number_changes),
        CLAIM(two_that_were_one_are_one_and_the_same_tab_counts_once),
        CLAIM(also_of_two_that_become_one_the_tabs_have_a_bound),
        CLAIM(the_tab_not_heard_of_for_longest_makes_room),
        CLAIM(without_room_nobody_new_is_present_and_the_others_go_on),
        CLAIM(a_million_tabs_take_less_than_64_bytes_each_and_give_them_back),
        CLAIM(a_call_looks_at_no_more_than_it_may),
        CLAIM(between_two_calls_of_one_step_signs_are_taken),
        CLAIM(a_clock_that_is_set_back_a_little_does_no_harm),
        CLAIM(a_tab_counts_as_long_as_it_says_and_is_fresh_for_half_of_that),
        CLAIM(a_faded_tab_that_is_heard_of_is_fresh_again_and_on_its_page),
        CLAIM(a_visitor_is_the_most_active_of_the_fresh_tabs_too),
        CLAIM(a_connection_is_a_member_until_it_ends_and_that_is_at_once),
        CLAIM(one_that_is_opened_in_the_ms_in_which_it_was_closed_is_open),
        CLAIM(a_connection_that_says_how_long_it_lasts_does_not_fade),
        CLAIM(a_connection_displaces_nobody_and_is_not_displaced),
        CLAIM(a_connection_that_stands_alone_is_found_again_whoever_left),
        CLAIM(a_straggler_of_yesterday_that_stands_alone_by_now_counts_once),
        CLAIM(who_stands_alone_is_somebody_else),
        CLAIM(who_is_known_from_before_a_restart_is_no_member),
        CLAIM(of_one_without_a_name_only_the_tab_goes_that_has_one_now),
        CLAIM(a_connection_without_a_name_stays_what_it_is),
        CLAIM(who_is_known_from_before_a_restart_may_be_the_one_with_the_name),
        CLAIM(who_was_there_before_a_restart_counts_until_it_is_heard_of_or_for_a_while),
        CLAIM(a_seed_goes_where_its_visitor_goes),
        CLAIM(a_quarter_of_a_million_signs_agree_with_counting_all_anew),
    };

    return cmocka_run_group_tests_name("presence", tests, NULL, NULL);
}
