/* Origins: which texts are one, and which of them a pattern stands for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../proto/origin.h"
#include "../guard.h"

static struct slice guarded(const char *text)
{
    size_t n = strlen(text);

    return (struct slice){guard_copy(text, n), n};
}

static bool reads(const char *text, struct origin *o, char own[ORIGIN_MAX + 1])
{
    size_t n = 0;
    bool is_one = origin_read(o, guarded(text), own, &n);

    own[n] = '\0';
    return is_one;
}

static void an_origin_is_written_as_browsers_write_it(void **state)
{
    static const struct {
        const char *text, *is;
    } rows[] = {
        {"https://shop.example", "https://shop.example"},
        {"HTTPS://Shop.Example", "https://shop.example"},
        {"https://shop.example:443", "https://shop.example"},
        {"http://shop.example:80", "http://shop.example"},
        {"http://shop.example:443", "http://shop.example:443"},
        {"https://shop.example:8443", "https://shop.example:8443"},
        {"https://*.shop.example", "https://*.shop.example"},
        {"https://*.shop.example:65535", "https://*.shop.example:65535"},
        {"http://localhost:3000", "http://localhost:3000"},
        {"http://127.0.0.1:8080", "http://127.0.0.1:8080"},
        {"http://[2001:DB8::1]:8080", "http://[2001:db8::1]:8080"},
        {"https://xn--bcher-kva.example", "https://xn--bcher-kva.example"},
        {"https://a_b.example", "https://a_b.example"},
        {"capacitor://localhost", "capacitor://localhost"},
        {"app+x.y-1://host:80", "app+x.y-1://host:80"},
    };
    char own[ORIGIN_MAX + 1];
    struct origin o;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!reads(rows[i].text, &o, own))
            fail_msg("%s is refused", rows[i].text);
        assert_string_equal(own, rows[i].is);
    }
}

static void what_is_not_surely_an_origin_is_none(void **state)
{
    static const char *const rows[] = {"",
                                       "null",
                                       "shop.example",
                                       "//shop.example",
                                       "://shop.example",
                                       "https:/shop.example",
                                       "https://",
                                       "https://:443",
                                       "https://shop.example/",
                                       "https://shop.example?",
                                       "https://shop.example#",
                                       "https://shop.example.",
                                       "https://.shop.example",
                                       "https://shop..example",
                                       "https://*",
                                       "https://*.",
                                       "https://*shop.example",
                                       "https://a.*.shop.example",
                                       "https://*.*.shop.example",
                                       "https://*.[::1]",
                                       "https://user@shop.example",
                                       "https://user:pw@shop.example",
                                       "https://shop.example@evil.example",
                                       "https://evil.example\\@shop.example",
                                       "https://shop.example:",
                                       "https://shop.example:0",
                                       "https://shop.example:0443",
                                       "https://shop.example:65536",
                                       "https://shop.example:4294967739",
                                       "https://shop.example:44a",
                                       "https://shop.example:443:443",
                                       "https://[::1",
                                       "https://[]",
                                       "https://[::1]x",
                                       "https://[::1]:x",
                                       "https://[g::1]",
                                       "https://shop.example https://other.example",
                                       "https://shop.example\n",
                                       " https://shop.example",
                                       "https://b\xc3\xbc"
                                       "cher.example",
                                       "1https://shop.example",
                                       "h ttps://shop.example",
                                       "javascript:x//https://shop.example"};
    char own[ORIGIN_MAX + 1];
    struct origin o;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (reads(rows[i], &o, own))
            fail_msg("%s is taken", rows[i]);
}

static void an_origin_has_a_bound(void **state)
{
    char text[ORIGIN_MAX + 2] = "https://", own[ORIGIN_MAX + 1];
    struct origin o;

    (void)state;
    memset(text + 8, 'a', ORIGIN_MAX - 8);
    text[ORIGIN_MAX] = '\0';
    assert_true(reads(text, &o, own));
    text[ORIGIN_MAX] = 'a';
    assert_false(reads(text, &o, own));
}

static void a_pattern_stands_for_itself_or_all_below(void **state)
{
    static const struct {
        const char *pattern, *origin;
        bool is_meant;
    } rows[] = {
        {"https://shop.example", "https://shop.example", true},
        {"https://shop.example", "https://SHOP.example:443", true},
        {"https://shop.example", "http://shop.example", false},
        {"https://shop.example", "https://shop.example:8443", false},
        {"https://shop.example", "https://www.shop.example", false},
        {"https://shop.example", "https://shop.example.evil.example", false},
        {"https://shop.example", "https://evilshop.example", false},
        {"https://shop.example", "https://shop.exampl", false},
        {"https://*.shop.example", "https://www.shop.example", true},
        {"https://*.shop.example", "https://a.b.shop.example", true},
        {"https://*.shop.example", "https://shop.example", false},
        {"https://*.shop.example", "https://evilshop.example", false},
        {"https://*.shop.example", "https://www.shop.example.evil.example", false},
        {"https://*.shop.example", "https://www.shop.example:8443", false},
        {"https://*.shop.example", "http://www.shop.example", false},
        {"https://*.shop.example", "https://*.shop.example", false},
        {"https://*.shop.example:8443", "https://www.shop.example:8443", true},
    };
    char a[ORIGIN_MAX + 1], b[ORIGIN_MAX + 1];
    struct origin pattern, o;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(reads(rows[i].pattern, &pattern, a));
        assert_true(reads(rows[i].origin, &o, b));
        if (origin_matches(&pattern, &o) != rows[i].is_meant)
            fail_msg("%s and %s", rows[i].pattern, rows[i].origin);
    }
}

static void the_origin_of_a_page_ends_behind_its_host(void **state)
{
    static const struct {
        const char *url, *origin;
    } rows[] = {
        {"https://shop.example/a/b", "https://shop.example"},
        {"https://shop.example", "https://shop.example"},
        {"https://shop.example?u=https://evil.example/", "https://shop.example"},
        {"https://shop.example#/x", "https://shop.example"},
        {"https://user@shop.example/", "https://user@shop.example"},
        {"/page?u=https://shop.example/", "/page?u=https://shop.example"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_true(
            slice_eq(origin_of_url(guarded(rows[i].url)), slice_of(rows[i].origin)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_origin_is_written_as_browsers_write_it),
        cmocka_unit_test(what_is_not_surely_an_origin_is_none),
        cmocka_unit_test(an_origin_has_a_bound),
        cmocka_unit_test(a_pattern_stands_for_itself_or_all_below),
        cmocka_unit_test(the_origin_of_a_page_ends_behind_its_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
