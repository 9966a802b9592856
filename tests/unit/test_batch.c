/* Bodies of POST /e: forms and JSON, one or many, good and hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../collector/batch.h"
#include "../guard.h"

static struct beacon beacon;

static struct slice guarded(struct slice s)
{
    return (struct slice){guard_copy(s.p, s.n), s.n};
}

static enum beacon_verdict open_and_close(struct slice body, size_t *n)
{
    struct batch b;
    enum beacon_verdict v = batch_open(&b, guarded(body));

    *n = b.n;
    if (v == BEACON_OK)
        batch_fini(&b);
    return v;
}

/* The event's fields as "site,path,name,kind,state,user,tab". */
static const char *fields(const struct batch *b, struct slice body, size_t i)
{
    static char out[512];

    memset(&beacon, 0xa5, sizeof beacon);
    if (batch_get(b, body, i, &beacon) != BEACON_OK)
        return "bad";
#define F(f) (int)beacon.f.n, beacon.f.p
    snprintf(out, sizeof out, "%.*s,%.*s,%.*s,%.*s,%.*s,%.*s,%.*s", F(site), F(path),
             F(name), F(kind), F(state), F(user), F(tab));
#undef F
    return out;
}

static void assert_event(const char *text, const char *want)
{
    struct slice body = guarded(slice_of(text));
    struct batch b;

    if (batch_open(&b, body) != BEACON_OK || b.n != 1)
        fail_msg("\"%s\" is not one event", text);
    if (strcmp(fields(&b, body, 0), want) != 0)
        fail_msg("\"%s\" gives \"%s\", not \"%s\"", text, fields(&b, body, 0), want);
    batch_fini(&b);
}

/* What the event says of its time. */
static void must_take(const char *text, const char *want)
{
    struct slice body = guarded(slice_of(text));
    struct batch b;

    assert_int_equal(batch_open(&b, body), BEACON_OK);
    assert_int_equal(batch_get(&b, body, 0, &beacon), BEACON_OK);
    assert_true(slice_eq(beacon.engaged, slice_of(want)));
    batch_fini(&b);
}

static void a_form_is_one_event(void **state)
{
    (void)state;
    assert_event("i=s&p=/a&e=x&k=e&a=r&u=me&v=t", "s,/a,x,e,r,me,t");
    assert_event("i=s&p=%7B", "s,{,,,,,");
    assert_event("", ",,,,,,");
    assert_event("\"i\":\"s\"", ",,,,,,");
    assert_event(" \t", ",,,,,,");
}

static void json_names_are_letters_or_words(void **state)
{
    (void)state;
    assert_event(
        "{\"i\":\"s\",\"p\":\"/a\",\"e\":\"x\",\"k\":\"e\",\"a\":\"r\",\"u\":\"me\","
        "\"v\":\"t\"}",
        "s,/a,x,e,r,me,t");
    assert_event("{\"site\":\"s\",\"path\":\"/a\",\"event\":\"x\",\"kind\":\"event\","
                 "\"state\":\"reading\",\"user\":\"me\",\"view\":\"t\"}",
                 "s,/a,x,event,reading,me,t");
    assert_event("{\"site\":\"s\",\"url\":\"https://h/a\",\"name\":\"x\"}",
                 "s,https://h/a,x,,,,");
    assert_event("{\"site\":\"t\",\"i\":\"s\",\"url\":\"/b\",\"p\":\"/a\"}", "s,/a,,,,,");
    assert_event(" \r\n\t{\"i\":\"s\"}\n", "s,,,,,,");
    assert_event("[{\"i\":\"s\"}]", "s,,,,,,");
    assert_event("{\"hits\":[{\"i\":\"s\"}]}", "s,,,,,,");
    assert_event("{}", ",,,,,,");
    assert_event("{\"url\":\"/c\",\"path\":\"/b\"}", ",/b,,,,,");
    assert_event("{\"hits\":[{\"i\":\"s\"}],\"i\":\"outer\"}", "s,,,,,,");
    assert_event("[{\"hits\":[{\"i\":\"s\"}]}]", ",,,,,,"); /* only outermost */
    assert_event("{\"hits\":1,\"i\":\"s\"}", "s,,,,,,");
}

static void json_values_are_text_numbers_or_flags(void **state)
{
    (void)state;
    assert_event("{\"i\":42,\"d\":1500,\"n\":3,\"v\":-7}", "42,,,,,,-7");
    assert_event("{\"i\":\"s\",\"p\":\"signup\",\"e\":true}", "s,signup,true,,,,");
    assert_event("{\"i\":\"s\",\"e\":false,\"p\":null}", "s,,false,,,,");
    assert_event("{\"i\":\"caf\\u00e9\\n\"}", "caf\xc3\xa9\n,,,,,,");
    assert_event("{\"i\":\"s\",\"x\":{\"i\":[1,2.5,{}]},\"t\":1.5}", "s,,,,,,");
    assert_event("{\"i\":9223372036854775807,\"p\":-9223372036854775808,"
                 "\"e\":-9223372036854775808,\"k\":-9223372036854775808,"
                 "\"a\":-9223372036854775808,\"u\":-9223372036854775808,"
                 "\"v\":-9223372036854775808,\"d\":-9223372036854775808}",
                 "9223372036854775807,-9223372036854775808,-9223372036854775808,"
                 "-9223372036854775808,-9223372036854775808,-9223372036854775808,"
                 "-9223372036854775808");
    assert_event("{\"i\":null,\"site\":\"s\",\"p\":null,\"path\":null,\"url\":\"/a\"}",
                 "s,/a,,,,,");
    assert_event("{\"i\":1.5}", "bad");
    assert_event("{\"i\":[\"s\"]}", "bad");
    assert_event("{\"i\":{}}", "bad");
    assert_event("[1]", "bad");
    assert_event("[null]", "bad");
    assert_event("[[{\"i\":\"s\"}]]", "bad");
}

static void a_query_has_names_of_its_own(void **state)
{
    (void)state;
    assert_event("{\"kind\":\"query\",\"text\":\"SELECT 1\",\"name\":\"db\"}",
                 ",SELECT 1,db,query,,,");
    assert_event("{\"kind\":\"v\",\"text\":\"a\",\"ms\":{}}", ",,,v,,,");
    must_take("{\"k\":\"query\",\"ms\":12.5}", "12");
    must_take("{\"k\":\"query\",\"ms\":\"1.5\"}", "1.5");
    must_take("{\"ms\":12}", "");
}

static void attention_may_be_any_number(void **state)
{
    static const char *const rows[][2] = {
        {"{\"d\":1500}", "1500"},
        {"{\"engaged\":1500}", "1500"},
        {"{\"engaged\":1,\"d\":2}", "2"},
        {"{\"d\":1500.98}", "1500"},
        {"{\"d\":0.5}", "0"},
        {"{\"d\":-0.5}", "0"},
        {"{\"d\":-1e300}", "0"},
        {"{\"d\":1e300}", "240000"},
        {"{\"d\":\"1500.9\"}", "1500.9"},
        {"{\"d\":null,\"engaged\":3}", "3"},
        {"{\"d\":true}", "true"},
        {"{\"d\":[]}", NULL},
        {"{\"d\":{}}", NULL},
        {"d=1500&engaged=7", "1500"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice body = guarded(slice_of(rows[i][0]));
        struct batch b;
        bool good;

        assert_int_equal(batch_open(&b, body), BEACON_OK);
        good = batch_get(&b, body, 0, &beacon) == BEACON_OK;
        if (good != (rows[i][1] != NULL) ||
            (good && !slice_eq(beacon.engaged, slice_of(rows[i][1]))))
            fail_msg("%s", rows[i][0]);
        batch_fini(&b);
    }
}

static void when_it_was_sent_is_a_text_or_a_whole_number_or_left_out(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"i=s&_=1790000000000&v=t", "1790000000000"},
        {"i=s&_=", ""},
        {"i=s", ""},
        {"{\"i\":\"s\",\"_\":1790000000000}", "1790000000000"},
        {"{\"i\":\"s\",\"_\":\"179\"}", "179"},
        {"{\"i\":\"s\",\"sent\":179}", "179"},
        {"{\"i\":\"s\",\"_\":1,\"sent\":2}", "1"},
        {"{\"i\":\"s\",\"_\":179.5}", ""},
        {"{\"i\":\"s\",\"_\":[]}", ""},
        {"{\"i\":\"s\",\"_\":null}", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice body = guarded(slice_of(rows[i].text));
        struct batch b;

        assert_int_equal(batch_open(&b, body), BEACON_OK);
        assert_int_equal(batch_get(&b, body, 0, &beacon), BEACON_OK);
        assert_true(slice_eq(beacon.sent, slice_of(rows[i].want)));
        batch_fini(&b);
    }
}

static void the_first_event_says_whose_token_a_batch_needs(void **state)
{
    static const struct {
        const char *text, *want; /* NULL: it names none */
    } rows[] = {
        {"i=shop&p=/", "shop"},
        {"p=/", NULL},
        {"i=no+site", NULL},
        {"{\"i\":\"shop\"}", "shop"},
        {"[{\"site\":\"shop\"},{\"i\":\"blog\"}]", "shop"},
        {"{\"hits\":[{\"i\":\"shop\"}]}", "shop"},
        {"[{\"p\":\"/\"},{\"i\":\"shop\"}]", NULL},
        {"[7]", NULL},
        {"[]", NULL},
        {"{\"i\":7}", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice body = guarded(slice_of(rows[i].text)), site;
        struct batch b;

        assert_int_equal(batch_open(&b, body), BEACON_OK);
        assert_int_equal(batch_site(&b, body, &site), rows[i].want != NULL);
        if (rows[i].want)
            assert_true(slice_eq(site, slice_of(rows[i].want)));
        batch_fini(&b);
    }
}

static void one_bad_event_does_not_spoil_the_others(void **state)
{
    struct slice body = guarded(
        SLICE("[{\"i\":\"a\"},7,{\"i\":{}},{\"i\":\"b\"},{\"i\":\"c\",\"p\":\"/\"}]"));
    static const char *const want[] = {"a,,,,,,", "bad", "bad", "b,,,,,,", "c,/,,,,,"};
    struct batch b;

    (void)state;
    assert_int_equal(batch_open(&b, body), BEACON_OK);
    assert_int_equal(b.n, 5);
    assert_true(b.is_json);
    for (size_t i = 0; i < b.n; i++)
        assert_string_equal(fields(&b, body, i), want[i]);
    batch_fini(&b);
}

static void what_is_no_strict_json_is_refused(void **state)
{
    static const char *const row[] = {
        "{",
        "[",
        "{]",
        "[}",
        "{\"i\"}",
        "{\"i\":}",
        "{\"i\":\"s\"",
        "{\"i\":\"s\"}x",
        "{\"i\":\"s\"}{}",
        "{\"i\":\"s\",}",
        "[{},]",
        "{'i':'s'}",
        "{i:\"s\"}",
        "{\"i\":\"s\",\"i\":\"t\"}",
        "{\"i\":\"\\u0000\"}",
        "{\"i\":\"\\ud800\"}",
        "{\"i\":\"\xff\"}",
        "{\"i\":\"\xc0\xaf\"}",
        "{\"i\":\"\xed\xa0\x80\"}",
        "{\"i\":\"a\nb\"}",
        "{\"i\":NaN}",
        "{\"i\":1e999}",
        "{\"i\":01}",
        "{\"i\":99999999999999999999}",
        "{\"i\":\"s\"}//",
        "{\"\\u0000\":1}",
        "{\"i\":\"s",
        "{\"i\":tru",
        "{\"i\":\"\\u12",
    };
    struct slice nul = SLICE("{\"i\":\"s\"}\0");
    size_t n;

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        if (open_and_close(slice_of(row[i]), &n) != BEACON_BAD_BODY)
            fail_msg("\"%s\" was taken", row[i]);
    assert_int_equal(open_and_close(nul, &n), BEACON_BAD_BODY);
}

/* "[{},{},...]" of @n events in @out. */
static struct slice events(char *out, unsigned n)
{
    char *p = out;

    *p++ = '[';
    for (unsigned i = 0; i < n; i++)
        p = stpcpy(p, i ? ",{}" : "{}");
    *p++ = ']';
    return (struct slice){out, (size_t)(p - out)};
}

static void a_batch_has_500_events(void **state)
{
    static char text[HTTP_BODY_MAX];
    size_t n;

    (void)state;
    assert_int_equal(open_and_close(events(text, 0), &n), BEACON_OK);
    assert_int_equal(n, 0);
    assert_int_equal(open_and_close(events(text, BATCH_MAX), &n), BEACON_OK);
    assert_int_equal(n, BATCH_MAX);
    assert_int_equal(open_and_close(events(text, BATCH_MAX + 1), &n), BEACON_TOO_MANY);
    assert_int_equal(open_and_close(events(text, HTTP_BODY_MAX / 3 - 1), &n),
                     BEACON_TOO_MANY);
}

/* The whole body opens something and nothing closes it. */
static void a_deep_body_is_refused_and_not_a_crash(void **state)
{
    static char text[HTTP_BODY_MAX];
    size_t n;

    (void)state;
    memset(text, '[', sizeof text);
    assert_int_equal(open_and_close((struct slice){text, sizeof text}, &n),
                     BEACON_BAD_BODY);
    for (size_t i = 0; i + 5 <= sizeof text; i += 5)
        memcpy(text + i, "{\"i\":", 5);
    assert_int_equal(open_and_close((struct slice){text, sizeof text / 5 * 5}, &n),
                     BEACON_BAD_BODY);
    memset(text, '[', 2000);
    memset(text + 2000, ']', 2000);
    assert_int_equal(open_and_close((struct slice){text, 4000}, &n), BEACON_OK);
    memset(text, '[', sizeof text / 2);
    memset(text + sizeof text / 2, ']', sizeof text / 2);
    assert_int_equal(open_and_close((struct slice){text, sizeof text}, &n),
                     BEACON_BAD_BODY);
}

static void a_form_has_4096_bytes(void **state)
{
    static char text[HTTP_REQUEST_LINE_MAX + 1];
    size_t n;

    (void)state;
    memset(text, 'a', sizeof text);
    assert_int_equal(open_and_close((struct slice){text, sizeof text - 1}, &n),
                     BEACON_OK);
    assert_int_equal(open_and_close((struct slice){text, sizeof text}, &n),
                     BEACON_BAD_BODY);
    memset(text, 0, sizeof text);
    text[10] = '{'; /* a NUL is no blank: this is a form */
    assert_int_equal(open_and_close((struct slice){text, 20}, &n), BEACON_OK);
}

static void what_was_read_from_json_needs_no_body(void **state)
{
    struct slice body = guarded(SLICE("[{\"i\":\"site\",\"p\":\"/a\"}]"));
    struct batch b;

    (void)state;
    assert_int_equal(batch_open(&b, body), BEACON_OK);
    memset((char *)body.p, 'x', body.n);
    assert_string_equal(fields(&b, body, 0), "site,/a,,,,,");
    batch_fini(&b);
}

static void a_prefix_of_a_body_never_reads_past_its_end(void **state)
{
    struct slice whole = SLICE(" {\"hits\":[{\"i\":\"s\\u00e9\",\"p\":\"/"
                               "a\\ud83d\\ude00\",\"e\":true,\"v\":12}]}");
    size_t n;

    (void)state;
    for (size_t i = 0; i < whole.n; i++)
        assert_int_equal(open_and_close((struct slice){whole.p, i}, &n),
                         i < 2 ? BEACON_OK : BEACON_BAD_BODY);
    assert_int_equal(open_and_close(whole, &n), BEACON_OK);
}

/* Which site the first query of @text names; NULL: there is no query. */
static void must_find(const char *text, const char *want)
{
    struct slice body = guarded(slice_of(text)), site;
    struct batch b;
    bool found;

    assert_int_equal(batch_open(&b, body), BEACON_OK);
    found = batch_queries(&b, body, &site);
    if (found != (want != NULL) || (found && !slice_eq(site, slice_of(want))))
        fail_msg("%s: \"%.*s\"", text, found ? (int)site.n : 0, site.p);
    batch_fini(&b);
}

static void queries_are_found_by_their_kind(void **state)
{
    (void)state;
    must_find("i=a&p=/&k=v", NULL);
    must_find("i=a&p=/&e=query", NULL);
    must_find("i=a&k=query&p=SELECT+1&d=3", "a");
    must_find("k=query", "");
    must_find("", NULL);
    must_find("[]", NULL);
    must_find("[1,null,{}]", NULL);
    must_find("{\"i\":\"a\",\"k\":\"query\"}", "a");
    must_find("{\"kind\":\"query\",\"site\":7}", "");
    must_find("[{\"i\":\"b\"},{\"site\":\"a\",\"kind\":\"query\"}]", "a");
    must_find("{\"hits\":[{\"i\":\"a\",\"k\":\"v\"}]}", NULL);
    must_find("{\"hits\":[7,{\"i\":\"a\",\"k\":\"query\"}]}", "a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_form_is_one_event),
        cmocka_unit_test(json_names_are_letters_or_words),
        cmocka_unit_test(json_values_are_text_numbers_or_flags),
        cmocka_unit_test(a_query_has_names_of_its_own),
        cmocka_unit_test(attention_may_be_any_number),
        cmocka_unit_test(when_it_was_sent_is_a_text_or_a_whole_number_or_left_out),
        cmocka_unit_test(the_first_event_says_whose_token_a_batch_needs),
        cmocka_unit_test(one_bad_event_does_not_spoil_the_others),
        cmocka_unit_test(what_is_no_strict_json_is_refused),
        cmocka_unit_test(a_batch_has_500_events),
        cmocka_unit_test(a_deep_body_is_refused_and_not_a_crash),
        cmocka_unit_test(a_form_has_4096_bytes),
        cmocka_unit_test(what_was_read_from_json_needs_no_body),
        cmocka_unit_test(a_prefix_of_a_body_never_reads_past_its_end),
        cmocka_unit_test(queries_are_found_by_their_kind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
