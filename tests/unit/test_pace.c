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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_round_begins_at_once),
        cmocka_unit_test(after_a_pause_a_round_begins_at_once),
        cmocka_unit_test(the_gap_is_twice_the_last_rounds_duration_within_bounds),
        cmocka_unit_test(failures_back_off_from_100_ms_to_5_s),
        cmocka_unit_test(a_success_ends_the_backing_off),
    };

    return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
