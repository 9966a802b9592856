/* What foreign clients say is found by name, in a query, a form or JSON. */
#include "../dialect.h"

#include "../../collector/cors.h"
#include "../../collector/dialects/params.h"

static struct beacon beacon;

static void a_parameter_is_found_by_its_name_and_decoded(void **state)
{
    static const struct {
        const char *query, *a, *long_name;
    } rows[] = {
        {"", NULL, NULL},
        {"a=1", "1", NULL},
        {"a=1&a=2", "1", NULL},
        {"a=&a=2", "", NULL},
        {"b=1&long_name=x%20y+z&ab=3", NULL, "x y z"},
        {"a=%2Fa%3Fb&long_name=%", "/a?b", "%"},
        {"A=1&long=2", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice a = {0}, long_name = {0};
        const struct param table[] = {{"a", &a}, {"long_name", &long_name}};
        struct params p;

        params_init(&p, &beacon);
        params_query(&p, guarded(rows[i].query), table, PARAMS_COUNT(table));
        assert_false(p.full);
        expect_text(rows[i].query, "a", a, rows[i].a);
        expect_text(rows[i].query, "long_name", long_name, rows[i].long_name);
        assert_int_equal(a.p != NULL, rows[i].a != NULL);
    }
}

static void what_is_too_long_is_left_out_and_told(void **state)
{
    static char query[2 * sizeof beacon.text];
    struct slice a = {0}, b = {0};
    const struct param table[] = {{"a", &a}, {"b", &b}};
    struct params p;

    (void)state;
    memset(query, '+', sizeof query);
    memcpy(query, "a=x%20y&c=", 10);
    memcpy(query + sizeof query - 100, "&b=1&d=", 7);
    params_init(&p, &beacon);
    params_query(&p, (struct slice){guard_copy(query, sizeof query), sizeof query}, table,
                 PARAMS_COUNT(table));
    assert_false(p.full); /* of c nothing is wanted */
    memcpy(query, "a=x%20y&b=", 10);
    params_init(&p, &beacon);
    a = b = (struct slice){0};
    params_query(&p, (struct slice){guard_copy(query, sizeof query), sizeof query}, table,
                 PARAMS_COUNT(table));
    assert_true(p.full);
    expect_text("the query", "a", a, "x y");
    expect_text("the query", "b", b, "1"); /* the next of that name */
}

static void a_member_is_a_text_or_a_number(void **state)
{
    static const struct {
        const char *json, *a;
    } rows[] = {
        {"{\"a\":\"x\"}", "x"},
        {"{\"a\":\"\"}", ""},
        {"{\"a\":-12}", "-12"},
        {"{\"a\":9223372036854775807}", "9223372036854775807"},
        {"{\"a\":1500.9}", "1500"},
        {"{\"a\":1e300}", NULL},
        {"{\"a\":true}", "1"},
        {"{\"a\":false}", "0"},
        {"{\"a\":null}", NULL},
        {"{\"a\":[1]}", NULL},
        {"{\"a\":{\"a\":1}}", NULL},
        {"[\"a\"]", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *v = json_of(rows[i].json);
        struct slice a = {0};
        const struct param table[] = {{"a", &a}};
        struct params p;

        params_init(&p, &beacon);
        params_object(&p, v, table, 1);
        expect_text(rows[i].json, "a", a, rows[i].a);
        assert_int_equal(a.p != NULL, rows[i].a != NULL);
        json_decref(v);
    }
}

static void the_first_name_of_the_table_wins_in_json(void **state)
{
    json_t *v = json_of("{\"name\":\"long\",\"n\":\"short\"}");
    struct slice a = {0};
    const struct param table[] = {{"n", &a}, {"name", &a}};
    struct params p;

    (void)state;
    params_init(&p, &beacon);
    params_object(&p, v, table, 2);
    expect_text("two names", "a", a, "short");
    json_decref(v);
}

static void host_and_path_are_an_address(void **state)
{
    static const struct {
        const char *host, *path, *url;
    } rows[] = {
        {"example.org", "/a", "https://example.org/a"},
        {"http://example.org:81", "/a", "http://example.org:81/a"},
        {"example.org", "", "https://example.org/"},
        {"example.org", "https://other.example/b", "https://other.example/b"},
        {"", "/a", "/a"},
        {"", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct params p;

        params_init(&p, &beacon);
        expect_text(rows[i].host, "the address",
                    params_url(&p, guarded(rows[i].host), guarded(rows[i].path)),
                    rows[i].url);
    }
}

static void texts_are_joined_until_there_is_no_room(void **state)
{
    static char half[sizeof beacon.text / 2];
    struct slice long_text = {half, sizeof half};
    struct params p;

    (void)state;
    memset(half, 'x', sizeof half);
    params_init(&p, &beacon);
    expect_text("two", "the row", params_join(&p, SLICE("a"), SLICE(" "), SLICE("b")),
                "a b");
    expect_text("one", "the row", params_join(&p, SLICE("a"), SLICE(" "), SLICE("")),
                "a");
    expect_text("one", "the row", params_join(&p, SLICE(""), SLICE(" "), SLICE("b")),
                "b");
    assert_int_equal(params_copy(&p, long_text).n, sizeof half);
    assert_false(p.full);
    assert_int_equal(params_join(&p, long_text, SLICE(" "), SLICE("b")).n, 0);
    assert_true(p.full);
}

static void json_is_read_strictly(void **state)
{
    static const char *const rows[] = {
        "",
        "x",
        "{",
        "{\"a\":1}x",
        "{\"a\":1,\"a\":2}",
        "{'a':1}",
        "{\"a\":1,}",
        "\"\xff\"",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":\"\xc0\x80\"}",
        "[\"\\ud800\"]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (json_body_parse(guarded(rows[i])))
            fail_msg("taken: %s", rows[i]);
}

static void what_a_page_says_by_the_way_loses_no_view(void **state)
{
    static const struct {
        const char *body, *text; /* of the member t */
    } rows[] = {
        {"{\"t\":\"x\",\"n\":12345678901234567890}", "x"},
        {"{\"t\":\"x\",\"n\":\"\\u0000\"}", "x"},
        {"{\"t\":\"w\",\"t\":\"x\"}", "x"},
        {"{\"t\":\"x\\ud83d\"}", "x\xef\xbf\xbd"},
        {"{\"t\":\"\\ude00x\"}", "\xef\xbf\xbdx"},
        {"{\"t\":\"\\ud83d\\ud83d\\ude00\"}", "\xef\xbf\xbd\xf0\x9f\x98\x80"},
        {"{\"t\":\"\\\\ud83d\",\"n\":12345678901234567890}", "\\ud83d"},
        {"{\"t\":\"\\ud83d", NULL},
        {"{\"t\":\"\\ud8", NULL},
        {"{\"t\":\"\xff\"}", NULL},
        {"{\"t\":1}}", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *v = json_body_parse_loosely(guarded(rows[i].body));

        if (!v != !rows[i].text)
            fail_msg("%s", rows[i].body);
        if (v)
            expect_text(rows[i].body, "t", json_body_text(v, "t"), rows[i].text);
        json_decref(v);
    }
}

static void members_are_of_the_type_that_is_asked_for(void **state)
{
    json_t *v = json_of("{\"t\":\"x\",\"o\":{},\"a\":[]}");

    (void)state;
    expect_text("v", "t", json_body_text(v, "t"), "x");
    expect_text("v", "o", json_body_text(v, "o"), NULL);
    expect_text("nothing", "t", json_body_text(NULL, "t"), NULL);
    assert_non_null(json_body_object(v, "o"));
    assert_null(json_body_object(v, "a"));
    assert_non_null(json_body_array(v, "a"));
    assert_null(json_body_array(v, "t"));
    assert_null(json_body_array(NULL, "a"));
    json_decref(v);
}

static void an_origin_is_granted_by_name(void **state)
{
    static char longest[HTTP_HEAD_MAX];
    char lines[CORS_LINES_MAX];

    (void)state;
    assert_string_equal(cors_lines(guarded("https://a.example"), "X-A: 1\r\n", lines),
                        "Access-Control-Allow-Origin: https://a.example\r\n"
                        "Access-Control-Allow-Credentials: true\r\n"
                        "Vary: Origin\r\nX-A: 1\r\n");
    assert_string_equal(cors_lines((struct slice){0}, NULL, lines),
                        "Access-Control-Allow-Origin: *\r\n");
    memset(longest, 'o', sizeof longest);
    assert_true(strlen(cors_lines((struct slice){longest, sizeof longest}, "X: 1\r\n",
                                  lines)) > sizeof longest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_parameter_is_found_by_its_name_and_decoded),
        cmocka_unit_test(what_is_too_long_is_left_out_and_told),
        cmocka_unit_test(a_member_is_a_text_or_a_number),
        cmocka_unit_test(the_first_name_of_the_table_wins_in_json),
        cmocka_unit_test(host_and_path_are_an_address),
        cmocka_unit_test(texts_are_joined_until_there_is_no_room),
        cmocka_unit_test(json_is_read_strictly),
        cmocka_unit_test(what_a_page_says_by_the_way_loses_no_view),
        cmocka_unit_test(members_are_of_the_type_that_is_asked_for),
        cmocka_unit_test(an_origin_is_granted_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
