/* Answers are told apart in a pipelined stream, whole or byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../cli/answers.h"
#include "../../proto/buf.h"
#include "../guard.h"

/* Feeds @text in pieces of @piece bytes; appends "200 ", "204L " (last), "200X " (lost),
 * "200=bad_site " for each answer and "E" for what is refused. */
static void feed(struct slice text, size_t piece, struct buf *out)
{
    static struct answers a;
    struct answer answer;
    bool whole;

    answers_init(&a);
    while (text.n > 0) {
        size_t n = text.n < piece ? text.n : piece;
        ssize_t taken = answers_take(&a, guard_copy(text.p, n), n, &whole, &answer);

        if (taken < 0) {
            buf_str(out, "E");
            return;
        }
        assert_true((size_t)taken == n || whole);
        if (whole)
            buf_printf(out, "%u%s%s%s%s ", answer.status, answer.last ? "L" : "",
                       answer.lost ? "X" : "", *answer.verdict ? "=" : "",
                       answer.verdict);
        text = slice_skip(text, (size_t)taken);
    }
}

static void assert_answers(struct slice text, const char *want)
{
    struct buf out;

    buf_init(&out, 10000);
    for (size_t piece = 1; piece <= text.n; piece++) {
        buf_clear(&out);
        feed(text, piece, &out);
        if (!slice_eq(buf_get(&out), slice_of(want)))
            fail_msg("pieces of %zu: \"%.*s\" instead of \"%s\"", piece, (int)out.n,
                     out.p, want);
    }
    buf_fini(&out);
}

static void an_answer_ends_with_its_body(void **state)
{
    (void)state;
    assert_answers(SLICE("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nGIF"
                         "HTTP/1.1 204 No Content\r\n\r\n"
                         "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"
                         "HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n"
                         "HTTP/1.1 503 \r\nContent-Length: 1\r\n\r\nx"),
                   "200 204 304 200 503 ");
    assert_answers(SLICE("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nGI"), "");
    assert_answers(SLICE("HTTP/1.1 200 OK\nContent-Length: 0\n\nHTTP/1.1 204\n\n"),
                   "200 204 ");
}

static void interim_answers_are_passed_over(void **state)
{
    (void)state;
    assert_answers(SLICE("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                         "HTTP/1.1 204 No Content\r\n\r\n"),
                   "204 ");
}

static void the_end_of_the_connection_is_announced(void **state)
{
    (void)state;
    assert_answers(SLICE("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n"
                         "\r\nx"),
                   "200L ");
    assert_answers(SLICE("HTTP/1.1 200 OK\r\nconnection: Close\r\n\r\n"), "200L ");
    assert_answers(SLICE("HTTP/1.0 204 No Content\r\n\r\n"), "204L ");
    assert_answers(SLICE("HTTP/1.0 204 x\r\nConnection: keep-alive\r\n\r\n"), "204 ");
    assert_answers(SLICE("HTTP/1.1 200 OK\r\nContent-Type: x\r\n\r\n"), "200L ");
    assert_answers(SLICE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
                   "200X ");
}

static void the_verdict_is_read(void **state)
{
    (void)state;
    assert_answers(SLICE("HTTP/1.1 200 OK\r\nX-Headcount: bad_site\r\n"
                         "Content-Length: 0\r\n\r\n"
                         "HTTP/1.1 204 x\r\nx-headcount:ok\r\n\r\n"
                         "HTTP/1.1 204 x\r\nX-Headcount-Other: no\r\n\r\n"),
                   "200=bad_site 204=ok 204 ");
    assert_answers(SLICE("HTTP/1.1 204 x\r\nX-Headcount: "
                         "0123456789012345678901234567890123456789\r\n\r\n"),
                   "204=0123456789012345678901234567890 ");
}

static void what_is_no_answer_is_refused(void **state)
{
    static const struct slice rows[] = {
        SLICE("hello\r\n\r\n"),
        SLICE("\r\n\r\n"),
        SLICE("HTTP/2 200\r\n\r\n"),
        SLICE("HTTP/1.1 2x0 OK\r\n\r\n"),
        SLICE("HTTP/1.1 099 OK\r\n\r\n"),
        SLICE("HTTP/1.1 600 OK\r\n\r\n"),
        SLICE("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
        SLICE("HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n"),
        SLICE("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_answers(rows[i], "E");
}

static void a_head_has_its_bound(void **state)
{
    static char text[HTTP_HEAD_MAX + 100];
    struct buf out;

    (void)state;
    memset(text, 'x', sizeof text);
    memcpy(text, "HTTP/1.1 200 OK\r\nX: ", 20);
    buf_init(&out, 100);
    feed((struct slice){text, sizeof text}, 1000, &out);
    assert_true(slice_eq(buf_get(&out), SLICE("E")));
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_ends_with_its_body),
        cmocka_unit_test(interim_answers_are_passed_over),
        cmocka_unit_test(the_end_of_the_connection_is_announced),
        cmocka_unit_test(the_verdict_is_read),
        cmocka_unit_test(what_is_no_answer_is_refused),
        cmocka_unit_test(a_head_has_its_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
