/* buf: order, the ceiling to the byte, and that a full buffer takes nothing more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../proto/buf.h"
#include "../guard.h"

static void assert_holds(const struct buf *b, const char *text)
{
    assert_int_equal(buf_get(b).n, strlen(text));
    if (*text)
        assert_memory_equal(buf_get(b).p, text, strlen(text));
}

static void a_new_buffer_is_empty_and_owns_nothing(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 10);
    assert_holds(&b, "");
    assert_false(b.full);
    assert_null(b.p);
    buf_fini(&b);
    buf_fini(&b); /* harmless */
}

static void everything_added_stands_in_order(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 100);
    buf_str(&b, "one ");
    buf_slice(&b, SLICE("two "));
    buf_add(&b, guard_copy("three ", 6), 6);
    buf_printf(&b, "%d", 4);
    buf_add(&b, NULL, 0);
    buf_str(&b, "");
    buf_printf(&b, "%s", "");
    assert_holds(&b, "one two three 4");
    assert_false(b.full);
    buf_fini(&b);
}

static void bytes_survive_growing(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 100000);
    for (unsigned i = 0; i < 100000; i++) {
        uint8_t byte = (uint8_t)(i % 251);
        buf_add(&b, &byte, 1);
    }
    assert_int_equal(b.n, 100000);
    for (unsigned i = 0; i < 100000; i++)
        assert_int_equal((uint8_t)b.p[i], i % 251);
    assert_false(b.full);
    assert_true(b.cap <= b.max + 1);
    buf_fini(&b);
}

static void the_last_byte_fits_and_one_more_does_not(void **state)
{
    static const size_t ceilings[] = {1, 7, 255, 256, 257, 511, 512, 4096};

    (void)state;
    for (size_t i = 0; i < sizeof ceilings / sizeof *ceilings; i++) {
        char *text = calloc(1, ceilings[i] + 1);
        struct buf b;

        buf_init(&b, ceilings[i]);
        buf_add(&b, text, ceilings[i]);
        assert_int_equal(b.n, ceilings[i]);
        assert_false(b.full);
        buf_add(&b, text, 1);
        assert_int_equal(b.n, ceilings[i]);
        assert_true(b.full);
        buf_fini(&b);

        buf_init(&b, ceilings[i]);
        buf_add(&b, text, ceilings[i] + 1);
        assert_int_equal(b.n, 0);
        assert_true(b.full);
        buf_fini(&b);
        free(text);
    }
}

static void printing_fits_to_the_last_byte_as_well(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 10);
    buf_printf(&b, "%010d", 7);
    assert_holds(&b, "0000000007");
    assert_false(b.full);
    buf_clear(&b);
    buf_printf(&b, "%s", "abcde");
    buf_printf(&b, "%s", "fghij");
    assert_holds(&b, "abcdefghij");
    assert_false(b.full);
    buf_printf(&b, "%c", 'k');
    assert_holds(&b, "abcdefghij");
    assert_true(b.full);
    buf_fini(&b);
}

static void printing_grows_as_far_as_it_must(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 5000);
    buf_printf(&b, "%0*d", 250, 1);
    buf_printf(&b, "%0*d", 4000, 2);
    assert_int_equal(b.n, 4250);
    assert_int_equal(b.p[249], '1');
    assert_int_equal(b.p[4249], '2');
    buf_fini(&b);
}

static void what_comes_after_the_ceiling_is_left_out_even_if_small(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 4);
    buf_str(&b, "abc");
    buf_str(&b, "too long");
    buf_str(&b, "d");
    buf_printf(&b, "d");
    buf_printf(&b, "%s", "");
    assert_holds(&b, "abc");
    assert_true(b.full);
    buf_fini(&b);
}

static void clearing_forgets_the_mark_and_keeps_the_memory(void **state)
{
    struct buf b;
    size_t cap;

    (void)state;
    buf_init(&b, 4);
    buf_str(&b, "abcd");
    buf_str(&b, "e");
    cap = b.cap;
    buf_clear(&b);
    assert_false(b.full);
    assert_int_equal(b.cap, cap);
    buf_str(&b, "efgh");
    assert_holds(&b, "efgh");
    buf_fini(&b);
}

static void a_ceiling_of_nothing_holds_nothing(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 0);
    buf_str(&b, "");
    assert_false(b.full);
    buf_printf(&b, "%d", 1);
    assert_true(b.full);
    assert_holds(&b, "");
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_buffer_is_empty_and_owns_nothing),
        cmocka_unit_test(everything_added_stands_in_order),
        cmocka_unit_test(bytes_survive_growing),
        cmocka_unit_test(the_last_byte_fits_and_one_more_does_not),
        cmocka_unit_test(printing_fits_to_the_last_byte_as_well),
        cmocka_unit_test(printing_grows_as_far_as_it_must),
        cmocka_unit_test(what_comes_after_the_ceiling_is_left_out_even_if_small),
        cmocka_unit_test(clearing_forgets_the_mark_and_keeps_the_memory),
        cmocka_unit_test(a_ceiling_of_nothing_holds_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
