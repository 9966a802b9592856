/* streams: single claims, and random traffic against plain sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../aggregator/streams.h"
#include "../dice.h"

static struct streams t;

static int empty(void **state)
{
    (void)state;
    streams_init(&t);
    return 0;
}

/* Feeds @n numbers of stream 7 and compares the verdicts, one letter each: n d o. */
static void must_say(const char *verdicts, const uint64_t *seq)
{
    for (size_t i = 0; verdicts[i]; i++) {
        const char letter[] = {
            [STREAM_NEW] = 'n', [STREAM_DUPLICATE] = 'd', [STREAM_TOO_OLD] = 'o'};
        enum stream_verdict v = streams_check(&t, 7, seq[i]);

        if (letter[v] != verdicts[i])
            fail_msg("number %zu of \"%s\" is '%c'", i, verdicts, letter[v]);
    }
}

#define MUST_SAY(verdicts, ...)                                          \
    do {                                                                 \
        static const uint64_t seq[] = {__VA_ARGS__};                     \
        assert_int_equal(sizeof seq / sizeof *seq, sizeof verdicts - 1); \
        must_say(verdicts, seq);                                         \
    } while (0)

static void numbers_in_order_are_new_and_nothing_is_missing(void **state)
{
    (void)state;
    MUST_SAY("nnnn", 1, 2, 3, 4);
    assert_int_equal(t.missing, 0);
}

static void the_same_number_twice_is_a_duplicate(void **state)
{
    (void)state;
    MUST_SAY("ndnddd", 1, 1, 2, 1, 2, 2);
    assert_int_equal(t.missing, 0);
}

static void a_skipped_number_is_missing_until_it_comes(void **state)
{
    (void)state;
    MUST_SAY("nn", 1, 5);
    assert_int_equal(t.missing, 3);
    MUST_SAY("nnd", 3, 2, 3);
    assert_int_equal(t.missing, 1);
    MUST_SAY("n", 4);
    assert_int_equal(t.missing, 0);
}

static void a_stream_met_in_the_middle_misses_nothing_before(void **state)
{
    (void)state;
    MUST_SAY("nn", 100000, 100001);
    assert_int_equal(t.missing, 0);
}

static void a_number_below_the_first_one_seen_is_new(void **state)
{
    (void)state;
    MUST_SAY("nn", 10, 7);
    assert_int_equal(t.missing, 2); /* 8 and 9 were sent, for 10 was */
    MUST_SAY("nnd", 8, 9, 7);
    assert_int_equal(t.missing, 0);
}

static void the_window_ends_256_below_the_highest(void **state)
{
    (void)state;
    MUST_SAY("nn", 1, 300);
    MUST_SAY("on", 44, 45); /* 300 - 256, 300 - 255 */
    MUST_SAY("o", 1);
    assert_int_equal(t.missing, 297);
}

static void a_jump_forgets_what_lay_in_the_window(void **state)
{
    (void)state;
    MUST_SAY("nnn", 1, 2, 3);
    MUST_SAY("nn", 1003, 1002); /* the same places in the ring */
    MUST_SAY("nn", 2026, 2025); /* and another jump by a multiple of the window */
    MUST_SAY("dd", 2026, 2025);
}

static void the_last_number_there_is_does_no_harm(void **state)
{
    (void)state;
    MUST_SAY("nndn", 1, UINT64_MAX, UINT64_MAX, UINT64_MAX - 1);
    assert_int_equal(t.missing, UINT64_MAX - 3);
}

static void streams_do_not_mix(void **state)
{
    (void)state;
    for (uint64_t id = 0; id < STREAMS_MAX; id++)
        assert_int_equal(streams_check(&t, id * STREAMS_MAX, 1), STREAM_NEW);
    for (uint64_t id = 0; id < STREAMS_MAX; id++)
        assert_int_equal(streams_check(&t, id * STREAMS_MAX, 1), STREAM_DUPLICATE);
    assert_int_equal(t.n, STREAMS_MAX);
    assert_int_equal(t.evicted, 0);
}

static void at_the_bound_the_one_silent_for_longest_is_forgotten(void **state)
{
    (void)state;
    for (uint64_t id = 1; id <= STREAMS_MAX; id++)
        streams_check(&t, id, 1);
    streams_check(&t, 1, 2); /* so that 2 is the oldest */
    assert_int_equal(streams_check(&t, 5000, 1), STREAM_NEW);
    assert_int_equal(t.n, STREAMS_MAX);
    assert_int_equal(t.evicted, 1);
    assert_int_equal(streams_check(&t, 1, 2), STREAM_DUPLICATE);
    assert_int_equal(streams_check(&t, 3, 1), STREAM_DUPLICATE);
    assert_int_equal(streams_check(&t, 2, 1), STREAM_NEW);
    assert_int_equal(t.evicted, 2);
}

static void however_many_streams_come_the_table_stays_whole(void **state)
{
    struct dice d = {1};

    (void)state;
    for (int i = 0; i < 20000; i++) {
        uint64_t id = dice_below(&d, 3000) * 64; /* long chains */

        streams_check(&t, id, 1);
        assert_int_equal(streams_check(&t, id, 1), STREAM_DUPLICATE);
        assert_in_range(t.n, 1, STREAMS_MAX);
    }
    assert_true(t.evicted > 0);
}

/* What the window says must agree with a memory of everything. */
#define SPAN 4000

static void random_order_loss_and_repetition_are_told_exactly(void **state)
{
    static bool seen[SPAN];
    struct dice d = {2};
    uint64_t highest = 1, came = 1;

    (void)state;
    streams_check(&t, 7, 1);
    seen[1] = true;
    for (int i = 0; i < 40000; i++) {
        uint64_t reach = highest < 400 ? highest : 400;
        uint64_t seq = dice_below(&d, 8) == 0 ? highest + 1 + dice_below(&d, 3)
                                              : highest - dice_below(&d, reach);
        enum stream_verdict v;

        if (seq >= SPAN)
            continue;
        v = streams_check(&t, 7, seq);
        if (seq <= highest && highest - seq >= STREAM_WINDOW) {
            assert_int_equal(v, STREAM_TOO_OLD);
            continue;
        }
        assert_int_equal(v, seen[seq] ? STREAM_DUPLICATE : STREAM_NEW);
        came += !seen[seq];
        seen[seq] = true;
        if (seq > highest)
            highest = seq;
        assert_int_equal(t.missing, highest - came);
    }
    assert_true(highest > SPAN - 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(numbers_in_order_are_new_and_nothing_is_missing, empty),
        cmocka_unit_test_setup(the_same_number_twice_is_a_duplicate, empty),
        cmocka_unit_test_setup(a_skipped_number_is_missing_until_it_comes, empty),
        cmocka_unit_test_setup(a_stream_met_in_the_middle_misses_nothing_before, empty),
        cmocka_unit_test_setup(a_number_below_the_first_one_seen_is_new, empty),
        cmocka_unit_test_setup(the_window_ends_256_below_the_highest, empty),
        cmocka_unit_test_setup(a_jump_forgets_what_lay_in_the_window, empty),
        cmocka_unit_test_setup(the_last_number_there_is_does_no_harm, empty),
        cmocka_unit_test_setup(streams_do_not_mix, empty),
        cmocka_unit_test_setup(at_the_bound_the_one_silent_for_longest_is_forgotten,
                               empty),
        cmocka_unit_test_setup(however_many_streams_come_the_table_stays_whole, empty),
        cmocka_unit_test_setup(random_order_loss_and_repetition_are_told_exactly, empty),
    };

    return cmocka_run_group_tests_name("streams", tests, NULL, NULL);
}
