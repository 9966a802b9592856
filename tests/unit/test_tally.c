/* What a replay says in the end: the collector's address, the counts, the progress. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../cli/collector_url.h"
#include "../../cli/progress.h"
#include "../../cli/tally.h"

static void assert_buf(const struct buf *b, const char *want)
{
    if (!slice_eq(buf_get(b), slice_of(want)))
        fail_msg("\"%.*s\" instead of \"%s\"", (int)b->n, b->p, want);
}

static void answer(struct tally *t, unsigned status, const char *verdict)
{
    struct answer a = {.status = status};

    strcpy(a.verdict, verdict);
    t->sent++;
    tally_answer(t, &a);
}

static void every_line_and_answer_is_in_one_count(void **state)
{
    struct tally t = {0};
    struct buf out;

    (void)state;
    buf_init(&out, 1000);
    tally_text(&t, 0, &out);
    assert_buf(&out, "read 0 lines, skipped 0, sent 0, answered 0, 0.0 s, 0/s\n");
    for (int i = 0; i < 3; i++)
        tally_line(&t, REPLAY_TAKEN);
    tally_line(&t, REPLAY_ASSET);
    tally_line(&t, REPLAY_ASSET);
    tally_line(&t, REPLAY_GARBAGE);
    answer(&t, 200, "");
    answer(&t, 503, "");
    t.sent++;
    buf_clear(&out);
    tally_text(&t, 2000, &out);
    assert_buf(&out,
               "read 6 lines, skipped 3 (garbage 1, asset 2), sent 3, answered 200: 1 "
               "503: 1, unanswered 1, 2.0 s, 1/s\n");
    buf_clear(&out);
    tally_json(&t, 2000, &out);
    assert_buf(&out, "{\"lines\":6,\"skipped\":{\"garbage\":1,\"asset\":2},\"sent\":3,"
                     "\"answered\":{\"200\":1,\"503\":1},\"unanswered\":1,\"refused\":0,"
                     "\"seconds\":2.000,\"rate\":1.0}\n");
    buf_fini(&out);
}

static void good_is_all_answered_and_all_2xx(void **state)
{
    struct tally t = {0};

    (void)state;
    assert_false(tally_is_good(&t)); /* nothing was sent */
    answer(&t, 200, "");
    answer(&t, 204, "ok");
    assert_true(tally_is_good(&t));
    t.sent++;
    assert_false(tally_is_good(&t));
    t.sent--;
    answer(&t, 302, "");
    assert_false(tally_is_good(&t));
}

static void refusals_are_told_with_the_first_reason(void **state)
{
    struct tally t = {0};
    struct buf out;

    (void)state;
    answer(&t, 200, "ok");
    answer(&t, 200, "bad_site");
    answer(&t, 200, "bad_path");
    answer(&t, 400, "bad_path");
    buf_init(&out, 1000);
    tally_text(&t, 1000, &out);
    assert_buf(&out, "read 0 lines, skipped 0, sent 4, answered 200: 3 400: 1 (3 of them "
                     "refused, first bad_site), 1.0 s, 4/s\n");
    buf_fini(&out);
}

static void an_address_is_taken_apart(void **state)
{
    static const struct {
        const char *text, *host, *port, *authority, *base;
    } rows[] = {
        {"http://127.0.0.1:8080", "127.0.0.1", "8080", "127.0.0.1:8080", ""},
        {"http://h", "h", "80", "h", ""},
        {"http://h/", "h", "80", "h", ""},
        {"http://h:1/a/b/", "h", "1", "h:1", "/a/b"},
        {"http://[::1]:65535/x", "::1", "65535", "[::1]:65535", "/x"},
        {"http://[::1]", "::1", "80", "[::1]", ""},
    };
    struct collector_url u;
    char err[256];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(collector_url_parse(&u, rows[i].text, err, sizeof err), 0);
        assert_string_equal(u.host, rows[i].host);
        assert_string_equal(u.port, rows[i].port);
        assert_string_equal(u.authority, rows[i].authority);
        assert_string_equal(u.base, rows[i].base);
    }
}

static void what_is_no_address_is_refused_by_name(void **state)
{
    static const char *const rows[] = {
        "",
        "h",
        "https://h",
        "http://",
        "http:///a",
        "http://:80",
        "http://h:",
        "http://h:0",
        "http://h:65536",
        "http://h:8o",
        "http://[::1",
        "http://[]:80",
        "http://[::1]x",
        "http://u@h",
        "http://h/a b",
        "http://h/\n",
        "http://h/?q",
        "http://h/#f",
    };
    struct collector_url u;
    char err[256];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (collector_url_parse(&u, rows[i], err, sizeof err) == 0)
            fail_msg("taken: %s", rows[i]);
        assert_non_null(strstr(err, "--collector"));
    }
}

static void progress_tells_what_is_left(void **state)
{
    struct progress p = {.bytes = 1000, .started = 10000};
    struct progress_state s = {.bytes = 250, .lines = 12, .sent = 10, .answered = 8};
    struct buf out;

    (void)state;
    buf_init(&out, 1000);
    progress_text(&p, &s, 12000, &out);
    assert_buf(&out, " 25% ######..................  12 lines, 10 sent, 4/s, left 0:06");
    s.bytes = 1001; /* the log grew meanwhile */
    buf_clear(&out);
    progress_text(&p, &s, 12000, &out);
    assert_buf(&out, "100% ########################  12 lines, 10 sent, 4/s, left 0:00");
    s.bytes = 1;
    buf_clear(&out);
    progress_text(&p, &s, 10000 + 36000, &out);
    assert_buf(&out,
               "  0% ........................  12 lines, 10 sent, 0/s, left 9:59:24");
    p.bytes = 0; /* a pipe */
    buf_clear(&out);
    progress_text(&p, &s, 10000, &out);
    assert_buf(&out, "12 lines, 10 sent");
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_and_answer_is_in_one_count),
        cmocka_unit_test(good_is_all_answered_and_all_2xx),
        cmocka_unit_test(refusals_are_told_with_the_first_reason),
        cmocka_unit_test(an_address_is_taken_apart),
        cmocka_unit_test(what_is_no_address_is_refused_by_name),
        cmocka_unit_test(progress_tells_what_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
