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

#define BEFORE "A: b\r\nContent-Security-Policy: default-src 'none'; style-src 'self'"
#define AFTER "; img-src 'self'\r\n"

/* As `openssl dgst -sha256 -binary | base64` has them. */
#define OF_NOTHING " 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
#define OF_P_RED " 'sha256-p0bF+un5yUb9MBO6xRb8kPHlY2BdpHVtLiFkDrZPF64='"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_without_inline_styles_needs_nothing),
        cmocka_unit_test(each_style_element_is_allowed_by_the_hash_of_its_bytes),
    };

    return cmocka_run_group_tests_name("page_policy", tests, NULL, NULL);
}
