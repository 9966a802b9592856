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

/* Under a sanitizer a wish that nobody freed is found. */
static void a_wish_goes_with_who_leaves_unless_it_is_taken(void **state)
{
    struct waiter w[2] = {0};
    struct waiter *list = NULL;
    void *wish = malloc(1);

    (void)state;
    for (int i = 0; i < 2; i++) {
        waiter_join(&w[i], &list);
        assert_null(w[i].wish);
    }
    w[0].wish = wish;
    w[1].wish = malloc(1);
    waiter_leave(&w[1]);
    assert_ptr_equal(waiter_take(&w[0]), wish);
    assert_null(waiter_take(&w[0]));
    assert_null(list);
    free(wish);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_may_leave_in_any_order),
        cmocka_unit_test(leaving_without_waiting_is_harmless),
        cmocka_unit_test(a_wish_goes_with_who_leaves_unless_it_is_taken),
    };

    return cmocka_run_group_tests_name("waiter", tests, NULL, NULL);
}
