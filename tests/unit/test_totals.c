/* totals: what is counted for ever, day by day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../aggregator/totals.h"

#define DAY INT64_C(86400000)
#define MIDNIGHT (20414 * DAY)
#define NOON (MIDNIGHT + DAY / 2)

static void counting_begins_with_the_first_view_or_visit(void **state)
{
    struct totals t = {0}, v = {0};

    (void)state;
    totals_view(&t, NOON);
    totals_view(&t, NOON + 5);
    totals_visit(&t, NOON + 5);
    assert_int_equal(t.total.views, 2);
    assert_int_equal(t.total.visits, 1);
    assert_int_equal(t.total.since, NOON);
    totals_visit(&v, NOON + 7);
    totals_view(&v, NOON + 8);
    assert_int_equal(v.total.since, NOON + 7);
}

static void connections_are_counted_and_those_who_asked_for_it_among_them(void **state)
{
    struct totals t = {0};

    (void)state;
    totals_join(&t, NOON, false);
    totals_join(&t, NOON + 1, true);
    totals_join(&t, NOON + 2, false);
    assert_int_equal(t.total.joins, 3);
    assert_int_equal(t.total.counted, 1);
    assert_int_equal(t.total.since, NOON);
}

static void whatever_changes_is_to_be_written(void **state)
{
    struct totals t = {0};

    (void)state;
    totals_view(&t, NOON);
    assert_true(t.dirty);
    t.dirty = false;
    totals_visit(&t, NOON);
    assert_true(t.dirty);
    t.dirty = false;
    totals_join(&t, NOON, false);
    assert_true(t.dirty);
    t.dirty = false;
    totals_begin_feed(&t, NOON);
    assert_true(t.dirty);
    t.dirty = false;
    totals_online(&t, 1, NOON);
    assert_true(t.dirty);
    t.dirty = false;
    totals_reset(&t, NOON);
    assert_true(t.dirty);
}

static void what_changes_nothing_is_not(void **state)
{
    struct totals t = {0};

    (void)state;
    totals_online(&t, 0, NOON);
    assert_false(t.dirty);
    totals_online(&t, 5, NOON);
    totals_begin_feed(&t, NOON);
    t.dirty = false;
    totals_online(&t, 5, NOON + 1);
    totals_online(&t, 4, NOON + 2);
    totals_online(&t, 0, NOON + DAY);
    totals_begin_feed(&t, NOON + 3);
    assert_false(t.dirty);
}

static void a_feed_begins_once(void **state)
{
    struct totals t = {0};

    (void)state;
    totals_begin_feed(&t, NOON);
    totals_begin_feed(&t, NOON + 9);
    assert_int_equal(t.life, NOON);
}

static void peaks_are_the_most_at_once_and_when_that_was_first(void **state)
{
    struct totals t = {0};
    struct peaks p;

    (void)state;
    totals_online(&t, 3, NOON);
    totals_online(&t, 7, NOON + 1);
    totals_online(&t, 2, NOON + 2);
    totals_online(&t, 7, NOON + 3);
    p = totals_peaks(&t, NOON + 4);
    assert_int_equal(p.day, 7);
    assert_int_equal(p.all, 7);
    assert_int_equal(p.day_at, NOON + 1);
    assert_int_equal(p.all_at, NOON + 1);
}

static void the_peak_of_a_day_ends_with_it_and_the_other_stays(void **state)
{
    struct totals t = {0};
    struct peaks p;

    (void)state;
    totals_online(&t, 7, MIDNIGHT - 1);
    assert_int_equal(totals_peaks(&t, MIDNIGHT - 1).day, 7);
    p = totals_peaks(&t, MIDNIGHT);
    assert_int_equal(p.day, 0);
    assert_int_equal(p.day_at, 0);
    assert_int_equal(p.all, 7);
    totals_online(&t, 3, MIDNIGHT + 1);
    p = totals_peaks(&t, MIDNIGHT + 2);
    assert_int_equal(p.day, 3);
    assert_int_equal(p.day_at, MIDNIGHT + 1);
    assert_int_equal(p.all, 7);
    assert_int_equal(p.all_at, MIDNIGHT - 1);
}

static void a_clock_set_back_to_another_day_begins_a_peak_too(void **state)
{
    struct totals t = {0};

    (void)state;
    totals_online(&t, 7, MIDNIGHT + 1);
    totals_online(&t, 2, MIDNIGHT - 1);
    assert_int_equal(totals_peaks(&t, MIDNIGHT - 1).day, 2);
}

static void a_reset_begins_anew_but_for_peaks_and_the_feed(void **state)
{
    struct totals t = {0};

    (void)state;
    totals_view(&t, NOON);
    totals_visit(&t, NOON);
    totals_join(&t, NOON, true);
    totals_online(&t, 4, NOON);
    totals_begin_feed(&t, NOON);
    totals_reset(&t, NOON + 10);
    assert_int_equal(t.total.views, 0);
    assert_int_equal(t.total.visits, 0);
    assert_true(t.total.joins == 0 && t.total.counted == 0);
    assert_int_equal(t.total.since, NOON + 10);
    assert_int_equal(totals_peaks(&t, NOON).all, 4);
    assert_int_equal(t.life, NOON);
    totals_view(&t, NOON + 20);
    assert_int_equal(t.total.views, 1);
    assert_int_equal(t.total.since, NOON + 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counting_begins_with_the_first_view_or_visit),
        cmocka_unit_test(connections_are_counted_and_those_who_asked_for_it_among_them),
        cmocka_unit_test(whatever_changes_is_to_be_written),
        cmocka_unit_test(what_changes_nothing_is_not),
        cmocka_unit_test(a_feed_begins_once),
        cmocka_unit_test(peaks_are_the_most_at_once_and_when_that_was_first),
        cmocka_unit_test(the_peak_of_a_day_ends_with_it_and_the_other_stays),
        cmocka_unit_test(a_clock_set_back_to_another_day_begins_a_peak_too),
        cmocka_unit_test(a_reset_begins_anew_but_for_peaks_and_the_feed),
    };

    return cmocka_run_group_tests_name("totals", tests, NULL, NULL);
}
