/* Percentages that add up, and times as JavaScript writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../proto/iso.h"
#include "../../proto/json.h"
#include "../../proto/shares.h"

static void percentages_add_up_to_a_hundred(void **state)
{
    static const struct {
        uint64_t v[5];
        unsigned percent[5];
    } rows[] = {
        {{1}, {100}},
        {{1, 1}, {50, 50}},
        {{1, 1, 1}, {34, 33, 33}},
        {{2, 1}, {67, 33}},
        {{1, 2}, {33, 67}},
        {{3, 3, 1}, {43, 43, 14}},
        {{5, 3, 1, 1, 1}, {46, 27, 9, 9, 9}},
        {{999, 1}, {100, 0}},
        {{199, 1}, {100, 0}},
        {{1, 0, 0, 0, 199}, {1, 0, 0, 0, 99}},
        {{JSON_INTEGER_MAX, JSON_INTEGER_MAX, 1}, {50, 50, 0}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned percent[5], sum = 0;

        shares_percent(rows[i].v, 5, percent);
        for (size_t k = 0; k < 5; k++) {
            assert_int_equal(percent[k], rows[i].percent[k]);
            sum += percent[k];
        }
        assert_int_equal(sum, 100);
    }
}

static void of_many_they_add_up_too(void **state)
{
    uint64_t v[SHARES_MAX], dice = 1;
    unsigned percent[SHARES_MAX];

    (void)state;
    for (size_t n = 1; n <= SHARES_MAX; n++) {
        unsigned sum = 0;

        for (size_t i = 0; i < n; i++) {
            dice = dice * UINT64_C(6364136223846793005) + 1442695040888963407;
            v[i] = 1 + (dice >> 40);
        }
        shares_percent(v, n, percent);
        for (size_t i = 0; i < n; i++)
            sum += percent[i];
        assert_int_equal(sum, 100);
    }
}

static void nothing_has_no_share(void **state)
{
    unsigned percent[3] = {1, 2, 3};

    (void)state;
    shares_percent((const uint64_t[]){0, 0, 0}, 3, percent);
    assert_int_equal(percent[0] + percent[1] + percent[2], 0);
    shares_percent(NULL, 0, NULL);
}

static void a_time_is_written_as_a_date_of_javascript(void **state)
{
    (void)state;
    assert_string_equal(iso_of(0).s, "1970-01-01T00:00:00.000Z");
    assert_string_equal(iso_of(1763776800123).s, "2025-11-22T02:00:00.123Z");
    assert_string_equal(iso_of(951782399999).s, "2000-02-28T23:59:59.999Z");
    assert_string_equal(iso_of(INT64_MAX).s, "9999-12-31T23:59:59.999Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentages_add_up_to_a_hundred),
        cmocka_unit_test(of_many_they_add_up_too),
        cmocka_unit_test(nothing_has_no_share),
        cmocka_unit_test(a_time_is_written_as_a_date_of_javascript),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
