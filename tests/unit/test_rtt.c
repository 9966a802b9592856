/* Round trips: RFC 9002's arithmetic, and the bounds that no sample leads out of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../proto/rtt.h"
#include "../dice.h"

static void before_the_first_sample_the_wait_is_fixed(void **state)
{
    struct rtt r = {0};

    (void)state;
    assert_int_equal(rtt_pto(&r), RTT_PTO_FIRST_US);
    assert_int_equal(rtt_reorder(&r), 1000);
}

/* RFC 9002, section 5.3. */
static void the_first_sample_is_taken_whole(void **state)
{
    struct rtt r = {0};

    (void)state;
    rtt_sample(&r, 8000);
    assert_int_equal(r.latest, 8000);
    assert_int_equal(r.smoothed, 8000);
    assert_int_equal(r.variation, 4000);
    assert_int_equal(rtt_pto(&r), 8000 + 16000 + RTT_ACK_DELAY_US);
    assert_int_equal(rtt_reorder(&r), 2000);
}

static void later_samples_are_smoothed(void **state)
{
    struct rtt r = {0};

    (void)state;
    rtt_sample(&r, 8000);
    rtt_sample(&r, 16000);
    assert_int_equal(r.variation, (3 * 4000 + 8000) / 4);
    assert_int_equal(r.smoothed, (7 * 8000 + 16000) / 8);
    rtt_sample(&r, 1000);
    assert_int_equal(r.variation, (3 * 5000 + 8000) / 4);
    assert_int_equal(r.smoothed, (7 * 9000 + 1000) / 8);
    for (int i = 0; i < 200; i++)
        rtt_sample(&r, 500);
    assert_in_range(r.smoothed, 500, 507); /* whole numbers stop within a unit of 8 */
    assert_in_range(r.variation, 0, 10);
}

static void each_probe_doubles_the_wait_up_to_a_bound(void **state)
{
    struct rtt r = {0};

    (void)state;
    rtt_sample(&r, 100);
    assert_int_equal(rtt_pto(&r), RTT_PTO_MIN_US);
    for (unsigned i = 0; i < 100; i++) {
        uint64_t want = i < 8 ? (uint64_t)RTT_PTO_MIN_US << i : RTT_PTO_MAX_US;

        r.backoff = i;
        assert_int_equal(rtt_pto(&r), want);
    }
    r.backoff = UINT32_MAX;
    assert_int_equal(rtt_pto(&r), RTT_PTO_MAX_US);
}

static void no_sample_leads_out_of_the_bounds(void **state)
{
    struct rtt r = {0};
    struct dice d = {1};

    (void)state;
    rtt_sample(&r, 0);
    assert_int_equal(r.smoothed, 1); /* 0 would say that there is none */
    for (int i = 0; i < 10000; i++) {
        rtt_sample(&r, dice_u64(&d) >> dice_below(&d, 64));
        assert_in_range(r.smoothed, 1, RTT_PTO_MAX_US);
        assert_in_range(r.variation, 0, RTT_PTO_MAX_US);
        assert_in_range(rtt_pto(&r), RTT_PTO_MIN_US, RTT_PTO_MAX_US);
        assert_in_range(rtt_reorder(&r), 1000, RTT_PTO_MAX_US / 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_the_first_sample_the_wait_is_fixed),
        cmocka_unit_test(the_first_sample_is_taken_whole),
        cmocka_unit_test(later_samples_are_smoothed),
        cmocka_unit_test(each_probe_doubles_the_wait_up_to_a_bound),
        cmocka_unit_test(no_sample_leads_out_of_the_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
