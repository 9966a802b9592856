/* traffic: when the socket is watched and when it is emptied by a timer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../aggregator/traffic.h"

/* @each datagrams every millisecond for @ms. Returns whether it is busy in the end. */
static bool flow(struct traffic *t, mono_t *now, unsigned each, int ms)
{
    bool busy = t->busy;

    while (ms-- > 0)
        busy = traffic_note(t, each, ++*now);
    return busy;
}

static void a_thousand_a_second_are_not_busy(void **state)
{
    struct traffic t = {0};
    mono_t now = 50;

    (void)state;
    assert_false(flow(&t, &now, 1, 5000));
}

static void three_thousand_a_second_are_within_two_spans(void **state)
{
    struct traffic t = {0};
    mono_t now = 50;

    (void)state;
    assert_true(flow(&t, &now, 3, 2 * TRAFFIC_SPAN_MS));
}

static void silence_ends_it_within_two_spans(void **state)
{
    struct traffic t = {0};
    mono_t now = 50;

    (void)state;
    assert_true(flow(&t, &now, 10, 1000));
    assert_false(flow(&t, &now, 0, 2 * TRAFFIC_SPAN_MS));
}

static void a_rate_between_the_bounds_does_not_flap(void **state)
{
    struct traffic quiet = {0}, busy = {0};
    mono_t now = 50;

    (void)state;
    flow(&busy, &now, 3, 1000);
    for (int i = 0; i < 5000; i++) {
        unsigned n = i % 2 ? 1 : 2; /* 1,500 a second */

        now++;
        assert_false(traffic_note(&quiet, n, now));
        assert_true(traffic_note(&busy, n, now));
    }
}

static void one_batch_that_fills_a_span_is_enough(void **state)
{
    struct traffic t = {0};

    (void)state;
    assert_false(traffic_note(&t, TRAFFIC_BUSY_FROM - 1, 10));
    assert_true(traffic_note(&t, 1, 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_a_second_are_not_busy),
        cmocka_unit_test(three_thousand_a_second_are_within_two_spans),
        cmocka_unit_test(silence_ends_it_within_two_spans),
        cmocka_unit_test(a_rate_between_the_bounds_does_not_flap),
        cmocka_unit_test(one_batch_that_fills_a_span_is_enough),
    };

    return cmocka_run_group_tests_name("traffic", tests, NULL, NULL);
}
