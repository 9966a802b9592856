/* How much of a minute comes from one address: exact when it is nearly all, never more
 * than it is, never less by more than the sketch's bound, and forgotten with its minute.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../collector/admission/busiest.h"
#include "../dice.h"

#define MINUTE 60000

static struct ip ip_of(uint32_t n)
{
    struct ip ip = {.n = 4};

    memcpy(ip.b, &n, sizeof n);
    return ip;
}

static void add(struct busiest *b, uint32_t from, unsigned hits)
{
    struct ip ip = ip_of(from);

    while (hits-- > 0)
        busiest_add(b, &ip);
}

static void all_of_one_address_are_a_hundred_percent(void **state)
{
    struct busiest b = {0};

    (void)state;
    assert_true(busiest_turn(&b, 5 * MINUTE + 7));
    add(&b, 1, 250);
    assert_false(busiest_turn(&b, 6 * MINUTE - 1));
    assert_true(busiest_turn(&b, 6 * MINUTE));
    assert_int_equal(b.last_hits, 250);
    assert_int_equal(b.last_busiest, 250);
    assert_int_equal(busiest_percent(b.last_busiest, b.last_hits), 100);
}

static void what_is_told_is_of_the_minute_before_and_of_no_other(void **state)
{
    struct busiest b = {0};

    (void)state;
    busiest_turn(&b, MINUTE);
    add(&b, 1, 100);
    busiest_turn(&b, 2 * MINUTE);
    add(&b, 2, 3);
    busiest_turn(&b, 3 * MINUTE);
    assert_int_equal(b.last_hits, 3);
    assert_int_equal(b.last_busiest, 3);
    add(&b, 1, 100);
    busiest_turn(&b, 5 * MINUTE); /* nothing turned in minute 4 */
    assert_int_equal(b.last_hits + b.last_busiest, 0);
    busiest_turn(&b, 6 * MINUTE);
    assert_int_equal(b.last_hits + b.last_busiest, 0);
}

static void few_hits_have_no_share(void **state)
{
    (void)state;
    assert_int_equal(busiest_percent(BUSIEST_HITS_MIN - 1, BUSIEST_HITS_MIN - 1), 0);
    assert_int_equal(busiest_percent(BUSIEST_HITS_MIN, BUSIEST_HITS_MIN), 100);
    assert_int_equal(busiest_percent(0, 0), 0);
    assert_int_equal(busiest_percent(999, 1000), 99);
}

static void an_unknown_address_is_nobodys(void **state)
{
    struct busiest b = {0};
    struct ip unknown = {.n = 0};

    (void)state;
    busiest_add(&b, &unknown);
    assert_int_equal(b.hits, 0);
}

static void four_bytes_are_not_the_first_of_sixteen(void **state)
{
    struct busiest b = {0};
    struct ip four = ip_of(1), sixteen = ip_of(1);

    (void)state;
    sixteen.n = 16;
    busiest_add(&b, &four);
    busiest_add(&b, &sixteen);
    busiest_turn(&b, MINUTE);
    assert_int_equal(b.last_busiest, 1);
}

/* One address has some of the hits, the rest are of others, each its own or of a crowd,
 * in any order. */
static void the_estimate_keeps_its_bound(void **state)
{
    struct dice d = {7};

    (void)state;
    for (int round = 0; round < 300; round++) {
        unsigned percent = (unsigned)dice_below(&d, 101), ones = 0;
        unsigned crowd = round % 3 == 0 ? 20 : 1000000;
        struct busiest b = {0};

        for (unsigned i = 0; i < 2000; i++) {
            bool one = dice_below(&d, 100) < percent;

            ones += one;
            add(&b, one ? 1 : 2 + (uint32_t)dice_below(&d, crowd), 1);
        }
        busiest_turn(&b, MINUTE);
        assert_int_equal(b.last_hits, 2000);
        if (percent > 50)
            assert_true(b.last_busiest <= ones);
        assert_true(b.last_busiest + (2000 - ones) / BUSIEST_PLACES >= ones);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_one_address_are_a_hundred_percent),
        cmocka_unit_test(what_is_told_is_of_the_minute_before_and_of_no_other),
        cmocka_unit_test(few_hits_have_no_share),
        cmocka_unit_test(an_unknown_address_is_nobodys),
        cmocka_unit_test(four_bytes_are_not_the_first_of_sixteen),
        cmocka_unit_test(the_estimate_keeps_its_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
