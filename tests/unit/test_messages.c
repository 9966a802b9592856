/* The body of a message: what is its text, what is its name, and what is neither. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../collector/messages.h"
#include "../guard.h"

#define JSON "application/json"
#define TEXT "text/plain"
#define FORM "application/x-www-form-urlencoded"

static struct posted parse(const char *type, const char *body)
{
    struct posted m;

    messages_parse(&m, slice_of(type),
                   (struct slice){guard_copy(body, strlen(body)), strlen(body)});
    return m;
}

static void must_parse(const char *type, const char *body, const char *text,
                       const char *name)
{
    struct posted m = parse(type, body);

    if (m.error)
        fail_msg("%s: %s", body, m.error);
    if (!slice_eq((struct slice){m.text, m.text_n}, slice_of(text)))
        fail_msg("%s: %.*s", body, (int)m.text_n, m.text);
    assert_true(slice_eq((struct slice){m.name, m.name_n}, slice_of(name)));
}

static void must_refuse(const char *type, const char *body, const char *error)
{
    struct posted m = parse(type, body);

    if (m.error == NULL)
        fail_msg("%s was taken", body);
    assert_string_equal(m.error, error);
}

static void a_body_is_text_or_an_object(void **state)
{
    (void)state;
    must_parse(TEXT, " deployed v2\r\n", "deployed v2", "");
    must_parse(TEXT "; charset=utf-8", "{\"text\":\"x\"}", "{\"text\":\"x\"}", "");
    must_parse("", "plain", "plain", "");
    must_parse("", "{\"text\":\"x\"}", "x", "");
    must_parse(FORM, "{\"text\":\"x\",\"name\":\"ci\"}", "x", "ci");
    must_parse(FORM, "a=b&c", "a=b&c", "");
    must_parse(JSON, " {\"text\":\"x\",\"name\":null,\"more\":[1]} ", "x", "");
    must_parse("Application/JSON ;charset=utf-8", "{\"text\":\"\\u00e9\"}", "\xc3\xa9",
               "");
    must_parse(TEXT, "a\xff\x01z", "a\xef\xbf\xbdz", "");
}

static void what_is_neither_is_refused(void **state)
{
    (void)state;
    must_refuse(TEXT, "", "no_text");
    must_refuse(TEXT, " \r\n\t\x7f", "no_text");
    must_refuse(JSON, "{}", "no_text");
    must_refuse(JSON, "{\"text\":\"\"}", "no_text");
    must_refuse(JSON, "", "bad_body");
    must_refuse(JSON, "x", "bad_body");
    must_refuse(JSON, "[]", "bad_body");
    must_refuse(JSON, "{\"text\":1}", "bad_body");
    must_refuse(JSON, "{\"text\":\"a\",\"name\":{}}", "bad_body");
    must_refuse(JSON, "{\"text\":\"a\",\"text\":\"b\"}", "bad_body");
    must_refuse(JSON, "{\"text\":\"a\"}}", "bad_body");
    must_refuse(JSON, "{\"text\":\"\xff\"}", "bad_body");
    must_refuse("", "{not json", "bad_body");
}

static void what_is_too_long_is_cut(void **state)
{
    static char body[60000];
    struct posted m;

    (void)state;
    memset(body, 'x', sizeof body - 1);
    m = parse(TEXT, body);
    assert_null(m.error);
    assert_int_equal(m.text_n, PATH_MAX_BYTES);
    memset(body, '[', sizeof body - 1);
    must_refuse(JSON, body, "bad_body");
}

static struct posted query(const char *text, const char *ms)
{
    struct posted m = {0};

    messages_set_query(&m, (struct slice){guard_copy(text, strlen(text)), strlen(text)},
                       SLICE(" db "),
                       (struct slice){guard_copy(ms, strlen(ms)), strlen(ms)});
    return m;
}

static void a_query_is_one_line_and_a_time(void **state)
{
    static const struct {
        const char *ms;
        uint32_t want;
    } rows[] = {{"0", 0},     {"12", 12},
                {"0.9", 0},   {"12.", 12},
                {"1.999", 1}, {"240001", ENGAGED_MAX_MS},
                {"007", 7},   {"99999999999999999", ENGAGED_MAX_MS}};
    struct posted m = query("\n SELECT\n*\r\n\tFROM carts \n", "12");

    (void)state;
    assert_null(m.error);
    assert_int_equal(m.kind, HIT_QUERY);
    assert_true(slice_eq((struct slice){m.text, m.text_n}, SLICE("SELECT * FROM carts")));
    assert_true(slice_eq((struct slice){m.name, m.name_n}, SLICE("db")));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        m = query("x", rows[i].ms);
        assert_null(m.error);
        assert_int_equal(m.ms, rows[i].want);
    }
}

static void a_query_without_text_or_time_is_refused(void **state)
{
    static const char *const rows[] = {"", ".", ".5", "-1", "1e3", "12ms", " 1", "1,5"};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(query("x", rows[i]).error, "bad_ms");
    assert_string_equal(query("\n \t", "1").error, "no_text");
}

static void json_says_which_kind_it_is(void **state)
{
    static const struct {
        const char *body;
        uint8_t kind;
        uint32_t ms;
    } rows[] = {
        {"{\"text\":\"a\"}", HIT_MESSAGE, 0},
        {"{\"text\":\"a\",\"kind\":\"message\",\"ms\":7}", HIT_MESSAGE, 0},
        {"{\"text\":\"a\",\"kind\":null}", HIT_MESSAGE, 0},
        {"{\"text\":\"a\",\"kind\":\"query\",\"ms\":7}", HIT_QUERY, 7},
        {"{\"text\":\"a\",\"kind\":\"query\",\"ms\":7.96}", HIT_QUERY, 7},
        {"{\"text\":\"a\",\"kind\":\"query\",\"ms\":\"7.5\"}", HIT_QUERY, 7},
        {"{\"text\":\"a\",\"kind\":\"query\",\"ms\":1e300}", HIT_QUERY, ENGAGED_MAX_MS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct posted m = parse(JSON, rows[i].body);

        if (m.error)
            fail_msg("%s: %s", rows[i].body, m.error);
        assert_int_equal(m.kind, rows[i].kind);
        assert_int_equal(m.ms, rows[i].ms);
    }
    must_refuse(JSON, "{\"text\":\"a\",\"kind\":\"poem\"}", "bad_kind");
    must_refuse(JSON, "{\"text\":\"a\",\"kind\":7}", "bad_body");
    must_refuse(JSON, "{\"text\":\"a\",\"kind\":\"query\"}", "bad_ms");
    must_refuse(JSON, "{\"text\":\"a\",\"kind\":\"query\",\"ms\":-1}", "bad_ms");
    must_refuse(JSON, "{\"text\":\"a\",\"kind\":\"query\",\"ms\":true}", "bad_ms");
    must_refuse(JSON, "{\"kind\":\"query\",\"ms\":1}", "no_text");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_text_or_an_object),
        cmocka_unit_test(what_is_neither_is_refused),
        cmocka_unit_test(what_is_too_long_is_cut),
        cmocka_unit_test(a_query_is_one_line_and_a_time),
        cmocka_unit_test(a_query_without_text_or_time_is_refused),
        cmocka_unit_test(json_says_which_kind_it_is),
    };

    return cmocka_run_group_tests_name("messages", tests, NULL, NULL);
}
