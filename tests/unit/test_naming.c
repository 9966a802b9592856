/* What may be a base path and a name, and that the default ones are not what blockers
 * look for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <regex.h>

#include <cmocka.h>

#include "../../collector/naming.h"

static char err[256];

static int name(const char *base, const char *pixel, const char *events,
                const char *script)
{
    struct naming n;

    *err = '\0';
    return naming_init(&n, base, pixel, events, script, err, sizeof err);
}

static void a_base_path_is_made_of_plain_segments(void **state)
{
    static const char *const good[] = {"", "/", "/stats", "/stats/", "/a/b.c/d_e~f-g/"};
    static const char *const bad[] = {"stats", "//",     "/a//b",     "/a/../b",
                                      "/.",    "/a b",   "/a%20b",    "/:id",
                                      "/\"",   "/a\r\n", "/\xc3\xa9", "/stats//"};
    char wide[NAMING_BASE_MAX + 3];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (name(good[i], NULL, NULL, NULL) < 0)
            fail_msg("\"%s\": %s", good[i], err);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (name(bad[i], NULL, NULL, NULL) == 0)
            fail_msg("taken: \"%s\"", bad[i]);
    memset(wide, 'a', sizeof wide - 1);
    for (size_t i = 0; i < sizeof wide; i += NAMING_NAME_MAX / 2)
        wide[i] = '/';
    wide[NAMING_BASE_MAX] = '\0';
    assert_int_equal(name(wide, NULL, NULL, NULL), 0);
    wide[NAMING_BASE_MAX] = 'a';
    wide[NAMING_BASE_MAX + 1] = '\0';
    assert_int_equal(name(wide, NULL, NULL, NULL), -1);
}

static void a_name_is_one_segment_and_the_mistake_names_its_option(void **state)
{
    (void)state;
    assert_int_equal(name("", "dot.gif", "in", "app.js"), 0);
    assert_int_equal(name("", "a/b.gif", "", ""), -1);
    assert_non_null(strstr(err, "--pixel-name a/b.gif"));
    assert_int_equal(name("", "..", "", ""), -1);
    assert_int_equal(name("", "x", "x", ""), -1);
    assert_non_null(strstr(err, "--event-name"));
    assert_int_equal(name("", "", "", "app"), -1);
    assert_non_null(strstr(err, "--script-name"));
    assert_int_equal(name("", "", "", ".js"), -1);
    assert_int_equal(name("/a?b", "", "", ""), -1);
    assert_non_null(strstr(err, "--base-path"));
}

static void must_collide(const char *pixel, const char *events, const char *script,
                         const char *option)
{
    if (name("", pixel, events, script) == 0)
        fail_msg("taken: %s %s %s", pixel, events, script);
    if (strncmp(err, option, strlen(option)) != 0 || strstr(err, "has that name") == NULL)
        fail_msg("%s", err);
}

static void a_name_is_refused_when_something_else_has_it(void **state)
{
    static const char *const ours[] = {"widget.js",  "widget.0123456789abcdef.js",
                                       "demo",       "demo.js",
                                       "demo.css",   "icon.svg",
                                       "robots.txt", "livez",
                                       "readyz",     "sites"};

    (void)state;
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        must_collide(ours[i], "", "", "--pixel-name ");
        must_collide("", ours[i], "", "--event-name ");
    }
    must_collide("", "", "widget.js", "--script-name widget.js: ");
    must_collide("", "", "demo.js", "--script-name demo.js: ");
    must_collide("x", "x", "", "--event-name x: ");
    must_collide("e", "", "", "--event-name e: ");
    must_collide("", "hc.gif", "", "--event-name hc.gif: ");
    must_collide("", "hc.js", "", "--event-name hc.js: ");
    must_collide("", "hc.src.js", "", "--event-name hc.src.js: ");
    must_collide("hc.0123456789abcdef.js", "", "", "--pixel-name ");
    must_collide("a.b.src.js", "", "a.b.js", "--pixel-name ");
    assert_int_equal(name("", "hc.png", "hc.json", ""), 0);
    assert_int_equal(name("", "hc.js", "e.js", "a.js"), 0); /* nobody has it any more */
    assert_int_equal(name("", "hcx.js", "widget", "widgets.js"), 0);
}

static void what_is_not_named_is_called_by_default(void **state)
{
    struct naming n;

    (void)state;
    assert_int_equal(naming_init(&n, "/", "", NULL, NULL, err, sizeof err), 0);
    assert_int_equal(n.base.n, 0);
    assert_true(slice_eq(n.pixel, SLICE("hc.gif")));
    assert_true(slice_eq(n.events, SLICE("e")));
    assert_true(slice_eq(n.script, SLICE("hc.js")));
    assert_true(slice_eq(naming_stem(&n), SLICE("hc")));
    assert_int_equal(naming_init(&n, "/a/", "", "", "b.c.js", err, sizeof err), 0);
    assert_true(slice_eq(n.base, SLICE("/a")));
    assert_true(slice_eq(naming_stem(&n), SLICE("b.c")));
}

/* Patterns that users of other programs reported as listed by blockers. */
static void the_default_names_are_on_no_list(void **state)
{
    static const char *const patterns[] = {
        "://stats\\..*/script\\.js$",
        "://analytics\\..*/collect",
        "/umami\\.js",
        "/plausible\\.js",
        "tracker\\.js",
        "^https?://[-.0-9a-z]+/script\\.js$",
        "/piwik",
        "/matomo",
        "/(js|static)/(analytics|stats)",
        "/count\\.js",
        "[/._-](pixel|track(er|ing)?|beacon|collect|analytics|stats?)[/._?-]",
    };
    static const char *const paths[] = {"/hc.js", "/hc.src.js", "/hc.0123456789abcdef.js",
                                        "/hc.gif?i=shop&k=v", "/e"};
    static const char *const hosts[] = {"https://stats.example.com",
                                        "https://example.com", "https://hc.example.com"};
    char address[256];
    regex_t re;

    (void)state;
    for (size_t p = 0; p < sizeof patterns / sizeof patterns[0]; p++) {
        assert_int_equal(regcomp(&re, patterns[p], REG_EXTENDED | REG_NOSUB), 0);
        for (size_t h = 0; h < sizeof hosts / sizeof hosts[0]; h++)
            for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
                snprintf(address, sizeof address, "%s%s", hosts[h], paths[i]);
                if (p == sizeof patterns / sizeof patterns[0] - 1)
                    snprintf(address, sizeof address, "%s", paths[i]);
                if (regexec(&re, address, 0, NULL, 0) == 0)
                    fail_msg("%s matches %s", address, patterns[p]);
            }
        regfree(&re);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_base_path_is_made_of_plain_segments),
        cmocka_unit_test(a_name_is_one_segment_and_the_mistake_names_its_option),
        cmocka_unit_test(a_name_is_refused_when_something_else_has_it),
        cmocka_unit_test(what_is_not_named_is_called_by_default),
        cmocka_unit_test(the_default_names_are_on_no_list),
    };

    return cmocka_run_group_tests_name("naming", tests, NULL, NULL);
}
