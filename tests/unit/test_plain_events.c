/* Events that are read without jansson: which are, and that it makes no difference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../collector/plain_events.h"
#include "../dice.h"
#include "../events_agree.h"
#include "../guard.h"

static bool is_plain(const char *text)
{
    struct plain_events *e =
        plain_events_read((struct slice){guard_copy(text, strlen(text)), strlen(text)});

    plain_events_free(e);
    return e != NULL;
}

static void what_pages_send_is_plain(void **state)
{
    static const char *const row[] = {
        "[]",
        " [ ] ",
        "{}",
        "[{},{ }]",
        "{\"hits\":[]}",
        "{ \"hits\" : [ { \"i\" : \"s\" } , {\"i\":\"t\"} ] }\r\n",
        "{\"i\":\"s\",\"p\":\"/caf\xc3\xa9\",\"t\":\"\xf0\x9f\x98\x80\x7f\",\"d\":-12}",
        "[{\"i\":\"s\",\"v\":0,\"e\":true,\"a\":false,\"u\":null,\"\":1,\"n\":2}]",
        "{\"d\":999999999999999999}",
        "{\"i\":null,\"site\":\"s\"}",
        "{\"1\":1,\"2\":1,\"3\":1,\"4\":1,\"5\":1,\"6\":1,\"7\":1,\"8\":1}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        if (!is_plain(row[i]))
            fail_msg("%s", row[i]);
}

static void all_else_is_left_to_jansson(void **state)
{
    static const char *const row[] = {
        "",
        "[",
        "[{}",
        "[{},]",
        "[{}]x",
        "[{}] []",
        "[7]",
        "{\"i\"}",
        "{\"i\":}",
        "{\"i\":\"s\"",
        "{\"i\":\"s\",}",
        "{\"i\":\"a\\n\"}",
        "{\"i\":\"a\n\"}",
        "{\"\\u0069\":\"a\"}",
        "{\"p\":\"\xff\"}",
        "{\"p\":\"\xed\xa0\x80\"}",
        "{\"p\":\"\xc3\"}",
        "{\"d\":1.5}",
        "{\"d\":1e2}",
        "{\"d\":-}",
        "{\"d\":-0}",
        "{\"d\":01}",
        "{\"d\":1000000000000000000}",
        "{\"d\":truer}",
        "{\"d\":[]}",
        "{\"i\":7}",
        "{\"i\":\"a\",\"i\":\"b\"}",
        "{\"x\":1,\"x\":2}",
        "{\"hits\":[],\"i\":\"a\"}",
        "{\"i\":\"a\",\"hits\":[]}",
        "{\"hits\":1}",
        "{\"hits\":[{\"i\":\"a\"}],\"x\":1}",
        "[{\"hits\":1}]",
        "{\"k\":\"query\"}",
        "{\"kind\":\"query\"}",
        "{\"1\":1,\"2\":1,\"3\":1,\"4\":1,\"5\":1,\"6\":1,\"7\":1,\"8\":1,\"9\":1}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        if (is_plain(row[i]))
            fail_msg("%s", row[i]);
}

/* ---- the same as jansson ---- */

/* Returns whether @text was plain. */
static bool compare(struct slice text)
{
    bool was_plain;
    const char *how = events_differ(text, &was_plain);

    if (how)
        fail_msg("%.*s: %s", (int)text.n, text.p, how);
    return was_plain;
}

static char *put_event(struct dice *d, char *p)
{
    static const char *const names[] = {
        "i", "p",    "k",    "e",    "u",     "v",    "a",    "d",     "t",
        "r", "q",    "_",    "site", "path",  "url",  "kind", "event", "name",
        "x", "user", "view", "sent", "state", "text", "ms",   "title", "utm_term"};
    static const char *const values[] = {"\"s\"",
                                         "\"query\"",
                                         "\"/caf\xc3\xa9\"",
                                         "\"\"",
                                         "\"a long text, longer than a word\"",
                                         "\"\\u00e9\"",
                                         "0",
                                         "-7",
                                         "1500",
                                         "12.5",
                                         "true",
                                         "false",
                                         "null",
                                         "null",
                                         "[]"};
    unsigned n = (unsigned)dice_below(d, 8);

    *p++ = '{';
    for (unsigned i = 0; i < n; i++)
        p += sprintf(p, "%s\"%s\":%s", i ? "," : "",
                     names[dice_below(d, sizeof names / sizeof *names)],
                     values[dice_below(d, sizeof values / sizeof *values - 1)]);
    *p++ = '}';
    return p;
}

/* A text of events, of which now and then a byte is another. */
static struct slice events(struct dice *d, char *text)
{
    static const char bytes[] = "{}[]\",:\\ \n01-.eaih\xc3\xa9\x80\x1f\x7f";
    unsigned n = (unsigned)dice_below(d, 4), form = (unsigned)dice_below(d, 3);
    char *p = form == 0 ? text : stpcpy(text, form == 1 ? "[" : "{\"hits\":[");

    for (unsigned i = 0; i < n || (form == 0 && i < 1); i++) {
        if (i > 0)
            *p++ = ',';
        p = put_event(d, p);
        if (form == 0)
            break;
    }
    p = form == 0 ? p : stpcpy(p, form == 1 ? "]" : "]}");
    for (unsigned i = (unsigned)dice_below(d, 3); i > 0; i--)
        text[dice_below(d, (uint64_t)(p - text))] =
            bytes[dice_below(d, sizeof bytes - 1)];
    return (struct slice){text, (size_t)(p - text)};
}

static void plain_events_are_what_jansson_makes_of_them(void **state)
{
    static char text[4096];
    struct dice d = {1};
    unsigned plain = 0;

    (void)state;
    for (int i = 0; i < 60000; i++) {
        struct slice made = events(&d, text);

        plain += compare((struct slice){guard_copy(made.p, made.n), made.n});
    }
    assert_in_range(plain, 8000, 48000); /* both are tried */
}

static void a_cut_batch_is_never_plain(void **state)
{
    struct slice whole =
        SLICE("{\"hits\":[{\"i\":\"s\",\"p\":\"/\xc3\xa9\",\"d\":12,\"e\":true}]}");

    (void)state;
    for (size_t i = 0; i < whole.n; i++)
        assert_null(plain_events_read((struct slice){guard_copy(whole.p, i), i}));
    assert_true(compare(whole));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_pages_send_is_plain),
        cmocka_unit_test(all_else_is_left_to_jansson),
        cmocka_unit_test(plain_events_are_what_jansson_makes_of_them),
        cmocka_unit_test(a_cut_batch_is_never_plain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
