/* maturity: what Redis confirmed comes out in order, a hold later and not before, and
 * nothing of it gets lost on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../aggregator/maturity.h"
#include "../dice.h"

#define NOW 1000000

static struct maturity m;
static struct barrier out;

static int begin(void **state)
{
    (void)state;
    maturity_init(&m);
    barrier_init(&out);
    return 0;
}

static int end(void **state)
{
    (void)state;
    maturity_fini(&m);
    barrier_fini(&out);
    return 0;
}

/* Confirms a barrier with one mark. */
static void push(uint32_t stream, uint64_t seq, mono_t now)
{
    struct barrier b;

    barrier_init(&b);
    barrier_add(&b, stream, stream, seq);
    maturity_push(&m, &b, now);
    assert_int_equal(b.n, 0);
    barrier_fini(&b);
}

/* The highest mark of @stream in @out, 0: none. */
static uint64_t marked(uint32_t stream)
{
    uint64_t seq = 0;

    for (size_t i = 0; i < out.n; i++)
        if (out.mark[i].stream == stream && out.mark[i].seq > seq)
            seq = out.mark[i].seq;
    return seq;
}

static void nothing_waits_at_first(void **state)
{
    (void)state;
    assert_int_equal(maturity_due(&m), INT64_MAX);
    assert_false(maturity_take(&m, INT64_MAX, &out));
}

static void a_barrier_matures_when_a_call_sent_a_hold_later_is_answered(void **state)
{
    (void)state;
    push(3, 70, NOW);
    assert_int_equal(maturity_due(&m), NOW + HOLD_MS);
    assert_true(maturity_take(&m, NOW + HOLD_MS, &out));
    assert_int_equal(out.n, 1);
    assert_int_equal(marked(3), 70);
    assert_int_equal(out.mark[0].id, 3);
    assert_int_equal(maturity_due(&m), INT64_MAX);
}

static void a_reply_to_a_call_sent_too_early_matures_nothing(void **state)
{
    (void)state;
    push(3, 70, NOW);
    assert_false(maturity_take(&m, NOW + HOLD_MS - 1, &out));
    assert_false(maturity_take(&m, NOW, &out));
    assert_int_equal(out.n, 0);
    assert_int_equal(maturity_due(&m), NOW + HOLD_MS);
}

static void what_was_taken_before_is_not_in_what_is_taken_now(void **state)
{
    (void)state;
    push(3, 70, NOW);
    push(4, 80, NOW + 1000);
    maturity_take(&m, NOW + HOLD_MS, &out);
    assert_false(maturity_take(&m, NOW + HOLD_MS, &out));
    assert_int_equal(out.n, 0);
    assert_true(maturity_take(&m, NOW + HOLD_MS + 1000, &out));
    assert_int_equal(marked(3), 0);
    assert_int_equal(marked(4), 80);
}

static void barriers_mature_in_order_all_that_are_old_enough(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++)
        push(i, 1, NOW + 100 * i);
    for (unsigned i = 0; i < 7; i++) {
        assert_int_equal(maturity_due(&m), NOW + 100 * i + HOLD_MS);
        assert_true(maturity_take(&m, NOW + HOLD_MS + 650, &out));
        assert_int_equal(marked(i), 1);
    }
    assert_false(maturity_take(&m, NOW + HOLD_MS + 650, &out));
}

static void those_that_come_close_together_are_joined(void **state)
{
    (void)state;
    push(1, 10, NOW);
    push(2, 20, NOW + HOLD_MS / 32 - 1);
    push(1, 11, NOW + HOLD_MS / 32);
    assert_int_equal(m.n, 2);
    assert_int_equal(maturity_due(&m), NOW + HOLD_MS / 32 - 1 + HOLD_MS);
    maturity_take(&m, INT64_MAX, &out);
    assert_int_equal(marked(1), 10);
    assert_int_equal(marked(2), 20);
}

/* Else a busy aggregator would never call anything durable. */
static void a_steady_stream_of_barriers_does_not_put_off_the_first(void **state)
{
    mono_t first = 0;

    (void)state;
    for (mono_t t = NOW; first == 0 && t < NOW + 10 * HOLD_MS; t += 20) {
        push(1, (uint64_t)t, t);
        if (maturity_due(&m) <= t && maturity_take(&m, t, &out))
            first = t;
        assert_in_range(m.n, 0, 34);
    }
    assert_in_range(first, NOW + HOLD_MS, NOW + HOLD_MS + HOLD_MS / 32 + 20);
}

static void when_no_reply_comes_the_ring_is_full_and_nothing_is_lost(void **state)
{
    const mono_t step = HOLD_MS / 32;
    mono_t last = NOW + 4 * MATURITY_MAX * step;
    size_t n = 0;

    (void)state;
    for (unsigned i = 0; i <= 4 * MATURITY_MAX; i++)
        push(i, i + 1, NOW + i * step);
    assert_int_equal(m.n, MATURITY_MAX);
    for (unsigned i = 0; maturity_take(&m, last + HOLD_MS - 1, &out); i++, n++)
        assert_int_equal(marked(i), i + 1);
    assert_int_equal(n, MATURITY_MAX - 1);
    assert_true(maturity_take(&m, last + HOLD_MS, &out));
    for (unsigned i = MATURITY_MAX - 1; i <= 4 * MATURITY_MAX; i++)
        assert_int_equal(marked(i), i + 1);
}

static void what_is_joined_for_ever_stays_bounded(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MATURITY_MAX; i++)
        push(0, 1, NOW + i * HOLD_MS);
    for (unsigned i = 0; i < 3 * STREAMS_MAX; i++)
        push(i % 1000, i, NOW + MATURITY_MAX * HOLD_MS);
    while (m.n > 0)
        maturity_take(&m, INT64_MAX, &out);
    assert_in_range(out.n, 1000, STREAMS_MAX);
    for (unsigned i = 3 * STREAMS_MAX - 1000; i < 3 * STREAMS_MAX; i++)
        assert_int_equal(marked(i % 1000), i);
}

static void a_broken_connection_gives_up_all(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++)
        push(i, 1, NOW + 100 * i);
    maturity_clear(&m);
    assert_int_equal(maturity_due(&m), INT64_MAX);
    assert_false(maturity_take(&m, INT64_MAX, &out));
    push(1, 2, NOW + 1000);
    assert_true(maturity_take(&m, NOW + 1000 + HOLD_MS, &out));
    assert_int_equal(out.n, 1);
    assert_int_equal(marked(1), 2);
}

static void a_barrier_without_marks_is_nothing(void **state)
{
    struct barrier b;

    (void)state;
    barrier_init(&b);
    maturity_push(&m, &b, NOW);
    assert_int_equal(maturity_due(&m), INT64_MAX);
    barrier_fini(&b);
}

static void the_hold_may_be_another(void **state)
{
    (void)state;
    m.hold = 0;
    push(1, 1, NOW);
    push(1, 2, NOW);
    assert_int_equal(m.n, 2);
    assert_true(maturity_take(&m, NOW, &out));
    assert_true(maturity_take(&m, NOW, &out));
    assert_int_equal(marked(1), 2);
}

/* Rounds of random length, a connection that breaks, replies that stay away: each number
 * comes out once its hold is over, never before, unless it was given up. */
static void random_rounds_mature_all_that_was_not_given_up(void **state)
{
    static mono_t confirmed[20001];
    struct dice d = {5};
    uint64_t seq = 0, durable = 0;
    mono_t now = NOW;

    (void)state;
    while (seq < 20000) {
        now += (mono_t)dice_below(&d, 200);
        if (dice_below(&d, 500) == 0) {
            maturity_clear(&m);
            durable = seq;
        }
        confirmed[++seq] = now;
        push(1, seq, now);
        if (dice_below(&d, 40) == 0)
            now += 9000;
        while (maturity_due(&m) <= now && maturity_take(&m, now, &out)) {
            assert_true(marked(1) > durable);
            durable = marked(1);
            assert_true(confirmed[durable] + HOLD_MS <= now);
        }
        if (seq > durable && m.n < MATURITY_MAX)
            assert_true(confirmed[durable + 1] + HOLD_MS + HOLD_MS / 32 > now);
    }
    while (maturity_take(&m, now + HOLD_MS, &out))
        durable = marked(1);
    assert_int_equal(durable, seq);
}

int main(void)
{
#define CLAIM(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        CLAIM(nothing_waits_at_first),
        CLAIM(a_barrier_matures_when_a_call_sent_a_hold_later_is_answered),
        CLAIM(a_reply_to_a_call_sent_too_early_matures_nothing),
        CLAIM(what_was_taken_before_is_not_in_what_is_taken_now),
        CLAIM(barriers_mature_in_order_all_that_are_old_enough),
        CLAIM(those_that_come_close_together_are_joined),
        CLAIM(a_steady_stream_of_barriers_does_not_put_off_the_first),
        CLAIM(when_no_reply_comes_the_ring_is_full_and_nothing_is_lost),
        CLAIM(what_is_joined_for_ever_stays_bounded),
        CLAIM(a_broken_connection_gives_up_all),
        CLAIM(a_barrier_without_marks_is_nothing),
        CLAIM(the_hold_may_be_another),
        CLAIM(random_rounds_mature_all_that_was_not_given_up),
    };

    return cmocka_run_group_tests_name("maturity", tests, NULL, NULL);
}
