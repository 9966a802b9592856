/* round_calls: what is out, in its order and within its bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../aggregator/round_calls.h"

static struct round_calls q;

static int begin(void **state)
{
    (void)state;
    q = (struct round_calls){.n = 0};
    return 0;
}

static void add(mono_t sent, size_t bytes)
{
    round_calls_add(&q, &(struct round_call){
                            .site = (struct site *)&q, .sent = sent, .bytes = bytes});
}

static void what_was_sent_first_is_answered_first(void **state)
{
    (void)state;
    add(0, 1);
    for (mono_t i = 0; i < 3 * COMMITS_IN_FLIGHT_MAX; i++) { /* around the ring */
        add(i + 1, 1);
        assert_int_equal(round_calls_take(&q).sent, i);
    }
    assert_int_equal(q.n, 1);
}

static void there_is_room_for_so_many(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COMMITS_IN_FLIGHT_MAX; i++) {
        assert_true(round_calls_have_room(&q));
        add(i, 1);
    }
    assert_false(round_calls_have_room(&q));
    round_calls_take(&q);
    assert_true(round_calls_have_room(&q));
    add(0, 1);
    assert_false(round_calls_have_room(&q));
}

static void and_for_so_many_bytes_and_one_call(void **state)
{
    (void)state;
    add(0, ROUND_BYTES_MAX - 1);
    assert_true(round_calls_have_room(&q));
    add(1, 1000);
    assert_false(round_calls_have_room(&q));
    round_calls_take(&q);
    assert_true(round_calls_have_room(&q));
    assert_int_equal(q.bytes, 1000);
}

static void the_newest_can_be_changed(void **state)
{
    (void)state;
    assert_null(round_calls_newest(&q));
    assert_int_equal(round_calls_sent(&q), INT64_MIN);
    add(5, 1);
    add(7, 1);
    assert_int_equal(round_calls_sent(&q), 7);
    round_calls_newest(&q)->cut = true;
    assert_false(round_calls_take(&q).cut);
    assert_true(round_calls_take(&q).cut);
    assert_int_equal(round_calls_sent(&q), INT64_MIN);
}

static void sites_that_are_no_more_are_forgotten_and_their_calls_are_not(void **state)
{
    (void)state;
    add(0, 1);
    round_calls_take(&q);
    for (unsigned i = 0; i < COMMITS_IN_FLIGHT_MAX; i++)
        add(i, 1);
    round_calls_forget(&q);
    for (unsigned i = 0; i < COMMITS_IN_FLIGHT_MAX; i++)
        assert_null(round_calls_take(&q).site);
    assert_int_equal(q.bytes, 0);
}

#define T(f) cmocka_unit_test_setup(f, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_was_sent_first_is_answered_first),
        T(there_is_room_for_so_many),
        T(and_for_so_many_bytes_and_one_call),
        T(the_newest_can_be_changed),
        T(sites_that_are_no_more_are_forgotten_and_their_calls_are_not),
    };

    return cmocka_run_group_tests_name("round_calls", tests, NULL, NULL);
}
