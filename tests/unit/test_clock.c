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

static ms_t wall(void *arg)
{
    return *(ms_t *)arg;
}

static uint64_t mono_us(void *arg)
{
    return (uint64_t) * (ms_t *)arg;
}

static void a_reset_is_told_with_the_new_time(void **state)
{
    ms_t host = T, told = 0;
    struct clock_source source = {wall, mono_us, &host};
    struct clock c;

    (void)state;
    clock_init(&c, &source, on_reset, &told);
    assert_int_equal(c.now, T);
    host = T + 5;
    assert_int_equal(clock_now(&c), T + 5);
    host = T + 5 - 10 * MINUTE;
    assert_int_equal(clock_now(&c), T + 5);
    assert_int_equal(told, 0);
    host--;
    assert_int_equal(clock_now(&c), host);
    assert_int_equal(told, host);
    told = 0;
    clock_now(&c);
    assert_int_equal(told, 0);
}

static void a_clock_that_was_raised_stands_still_until_the_host_is_there(void **state)
{
    struct clock c = at(T);

    (void)state;
    clock_raise(&c, T + 2 * MINUTE);
    assert_int_equal(c.now, T + 2 * MINUTE);
    assert_int_equal(clock_take(&c, T + 1), CLOCK_HELD);
    assert_int_equal(clock_take(&c, T + 2 * MINUTE + 1), CLOCK_STEADY);
    assert_int_equal(c.now, T + 2 * MINUTE + 1);
    assert_int_equal(c.holds, 0); /* it was no step back */
    clock_raise(&c, T);
    assert_int_equal(c.now, T + 2 * MINUTE + 1);
    clock_raise(&c, c.now + 10 * MINUTE + 1);
    assert_int_equal(c.now, T + 2 * MINUTE + 1);
    clock_raise(&c, c.now + 10 * MINUTE);
    assert_int_equal(c.now, T + 12 * MINUTE + 1);
}

static void the_monotonic_clock_is_read_in_two_units(void **state)
{
    ms_t host = 1999;
    struct clock_source source = {wall, mono_us, &host};
    struct clock c = {.source = &source};

    (void)state;
    assert_int_equal(clock_us(&c), 1999);
    assert_int_equal(clock_mono(&c), 1);
}

static void the_host_tells_the_time(void **state)
{
    struct clock c;
    uint64_t us;

    (void)state;
    clock_init(&c, &clock_host, NULL, NULL);
    assert_in_range(c.now, (ms_t)time(NULL) * 1000 - 5000,
                    (ms_t)time(NULL) * 1000 + 5000);
    us = clock_us(&c);
    assert_true(us > 0);
    assert_true(clock_us(&c) >= us);
    assert_true(clock_us(&c) - us < 5000000);
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
        cmocka_unit_test(a_clock_that_was_raised_stands_still_until_the_host_is_there),
        cmocka_unit_test(the_monotonic_clock_is_read_in_two_units),
        cmocka_unit_test(the_host_tells_the_time),
    };

    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
