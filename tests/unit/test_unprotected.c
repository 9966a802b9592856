/* Bodies that were let go: counted until they are durable, however many they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../proto/unprotected.h"

static struct unprotected u;

static int make_empty(void **state)
{
    (void)state;
    memset(&u, 0, sizeof u);
    return 0;
}

static void the_durable_ones_are_taken(void **state)
{
    (void)state;
    for (uint64_t seq = 10; seq < 20; seq++)
        unprotected_add(&u, seq, seq);
    assert_int_equal(u.hits, 145);
    assert_int_equal(unprotected_take(&u, 9), 0);
    assert_int_equal(unprotected_take(&u, 11), 10 + 11);
    assert_int_equal(unprotected_take(&u, 11), 0);
    assert_int_equal(u.hits, 145 - 21);
    assert_int_equal(unprotected_take(&u, UINT64_MAX), 145 - 21);
    assert_int_equal(u.hits, 0);
    assert_int_equal(u.n, 0);
}

static void too_many_are_joined_with_the_youngest(void **state)
{
    (void)state;
    for (uint64_t seq = 1; seq <= SENDER_UNPROTECTED_MAX + 100; seq++)
        unprotected_add(&u, seq, 1);
    assert_int_equal(u.n, SENDER_UNPROTECTED_MAX);
    assert_int_equal(u.hits, SENDER_UNPROTECTED_MAX + 100);
    assert_int_equal(unprotected_take(&u, SENDER_UNPROTECTED_MAX + 99),
                     SENDER_UNPROTECTED_MAX - 1);
    assert_int_equal(unprotected_take(&u, SENDER_UNPROTECTED_MAX + 100), 101);
}

/* The circle goes round many times, now nearly empty, now full. */
static void none_is_forgotten(void **state)
{
    uint64_t added = 0, taken = 0, seq = 0;

    (void)state;
    for (unsigned lap = 0; lap < 50; lap++) {
        for (unsigned i = 0; i < 150 * lap; i++, added += 3)
            unprotected_add(&u, ++seq, 3);
        taken += unprotected_take(&u, seq - lap);
        assert_int_equal(u.hits, added - taken);
    }
    taken += unprotected_take(&u, seq);
    assert_int_equal(added, taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_durable_ones_are_taken, make_empty),
        cmocka_unit_test_setup(too_many_are_joined_with_the_youngest, make_empty),
        cmocka_unit_test_setup(none_is_forgotten, make_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
