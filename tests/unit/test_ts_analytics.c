/* What ts-analytics' trackers post, read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../collector/dialects/ts_analytics.h"
#include "../guard.h"

#define PAGE "\"s\":\"shop\",\"u\":\"https://shop.example/a?b#c\""

static enum ts_verdict read_body(struct ts_body *b, const char *text)
{
    size_t n = strlen(text);

    return ts_body_read(b, (struct slice){guard_copy(text, n), n});
}

static void must_be(const char *text, enum ts_verdict verdict)
{
    struct ts_body b;

    if (read_body(&b, text) != verdict)
        fail_msg("not %d: %s", (int)verdict, text);
    ts_body_close(&b);
}

static void assert_text(struct slice s, const char *expected)
{
    if (!slice_eq(s, slice_of(expected)))
        fail_msg("\"%.*s\" instead of \"%s\"", (int)s.n, s.n ? s.p : "", expected);
}

static void must_be_event(const char *text, const char *name)
{
    struct ts_body b;

    assert_int_equal(read_body(&b, text), TS_COUNTS);
    assert_text(b.beacon.kind, "e");
    assert_text(b.beacon.name, name);
    assert_int_equal(b.beacon.title.n, 0);
    ts_body_close(&b);
}

static void a_pageview_is_a_view_of_its_url(void **state)
{
    struct ts_body b;

    (void)state;
    assert_int_equal(read_body(&b, "{\"s\":\"shop\",\"sid\":\"abc\",\"e\":\"pageview\","
                                   "\"u\":\"https://shop.example/a?b#c\",\"r\":"
                                   "\"https://news.example/x\",\"t\":\"A \\u2013 B\","
                                   "\"sw\":1920,\"sh\":1080,\"br\":\"Chrome\",\"ts\":1}"),
                     TS_COUNTS);
    assert_text(b.beacon.site, "shop");
    assert_text(b.beacon.kind, "v");
    assert_text(b.beacon.path, "https://shop.example/a?b#c");
    assert_text(b.beacon.referrer, "https://news.example/x");
    assert_text(b.beacon.title, "A \xe2\x80\x93 B");
    assert_text(b.beacon.name, "");
    assert_text(b.beacon.tab, "");
    assert_text(b.beacon.user, "");
    ts_body_close(&b);
}

static void an_event_is_named_by_en_or_by_its_properties(void **state)
{
    (void)state;
    must_be_event("{" PAGE ",\"e\":\"event\",\"en\":\"signup\"}", "signup");
    must_be_event("{" PAGE ",\"e\":\"event\",\"p\":{\"name\":\"signup\",\"value\":3}}",
                  "signup");
    must_be_event("{" PAGE ",\"e\":\"event\",\"en\":\"a\",\"p\":{\"name\":\"b\"}}", "a");
    must_be_event("{" PAGE ",\"e\":\"event\",\"en\":\"\",\"p\":{\"name\":\"b\"}}", "b");
    must_be_event("{" PAGE ",\"e\":\"event\",\"en\":5,\"p\":[]}", "event");
    must_be_event("{" PAGE ",\"e\":\"event\",\"t\":\"T\"}", "event");
    must_be_event("{" PAGE ",\"e\":\"outbound\",\"p\":{\"name\":\"b\"}}", "outbound");
    must_be_event("{" PAGE ",\"e\":\"error\"}", "error");
}

static void what_is_no_visit_is_taken_and_counts_nothing(void **state)
{
    (void)state;
    must_be("{" PAGE ",\"e\":\"vitals\",\"p\":{\"LCP\":1.5}}", TS_IGNORED);
    must_be("{" PAGE ",\"e\":\"hm_click\"}", TS_IGNORED);
    must_be("{\"s\":\"shop\",\"e\":\"hm_move\",\"u\":\"/a\"}", TS_IGNORED);
    must_be("{\"s\":\"shop\",\"e\":\"hm_scroll\",\"u\":\"a\"}", TS_IGNORED);
    must_be("{" PAGE ",\"e\":\"of a later version\"}", TS_IGNORED);
    must_be("{\"s\":\"shop\",\"e\":\"vitals\",\"u\":\"/a\"}", TS_BAD_URL);
}

static void what_is_missing_is_told_apart(void **state)
{
    (void)state;
    must_be("{\"e\":\"pageview\",\"u\":\"https://a/\"}", TS_NO_SITE);
    must_be("{\"s\":\"\",\"e\":\"pageview\",\"u\":\"https://a/\"}", TS_NO_SITE);
    must_be("{\"s\":7,\"e\":\"pageview\",\"u\":\"https://a/\"}", TS_NO_SITE);
    must_be("{\"s\":\"shop\",\"u\":\"https://a/\"}", TS_NO_KIND);
    must_be("{\"s\":\"shop\",\"e\":null,\"u\":\"https://a/\"}", TS_NO_KIND);
    must_be("{\"s\":\"shop\",\"e\":\"pageview\"}", TS_NO_URL);
    must_be("{\"s\":\"shop\",\"e\":\"hm_click\"}", TS_NO_URL);
    must_be("{}", TS_NO_SITE);
    must_be("[]", TS_NO_SITE);
    must_be("5", TS_NO_SITE);
}

static void what_is_no_json_is_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "{",
        "s=shop&e=pageview",
        "{\"s\":}",
        "{} {}",
        "{\"s\":\"\xff\"}",
        "\xef\xbb\xbf{}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        must_be(rows[i], TS_NO_JSON);
}

static void json_is_taken_as_browsers_read_it(void **state)
{
    struct ts_body b;

    (void)state;
    assert_int_equal(read_body(&b, " \n{" PAGE ",\"e\":\"x\",\"e\":\"pageview\",\"sw\":"
                                   "100000000000000000000,\"p\":{\"a\":\"\\u0000\"}}"),
                     TS_COUNTS);
    assert_text(b.beacon.kind, "v");
    ts_body_close(&b);
}

static void a_url_has_a_scheme_and_a_host(void **state)
{
    static const struct {
        const char *text;
        bool is;
    } rows[] = {
        {"https://shop.example/a", true},
        {"http://localhost:3000", true},
        {"HTTPS://X", true},
        {" https://a/", true},
        {"https:a", true}, /* as the URL Standard has it */
        {"file:///tmp/a.html", true},
        {"about:blank", true},
        {"/a", false},
        {"a", false},
        {"shop.example/a", false},
        {"", false},
        {"https", false},
        {"https:", false},
        {"https://", false},
        {"https:///", false},
        {"https://?a", false},
        {"http://:80/", false},
        {"://a", false},
        {"1http://a", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n = strlen(rows[i].text);

        if (ts_is_url((struct slice){guard_copy(rows[i].text, n), n}) != rows[i].is)
            fail_msg("%s", rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pageview_is_a_view_of_its_url),
        cmocka_unit_test(an_event_is_named_by_en_or_by_its_properties),
        cmocka_unit_test(what_is_no_visit_is_taken_and_counts_nothing),
        cmocka_unit_test(what_is_missing_is_told_apart),
        cmocka_unit_test(what_is_no_json_is_refused),
        cmocka_unit_test(json_is_taken_as_browsers_read_it),
        cmocka_unit_test(a_url_has_a_scheme_and_a_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
