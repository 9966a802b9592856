/* keys: the names to the letter, and which channels are ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../proto/keys.h"
#include "../aborts.h"
#include "../guard.h"

static struct slice guarded(const char *text)
{
    return (struct slice){guard_copy(text, strlen(text)), strlen(text)};
}

static void assert_name(struct key_name k, const char *expected)
{
    assert_string_equal(k.s, expected);
    assert_int_equal(k.n, strlen(expected));
}

static void the_names_are_as_documented(void **state)
{
    struct slice shop = guarded("shop");

    (void)state;
    assert_name(key_meta(shop), "hc:{shop}:m");
    assert_name(key_minute(shop, 29396280), "hc:{shop}:b:29396280");
    assert_name(key_minute(shop, 0), "hc:{shop}:b:0");
    assert_name(key_traits(shop, 29396280), "hc:{shop}:tr:29396280");
    assert_name(key_recent(shop), "hc:{shop}:r");
    assert_name(key_log(shop, 29396880), "hc:{shop}:l:29396880");
    assert_name(key_day(shop, 0), "hc:{shop}:d:19700101");
    assert_name(key_day(shop, 20000), "hc:{shop}:d:20241004");
    assert_name(key_day(shop, 19782), "hc:{shop}:d:20240229");
    assert_name(key_pages(shop), "hc:{shop}:pg");
    assert_name(key_online(shop), "hc:{shop}:o");
    assert_name(key_totals(shop), "hc:{shop}:t");
    assert_name(key_settings(shop), "hc:{shop}:c");
    assert_string_equal(KEY_EPOCH " " KEY_SITES " " KEY_LIVE,
                        "hc:epoch hc:sites hc:live");
    assert_name(key_staged(key_pages(shop)), "hc:{shop}:pg:new");
    assert_name(key_staged(key_minute(shop, 7)), "hc:{shop}:b:7:new");
    assert_name(key_staged(key_traits(shop, 7)), "hc:{shop}:tr:7:new");
    assert_name(key_channel(shop), "hc:shop");
    assert_name(key_meta(guarded("A.b_c-9")), "hc:{A.b_c-9}:m");
}

static void the_longest_names_fit(void **state)
{
    char site[SITE_MAX + 1] = "", expected[KEY_MAX];

    (void)state;
    memset(site, 'x', SITE_MAX);
    snprintf(expected, sizeof expected, "hc:{%s}:b:4294967295", site);
    assert_name(key_minute(slice_of(site), UINT32_MAX), expected);
    snprintf(expected, sizeof expected, "hc:{%s}:tr:4294967295:new", site);
    assert_name(key_staged(key_traits(slice_of(site), UINT32_MAX)), expected);
}

static void channels_are_told_from_others(void **state)
{
    static const struct {
        const char *channel, *site; /* NULL: none of ours */
    } rows[] = {
        {"hc:shop", "shop"},
        {"hc:A.b_c-9", "A.b_c-9"},
        {"hc:epoch", "epoch"}, /* keys and channels do not share names */
        {"hc:", NULL},
        {"hc", NULL},
        {"", NULL},
        {"HC:shop", NULL},
        {"hx:shop", NULL},
        {"xhc:shop", NULL},
        {"hc:{shop}:m", NULL},
        {"hc:shop ", NULL},
        {"hc:a:b", NULL},
        {"hc:caf\xc3\xa9", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice site;
        bool ours = key_channel_site(guarded(rows[i].channel), &site);

        assert_int_equal(ours, rows[i].site != NULL);
        if (ours)
            assert_true(slice_eq(site, slice_of(rows[i].site)));
    }
}

static void every_channel_leads_back_to_its_site(void **state)
{
    char text[SITE_MAX + 2] = "";

    (void)state;
    for (size_t n = 1; n <= SITE_MAX; n++) {
        struct slice site;
        struct key_name k;

        text[n - 1] = "aZ0._-"[n % 6];
        k = key_channel(slice_of(text));
        assert_true(key_channel_site((struct slice){k.s, k.n}, &site));
        assert_true(slice_eq(site, slice_of(text)));
    }
}

static void a_site_that_is_too_long_is_not_ours(void **state)
{
    char channel[3 + SITE_MAX + 2] = "hc:";
    struct slice site;

    (void)state;
    memset(channel + 3, 'x', SITE_MAX + 1);
    assert_false(key_channel_site(guarded(channel), &site));
    channel[3 + SITE_MAX] = '\0';
    assert_true(key_channel_site(guarded(channel), &site));
}

static void name_a_site_with_a_brace(void)
{
    key_meta(SLICE("a}b"));
}

static void name_no_site(void)
{
    key_channel(SLICE(""));
}

static void names_are_not_made_of_invalid_sites(void **state)
{
    (void)state;
    assert_true(aborts(name_a_site_with_a_brace));
    assert_true(aborts(name_no_site));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_names_are_as_documented),
        cmocka_unit_test(the_longest_names_fit),
        cmocka_unit_test(channels_are_told_from_others),
        cmocka_unit_test(every_channel_leads_back_to_its_site),
        cmocka_unit_test(a_site_that_is_too_long_is_not_ours),
        cmocka_unit_test(names_are_not_made_of_invalid_sites),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
