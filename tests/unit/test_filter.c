/* A filter takes what all of it asks for, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../cli/filter.h"
#include "../guard.h"

static const struct sighting view = {{"pageview", 8}, {"/order/7", 8}, {"", 0}, 1, 0};
static const struct sighting buy = {{"event", 5}, {"/order/7", 8}, {"buy", 3}, 1, 0};
static const struct sighting hello = {
    {"message", 7}, {"/order is out", 13}, {"bot", 3}, 1, 0};

static void assert_takes(const struct filter *f, bool v, bool b, bool h)
{
    assert_int_equal(filter_takes(f, &view), v);
    assert_int_equal(filter_takes(f, &buy), b);
    assert_int_equal(filter_takes(f, &hello), h);
}

static void an_open_one_takes_everything(void **state)
{
    const struct filter f = {0};

    (void)state;
    assert_true(filter_is_open(&f));
    assert_takes(&f, true, true, true);
}

static void kinds_are_or_ed(void **state)
{
    const struct filter one = {.kinds = {{"view"}, 1}};
    const struct filter two = {.kinds = {{"event", "message"}, 2}};
    const struct filter wrong = {.kinds = {{"view", "pageview"}, 2}};
    char err[128];

    (void)state;
    assert_takes(&one, true, false, false);
    assert_takes(&two, false, true, true);
    assert_false(filter_is_open(&one));
    assert_int_equal(filter_check(&two, err, sizeof err), 0);
    assert_int_equal(filter_check(&wrong, err, sizeof err), -1);
    assert_non_null(strstr(err, "--kind \"pageview\""));
}

static void a_path_is_a_beginning_or_a_pattern(void **state)
{
    (void)state;
    assert_takes(&(struct filter){.path = "/order"}, true, true, false);
    assert_takes(&(struct filter){.path = "/orders"}, false, false, false);
    assert_takes(&(struct filter){.path = "*/7"}, true, true, false);
    assert_takes(&(struct filter){.path = "/order/*8"}, false, false, false);
}

static void names_are_whole_and_texts_are_parts(void **state)
{
    (void)state;
    assert_takes(&(struct filter){.name = "buy"}, false, true, false);
    assert_takes(&(struct filter){.name = "bu"}, false, false, false);
    assert_takes(&(struct filter){.name = "bot"}, false, false, true);
    assert_takes(&(struct filter){.grep = "is out"}, false, false, true);
    assert_takes(&(struct filter){.grep = "uy"}, false, true, false);
    assert_takes(&(struct filter){.grep = "uy", .path = "/x"}, false, false, false);
}

static void a_star_stands_for_any_text(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool want;
    } rows[] = {
        {"", "", true},
        {"*", "", true},
        {"", "a", false},
        {"a", "a", true},
        {"a", "ab", false},
        {"a*", "a", true},
        {"a*", "abc", true},
        {"*c", "abc", true},
        {"*b", "abc", false},
        {"a*c", "ac", true},
        {"a*c", "abcbc", true},
        {"a*c", "abcb", false},
        {"**a", "a", true},
        {"*ab*", "xxaabyy", true},
        {"*ab*ab*", "abab", true},
        {"*ab*ab*", "aba", false},
        {"a*b*c", "aXbXbXc", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n = strlen(rows[i].pattern), m = strlen(rows[i].text);
        struct slice pattern = {guard_copy(rows[i].pattern, n), n};
        struct slice text = {guard_copy(rows[i].text, m), m};

        if (pattern_matches(pattern, text) != rows[i].want)
            fail_msg("%s %s", rows[i].pattern, rows[i].text);
    }
}

/* 40 stars before a letter that is not there would take a careless matcher for ever. */
static void no_pattern_is_slow(void **state)
{
    char pattern[81], text[2000];

    (void)state;
    for (size_t i = 0; i < 80; i += 2)
        memcpy(pattern + i, "*a", 2);
    pattern[80] = 'b';
    memset(text, 'a', sizeof text);
    assert_false(
        pattern_matches((struct slice){pattern, 81}, (struct slice){text, sizeof text}));
}

static void queries_are_a_kind_and_on_no_path(void **state)
{
    static const struct sighting query = {
        {"query", 5}, {"/* a */ SELECT 1", 16}, {"db", 2}, 1, 12};
    struct filter f = {.kinds = {.v = {"query"}, .n = 1}};
    char err[100];

    (void)state;
    assert_int_equal(filter_check(&f, err, sizeof err), 0);
    assert_true(filter_takes(&f, &query));
    assert_takes(&f, false, false, false);
    f = (struct filter){.path = "/"};
    assert_false(filter_takes(&f, &query));
    f = (struct filter){.grep = "SELECT", .name = "db"};
    assert_true(filter_takes(&f, &query));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_open_one_takes_everything),
        cmocka_unit_test(kinds_are_or_ed),
        cmocka_unit_test(a_path_is_a_beginning_or_a_pattern),
        cmocka_unit_test(names_are_whole_and_texts_are_parts),
        cmocka_unit_test(a_star_stands_for_any_text),
        cmocka_unit_test(no_pattern_is_slow),
        cmocka_unit_test(queries_are_a_kind_and_on_no_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
