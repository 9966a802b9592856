/* Lines of access logs, as servers write them and as they should not be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../cli/combined.h"
#include "../dice.h"
#include "../guard.h"

#define TIME "[22/Nov/2025:02:00:00 +0000]"
#define TIME_MS 1763776800000
#define LINE(text) SLICE(text)

struct row {
    struct slice line;
    const char *address, *method, *target;
    unsigned status;
    const char *referrer, *agent;
};

static struct slice guarded(struct slice s)
{
    return (struct slice){guard_copy(s.p, s.n), s.n};
}

static bool parse(struct combined *c, struct slice line)
{
    return combined_parse(c, guarded(line));
}

static void assert_text(struct slice line, struct slice got, const char *want)
{
    if (!slice_eq(got, slice_of(want)))
        fail_msg("%.*s: \"%.*s\" instead of \"%s\"", (int)line.n, line.p, (int)got.n,
                 got.p, want);
}

static void a_line_is_taken_apart(void **state)
{
    static const struct row rows[] = {
        {LINE("203.0.113.7 - - " TIME " \"GET /cart HTTP/1.1\" 200 1234 "
              "\"https://example.com/\" \"Mozilla/5.0 (X11)\""),
         "203.0.113.7", "GET", "/cart", 200, "https://example.com/", "Mozilla/5.0 (X11)"},
        {LINE("2001:db8::1 - - " TIME " \"POST / HTTP/2.0\" 304 0 \"-\" \"UA\""),
         "2001:db8::1", "POST", "/", 304, "", "UA"},
        {LINE("host.example - bob " TIME " \"HEAD /a?b=c HTTP/1.0\" 404 - \"\" \"-\""),
         "host.example", "HEAD", "/a?b=c", 404, "", ""},
        /* The user's name may hold blanks, brackets, even another time's beginning. */
        {LINE("1.2.3.4 - bob [the] [22/Nov smith " TIME " \"GET / HTTP/1.1\" 200 1"),
         "1.2.3.4", "GET", "/", 200, "", ""},
        /* Escaped quotes and backslashes stay in their field. */
        {LINE("1.2.3.4 - - " TIME
              " \"GET /a\\\"b\\\\ HTTP/1.1\" 200 5 \"r\\\"\\\"\" \"u\\\\\""),
         "1.2.3.4", "GET", "/a\\\"b\\\\", 200, "r\\\"\\\"", "u\\\\"},
        /* The common format ends behind the size; other formats go on behind the agent.
         */
        {LINE("1.2.3.4 - - " TIME " \"GET / HTTP/1.1\" 200 1"), "1.2.3.4", "GET", "/",
         200, "", ""},
        {LINE("1.2.3.4 - - " TIME
              " \"GET / HTTP/1.1\" 200 1 \"r\" \"u\" \"9.9.9.9\" 0.1"),
         "1.2.3.4", "GET", "/", 200, "r", "u"},
        {LINE("1.2.3.4 - - " TIME " \"GET / HTTP/1.1\" 200 1 \"r\" \"cut off"), "1.2.3.4",
         "GET", "/", 200, "r", ""},
        /* HTTP/0.9, nothing at all, TLS on a plain port: a line, but no request. */
        {LINE("1.2.3.4 - - " TIME " \"GET /\" 200 1"), "1.2.3.4", "GET", "/", 200, "",
         ""},
        {LINE("1.2.3.4 - - " TIME " \"\" 400 0 \"-\" \"-\""), "1.2.3.4", "", "", 400, "",
         ""},
        {LINE("1.2.3.4 - - " TIME " \"-\" 408 0 \"-\" \"-\""), "1.2.3.4", "", "", 408, "",
         ""},
        {LINE("1.2.3.4 - - " TIME " \"\\x16\\x03\\x01\\x02\" 400 150 \"-\" \"-\""),
         "1.2.3.4", "", "", 400, "", ""},
    };
    struct combined c;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];

        if (!parse(&c, r->line))
            fail_msg("refused: %.*s", (int)r->line.n, r->line.p);
        assert_text(r->line, c.address, r->address);
        assert_text(r->line, c.method, r->method);
        assert_text(r->line, c.target, r->target);
        assert_text(r->line, c.referrer, r->referrer);
        assert_text(r->line, c.agent, r->agent);
        assert_int_equal(c.status, r->status);
        assert_int_equal(c.at, TIME_MS);
    }
}

static void what_is_no_line_is_refused(void **state)
{
    static const struct slice rows[] = {
        LINE(""),
        LINE(" "),
        LINE("-"),
        LINE("1.2.3.4"),
        LINE("1.2.3.4 - -"),
        LINE(" - - " TIME " \"GET / HTTP/1.1\" 200 1"),
        LINE("1.2.3.4 - - \"GET / HTTP/1.1\" 200 1 \"-\" \"-\""),
        LINE("1.2.3.4 - - [] \"GET / HTTP/1.1\" 200 1"),
        LINE("1.2.3.4 - - " TIME),
        LINE("1.2.3.4 - - " TIME " "),
        LINE("1.2.3.4 - - " TIME "\"GET / HTTP/1.1\" 200 1"),
        LINE("1.2.3.4 - - " TIME " GET / HTTP/1.1 200 1"),
        LINE("1.2.3.4 - - " TIME " \"GET / HTTP/1.1"),
        LINE("1.2.3.4 - - " TIME " \"GET / HTTP/1.1\\\" 200 1"),
        LINE("1.2.3.4 - - " TIME " \"GET / HTTP/1.1\\"),
        LINE("1.2.3.4 - - " TIME " \"GET / HTTP/1.1\" 200"),
        LINE("1.2.3.4 - - " TIME " \"GET / HTTP/1.1\" 200 "),
        LINE("1.2.3.4 - - " TIME " \"GET / HTTP/1.1\" 99 1"),
        LINE("1.2.3.4 - - " TIME " \"GET / HTTP/1.1\" 600 1"),
        LINE("1.2.3.4 - - " TIME " \"GET / HTTP/1.1\" 2000 1"),
        LINE("1.2.3.4 - - " TIME " \"GET / HTTP/1.1\" abc 1"),
        LINE("1.2.3.4 - - " TIME " \"GET / HTTP/1.1\" 200 1k"),
        LINE("1.2.3.4 - - " TIME " \"GET / HTTP/1.1\" 200 --"),
        LINE("{\"time\":\"2025-11-22T02:00:00Z\",\"status\":200}"),
        LINE("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9"),
        LINE("\xff\xfe\0\0[\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0]\0\0"),
    };
    struct combined c;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (parse(&c, rows[i]))
            fail_msg("taken: %.*s", (int)rows[i].n, rows[i].p);
}

static void a_time_is_utc_whatever_its_zone(void **state)
{
    static const struct {
        const char *time;
        ms_t want; /* -1: refused */
    } rows[] = {
        {"22/Nov/2025:02:00:00 +0000", TIME_MS},
        {"22/Nov/2025:03:00:00 +0100", TIME_MS},
        {"21/Nov/2025:20:30:00 -0530", TIME_MS},
        {"22/Nov/2025:02:00:07 -0000", TIME_MS + 7000},
        {"01/Jan/1970:00:00:00 +0000", 0},
        {"29/Feb/2024:23:59:59 +0000", 1709251199000},
        {"30/Jun/2012:23:59:60 +0000", 1341100800000}, /* a leap second */
        {"01/Jan/1970:00:00:00 +0100", -1},            /* before 1970 */
        {"31/Dec/1969:23:00:00 -0100", -1},
        {"00/Nov/2025:02:00:00 +0000", -1},
        {"32/Nov/2025:02:00:00 +0000", -1},
        {"22/nov/2025:02:00:00 +0000", -1},
        {"22/Foo/2025:02:00:00 +0000", -1},
        {"22/Nov/2025:24:00:00 +0000", -1},
        {"22/Nov/2025:02:60:00 +0000", -1},
        {"22/Nov/2025:02:00:61 +0000", -1},
        {"22/Nov/2025:02:00:00 +1500", -1},
        {"22/Nov/2025:02:00:00 +0060", -1},
        {"22/Nov/2025:02:00:00 00000", -1},
        {"22/Nov/2025 02:00:00 +0000", -1},
        {"2/Nov/2025:02:00:00 +0000 ", -1},
        {"2x/Nov/2025:02:00:00 +0000", -1},
        {"22/Nov/20x5:02:00:00 +0000", -1},
    };
    char line[128];
    struct combined c;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int n = snprintf(line, sizeof line, "h - - [%s] \"GET / HTTP/1.1\" 200 1",
                         rows[i].time);
        bool taken = parse(&c, (struct slice){line, (size_t)n});

        if (taken != (rows[i].want >= 0) || (taken && c.at != rows[i].want))
            fail_msg("%s: %s %lld", rows[i].time, taken ? "taken as" : "refused",
                     taken ? (long long)c.at : 0LL);
    }
}

static void no_front_part_of_a_line_is_read_beyond(void **state)
{
    static const struct slice whole =
        LINE("1.2.3.4 - - " TIME " \"GET /\\x22 HTTP/1.1\" 200 12 \"r\\\\\" \"u\\\"\" x");
    struct combined c;

    (void)state;
    for (size_t n = 0; n <= whole.n; n++)
        parse(&c, (struct slice){whole.p, n});
    assert_true(parse(&c, whole));
}

/* Whatever it says, the slices lie inside the line. */
static void noise_is_survived(void **state)
{
    static const char alphabet[] = "\"\\[]- :/+0129GETNov\n\t\0\xff";
    struct dice dice = {7};
    char line[160] = "";
    struct combined c;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        size_t n = dice_below(&dice, sizeof line);
        struct slice s;

        snprintf(line, sizeof line,
                 "1.2.3.4 - - " TIME " \"GET / HTTP/1.1\" 200 1 \"-\"");
        for (int i = 0; i < 5; i++)
            line[dice_below(&dice, sizeof line)] =
                alphabet[dice_below(&dice, sizeof alphabet)];
        s = guarded((struct slice){line, n});
        if (!combined_parse(&c, s))
            continue;
        assert_true(c.agent.p >= s.p && c.agent.p + c.agent.n <= s.p + s.n);
        assert_true(c.target.p >= s.p && c.target.p + c.target.n <= s.p + s.n);
    }
}

static void escapes_become_bytes_again(void **state)
{
    static const struct {
        struct slice raw, want;
    } rows[] = {
        {SLICE(""), SLICE("")},
        {SLICE("/a"), SLICE("/a")},
        {SLICE("/\\x22\\\"\\\\"), SLICE("/\"\"\\")},
        {SLICE("\\xC3\\xa9"), SLICE("\xc3\xa9")},
        {SLICE("\\t\\n\\r"), SLICE("\t\n\r")},
        {SLICE("\\x00"), SLICE("\0")},
        /* Not escapes: they stay. */
        {SLICE("\\"), SLICE("\\")},
        {SLICE("\\q"), SLICE("\\q")},
        {SLICE("\\x2"), SLICE("\\x2")},
        {SLICE("\\x2g"), SLICE("\\x2g")},
        {SLICE("\\x"), SLICE("\\x")},
        {SLICE("%22"), SLICE("%22")},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice raw = guarded(rows[i].raw);
        struct slice got = combined_unescape(raw, guard_copy(raw.p, raw.n));

        if (!slice_eq(got, rows[i].want))
            fail_msg("%.*s became %.*s", (int)raw.n, raw.p, (int)got.n, got.p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_taken_apart),
        cmocka_unit_test(what_is_no_line_is_refused),
        cmocka_unit_test(a_time_is_utc_whatever_its_zone),
        cmocka_unit_test(no_front_part_of_a_line_is_read_beyond),
        cmocka_unit_test(noise_is_survived),
        cmocka_unit_test(escapes_become_bytes_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
