/* Waiters: whoever leaves, the others stay in the list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../collector/waiter.h"

static unsigned length_of(const struct waiter *list)
{
    unsigned n = 0;

    for (; list; list = list->next)
        n++;
    return n;
}

/* All orders in which three may leave. */
static void they_may_leave_in_any_order(void **state)
{
    static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                    {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct waiter w[3] = {0};
        struct waiter *list = NULL;

        for (int k = 0; k < 3; k++)
            waiter_join(&w[k], &list);
        for (unsigned k = 0; k < 3; k++) {
            assert_int_equal(length_of(list), 3 - k);
            waiter_leave(&w[orders[i][k]]);
            assert_null(w[orders[i][k]].link);
        }
        assert_null(list);
    }
}

static void leaving_without_waiting_is_harmless(void **state)
{
    struct waiter w = {0};

    (void)state;
    waiter_leave(&w);
    waiter_leave(&w);
    assert_null(w.link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_may_leave_in_any_order),
        cmocka_unit_test(leaving_without_waiting_is_harmless),
    };

    return cmocka_run_group_tests_name("waiter", tests, NULL, NULL);
}
