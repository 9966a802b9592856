/* counters: the struct and the table of one list, their sum, and both texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../proto/counters.h"

#define SHOP_COUNTERS(X)                                                        \
    X(sold, COUNTER, "things sold", "sold_total")                               \
    X(returned, COUNTER, "things brought back", "returned_total{how=\"post\"}") \
    X(visitors, GAUGE, "people in the shop", "visitors")

COUNTERS_STRUCT(shop_counters, SHOP_COUNTERS);
COUNTERS_ROWS(shop_counters, SHOP_COUNTERS);

#define ROWS COUNTERS_COUNT(SHOP_COUNTERS)

static void assert_line(const struct shop_counters *c, const char *text)
{
    struct buf out;

    buf_init(&out, 1000);
    counters_line(&out, c, shop_counters_rows, ROWS);
    assert_int_equal(out.n, strlen(text));
    if (out.n)
        assert_memory_equal(out.p, text, out.n);
    buf_fini(&out);
}

static void a_row_describes_the_field_of_its_name(void **state)
{
    struct shop_counters c = {.sold = 1, .returned = 2, .visitors = 3};

    (void)state;
    assert_int_equal(ROWS, 3);
    assert_string_equal(shop_counters_rows[1].name, "returned");
    assert_string_equal(shop_counters_rows[1].help, "things brought back");
    assert_int_equal(shop_counters_rows[2].kind, GAUGE);
    assert_int_equal(counters_value(&c, 1), 2);
    assert_int_equal(counters_value(&c, 2), 3);
}

static void a_line_leaves_zeros_out(void **state)
{
    (void)state;
    assert_line(&(struct shop_counters){0}, "");
    assert_line(&(struct shop_counters){.returned = 7}, "returned=7");
    assert_line(&(struct shop_counters){.sold = 1, .visitors = UINT64_MAX},
                "sold=1 visitors=18446744073709551615");
}

static void a_sum_forgets_what_was_there(void **state)
{
    struct shop_counters a = {1, 2, 3}, b = {10, 20, 30}, sum = {7, 7, 7};
    const void *both[] = {&a, &b};

    (void)state;
    counters_sum(&sum, both, 2, ROWS);
    assert_line(&sum, "sold=11 returned=22 visitors=33");
    counters_sum(&sum, NULL, 0, ROWS);
    assert_line(&sum, "");
}

static void the_table_is_markdown(void **state)
{
    const char *text = "| sold | counter | `sold_total` | things sold |\n"
                       "| returned | counter | `returned_total{how=\"post\"}` | "
                       "things brought back |\n"
                       "| visitors | gauge | `visitors` | people in the shop |\n";
    struct buf out;

    (void)state;
    buf_init(&out, 1000);
    counters_markdown(&out, shop_counters_rows, ROWS);
    assert_int_equal(out.n, strlen(text));
    assert_memory_equal(out.p, text, out.n);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_describes_the_field_of_its_name),
        cmocka_unit_test(a_line_leaves_zeros_out),
        cmocka_unit_test(a_sum_forgets_what_was_there),
        cmocka_unit_test(the_table_is_markdown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
