/* decimal: every length, written as printf writes it, and nothing around it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../proto/decimal.h"

static void expect(uint64_t v)
{
    char want[DECIMAL_MAX + 1], text[DECIMAL_MAX + 1];
    int n = snprintf(want, sizeof want, "%llu", (unsigned long long)v);

    memset(text, '#', sizeof text);
    assert_int_equal(decimal_length(v), n);
    assert_int_equal(decimal_write(text, v), n);
    assert_memory_equal(text, want, (size_t)n);
    assert_int_equal(text[n], '#');
}

static void numbers_of_every_length_are_written_in_full(void **state)
{
    (void)state;
    expect(0);
    for (uint64_t power = 1; power <= UINT64_MAX / 10; power *= 10) {
        expect(power - 1);
        expect(power);
        expect(power + 1);
        expect(power * 9 + 8);
    }
    expect(UINT64_C(10000000000000000000));
    expect(UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_every_length_are_written_in_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
