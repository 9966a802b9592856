/* What strangers write cannot move the cursor, and columns stand under each other. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../cli/table.h"
#include "../dice.h"
#include "../guard.h"

static const struct term pipe_term = {.utf8 = true};

static struct slice guarded(struct slice s)
{
    return (struct slice){guard_copy(s.p, s.n), s.n};
}

static void assert_buf(const struct buf *b, const char *want)
{
    if (!slice_eq(buf_get(b), slice_of(want)))
        fail_msg("\"%.*s\" instead of \"%s\"", (int)b->n, b->p, want);
}

static void what_could_move_the_cursor_is_shown_as_bytes(void **state)
{
    static const struct {
        struct slice raw;
        const char *want;
        size_t width;
    } rows[] = {
        {SLICE(""), "", 0},
        {SLICE("/cart"), "/cart", 5},
        {SLICE("\x1b[2J"), "\\x1b[2J", 7},
        {SLICE("a\0b"), "a\\x00b", 6},
        {SLICE("\r\n\t\b\x7f"), "\\x0d\\x0a\\x09\\x08\\x7f", 20},
        {SLICE("\xc2\x9b"), "\\xc2\\x9b", 8},           /* CSI as C1 */
        {SLICE("\x9b"), "\\x9b", 4},                    /* the same as Latin-1 */
        {SLICE("\xc2\xa0"), "\xc2\xa0", 1},             /* a blank is harmless */
        {SLICE("\xe2\x80\xae"), "\\xe2\\x80\\xae", 12}, /* right to left from here */
        {SLICE("\xe2\x80\xa8"), "\\xe2\\x80\\xa8", 12}, /* line separator */
        {SLICE("\xe2\x81\xa6"), "\\xe2\\x81\\xa6", 12}, /* isolate */
        {SLICE("\xd8\x9c"), "\\xd8\\x9c", 8},           /* Arabic letter mark */
        {SLICE("caf\xc3\xa9"), "caf\xc3\xa9", 4},
        {SLICE("\xe6\x97\xa5\xe6\x9c\xac"), "\xe6\x97\xa5\xe6\x9c\xac", 4}, /* wide */
        {SLICE("e\xcc\x81"), "e\xcc\x81", 1}, /* combining */
        {SLICE("\xc3"), "\\xc3", 4},          /* cut off */
        {SLICE("\xe6\x97/"), "\\xe6\\x97/", 9},
        {SLICE("\xc0\xaf"), "\\xc0\\xaf", 8},           /* overlong */
        {SLICE("\xed\xa0\x80"), "\\xed\\xa0\\x80", 12}, /* surrogate */
        {SLICE("\xef\xbf\xbd"), "\xef\xbf\xbd", 1},     /* U+FFFD itself */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;

        buf_init(&out, 1000);
        assert_int_equal(text_safe(&out, guarded(rows[i].raw)), rows[i].width);
        assert_buf(&out, rows[i].want);
        buf_fini(&out);
    }
}

static void no_byte_below_blank_passes(void **state)
{
    struct dice dice = {3};
    char raw[64];

    (void)state;
    for (int round = 0; round < 5000; round++) {
        size_t n = dice_below(&dice, sizeof raw);
        struct buf out;

        dice_bytes(&dice, raw, n);
        buf_init(&out, 1000);
        text_safe(&out, guarded((struct slice){raw, n}));
        for (size_t i = 0; i < out.n; i++)
            assert_true((uint8_t)out.p[i] >= ' ' && out.p[i] != 0x7f);
        buf_fini(&out);
    }
}

static struct table *make(const struct table_column *columns, size_t n,
                          const char *const *cells, size_t ncells)
{
    struct table *t = malloc(sizeof *t);

    assert_non_null(t);
    table_init(t, columns, n);
    for (size_t i = 0; i < ncells; i++)
        table_text(t, slice_of(cells[i]));
    return t;
}

static void assert_table(struct table *t, const struct term *term, const char *want)
{
    struct buf out;

    buf_init(&out, 10000);
    table_write(t, term, &out);
    assert_buf(&out, want);
    buf_fini(&out);
    table_fini(t);
    free(t);
}

static const struct table_column two[] = {{"visitors", TABLE_RIGHT},
                                          {"path", TABLE_LEFT}};

static void columns_stand_under_each_other(void **state)
{
    static const char *const cells[] = {
        "7", "/", "123456789", "/caf\xc3\xa9", "100", "/\xe6\x97\xa5", "0", ""};

    (void)state;
    assert_table(make(two, 2, cells, 8), &pipe_term,
                 " visitors  path\n"
                 "        7  /\n"
                 "123456789  /caf\xc3\xa9\n"
                 "      100  /\xe6\x97\xa5\n"
                 "        0\n");
}

static void width_is_columns_and_not_bytes(void **state)
{
    static const struct table_column columns[] = {{"a", TABLE_LEFT}, {"b", TABLE_LEFT}};
    static const char *const cells[] = {"\xe6\x97\xa5", "x", "\xc3\xa9", "y",
                                        "\x1b",         "z"};

    (void)state;
    assert_table(make(columns, 2, cells, 6), &pipe_term,
                 "a     b\n"
                 "\xe6\x97\xa5    x\n"
                 "\xc3\xa9     y\n"
                 "\\x1b  z\n");
}

static void an_unfinished_row_is_left_out(void **state)
{
    static const char *const cells[] = {"1", "/", "2"};

    (void)state;
    assert_table(make(two, 2, cells, 3), &pipe_term, "visitors  path\n       1  /\n");
}

static void a_terminal_cuts_the_last_column(void **state)
{
    static const char *const cells[] = {
        "1",
        "/0123456789",
        "2",
        "/012345678",
        "3",
        "/\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5\xe6\x9c\xac"
        "\xe6\x97\xa5"};
    struct term term = {.tty = true, .width = 20, .utf8 = true};

    (void)state;
    assert_table(
        make(two, 2, cells, 6), &term,
        "visitors  path\n"
        "       1  /01234567\xe2\x80\xa6\n"
        "       2  /012345678\n"
        "       3  /\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5\xe6\x9c\xac\xe2\x80\xa6\n");
    term.utf8 = false;
    assert_table(make(two, 2, cells, 2), &term, "visitors  path\n       1  /012345...\n");
}

static void a_narrow_terminal_leaves_a_few_characters(void **state)
{
    static const char *const cells[] = {"1", "/0123456789"};
    struct term term = {.tty = true, .width = 3, .utf8 = true};

    (void)state;
    assert_table(make(two, 2, cells, 2), &term,
                 "visitors  path\n       1  /012345\xe2\x80\xa6\n");
}

static void colours_are_for_terminals(void **state)
{
    static const char *const cells[] = {"1", "/"};
    struct term term = {.tty = true, .width = 80, .colors = true};

    (void)state;
    assert_table(make(two, 2, cells, 2), &term,
                 "\033[1mvisitors  path\033[0m\n       1  /\n");
}

static void a_line_is_cut_like_a_cell(void **state)
{
    static const struct {
        const char *raw, *want;
        unsigned width;
    } rows[] = {
        {"/cart", "/cart", 0},
        {"/cart", "/cart", 5},
        {"/cart\xc3\xa9", "/car\xe2\x80\xa6", 5},
        {"/cart", "/cart", 3},
        {"\x1b\x1b", "\\x1b\xe2\x80\xa6", 5},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;

        buf_init(&out, 1000);
        text_cut(&out, slice_of(rows[i].raw), rows[i].width, true);
        assert_buf(&out, rows[i].want);
        buf_fini(&out);
    }
}

static int use_utf8(void **state)
{
    (void)state;
    return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_could_move_the_cursor_is_shown_as_bytes),
        cmocka_unit_test(no_byte_below_blank_passes),
        cmocka_unit_test(columns_stand_under_each_other),
        cmocka_unit_test(width_is_columns_and_not_bytes),
        cmocka_unit_test(an_unfinished_row_is_left_out),
        cmocka_unit_test(a_terminal_cuts_the_last_column),
        cmocka_unit_test(a_narrow_terminal_leaves_a_few_characters),
        cmocka_unit_test(colours_are_for_terminals),
        cmocka_unit_test(a_line_is_cut_like_a_cell),
    };

    return cmocka_run_group_tests(tests, use_utf8, NULL);
}
