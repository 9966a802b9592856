/* pace: rounds in scripted time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../aggregator/pace.h"

static void the_first_round_begins_at_once(void **state)
{
    struct pace p = {0};

    (void)state;
    assert_int_equal(pace_wait(&p, 5), 0);
}

static void after_a_pause_a_round_begins_at_once(void **state)
{
    struct pace p = {0};

    (void)state;
    pace_begin(&p, 1000);
    pace_end(&p, 1001);
    assert_int_equal(pace_wait(&p, 1021), 0);
    assert_int_equal(pace_wait(&p, 900000), 0);
}

static void the_gap_is_twice_the_last_rounds_duration_within_bounds(void **state)
{
    static const struct {
        mono_t took, gap;
    } row[] = {{0, 20},    {1, 20},     {10, 20},    {11, 22},
               {400, 800}, {500, 1000}, {9000, 1000}};

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct pace p = {0};

        pace_begin(&p, 1000);
        pace_end(&p, 1000 + row[i].took);
        assert_int_equal(pace_wait(&p, 1000), row[i].gap);
        assert_int_equal(pace_wait(&p, 1000 + row[i].gap - 1), 1);
        assert_int_equal(pace_wait(&p, 1000 + row[i].gap), 0);
    }
}

static void failures_back_off_from_100_ms_to_5_s(void **state)
{
    static const mono_t wait[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000};
    struct pace p = {0};

    (void)state;
    for (size_t i = 0; i < sizeof wait / sizeof *wait; i++) {
        pace_begin(&p, 1000);
        pace_fail(&p, 1003);
        assert_int_equal(pace_wait(&p, 1003), wait[i]);
    }
}

static void a_success_ends_the_backing_off(void **state)
{
    struct pace p = {0};

    (void)state;
    pace_fail(&p, 1000);
    pace_fail(&p, 2000);
    pace_begin(&p, 3000);
    pace_end(&p, 3001);
    assert_int_equal(pace_wait(&p, 3001), 19);
    pace_fail(&p, 4000);
    assert_int_equal(pace_wait(&p, 4000), 100);
}

static void some_may_go_ahead_a_fifth_of_the_gap_after_a_round(void **state)
{
    struct pace p = {0};

    (void)state;
    pace_begin(&p, 1000);
    pace_end(&p, 1001);
    assert_int_equal(pace_wait_ahead(&p, 1001), PACE_AHEAD_MS);
    assert_int_equal(pace_wait_ahead(&p, 1001 + PACE_AHEAD_MS - 1), 1);
    assert_int_equal(pace_wait_ahead(&p, 1001 + PACE_AHEAD_MS), 0);
    assert_int_equal(pace_wait(&p, 1001), 19);
}

/* Or a quiet site would wait as long as the busy ones keep Redis busy. */
static void and_as_soon_after_a_long_one(void **state)
{
    struct pace p = {0};

    (void)state;
    pace_begin(&p, 1000);
    pace_end(&p, 1075);
    assert_int_equal(pace_wait_ahead(&p, 1075), PACE_AHEAD_MS);
    assert_int_equal(pace_wait(&p, 1075), 75);
}

static void who_goes_ahead_does_not_hold_up_the_round_behind(void **state)
{
    struct pace p = {0};

    (void)state;
    pace_begin(&p, 1000);
    pace_end(&p, 1001);
    pace_begin_ahead(&p, 1010);
    pace_end_ahead(&p, 1011);
    assert_int_equal(pace_wait_ahead(&p, 1011), PACE_AHEAD_MS);
    assert_int_equal(pace_wait(&p, 1011), 9);
}

static void redis_rests_three_times_as_long_as_it_was_kept_busy_by_who_went_ahead(
    void **state)
{
    struct pace p = {0};

    (void)state;
    pace_begin(&p, 1000);
    pace_end(&p, 1001);
    pace_begin_ahead(&p, 1010);
    pace_end_ahead(&p, 1050);
    assert_int_equal(pace_wait_ahead(&p, 1050), 120);
    assert_int_equal(pace_wait(&p, 1050), 40);
}

/* Else sites that go ahead one after the other would keep all others waiting for ever. */
static void behind_a_slow_one_that_went_ahead_the_round_is_due_no_later(void **state)
{
    struct pace p = {0};

    (void)state;
    pace_begin(&p, 1000);
    pace_end(&p, 1001);
    pace_begin_ahead(&p, 2000);
    pace_end_ahead(&p, 2000 + 3 * PACE_GAP_MAX_MS);
    assert_true(pace_wait(&p, 2000 + 3 * PACE_GAP_MAX_MS) <=
                pace_wait_ahead(&p, 2000 + 3 * PACE_GAP_MAX_MS));
}

static void after_a_failure_nobody_goes_ahead_either(void **state)
{
    struct pace p = {0};

    (void)state;
    pace_fail(&p, 1000);
    assert_int_equal(pace_wait_ahead(&p, 1000), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_round_begins_at_once),
        cmocka_unit_test(after_a_pause_a_round_begins_at_once),
        cmocka_unit_test(the_gap_is_twice_the_last_rounds_duration_within_bounds),
        cmocka_unit_test(failures_back_off_from_100_ms_to_5_s),
        cmocka_unit_test(a_success_ends_the_backing_off),
        cmocka_unit_test(some_may_go_ahead_a_fifth_of_the_gap_after_a_round),
        cmocka_unit_test(and_as_soon_after_a_long_one),
        cmocka_unit_test(who_goes_ahead_does_not_hold_up_the_round_behind),
        cmocka_unit_test(
            redis_rests_three_times_as_long_as_it_was_kept_busy_by_who_went_ahead),
        cmocka_unit_test(behind_a_slow_one_that_went_ahead_the_round_is_due_no_later),
        cmocka_unit_test(after_a_failure_nobody_goes_ahead_either),
    };

    return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
