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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_text_or_an_object),
        cmocka_unit_test(what_is_neither_is_refused),
        cmocka_unit_test(what_is_too_long_is_cut),
    };

    return cmocka_run_group_tests_name("messages", tests, NULL, NULL);
}
