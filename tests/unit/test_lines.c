/* A file is the same lines, whatever the pieces it is read in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../cli/lines.h"
#include "../../proto/buf.h"

static struct lines *lines;

static int make(void **state)
{
    (void)state;
    lines = malloc(sizeof *lines);
    assert_non_null(lines);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    free(lines);
    return 0;
}

/* Appends "[text]" for each line that is ready and "!" for one too long. */
static void take_all(struct buf *out)
{
    struct slice line;
    enum line_result r;

    while ((r = lines_next(lines, &line)) != LINE_NONE) {
        if (r == LINE_TOO_LONG)
            buf_str(out, "!");
        else
            buf_printf(out, "[%.*s]", (int)line.n, line.p);
    }
}

/* Feeds @text in pieces of @piece bytes. */
static void feed(struct slice text, size_t piece, struct buf *out)
{
    while (text.n > 0) {
        size_t room, n = text.n < piece ? text.n : piece;
        char *to = lines_room(lines, &room);

        assert_true(room >= LINES_READ);
        n = n < room ? n : room;
        memcpy(to, text.p, n);
        lines_filled(lines, n);
        text = slice_skip(text, n);
        take_all(out);
    }
}

static void assert_lines(struct slice text, const char *want)
{
    const size_t piece[] = {1, 2, 3, 7, 1000, LINES_READ};
    struct buf out;

    buf_init(&out, 1000000);
    for (size_t i = text.n > 10000 ? 4 : 0; i < sizeof piece / sizeof *piece; i++) {
        buf_clear(&out);
        lines_init(lines);
        feed(text, piece[i], &out);
        lines_end(lines);
        take_all(&out);
        take_all(&out); /* the end stays the end */
        if (!slice_eq(buf_get(&out), slice_of(want)))
            fail_msg("pieces of %zu: %.100s", piece[i], out.n ? out.p : "");
        assert_int_equal(lines->taken, text.n);
    }
    buf_fini(&out);
}

static void lines_end_with_lf_or_crlf_or_the_file(void **state)
{
    (void)state;
    assert_lines(SLICE(""), "");
    assert_lines(SLICE("a"), "[a]");
    assert_lines(SLICE("a\n"), "[a]");
    assert_lines(SLICE("a\r\nb\n\nc"), "[a][b][][c]");
    assert_lines(SLICE("\n\r\n\r"), "[][][\r]");
    assert_lines(SLICE("a\rb\n"), "[a\rb]");
}

static void a_line_may_have_its_bound_and_no_more(void **state)
{
    static char text[2 * ACCESS_LINE_MAX + 1000];
    struct buf want;

    (void)state;
    memset(text, 'x', sizeof text);
    memcpy(text + ACCESS_LINE_MAX, "\nb\n", 3);
    buf_init(&want, 1000000);
    buf_printf(&want, "[%.*s][b]", ACCESS_LINE_MAX, text);
    assert_lines((struct slice){text, ACCESS_LINE_MAX + 3}, want.p);
    buf_fini(&want);

    memcpy(text + ACCESS_LINE_MAX, "x\nb", 3);
    assert_lines((struct slice){text, ACCESS_LINE_MAX + 3}, "![b]");
    memcpy(text + ACCESS_LINE_MAX, "xxx", 3);
    memcpy(text + sizeof text - 3, "\nb\n", 3);
    assert_lines((struct slice){text, sizeof text}, "![b]");
    memcpy(text + sizeof text - 3, "xxx", 3);
    assert_lines((struct slice){text, sizeof text}, "!");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_end_with_lf_or_crlf_or_the_file),
        cmocka_unit_test(a_line_may_have_its_bound_and_no_more),
    };

    return cmocka_run_group_tests(tests, make, unmake);
}
