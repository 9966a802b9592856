/* Badges: what is drawn, and what becomes of hostile texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../collector/badge.h"
#include "../../collector/etag.h"
#include "../guard.h"

static struct badge_look look_of(const char *query)
{
    struct badge_look look;
    struct slice text = {guard_copy(query, strlen(query)), strlen(query)};
    const char *error = badge_look_parse(&look, text);

    if (error)
        fail_msg("%s: %s", query, error);
    return look;
}

static const char *refusal_of(const char *query)
{
    struct badge_look look;

    return badge_look_parse(
        &look, (struct slice){guard_copy(query, strlen(query)), strlen(query)});
}

/* The picture or the JSON of a query; valid until the next call. */
static const char *drawn(const char *query, uint64_t online, bool svg)
{
    static char text[16384];
    struct badge_look look = look_of(query);
    struct badge_numbers n = {online, online + 2, 7, 9};
    struct buf out;

    buf_init(&out, sizeof text - 1);
    (svg ? badge_svg : badge_json)(&out, &look, SLICE("shop"), &n);
    assert_false(out.full);
    memcpy(text, out.p, out.n);
    text[out.n] = '\0';
    buf_fini(&out);
    return text;
}

static void has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("no \"%s\" in %s", part, text);
}

static void lacks(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("\"%s\" in %s", part, text);
}

static void a_badge_shows_number_and_label_and_says_what_it_is(void **state)
{
    const char *svg = drawn("", 12, true);

    (void)state;
    has(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" ");
    has(svg, "height=\"20\"");
    has(svg, "role=\"img\"><title>12 online</title>");
    has(svg, "<desc>Visitors who have shop open now</desc>");
    has(svg, ">online</text>");
    has(svg, ">12</text>");
    has(svg, "fill=\"#1a7f37\"");
    has(drawn("", 0, true), "fill=\"#6e7781\""); /* nobody: grey */
    has(drawn("label=people+here", 3, true), ">people here</text>");
    has(drawn("label=++people+", 3, true), ">people</text>");
    has(drawn("color=%230969DA", 3, true), "#0969da");
    has(drawn("color=fed", 3, true), "#ffeedd");
    has(drawn("color=fed", 3, true), "fill=\"#111\">3<"); /* dark on light */
    lacks(drawn("label=", 3, true), "<path");             /* no label, no ground for it */
}

static void a_plain_badge_fits_light_and_dark_pages(void **state)
{
    const char *svg = drawn("style=plain", 5, true);

    (void)state;
    has(svg, "prefers-color-scheme:dark");
    has(svg, "<circle ");
    lacks(svg, "<rect");
    has(svg, ">5</text>");
    has(svg, ">online</text>");
}

static void json_is_what_shields_asks_for_and_ours(void **state)
{
    (void)state;
    assert_string_equal(drawn("label=now", 12345, false),
                        "{\"schemaVersion\":1,\"label\":\"now\",\"message\":\"12.3k\","
                        "\"color\":\"1a7f37\",\"site\":\"shop\",\"online\":12345,"
                        "\"current\":12347,\"rev\":\"7.9\"}\n");
    assert_string_equal(drawn("shields=1&color=red", 1, false),
                        "{\"schemaVersion\":1,\"label\":\"online\",\"message\":\"1\","
                        "\"color\":\"cf222e\"}\n");
}

static void numbers_are_exact_and_then_short(void **state)
{
    static const struct {
        uint64_t v;
        const char *want;
    } rows[] = {{0, ">0<"},
                {999, ">999<"},
                {9999, ">9999<"},
                {10000, ">10.0k<"},
                {999999, ">999.9k<"},
                {1000000, ">1.0M<"},
                {12345678, ">12.3M<"},
                {1234567890, ">1.2G<"}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        has(drawn("", rows[i].v, true), rows[i].want);
    has(drawn("", 12345678, true), "<title>12345678 online</title>");
}

static void hostile_labels_are_text(void **state)
{
    static const char *const rows[] = {
        "label=%3Cscript%3Ealert(1)%3C/script%3E",
        "label=%22%3E%3Csvg+onload%3D%22x%22",
        "label=%26lt%3B%27%22",
        "label=%00%01%1b%5b31m%7f",
        "label=%ef%bf%be%ef%bf%bf",    /* U+FFFE, U+FFFF: in no XML */
        "label=%ed%a0%80%c0%af%ff%f5", /* no UTF-8 */
        "label=%5d%5d%3E%3C!--",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int plain = 0; plain < 2; plain++) {
            char query[200];
            const char *svg;

            snprintf(query, sizeof query, "%s%s", rows[i], plain ? "&style=plain" : "");
            svg = drawn(query, 1, true);
            lacks(svg, "<script");
            lacks(svg, "<svg onload");
            lacks(svg, "\" onload");
            lacks(svg, "<!--");
            lacks(svg, "]]>");
            lacks(svg, "\x1b");
            lacks(svg, "\xef\xbf\xbe");
            lacks(svg, "\xef\xbf\xbf");
            lacks(svg, "\xed\xa0");
            lacks(drawn(query, 1, false), "<");
        }
    has(drawn("label=%ef%bf%be", 1, true), "\xef\xbf\xbd");
    has(drawn("label=%26lt%3B%27%22", 1, true), ">&amp;lt;&#39;&quot;<");
}

/* The longest label there is, of what takes the most room. */
static void a_long_label_is_cut_and_the_picture_stays_small(void **state)
{
    char query[4000] = "label=";
    const char *svg;

    (void)state;
    for (int i = 0; i < 600; i++)
        strcat(query, "%22");
    svg = drawn(query, UINT64_C(1) << 52, true);
    assert_true(strlen(svg) < 4096);
    has(svg, "height=\"20\"");
    memset(query + 6, 'W', 1000);
    query[1006] = '\0';
    svg = drawn(query, 1, true);
    assert_true(atoi(strstr(svg, "width=\"") + 7) < 2000);
}

static void what_cannot_be_drawn_is_refused(void **state)
{
    static const char *const colors[] = {
        "color=",        "color=12345",  "color=ggg",       "color=redd",
        "color=%22/%3E", "color=url(x)", "color=%23%23fff", "color=1234567"};
    static const char *const styles[] = {"style=", "style=flat-square", "style=Plain"};

    (void)state;
    for (size_t i = 0; i < sizeof colors / sizeof *colors; i++)
        assert_string_equal(refusal_of(colors[i]), "bad_color");
    for (size_t i = 0; i < sizeof styles / sizeof *styles; i++)
        assert_string_equal(refusal_of(styles[i]), "bad_style");
    assert_null(refusal_of("unknown=1&color=red&style=flat&&="));
}

static void a_tag_is_found_in_any_list(void **state)
{
    struct etag a = etag_of(SLICE("a")), b = etag_of(SLICE("b"));
    char list[100];

    (void)state;
    assert_int_equal(strlen(a.s), ETAG_LEN);
    assert_string_not_equal(a.s, b.s);
    snprintf(list, sizeof list, "\"x\" ,W/%s,", a.s);
    assert_true(
        etag_is_listed(&a, (struct slice){guard_copy(list, strlen(list)), strlen(list)}));
    assert_false(etag_is_listed(&b, slice_of(list)));
    assert_true(etag_is_listed(&b, SLICE("*")));
    assert_true(etag_is_listed(&b, slice_of(b.s)));
    assert_false(etag_is_listed(&b, SLICE("")));
    assert_false(etag_is_listed(&b, SLICE(",,\"\"")));
    assert_false(etag_is_listed(&b, (struct slice){b.s, ETAG_LEN - 1}));
}

static void of_a_repeated_parameter_the_first_counts(void **state)
{
    struct badge_look look = look_of("label=a&label=b&color=123456&color=red&color=never"
                                     "&style=flat&style=plain&shields=1&shields=0");

    (void)state;
    assert_int_equal(look.label_n, 1);
    assert_int_equal(look.label[0], 'a');
    assert_int_equal(look.color, 0x123456);
    assert_true(!look.is_plain && look.is_bare);
    assert_string_equal(refusal_of("color=never&color=red"), "bad_color");
    assert_int_equal(look_of("label=&label=b").label_n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_badge_shows_number_and_label_and_says_what_it_is),
        cmocka_unit_test(a_plain_badge_fits_light_and_dark_pages),
        cmocka_unit_test(json_is_what_shields_asks_for_and_ours),
        cmocka_unit_test(numbers_are_exact_and_then_short),
        cmocka_unit_test(hostile_labels_are_text),
        cmocka_unit_test(a_long_label_is_cut_and_the_picture_stays_small),
        cmocka_unit_test(what_cannot_be_drawn_is_refused),
        cmocka_unit_test(a_tag_is_found_in_any_list),
        cmocka_unit_test(of_a_repeated_parameter_the_first_counts),
    };

    return cmocka_run_group_tests_name("badge", tests, NULL, NULL);
}
