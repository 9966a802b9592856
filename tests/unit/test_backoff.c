/* backoff: the bounds, one after the other, seen through the largest rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../proto/backoff.h"

/* The bound of the next rest: of the rests by 0 and by the bound itself, as random
 * numbers, one is the shortest and one the longest, and one more starts again. */
static void assert_bound(struct backoff *b, uint64_t bound)
{
    struct backoff copy = *b;

    assert_int_equal(backoff_next(&copy, 0), 0);
    copy = *b;
    assert_int_equal(backoff_next(&copy, bound + 1), 0);
    assert_int_equal(backoff_next(b, bound), bound);
}

static void the_bound_doubles_up_to_its_maximum(void **state)
{
    struct backoff b = {.first_ms = 100, .max_ms = 5000};

    (void)state;
    assert_bound(&b, 100);
    assert_bound(&b, 200);
    assert_bound(&b, 400);
    assert_bound(&b, 800);
    assert_bound(&b, 1600);
    assert_bound(&b, 3200);
    assert_bound(&b, 5000);
    assert_bound(&b, 5000);
}

static void success_starts_afresh(void **state)
{
    struct backoff b = {.first_ms = 100, .max_ms = 5000};

    (void)state;
    assert_bound(&b, 100);
    assert_bound(&b, 200);
    backoff_reset(&b);
    assert_bound(&b, 100);
}

static void odd_bounds_hold_too(void **state)
{
    struct backoff same = {.first_ms = 7, .max_ms = 7};
    struct backoff upside_down = {.first_ms = 9, .max_ms = 3};
    struct backoff huge = {.first_ms = 1, .max_ms = UINT64_MAX / 2};

    (void)state;
    assert_bound(&same, 7);
    assert_bound(&same, 7);
    assert_bound(&upside_down, 3);
    for (int i = 0; i < 100; i++)
        backoff_next(&huge, 0);
    assert_bound(&huge, UINT64_MAX / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bound_doubles_up_to_its_maximum),
        cmocka_unit_test(success_starts_afresh),
        cmocka_unit_test(odd_bounds_hold_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
