/* Deadlines: constant lengths, first set first due. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../collector/deadlines.h"
#include "../dice.h"

static const int lengths[DEADLINE_CLASSES] = {
    [DEADLINE_IDLE] = 100, [DEADLINE_HEAD] = 50,  [DEADLINE_BODY] = 60,
    [DEADLINE_WAIT] = 70,  [DEADLINE_WRITE] = 80, [DEADLINE_DRAIN] = 10,
    [DEADLINE_REPORT] = 20};

static void without_deadlines_there_is_no_next_one(void **state)
{
    struct deadlines ds;

    (void)state;
    deadlines_init(&ds, lengths);
    assert_int_equal(deadlines_next(&ds), INT64_MAX);
    assert_null(deadlines_take(&ds, INT64_MAX));
    assert_null(deadlines_oldest(&ds, DEADLINE_IDLE));
}

static void a_deadline_is_due_after_its_length_and_only_once(void **state)
{
    struct deadline d = {0};
    struct deadlines ds;

    (void)state;
    deadlines_init(&ds, lengths);
    deadline_set(&ds, &d, DEADLINE_HEAD, 1000);
    assert_int_equal(deadlines_next(&ds), 1050);
    assert_null(deadlines_take(&ds, 1049));
    assert_ptr_equal(deadlines_take(&ds, 1050), &d);
    assert_null(deadlines_take(&ds, 1050));
    assert_int_equal(deadlines_next(&ds), INT64_MAX);
}

static void setting_again_forgets_the_first_setting(void **state)
{
    struct deadline d = {0}, other = {0};
    struct deadlines ds;

    (void)state;
    deadlines_init(&ds, lengths);
    deadline_set(&ds, &d, DEADLINE_IDLE, 0);
    deadline_set(&ds, &other, DEADLINE_IDLE, 1);
    deadline_set(&ds, &d, DEADLINE_IDLE, 2);
    assert_ptr_equal(deadlines_oldest(&ds, DEADLINE_IDLE), &other);
    deadline_set(&ds, &d, DEADLINE_DRAIN, 3);
    assert_int_equal(deadlines_next(&ds), 13);
    assert_ptr_equal(deadlines_take(&ds, 1000), &other);
    assert_ptr_equal(deadlines_take(&ds, 1000), &d);
    assert_null(deadlines_take(&ds, 1000));
}

static void clearing_twice_is_harmless(void **state)
{
    struct deadline d = {0};
    struct deadlines ds;

    (void)state;
    deadlines_init(&ds, lengths);
    deadline_clear(&d);
    deadline_set(&ds, &d, DEADLINE_WAIT, 0);
    deadline_clear(&d);
    deadline_clear(&d);
    assert_null(deadlines_take(&ds, 1000));
}

/* A thousand random steps beside a plain array that knows what must be so. */
static void any_order_of_steps_agrees_with_an_array(void **state)
{
    enum { N = 40 };
    struct deadline d[N] = {0};
    mono_t due[N], now = 0;
    struct deadlines ds;
    struct dice dice = {7};

    (void)state;
    deadlines_init(&ds, lengths);
    for (int i = 0; i < N; i++)
        due[i] = INT64_MAX;
    for (int step = 0; step < 20000; step++) {
        int i = (int)dice_below(&dice, N);
        int class = (int)dice_below(&dice, DEADLINE_CLASSES);
        struct deadline *taken;
        mono_t next = INT64_MAX;

        now += (mono_t)dice_below(&dice, 4);
        if (dice_below(&dice, 4) == 0) {
            deadline_clear(&d[i]);
            due[i] = INT64_MAX;
        } else {
            deadline_set(&ds, &d[i], class, now);
            due[i] = now + lengths[class];
        }
        while ((taken = deadlines_take(&ds, now))) {
            assert_true(due[taken - d] <= now);
            due[taken - d] = INT64_MAX;
        }
        for (int k = 0; k < N; k++)
            next = due[k] < next ? due[k] : next;
        assert_int_equal(deadlines_next(&ds), next);
        assert_true(next > now);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_deadlines_there_is_no_next_one),
        cmocka_unit_test(a_deadline_is_due_after_its_length_and_only_once),
        cmocka_unit_test(setting_again_forgets_the_first_setting),
        cmocka_unit_test(clearing_twice_is_harmless),
        cmocka_unit_test(any_order_of_steps_agrees_with_an_array),
    };

    return cmocka_run_group_tests_name("deadlines", tests, NULL, NULL);
}
