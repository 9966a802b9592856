/* clock: what steps of the host's clock do to ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>

#include "../../aggregator/clock.h"

#define T INT64_C(1763812800000)
#define MINUTE ((ms_t)MS_PER_MINUTE)

static struct clock at(ms_t now)
{
    return (struct clock){.now = now};
}

static void time_that_goes_on_is_taken(void **state)
{
    struct clock c = at(T);

    (void)state;
    assert_int_equal(clock_take(&c, T), CLOCK_STEADY);
    assert_int_equal(clock_take(&c, T + 7), CLOCK_STEADY);
    assert_int_equal(c.now, T + 7);
    assert_int_equal(c.holds + c.resets, 0);
}

static void a_step_ahead_is_taken_however_large(void **state)
{
    struct clock c = at(T);

    (void)state;
    assert_int_equal(clock_take(&c, T + 90 * 24 * 60 * MINUTE), CLOCK_STEADY);
    assert_int_equal(c.now, T + 90 * 24 * 60 * MINUTE);
}

static void a_small_step_back_stands_still_until_it_is_made_up_for(void **state)
{
    struct clock c = at(T);

    (void)state;
    assert_int_equal(clock_take(&c, T - 3000), CLOCK_HELD);
    assert_int_equal(clock_take(&c, T - 1), CLOCK_HELD);
    assert_int_equal(c.now, T);
    assert_int_equal(clock_take(&c, T), CLOCK_STEADY);
    assert_int_equal(clock_take(&c, T + 1), CLOCK_STEADY);
    assert_int_equal(c.now, T + 1);
}

static void a_step_counts_once_however_often_it_is_read(void **state)
{
    struct clock c = at(T);

    (void)state;
    for (int i = 10; i >= 0; i--)
        clock_take(&c, T - i);
    assert_int_equal(c.holds, 1);
    clock_take(&c, T - 1);
    assert_int_equal(c.holds, 2);
}

static void ten_minutes_are_held_and_a_millisecond_more_is_not(void **state)
{
    struct clock c = at(T);

    (void)state;
    assert_int_equal(clock_take(&c, T - 10 * MINUTE), CLOCK_HELD);
    assert_int_equal(clock_take(&c, T - 10 * MINUTE - 1), CLOCK_RESET);
    assert_int_equal(c.now, T - 10 * MINUTE - 1);
    assert_int_equal(c.resets, 1);
    assert_int_equal(clock_take(&c, T - 10 * MINUTE), CLOCK_STEADY);
    assert_int_equal(c.now, T - 10 * MINUTE);
}

static void two_steps_back_add_up(void **state)
{
    struct clock c = at(T);

    (void)state;
    assert_int_equal(clock_take(&c, T - 6 * MINUTE), CLOCK_HELD);
    assert_int_equal(clock_take(&c, T - 12 * MINUTE), CLOCK_RESET);
}

static void on_reset(void *arg, ms_t now)
{
    *(ms_t *)arg = now;
}

static void a_reset_is_told_with_the_new_time(void **state)
{
    struct clock c;
    ms_t told = 0;

    (void)state;
    clock_init(&c, on_reset, &told);
    assert_in_range(c.now, (ms_t)time(NULL) * 1000 - 5000,
                    (ms_t)time(NULL) * 1000 + 5000);
    assert_true(clock_now(&c) > 0);
    assert_int_equal(told, 0);
    c.now += 11 * MINUTE;
    clock_now(&c);
    assert_int_not_equal(told, 0);
    assert_int_equal(told, c.now);
    c.now += MINUTE;
    told = 0;
    clock_now(&c);
    assert_int_equal(told, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_that_goes_on_is_taken),
        cmocka_unit_test(a_step_ahead_is_taken_however_large),
        cmocka_unit_test(a_small_step_back_stands_still_until_it_is_made_up_for),
        cmocka_unit_test(a_step_counts_once_however_often_it_is_read),
        cmocka_unit_test(ten_minutes_are_held_and_a_millisecond_more_is_not),
        cmocka_unit_test(two_steps_back_add_up),
        cmocka_unit_test(a_reset_is_told_with_the_new_time),
    };

    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
