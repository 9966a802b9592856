/* Carried bytes and the budget they are taken from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../collector/carry.h"
#include "../guard.h"

static void a_budget_gives_what_it_has_and_not_more(void **state)
{
    struct budget b = {.max = 10};

    (void)state;
    assert_true(budget_take(&b, 10));
    assert_false(budget_take(&b, 1));
    budget_give(&b, 4);
    assert_false(budget_take(&b, 5));
    assert_false(budget_take(&b, SIZE_MAX));
    assert_true(budget_take(&b, 4));
    assert_int_equal(b.used, 10);
}

static void kept_bytes_are_a_copy(void **state)
{
    struct budget b = {.max = 100};
    struct carry c = {0};
    char text[] = "hello";

    (void)state;
    assert_true(carry_keep(&c, &b, guard_copy(text, 5), 5));
    assert_int_equal(c.n, 5);
    assert_memory_equal(c.p, "hello", 5);
    assert_int_equal(b.used, c.size);
    carry_fini(&c, &b);
    assert_null(c.p);
    assert_int_equal(b.used, 0);
}

static void the_end_of_what_is_carried_may_be_kept(void **state)
{
    struct budget b = {.max = 100};
    struct carry c = {0};

    (void)state;
    assert_true(carry_keep(&c, &b, "aaaabbbbb", 9));
    assert_true(carry_keep(&c, &b, c.p + 4, 5));
    assert_memory_equal(c.p, "bbbbb", 5);
    assert_true(carry_keep(&c, &b, c.p + 5, 0));
    assert_null(c.p);
    assert_int_equal(b.used, 0);
}

static void over_the_budget_nothing_changes(void **state)
{
    struct budget b = {.max = 10};
    struct carry c = {0}, other = {0};

    (void)state;
    assert_true(carry_keep(&c, &b, "12345678", 8));
    assert_false(carry_keep(&other, &b, "123", 3));
    assert_null(other.p);
    assert_false(carry_reserve(&c, &b, 11));
    assert_memory_equal(c.p, "12345678", 8);
    assert_true(carry_reserve(&c, &b, 10));
    assert_int_equal(b.used, 10);
    carry_fini(&c, &b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_budget_gives_what_it_has_and_not_more),
        cmocka_unit_test(kept_bytes_are_a_copy),
        cmocka_unit_test(the_end_of_what_is_carried_may_be_kept),
        cmocka_unit_test(over_the_budget_nothing_changes),
    };

    return cmocka_run_group_tests_name("carry", tests, NULL, NULL);
}
