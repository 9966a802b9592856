/* Cookies that dialects give, and whose a request's page is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../collector/dialects/host_site.h"
#include "../../collector/dialects/session.h"
#include "../guard.h"

#define NOW INT64_C(1763776800000)

static const uint8_t dice[SESSION_RANDOM] = {0x00, 0x11, 0xab, 0xff};

static struct slice guarded(const char *text)
{
    size_t n = strlen(text);

    return (struct slice){guard_copy(text, n), n};
}

static void a_minted_cookie_is_valid_and_looks_like_this(void **state)
{
    char out[SESSION_TEXT];
    struct slice value = session_mint(out, NOW, dice);

    (void)state;
    assert_true(slice_eq(value, SLICE("69211920-0011abff000000000000000000000000")));
    assert_true(session_valid(value));
    assert_true(value.n <= CLIENT_ID_MAX);
}

static void what_has_another_shape_is_no_cookie_of_ours(void **state)
{
    static const char *const bad[] = {
        "",
        "69211920",
        "69211920-",
        "69211920-0011abff00000000000000000000000",
        "69211920-0011abff0000000000000000000000000",
        "69211920-0011ABFF000000000000000000000000",
        "69211920_0011abff000000000000000000000000",
        "6921192--0011abff000000000000000000000000",
        "69211920-0011abff00000000000000000000000g",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (session_valid(guarded(bad[i])))
            fail_msg("%s", bad[i]);
}

static void a_cookie_is_young_for_two_minutes(void **state)
{
    char out[SESSION_TEXT];
    struct slice value = session_mint(out, NOW, dice);

    (void)state;
    assert_int_equal(session_minted(value), NOW / 1000 * 1000);
    assert_true(session_young(value, NOW));
    assert_true(session_young(value, NOW + 119999));
    assert_false(session_young(value, NOW + 120000));
    assert_true(session_young(value, NOW - 119999)); /* another host's clock */
    assert_false(session_young(value, NOW - 120000));
}

struct row {
    const char *cookies, *found;
};

static void a_cookie_is_found_among_others(void **state)
{
    static const struct row rows[] = {
        {"", ""},
        {"s=1", "1"},
        {"a=2; s=1; s=3", "1"},
        {"a=2;s=1", "1"},
        {"a=s=1; b=2", ""},
        {"as=1; sa=2", ""},
        {"s", ""},
        {"; ;s = x=y ;", "x=y"},
        {"S=1", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice found = session_find(guarded(rows[i].cookies), SLICE("s"));

        if (!slice_eq(found, slice_of(rows[i].found)))
            fail_msg("\"%s\" gives \"%.*s\"", rows[i].cookies, (int)found.n, found.p);
    }
}

static void a_page_is_foreign_when_its_origin_names_another_host(void **state)
{
    static const struct {
        const char *origin, *host;
        bool foreign;
    } rows[] = {
        {"", "shop.example", false},
        {"https://shop.example", "shop.example", false},
        {"http://Shop.Example:8080", "shop.example:8080", false},
        {"https://shop.example", "shop.example:8080", true},
        {"https://blog.example", "shop.example", true},
        {"https://shop.example.evil.example", "shop.example", true},
        {"https://xshop.example", "shop.example", true},
        {"null", "shop.example", true},
        {"https://", "shop.example", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (session_is_foreign(guarded(rows[i].origin), guarded(rows[i].host)) !=
            rows[i].foreign)
            fail_msg("%s at %s", rows[i].origin, rows[i].host);
}

static void a_site_is_named_in_the_query_or_by_the_host(void **state)
{
    static const struct {
        const char *query, *host, *site;
    } rows[] = {
        {"", "shop.example", "shop.example"},
        {"", "Shop.Example:8080", "shop.example"},
        {"i=blog", "shop.example", "blog"},
        {"x=1&i=bl%6fg", "shop.example", "blog"},
        {"i=", "shop.example:80", "shop.example"},
        {"", "192.0.2.7:80", "192.0.2.7"},
        {"", "[2001:db8::1]:80", "[2001:db8::1]"},
        {"", "[2001:db8::1]", "[2001:db8::1]"},
        {"", "", ""},
    };
    char out[HTTP_HEAD_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_request rq = {.query = guarded(rows[i].query),
                                  .host = guarded(rows[i].host)};
        struct slice site = host_site(&rq, out);

        if (!slice_eq(site, slice_of(rows[i].site)))
            fail_msg("?%s at %s gives %.*s", rows[i].query, rows[i].host, (int)site.n,
                     site.p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_minted_cookie_is_valid_and_looks_like_this),
        cmocka_unit_test(what_has_another_shape_is_no_cookie_of_ours),
        cmocka_unit_test(a_cookie_is_young_for_two_minutes),
        cmocka_unit_test(a_cookie_is_found_among_others),
        cmocka_unit_test(a_page_is_foreign_when_its_origin_names_another_host),
        cmocka_unit_test(a_site_is_named_in_the_query_or_by_the_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
