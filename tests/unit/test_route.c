/* The table: which path is whose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../collector/route.h"
#include "../guard.h"

static const struct route *find(const char *path, struct slice *id)
{
    return route_find((struct slice){guard_copy(path, strlen(path)), strlen(path)}, id);
}

static void must_find(const char *path, const char *pattern, const char *want_id)
{
    struct slice id;
    const struct route *route = find(path, &id);

    if (route == NULL)
        fail_msg("nothing at %s", path);
    assert_string_equal(route->pattern, pattern);
    assert_true(slice_eq(id, slice_of(want_id)));
}

static void must_miss(const char *path)
{
    struct slice id;

    if (find(path, &id))
        fail_msg("something at %s", path);
    assert_int_equal(id.n, 0);
}

static void a_path_is_found_as_a_whole(void **state)
{
    (void)state;
    must_find("/hc.gif", "/hc.gif", "");
    must_find("/e", "/e", "");
    must_find("/", "/", "");
    must_find("/demo", "/demo", "");
    must_find("/demo/docs", "/demo/docs", "");
    must_miss("/hc.gi");
    must_miss("/hc.gif/");
    must_miss("/hc.gifs");
    must_miss("/E");
    must_miss("//");
    must_miss("");
    must_miss("*");
}

static void an_id_is_one_segment_that_is_not_empty(void **state)
{
    (void)state;
    must_find("/sites/shop/realtime", "/sites/:id/realtime", "shop");
    must_find("/sites/a.b-c_d/realtime", "/sites/:id/realtime", "a.b-c_d");
    must_find("/sites/%2e/realtime", "/sites/:id/realtime", "%2e");
    must_find("/api/sites/shop/realtime", "/api/sites/:id/realtime", "shop");
    must_find("/api/analytics/sites/x/realtime", "/api/analytics/sites/:id/realtime",
              "x");
    must_miss("/sites//realtime");
    must_miss("/sites/shop/realtime/");
    must_miss("/sites/shop/");
    must_miss("/sites/shop");
    must_miss("/sites/");
    must_miss("/sites/a/b/realtime");
}

static void every_route_is_whole_and_found_by_its_own_pattern(void **state)
{
    (void)state;
    for (size_t i = 0; i < nroutes; i++) {
        struct slice id;

        assert_true(routes[i].pattern[0] == '/');
        assert_non_null(routes[i].handle);
        assert_non_null(routes[i].what);
        assert_true(routes[i].methods != 0);
        assert_ptr_equal(find(routes[i].pattern, &id), &routes[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_found_as_a_whole),
        cmocka_unit_test(an_id_is_one_segment_that_is_not_empty),
        cmocka_unit_test(every_route_is_whole_and_found_by_its_own_pattern),
    };

    return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
