/* damp: Audience Meter's rule, by table and beside the words of its own code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../collector/damp.h"
#include "../dice.h"
#include "../guard.h"

static void what_is_told_when_is_as_the_table_says(void **state)
{
    static const struct {
        struct damp damp;
        uint64_t last, now;
        int64_t age, wait;
    } rows[] = {
        {{0, 0, 0}, 5, 5, 0, 0}, /* undamped */
        {{100, 0, 0}, 100, 109, 9999, -1},
        {{100, 0, 0}, 100, 110, 0, 0},
        {{100, 0, 0}, 100, 90, 0, 0},
        {{100, 0, 0}, 109, 119, 0, 0}, /* a tenth of 109 is floored to 10 */
        {{100, 0, 0}, 3, 3, 0, -1},    /* one at least */
        {{100, 0, 0}, 3, 4, 0, 0},
        {{100, 0, 0}, 0, 1, 0, 0},
        {{1000, 0, 0}, 7, 0, 0, 0}, /* the drop to nobody */
        {{1000, 500, 0}, 7, 0, 100, 400},
        {{100, 2000, 25000}, 50, 54, 2000, 23000},
        {{100, 2000, 25000}, 50, 54, 25000, 0},
        {{100, 2000, 25000}, 50, 55, 0, 2000},
        {{100, 2000, 25000}, 50, 55, 2000, 0},
        {{0, 2000, 0}, 5, 5, 1, 1999}, /* no ratio: any change will do */
        {{100, 2000, 1000}, 50, 50, 0, 2000},
        {{1, 0, 0}, UINT64_C(1) << 53, (UINT64_C(1) << 53) + 1, 0, -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t wait = damp_wait(&rows[i].damp, rows[i].last, rows[i].now, rows[i].age);

        if (wait != rows[i].wait)
            fail_msg("row %zu: %lld", i, (long long)wait);
    }
}

/* `if (now - last < max) require |diff| >= max(floor(members * ratio), 1)`, looked at
 * every `min`. */
static bool audience_meter_tells(const struct damp *d, int64_t last, int64_t now,
                                 int64_t age)
{
    int64_t least = last * d->ratio / 1000;

    if (age < d->min_ms)
        return false;
    return age >= d->max_ms || llabs(now - last) >= (least > 1 ? least : 1);
}

static void it_agrees_with_audience_meter_but_for_the_drop_to_nobody(void **state)
{
    struct dice dice = {1};

    (void)state;
    for (int i = 0; i < 100000; i++) {
        struct damp d = {1 + dice_below(&dice, 1000), dice_below(&dice, 50), 0};
        uint64_t last = dice_below(&dice, 300), now = 1 + dice_below(&dice, 300);
        int64_t age = dice_below(&dice, 200);

        d.max_ms = d.min_ms + 1 + dice_below(&dice, 100);
        assert_int_equal(damp_wait(&d, last, now, age) == 0,
                         audience_meter_tells(&d, (int64_t)last, (int64_t)now, age));
    }
}

static void after_the_wait_it_may_be_told(void **state)
{
    struct dice dice = {2};

    (void)state;
    for (int i = 0; i < 100000; i++) {
        struct damp d = {dice_below(&dice, 1001), dice_below(&dice, 50),
                         dice_below(&dice, 100)};
        uint64_t last = dice_below(&dice, 30), now = dice_below(&dice, 30);
        int64_t age = dice_below(&dice, 200), wait = damp_wait(&d, last, now, age);

        if (wait > 0) {
            assert_int_equal(damp_wait(&d, last, now, age + wait - 1), 1);
            assert_int_equal(damp_wait(&d, last, now, age + wait), 0);
        }
    }
}

static void numbers_are_read_as_thousandths(void **state)
{
    static const struct {
        const char *text;
        int64_t value;
    } rows[] = {
        {"0", 0},         {"1", 1000},
        {"0.1", 100},     {".25", 250},
        {"2.", 2000},     {"0.1239", 123},
        {"25", 25000},    {"3600", -2},
        {"3600.001", -1}, {"3601", -1},
        {"", -1},         {".", -1},
        {"-1", -1},       {"1e3", -1},
        {"1.2.3", -1},    {" 1", -1},
        {"0x1", -1},      {"99999999999999999999999", -1},
        {"1,5", -1},      {"0.00099999999999999999999999999999999", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n = strlen(rows[i].text);
        struct slice text = {guard_copy(rows[i].text, n), n};
        int64_t expected = rows[i].value == -2 ? 3600000 : rows[i].value;

        if (damp_parse(text, DAMP_DELAY_MAX) != expected)
            fail_msg("%s: %lld", rows[i].text,
                     (long long)damp_parse(text, DAMP_DELAY_MAX));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_told_when_is_as_the_table_says),
        cmocka_unit_test(it_agrees_with_audience_meter_but_for_the_drop_to_nobody),
        cmocka_unit_test(after_the_wait_it_may_be_told),
        cmocka_unit_test(numbers_are_read_as_thousandths),
    };

    return cmocka_run_group_tests_name("damp", tests, NULL, NULL);
}
