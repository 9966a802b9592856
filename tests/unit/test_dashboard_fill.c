/* dashboard_fill: marks are replaced, and nothing that others wrote becomes markup. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "../../collector/assets.h"
#include "../../collector/dashboard_fill.h"
#include "../../proto/json.h"
#include "../guard.h"

#define PAGE_MAX 65536

static struct slice guarded(struct slice text)
{
    return (struct slice){guard_copy(text.p, text.n), text.n};
}

/* The filled page, with a NUL behind it; to be freed by buf_fini. */
static struct buf fill(struct slice template, struct slice title, struct slice online,
                       struct slice data)
{
    struct dashboard_words words = {guarded(title), guarded(online), guarded(data)};
    struct buf out;

    buf_init(&out, PAGE_MAX);
    dashboard_fill(&out, guarded(template), &words);
    buf_add(&out, "", 1);
    assert_false(out.full);
    return out;
}

static void each_mark_is_replaced_and_all_else_stays(void **state)
{
    static const struct {
        struct slice template;
        const char *want;
    } rows[] = {
        {SLICE(""), ""},
        {SLICE("no mark"), "no mark"},
        {SLICE("<!--hc:title-->"), "T"},
        {SLICE("<!--hc:online-->"), "12"},
        {SLICE("<!--hc:data-->"), "{}"},
        {SLICE("a<!--hc:title-->b<!--hc:title--><!--hc:online-->c"), "aTbT12c"},
        {SLICE("<!-- a comment --><!--hc:data-->"), "<!-- a comment -->{}"},
        {SLICE("<!--hc:other--><!--hc:data-->"), "<!--hc:other-->{}"},
        {SLICE("<!--hc:--><!--hc:<!--hc:title-->"), "<!--hc:--><!--hc:T"},
        {SLICE("<!--hc:title"), "<!--hc:title"},
        {SLICE("<!--hc:title-"), "<!--hc:title-"},
        {SLICE("<!--hc:title--"), "<!--hc:title--"},
        {SLICE("<!--hc:"), "<!--hc:"},
        {SLICE("<!--hc"), "<!--hc"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf page = fill(rows[i].template, SLICE("T"), SLICE("12"), SLICE("{}"));

        assert_string_equal(page.p, rows[i].want);
        buf_fini(&page);
    }
}

static void a_text_is_no_markup(void **state)
{
    struct buf page =
        fill(SLICE("<title><!--hc:title--></title><!--hc:online-->"),
             SLICE("</title><script>&amp;"), SLICE("<!--hc:data-->"), SLICE("1"));

    (void)state;
    assert_string_equal(page.p, "<title>&lt;/title>&lt;script>&amp;amp;</title>"
                                "&lt;!--hc:data-->");
    buf_fini(&page);
}

#define HOSTILE "</script><script>alert(1)</script><!--<script>"

/* Whether written by our writer, which escapes, or by whoever else may write to Redis. */
static void no_path_can_close_the_element_that_the_data_is_in(void **state)
{
    static const char begin[] = "<script type=\"application/json\" id=\"first\">";
    struct slice rows[] = {{NULL, 0}, SLICE("{\"path\":\"" HOSTILE "\"}")};
    struct buf written;
    struct json j;

    (void)state;
    buf_init(&written, 1024);
    json_init(&j, &written);
    json_begin_object(&j);
    json_key(&j, "path");
    json_str(&j, HOSTILE);
    json_end(&j);
    rows[0] = buf_get(&written);
    for (size_t i = 0; i < 2; i++) {
        struct buf page = fill(SLICE("<script type=\"application/json\" id=\"first\">"
                                     "<!--hc:data--></script>"),
                               SLICE("T"), SLICE("1"), rows[i]);
        char *data = page.p + sizeof begin - 1, *end = strstr(data, "</script>");
        json_t *parsed;

        assert_memory_equal(page.p, begin, sizeof begin - 1);
        assert_string_equal(end, "</script>"); /* the template's own, the only one */
        assert_null(memchr(data, '<', (size_t)(end - data)));
        parsed = json_loadb(data, (size_t)(end - data), 0, NULL);
        assert_string_equal(json_string_value(json_object_get(parsed, "path")), HOSTILE);
        json_decref(parsed);
        buf_fini(&page);
    }
    buf_fini(&written);
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;

    for (; (text = strstr(text, part)); text += strlen(part))
        n++;
    return n;
}

static void the_dashboards_own_template_has_every_mark(void **state)
{
    struct naming naming;
    struct assets assets;
    struct buf page;
    char err[256];

    (void)state;
    assert_int_equal(naming_init(&naming, "/in", NULL, NULL, NULL, err, sizeof err), 0);
    assets_init(&assets, &naming);
    page = fill(assets.dashboard.plain, SLICE("(12) shop"), SLICE("12345678"),
                SLICE("{\"path\":\"" HOSTILE "\"}"));
    assert_int_equal(count(page.p, "<!--hc:"), 0);
    assert_int_equal(count(page.p, "@web@"), 0);
    assert_int_equal(count(page.p, "<title>(12) shop</title>"), 1);
    assert_true(count(page.p, "12345678") >= 1);
    assert_int_equal(count(page.p, "<base href=\"/in/\">"), 1);
    assert_int_equal(count(page.p, "<script type=\"application/json\" id=\"first\">{"),
                     1);
    buf_fini(&page);
    assets_fini(&assets);
}

static void what_does_not_fit_is_marked(void **state)
{
    struct dashboard_words words = {SLICE("T"), SLICE("1"), SLICE("0123456789")};
    struct buf out;

    (void)state;
    buf_init(&out, 9);
    dashboard_fill(&out, SLICE("<!--hc:data-->"), &words);
    assert_true(out.full);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mark_is_replaced_and_all_else_stays),
        cmocka_unit_test(a_text_is_no_markup),
        cmocka_unit_test(no_path_can_close_the_element_that_the_data_is_in),
        cmocka_unit_test(the_dashboards_own_template_has_every_mark),
        cmocka_unit_test(what_does_not_fit_is_marked),
    };

    return cmocka_run_group_tests_name("dashboard_fill", tests, NULL, NULL);
}
