/* Which dialects are spoken, and whose a request is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../collector/dialects/dialect.h"
#include "../../collector/options.h"

static unsigned bit_of(const char *name)
{
    for (size_t i = 0; i < ndialects; i++)
        if (strcmp(dialects[i]->name, name) == 0)
            return 1U << i;
    fail_msg("there is no %s", name);
    return 0;
}

static void a_list_names_dialects_or_all_or_none(void **state)
{
    char err[256];
    unsigned set;

    (void)state;
    assert_int_equal(dialects_parse(&set, "none", err, sizeof err), 0);
    assert_int_equal(set, 0);
    assert_int_equal(dialects_parse(&set, "all", err, sizeof err), 0);
    assert_int_equal(set, (1U << ndialects) - 1);
    assert_int_equal(dialects_parse(&set, "livestats,matomo", err, sizeof err), 0);
    assert_int_equal(set, bit_of("livestats") | bit_of("matomo"));
}

static void what_is_no_dialect_is_refused_with_those_there_are(void **state)
{
    static const char *const bad[] = {"",  "livestat",       "livestats,",
                                      ",", "none,livestats", "LIVESTATS"};
    char err[256];
    unsigned set;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(dialects_parse(&set, bad[i], err, sizeof err), -1);
        assert_non_null(strstr(err, "--dialects"));
        assert_non_null(strstr(err, "livestats"));
    }
}

static void the_help_names_all_of_them(void **state)
{
    const struct opt *row = options_spec.rows;

    (void)state;
    while (strcmp(row->name, "dialects") != 0)
        row++;
    for (size_t i = 0; i < ndialects; i++)
        if (strstr(row->help, dialects[i]->name) == NULL)
            fail_msg("--help does not name %s", dialects[i]->name);
}

static const char *answerer(unsigned set, enum http_method method, const char *path,
                            const char *accept, const char *base)
{
    struct http_request rq = {
        .method = method, .path = slice_of(path), .accept = slice_of(accept)};
    struct route_match at;
    const struct route *route = dialects_find_stream(set, slice_of(base), &rq, &at);

    if (route == NULL)
        route = dialects_find(set, slice_of(base), &rq, &at);
    return route ? route->pattern : "";
}

static void a_request_is_of_the_first_dialect_that_takes_path_and_method(void **state)
{
    unsigned all = (1U << ndialects) - 1;

    (void)state;
    assert_string_equal(answerer(all, HTTP_POST, "/x/collect", "*/*", ""), "*/collect");
    assert_string_equal(answerer(0, HTTP_POST, "/x/collect", "*/*", ""), "");
    assert_string_equal(answerer(bit_of("plausible"), HTTP_POST, "/matomo.php", "", ""),
                        "");
    assert_string_not_equal(
        answerer(bit_of("plausible"), HTTP_POST, "/api/event", "", ""), "");
    assert_string_equal(answerer(all, HTTP_GET, "/room", "text/event-stream", ""),
                        "/:id");
    assert_string_equal(answerer(bit_of("audience-meter"), HTTP_GET, "/a/room",
                                 "text/event-stream", "/a"),
                        "/:id");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_names_dialects_or_all_or_none),
        cmocka_unit_test(what_is_no_dialect_is_refused_with_those_there_are),
        cmocka_unit_test(the_help_names_all_of_them),
        cmocka_unit_test(a_request_is_of_the_first_dialect_that_takes_path_and_method),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
