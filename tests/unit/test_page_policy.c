/* page_policy: inline styles are allowed by their hashes, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../collector/page_policy.h"
#include "../guard.h"

#define SCRIPTS "A: b\r\nContent-Security-Policy: default-src 'none'; script-src 'self'"
#define STYLES "; style-src 'self'"
#define BEFORE SCRIPTS STYLES
#define AFTER "; img-src 'self'\r\n"

/* As `openssl dgst -sha256 -binary | base64` has them. */
#define OF_NOTHING " 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
#define OF_P_RED " 'sha256-p0bF+un5yUb9MBO6xRb8kPHlY2BdpHVtLiFkDrZPF64='"
#define OF_F " 'sha256-GcEEE0IkDzIP5EQ6DXZaDPORqT5RTBELX8Fyzyg9yvo='"

static char *allow(const char *html)
{
    size_t n = strlen(html);

    return page_policy_allow(BEFORE AFTER, (struct slice){guard_copy(html, n), n});
}

static void a_page_without_inline_styles_needs_nothing(void **state)
{
    static const char *const pages[] = {"",
                                        "<p>text</p>",
                                        "<link rel=stylesheet href=a.css>",
                                        "<script src=x></script>",
                                        "<script type=\"application/json\">{}</script>",
                                        "<script>",
                                        "<script >f()</script>",
                                        "<script>f()</scrip",
                                        "<style>",
                                        "<style",
                                        "<style>p{}</styl"};

    (void)state;
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
        assert_null(allow(pages[i]));
}

static void each_style_element_is_allowed_by_the_hash_of_its_bytes(void **state)
{
    static const struct {
        const char *html, *want;
    } rows[] = {
        {"<style></style>", BEFORE OF_NOTHING AFTER},
        {"<p><style>p{color:red}</style></p>", BEFORE OF_P_RED AFTER},
        {"<style media=\"all\">p{color:red}</style> <style></style>",
         BEFORE OF_P_RED OF_NOTHING AFTER},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *headers = allow(rows[i].html);

        assert_non_null(headers);
        assert_string_equal(headers, rows[i].want);
        free(headers);
    }
}

static void so_is_a_script_without_attributes_and_no_other(void **state)
{
    static const struct {
        const char *html, *want;
    } rows[] = {
        {"<script>f()</script>", SCRIPTS OF_F STYLES AFTER},
        {"<script src=x></script><script>f()</script><script id=d>f()</script>",
         SCRIPTS OF_F STYLES AFTER},
        {"<style>p{color:red}</style><script>f()</script><script></script>",
         SCRIPTS OF_F OF_NOTHING STYLES OF_P_RED AFTER},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *headers = allow(rows[i].html);

        assert_non_null(headers);
        assert_string_equal(headers, rows[i].want);
        free(headers);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_without_inline_styles_needs_nothing),
        cmocka_unit_test(each_style_element_is_allowed_by_the_hash_of_its_bytes),
        cmocka_unit_test(so_is_a_script_without_attributes_and_no_other),
    };

    return cmocka_run_group_tests_name("page_policy", tests, NULL, NULL);
}
