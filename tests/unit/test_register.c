/* The register: which sites count, by their names, and by who sent what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../collector/beacon.h"
#include "../../collector/admission/register.h"
#include "../guard.h"

static const unsigned char key[SITE_MAP_KEY_BYTES] = "sixteen bytes of";

static struct slice guarded(const char *text)
{
    size_t n = strlen(text);

    return (struct slice){guard_copy(text, n), n};
}

/* One of the site shop, with @lines; of the site plain, with nothing set. */
static struct site_register *shop(const char *lines)
{
    struct site_register *r = register_new(2, key);

    assert_int_equal(registered_set(register_add(r, SLICE("shop")), guarded(lines)), 0);
    assert_non_null(register_add(r, SLICE("plain")));
    return r;
}

static enum admission judge(const struct site_register *r, const char *site,
                            const char *origin, const char *referer)
{
    struct beacon_sender from = {.origin = guarded(origin), .referer = guarded(referer)};

    return register_judge(r, false, guarded(site), &from);
}

static void only_sites_that_were_added_count(void **state)
{
    struct site_register *r = shop("");

    (void)state;
    assert_int_equal(judge(r, "shop", "", ""), ADMITTED);
    assert_int_equal(judge(r, "plain", "https://any.example", ""), ADMITTED);
    assert_int_equal(judge(r, "Shop", "", ""), REFUSED_SITE);
    assert_int_equal(judge(r, "sho", "", ""), REFUSED_SITE);
    assert_int_equal(judge(r, "shops", "", ""), REFUSED_SITE);
    assert_int_equal(register_judge(r, false, SLICE("other"), NULL), REFUSED_SITE);
    register_drop(r);
}

static void any_site_counts_while_it_is_open_or_nothing_is_known(void **state)
{
    struct site_register *r = register_new(0, key);

    (void)state;
    assert_int_equal(register_judge(r, false, SLICE("shop"), NULL), REFUSED_SITE);
    assert_int_equal(register_judge(r, true, SLICE("shop"), NULL), ADMITTED);
    assert_int_equal(register_judge(NULL, false, SLICE("shop"), NULL), ADMITTED);
    register_drop(r);
}

static void pages_of_other_origins_are_refused(void **state)
{
    static const struct {
        const char *origin, *referer;
        enum admission is;
    } rows[] = {
        {"https://shop.example", "", ADMITTED},
        {"https://www.shop.example", "", ADMITTED},
        {"", "https://shop.example/cart?x=1", ADMITTED},
        {"https://shop.example", "https://evil.example/", ADMITTED},
        {"", "", ADMITTED},
        {"null", "", ADMITTED},
        {"null", "https://shop.example/", ADMITTED},
        {"null", "https://evil.example/", REFUSED_ORIGIN},
        {"https://evil.example", "", REFUSED_ORIGIN},
        {"https://evil.example", "https://shop.example/", REFUSED_ORIGIN},
        {"", "https://evil.example/https://shop.example/", REFUSED_ORIGIN},
        {"", "https://shop.example@evil.example/", REFUSED_ORIGIN},
        {"", "https://user@shop.example/", REFUSED_ORIGIN},
        {"https://shop.example.evil.example", "", REFUSED_ORIGIN},
        {"https://shop.example:8443", "", REFUSED_ORIGIN},
        {"http://shop.example", "", REFUSED_ORIGIN},
        {"NULL", "", REFUSED_ORIGIN},
        {"https://*.shop.example", "", REFUSED_ORIGIN},
        {"", "about:blank", REFUSED_ORIGIN},
    };
    struct site_register *r = shop("\nhttps://shop.example\nhttps://*.shop.example");

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (judge(r, "shop", rows[i].origin, rows[i].referer) != rows[i].is)
            fail_msg("%s %s", rows[i].origin, rows[i].referer);
    assert_int_equal(judge(r, "plain", "https://evil.example", ""), ADMITTED);
    register_drop(r);
}

static void origins_hold_for_open_sites_too_but_not_for_who_has_a_token(void **state)
{
    struct site_register *r = shop("\nhttps://shop.example");
    struct beacon_sender from = {.origin = SLICE("https://evil.example")};

    (void)state;
    assert_int_equal(register_judge(r, true, SLICE("shop"), &from), REFUSED_ORIGIN);
    from.vouched = true;
    assert_int_equal(register_judge(r, true, SLICE("shop"), &from), ADMITTED);
    assert_int_equal(register_judge(r, true, SLICE("shop"), NULL), ADMITTED);
    register_drop(r);
}

static void who_opts_out_counts_unless_the_site_heeds_it(void **state)
{
    static const struct {
        const char *lines;
        enum admission is;
    } rows[] = {
        {"", ADMITTED},
        {"off", ADMITTED},
        {"heed", UNCOUNTED_OPTED_OUT},
        {"whatever this means", UNCOUNTED_OPTED_OUT},
        {"\nhttps://shop.example", ADMITTED},
        {"heed\nhttps://shop.example", UNCOUNTED_OPTED_OUT},
    };
    struct beacon_sender from = {.opts_out = true};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct site_register *r = shop(rows[i].lines);

        assert_int_equal(register_judge(r, false, SLICE("shop"), &from), rows[i].is);
        assert_int_equal(judge(r, "shop", "", ""), ADMITTED);
        register_drop(r);
    }
}

static void what_is_no_origin_or_one_too_many_is_left_out_alone(void **state)
{
    char lines[ORIGINS_MAX * 40] = "heed\nno origin\n\nhttps://b\xc3\xbc.example";
    struct site_register *r = register_new(1, key);
    size_t n = strlen(lines);

    (void)state;
    for (int i = 0; i <= ORIGINS_MAX; i++)
        n += (size_t)snprintf(lines + n, sizeof lines - n, "\nhttps://n%d.example", i);
    assert_int_equal(registered_set(register_add(r, SLICE("shop")), guarded(lines)), 4);
    assert_int_equal(judge(r, "shop", "https://n0.example", ""), ADMITTED);
    assert_int_equal(judge(r, "shop", "https://n15.example", ""), ADMITTED);
    assert_int_equal(judge(r, "shop", "https://n16.example", ""), REFUSED_ORIGIN);
    register_drop(r);
}

static void names_that_are_none_or_there_already_or_too_many_are_not_added(void **state)
{
    struct site_register *r = register_new(2, key);

    (void)state;
    assert_null(register_add(r, SLICE("")));
    assert_null(register_add(r, SLICE("..")));
    assert_null(register_add(r, SLICE("a b")));
    assert_non_null(register_add(r, SLICE("a")));
    assert_null(register_add(r, SLICE("a")));
    assert_non_null(register_add(r, SLICE("b")));
    assert_null(register_add(r, SLICE("c")));
    assert_int_equal(register_sites(r), 2);
    assert_true(slice_eq(register_name(r, 1), SLICE("b")));
    register_drop(r);
}

static void ten_thousand_sites_are_told_apart(void **state)
{
    struct site_register *r = register_new(SITES_MAX, key);
    char name[16];

    (void)state;
    for (int i = 0; i < SITES_MAX; i++) {
        struct registered *site;

        snprintf(name, sizeof name, "s%d", i);
        site = register_add(r, slice_of(name));
        assert_ptr_equal(site, register_at(r, (size_t)i));
        registered_set(site, i % 2 ? SLICE("\nhttps://shop.example") : SLICE(""));
    }
    for (int i = 0; i < SITES_MAX; i++) {
        snprintf(name, sizeof name, "s%d", i);
        assert_int_equal(judge(r, name, "https://evil.example", ""),
                         i % 2 ? REFUSED_ORIGIN : ADMITTED);
    }
    assert_int_equal(judge(r, "s10000", "", ""), REFUSED_SITE);
    register_drop(r);
}

static void it_stays_until_its_last_user_drops_it(void **state)
{
    struct site_register *r = shop("heed");

    (void)state;
    assert_ptr_equal(register_hold(r), r);
    register_drop(r);
    assert_int_equal(judge(r, "shop", "", ""), ADMITTED);
    register_drop(r);
    assert_null(register_hold(NULL));
    register_drop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_sites_that_were_added_count),
        cmocka_unit_test(any_site_counts_while_it_is_open_or_nothing_is_known),
        cmocka_unit_test(pages_of_other_origins_are_refused),
        cmocka_unit_test(origins_hold_for_open_sites_too_but_not_for_who_has_a_token),
        cmocka_unit_test(who_opts_out_counts_unless_the_site_heeds_it),
        cmocka_unit_test(what_is_no_origin_or_one_too_many_is_left_out_alone),
        cmocka_unit_test(names_that_are_none_or_there_already_or_too_many_are_not_added),
        cmocka_unit_test(ten_thousand_sites_are_told_apart),
        cmocka_unit_test(it_stays_until_its_last_user_drops_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
