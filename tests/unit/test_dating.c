/* dating: hits of datagrams that were held up, and of clocks that step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../aggregator/dating.h"

#define NOON INT64_C(1763812800000)

static void a_hit_is_as_old_as_it_was_when_it_left(void **state)
{
    struct dating d = {0};

    (void)state;
    assert_int_equal(dating_of(&d, 950, 1000, NOON), NOON - 50);
    assert_int_equal(dating_of(NULL, 950, 1000, NOON), NOON - 50);
}

static void none_is_of_the_future_or_before_1970(void **state)
{
    struct dating d = {0};

    (void)state;
    assert_int_equal(dating_of(NULL, 1007, 1000, NOON), NOON);
    assert_int_equal(dating_of(NULL, 1000, 1000 + NOON, NOON - 1), 0);
    assert_int_equal(dating_of(&d, 1007, 1000, NOON), NOON);
}

static void one_that_was_held_up_does_not_overtake_the_next(void **state)
{
    struct dating d = {0};

    (void)state;
    assert_int_equal(dating_of(&d, 1000, 1000, NOON + 8), NOON + 8);
    assert_int_equal(dating_of(&d, 1001, 1006, NOON + 8), NOON + 8);
    assert_int_equal(dating_of(&d, 1006, 1006, NOON + 8), NOON + 8);
    assert_int_equal(dating_of(&d, 1010, 1010, NOON + 10), NOON + 10);
}

/* A goodbye that overtook the beat before it was taken when that had come. */
static void one_that_came_early_does_not_go_before_the_one_it_waited_for(void **state)
{
    struct dating d = {0};

    (void)state;
    assert_int_equal(dating_of(&d, 1000, 1000, NOON + 40), NOON + 40);
    assert_int_equal(dating_of(&d, 1002, 1002, NOON + 2), NOON + 40);
    assert_int_equal(dating_of(&d, 1050, 1050, NOON + 50), NOON + 50);
}

static void the_delay_of_one_is_soon_forgotten(void **state)
{
    struct dating d = {0};

    (void)state;
    dating_of(&d, 1000, 1000, NOON + 500);
    assert_int_equal(dating_of(&d, 1400, 1400, NOON + 501), NOON + 501);
    assert_int_equal(dating_of(&d, 1600, 1600, NOON + 600), NOON + 600);
}

/* One that a server tells of later says so by its clock. */
static void what_is_told_later_stays_where_it_was(void **state)
{
    struct dating d = {0};

    (void)state;
    assert_int_equal(dating_of(&d, 61000, 61000, NOON), NOON);
    assert_int_equal(dating_of(&d, 1000, 61000, NOON), NOON - 60000);
    assert_int_equal(dating_of(&d, 61001, 61010, NOON), NOON);
}

static void our_clock_may_be_set_back(void **state)
{
    struct dating d = {0};

    (void)state;
    dating_of(&d, 1000, 1000, NOON);
    assert_int_equal(dating_of(&d, 1001, 1001, NOON - 7200000), NOON - 7200000);
    assert_int_equal(dating_of(&d, 1002, 1002, NOON - 7199999), NOON - 7199999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hit_is_as_old_as_it_was_when_it_left),
        cmocka_unit_test(none_is_of_the_future_or_before_1970),
        cmocka_unit_test(one_that_was_held_up_does_not_overtake_the_next),
        cmocka_unit_test(one_that_came_early_does_not_go_before_the_one_it_waited_for),
        cmocka_unit_test(the_delay_of_one_is_soon_forgotten),
        cmocka_unit_test(what_is_told_later_stays_where_it_was),
        cmocka_unit_test(our_clock_may_be_set_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
