/* Which lines of a log are replayed, as what, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../cli/schedule.h"
#include "../guard.h"

#define TIME "[22/Nov/2025:02:00:00 +0000]"
#define TIME_MS 1763776800000

static const struct replay_rules rules = {SLICE("shop"), false};

static enum replay_skip read_line(struct replay_line *out, const char *line,
                                  const struct replay_rules *r)
{
    size_t n = strlen(line);

    return replay_line_read(out, (struct slice){guard_copy(line, n), n}, r);
}

/* ---- lines --------------------------------------------------------------- */

static void assert_query(const char *line, const char *want)
{
    struct replay_line l;
    enum replay_skip why = read_line(&l, line, &rules);

    if (why != REPLAY_TAKEN)
        fail_msg("%s: skipped as %s", line, replay_skip_name(why));
    if (!slice_eq((struct slice){l.query, l.n}, slice_of(want)))
        fail_msg("%s\n became %.*s\n not    %s", line, (int)l.n, l.query, want);
}

static void a_recorded_beacon_goes_out_as_it_is(void **state)
{
    struct replay_line l;

    (void)state;
    assert_query("1763776800123 i=shop&p=/cart&u=abc", "i=shop&p=/cart&u=abc");
    assert_query("1 i=x", "i=x");
    assert_query("1763776800123 i=caf\xc3\xa9#h", "i=caf%C3%A9%23h");
    read_line(&l, "1763776800123 i=shop&p=/cart&u=abc", &rules);
    assert_int_equal(l.at, 1763776800123);
    assert_false(l.is_second);
}

#define VIEW_FROM(address, agent, target)                                                \
    address " - - " TIME " \"GET " target " HTTP/1.1\" 200 5 \"https://ex.org/from?q\" " \
            "\"" agent "\""
#define VIEW(target) VIEW_FROM("203.0.113.7", "UA", target)

static uint64_t visitor(const char *line)
{
    struct replay_line l;

    assert_int_equal(read_line(&l, line, &rules), REPLAY_TAKEN);
    return l.who;
}

/* The query of a view, whose end is the visitor. */
static void assert_view(const char *line, const char *want)
{
    char whole[256];

    snprintf(whole, sizeof whole, "%s&u=%016llx", want,
             (unsigned long long)visitor(line));
    assert_query(line, whole);
}

static void a_get_is_a_view_of_its_path(void **state)
{
    (void)state;
    assert_view(VIEW("/cart"), "i=shop&p=/cart");
    assert_view(VIEW("/cart?secret=1#x"), "i=shop&p=/cart");
    assert_view(VIEW("http://host/a/b"), "i=shop&p=/a/b");
    assert_view(VIEW("/a&i=evil+x=y"), "i=shop&p=/a%26i%3Devil%2Bx%3Dy");
    assert_view(VIEW("/caf%C3%A9"), "i=shop&p=/caf%25C3%25A9");
    assert_view(VIEW("/\\xC3\\xA9\\x22\\\""), "i=shop&p=/%C3%A9%22%22");
    assert_view(VIEW("/\\x0d\\x0aHost:"), "i=shop&p=/Host%3A");
    assert_view(VIEW("/v1.2/notes"), "i=shop&p=/v1.2/notes");
    assert_view(VIEW("/hc.gifx?i=a"), "i=shop&p=/hc.gifx");
}

static void a_visitor_is_address_and_agent_and_neither_is_sent(void **state)
{
    struct replay_line l;
    uint64_t one = visitor(VIEW("/"));

    (void)state;
    assert_true(one == visitor(VIEW("/other")));
    assert_true(one != visitor(VIEW_FROM("203.0.113.8", "UA", "/")));
    assert_true(one != visitor(VIEW_FROM("203.0.113.7", "UB", "/")));
    assert_true(visitor(VIEW_FROM("1", "2UA", "/")) !=
                visitor(VIEW_FROM("12", "UA", "/")));
    read_line(&l, VIEW_FROM("203.0.113.7", "Mozilla", "/"), &rules);
    assert_null(memmem(l.query, l.n, "203.0", 5));
    assert_null(memmem(l.query, l.n, "Mozilla", 7));
}

static void a_beacon_in_a_log_keeps_its_query(void **state)
{
    char want[256];

    (void)state;
    assert_query(VIEW("/hc.gif?i=blog&p=/x&u=me&k=h"), "i=blog&p=/x&u=me&k=h");
    snprintf(want, sizeof want, "i=blog&u=%016llx&p=/from",
             (unsigned long long)visitor(VIEW("/hc.gif?i=blog")));
    assert_query(VIEW("/hc.gif?i=blog"), want);
}

static void what_is_no_visit_is_skipped(void **state)
{
    static const struct {
        const char *line;
        enum replay_skip why;
    } rows[] = {
        {"", REPLAY_GARBAGE},
        {"garbage", REPLAY_GARBAGE},
        {"1763776800123", REPLAY_GARBAGE},
        {"1763776800123 ", REPLAY_GARBAGE},
        {"1763776800123 noquery", REPLAY_GARBAGE},
        {"1763776800123 i=a b", REPLAY_GARBAGE},
        {"1763776800123 i=a\tb", REPLAY_GARBAGE},
        {"176377680012345 i=a", REPLAY_GARBAGE},
        {"-5 i=a", REPLAY_GARBAGE},
        {"1.2.3.4 - - " TIME " \"-\" 400 0", REPLAY_GARBAGE},
        {"1.2.3.4 - - " TIME " \"POST / HTTP/1.1\" 200 0", REPLAY_METHOD},
        {"1.2.3.4 - - " TIME " \"HEAD / HTTP/1.1\" 200 0", REPLAY_METHOD},
        {"1.2.3.4 - - " TIME " \"get / HTTP/1.1\" 200 0", REPLAY_METHOD},
        {"1.2.3.4 - - " TIME " \"GET / HTTP/1.1\" 404 0", REPLAY_STATUS},
        {"1.2.3.4 - - " TIME " \"GET / HTTP/1.1\" 301 0", REPLAY_STATUS},
        {"1.2.3.4 - - " TIME " \"GET / HTTP/1.1\" 206 0", REPLAY_STATUS},
        {"1.2.3.4 - - " TIME " \"GET /hc.gif?i=a HTTP/1.1\" 400 0", REPLAY_STATUS},
        {"1.2.3.4 - - " TIME " \"GET /hc.gif?i=a HTTP/1.1\" 204 0", REPLAY_TAKEN},
        {"1.2.3.4 - - " TIME " \"GET / HTTP/1.1\" 304 0", REPLAY_TAKEN},
        {VIEW("/style.css"), REPLAY_ASSET},
        {VIEW("/a/b.JS?v=1"), REPLAY_ASSET},
        {VIEW("/favicon.ico"), REPLAY_ASSET},
        {VIEW("/font.woff2"), REPLAY_ASSET},
        {VIEW("/.css"), REPLAY_ASSET},
        {VIEW("/hc.gif"), REPLAY_ASSET},
        {VIEW("/css"), REPLAY_TAKEN},
        {VIEW("/a.css/b"), REPLAY_TAKEN},
        {VIEW("/a.html"), REPLAY_TAKEN},
        {VIEW("/a?b.css"), REPLAY_TAKEN},
        {VIEW("/a.cssx"), REPLAY_TAKEN},
    };
    struct replay_line l;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum replay_skip why = read_line(&l, rows[i].line, &rules);

        if (why != rows[i].why)
            fail_msg("%s: %s instead of %s", rows[i].line, replay_skip_name(why),
                     replay_skip_name(rows[i].why));
    }
}

static void the_rules_decide_about_assets_and_sites(void **state)
{
    const struct replay_rules all = {SLICE("shop"), true};
    const struct replay_rules nowhere = {{NULL, 0}, false};
    struct replay_line l;

    (void)state;
    assert_int_equal(read_line(&l, VIEW("/style.css"), &all), REPLAY_TAKEN);
    assert_int_equal(read_line(&l, VIEW("/"), &nowhere), REPLAY_NO_SITE);
    assert_int_equal(read_line(&l, VIEW("/style.css"), &nowhere), REPLAY_ASSET);
    assert_int_equal(read_line(&l, VIEW("/hc.gif?i=a"), &nowhere), REPLAY_TAKEN);
    assert_int_equal(read_line(&l, "1 i=a", &nowhere), REPLAY_TAKEN);
}

/* A path is cut where the collector cuts it; a recorded beacon is not cut but refused. */
static void no_query_is_longer_than_a_request_line_bears(void **state)
{
    static char line[ACCESS_LINE_MAX + 2];
    struct replay_line l;

    (void)state;
    memset(line, 'x', ACCESS_LINE_MAX + 1);
    memcpy(line, "1 i=", 4);
    line[4 + REPLAY_QUERY_MAX - 2] = '\0';
    assert_int_equal(read_line(&l, line, &rules), REPLAY_TAKEN);
    assert_int_equal(l.n, REPLAY_QUERY_MAX);
    line[4 + REPLAY_QUERY_MAX - 2] = 'x';
    line[4 + REPLAY_QUERY_MAX - 1] = '\0';
    assert_int_equal(read_line(&l, line, &rules), REPLAY_TOO_LONG);

    memset(line, '\xff', ACCESS_LINE_MAX + 1);
    memcpy(line, "h - - " TIME " \"GET /", 41);
    memcpy(line + ACCESS_LINE_MAX - 14, " HTTP/1\" 200 1", 15);
    assert_int_equal(read_line(&l, line, &rules), REPLAY_TAKEN);
    assert_true(l.n > 3 * (PATH_MAX_BYTES - 4) && l.n < REPLAY_QUERY_MAX);
    memset(line, 'x', ACCESS_LINE_MAX + 1);
    assert_int_equal(read_line(&l, line, &rules), REPLAY_TOO_LONG);
}

/* ---- tempo --------------------------------------------------------------- */

static void speed_is_max_or_a_number(void **state)
{
    static const char *const bad[] = {"",        "0",      "-1",  "1e3",  "inf",
                                      "nan",     "0x10",   "1,5", "1.5.", "fast",
                                      "2000000", "0.0001", ".",   " 1"};
    struct tempo t = {.speed = 42};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (tempo_parse(&t, bad[i]))
            fail_msg("taken: %s", bad[i]);
    assert_true(t.speed == 42);
    assert_true(tempo_parse(&t, "0.5") && t.speed == 0.5);
    assert_true(tempo_parse(&t, "1000000") && t.speed == 1000000);
    assert_true(tempo_parse(&t, "0.001"));
    assert_true(tempo_parse(&t, "max") && t.speed == 0);
}

static void spacing_is_divided_by_speed(void **state)
{
    struct tempo t;

    (void)state;
    tempo_parse(&t, "10");
    tempo_start(&t, TIME_MS, 500);
    tempo_start(&t, TIME_MS + 99999, 9999); /* only the first counts */
    assert_int_equal(tempo_due(&t, TIME_MS), 500);
    assert_int_equal(tempo_due(&t, TIME_MS + 1000), 600);
    assert_int_equal(tempo_due(&t, TIME_MS + 86400000), 500 + 8640000);
    assert_int_equal(tempo_due(&t, TIME_MS - 5000), 500); /* a step back is due at once */
    tempo_parse(&t, "0.5");
    tempo_start(&t, TIME_MS, 500);
    assert_int_equal(tempo_due(&t, TIME_MS + 1000), 2500);
    tempo_parse(&t, "max");
    tempo_start(&t, TIME_MS, 500);
    assert_int_equal(tempo_due(&t, TIME_MS + 86400000), 500);
}

/* ---- second -------------------------------------------------------------- */

static struct second *second;

static int make_second(void **state)
{
    (void)state;
    second = malloc(sizeof *second);
    assert_non_null(second);
    second_init(second);
    return 0;
}

static int free_second(void **state)
{
    (void)state;
    free(second);
    return 0;
}

static bool add(ms_t at, bool is_second, const char *query)
{
    struct replay_line l = {.at = at, .is_second = is_second, .n = strlen(query)};

    memcpy(l.query, query, l.n);
    return second_add(second, &l);
}

/* Gives out the next line, which must be due at @at. */
static void assert_next(ms_t at, const char *query)
{
    const struct second_line *l = second_next(second);

    assert_non_null(l);
    assert_int_equal(l->at, at);
    assert_true(slice_eq(l->query, slice_of(query)));
    second_pop(second);
}

static void the_lines_of_a_second_are_spread_over_it(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        assert_true(add(TIME_MS, true, "q"));
    assert_null(second_next(second)); /* nothing while gathering */
    assert_false(add(TIME_MS + 1000, true, "next"));
    second_close(second);
    for (int i = 0; i < 4; i++)
        assert_next(TIME_MS + 250 * i, "q");
    assert_null(second_next(second));
    assert_true(add(TIME_MS + 1000, true, "next"));
    assert_int_equal(second_end(second), TIME_MS + 2000);
    second_close(second);
    assert_next(TIME_MS + 1000, "next");
}

static void recorded_beacons_keep_their_milliseconds(void **state)
{
    (void)state;
    assert_true(add(TIME_MS + 123, false, "a"));
    assert_true(add(TIME_MS, true, "x"));
    assert_true(add(TIME_MS, true, "y"));
    assert_true(add(TIME_MS + 999, false, "b"));
    assert_false(add(TIME_MS + 1000, false, "c"));
    second_close(second);
    assert_next(TIME_MS + 123, "a");
    assert_next(TIME_MS, "x");
    assert_next(TIME_MS + 500, "y");
    assert_next(TIME_MS + 999, "b");
}

static void a_step_back_is_a_second_of_its_own(void **state)
{
    (void)state;
    assert_true(add(TIME_MS, true, "a"));
    assert_false(add(TIME_MS - 1000, true, "b"));
    second_close(second);
    assert_next(TIME_MS, "a");
    assert_true(add(TIME_MS - 1000, true, "b"));
    second_close(second);
    assert_next(TIME_MS - 1000, "b");
}

/* Adds until it is full, gives all out. Returns how many there were, and the first and
 * the last time. */
static size_t fill_and_empty(const char *query, ms_t *first, ms_t *last)
{
    size_t n = 0;

    while (add(TIME_MS, true, query))
        n++;
    second_close(second);
    *first = second_next(second)->at;
    while (second_next(second)) {
        *last = second_next(second)->at;
        second_pop(second);
    }
    return n;
}

static void a_full_second_is_spread_in_parts(void **state)
{
    ms_t first, last;

    (void)state;
    assert_int_equal(fill_and_empty("q", &first, &last), REPLAY_SECOND_LINES);
    assert_int_equal(first, TIME_MS);
    assert_int_equal(last, TIME_MS + 499);
    assert_int_equal(fill_and_empty("q", &first, &last), REPLAY_SECOND_LINES);
    assert_int_equal(first, TIME_MS + 500);
    assert_int_equal(last, TIME_MS + 749);
    assert_true(add(TIME_MS, true, "a")); /* the rest takes what is left */
    assert_true(add(TIME_MS, true, "b"));
    second_close(second);
    assert_next(TIME_MS + 750, "a");
    assert_next(TIME_MS + 875, "b");
    assert_true(add(TIME_MS + 1000, true, "c")); /* and the next second begins at its 0 */
    second_close(second);
    assert_next(TIME_MS + 1000, "c");
}

static void bytes_fill_a_second_too(void **state)
{
    char query[REPLAY_QUERY_MAX + 1];
    ms_t first, last;

    (void)state;
    memset(query, 'q', REPLAY_QUERY_MAX);
    query[REPLAY_QUERY_MAX] = '\0';
    assert_int_equal(fill_and_empty(query, &first, &last),
                     REPLAY_SECOND_BYTES / REPLAY_QUERY_MAX);
    assert_true(last < TIME_MS + 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recorded_beacon_goes_out_as_it_is),
        cmocka_unit_test(a_get_is_a_view_of_its_path),
        cmocka_unit_test(a_visitor_is_address_and_agent_and_neither_is_sent),
        cmocka_unit_test(a_beacon_in_a_log_keeps_its_query),
        cmocka_unit_test(what_is_no_visit_is_skipped),
        cmocka_unit_test(the_rules_decide_about_assets_and_sites),
        cmocka_unit_test(no_query_is_longer_than_a_request_line_bears),
        cmocka_unit_test(speed_is_max_or_a_number),
        cmocka_unit_test(spacing_is_divided_by_speed),
        cmocka_unit_test_setup_teardown(the_lines_of_a_second_are_spread_over_it,
                                        make_second, free_second),
        cmocka_unit_test_setup_teardown(recorded_beacons_keep_their_milliseconds,
                                        make_second, free_second),
        cmocka_unit_test_setup_teardown(a_step_back_is_a_second_of_its_own, make_second,
                                        free_second),
        cmocka_unit_test_setup_teardown(a_full_second_is_spread_in_parts, make_second,
                                        free_second),
        cmocka_unit_test_setup_teardown(bytes_fill_a_second_too, make_second,
                                        free_second),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
