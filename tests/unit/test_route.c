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

static struct routing routing;

static void name_everything(const char *base, const char *pixel, const char *events,
                            const char *script)
{
    struct naming naming;
    char err[256];

    assert_int_equal(naming_init(&naming, base, pixel, events, script, err, sizeof err),
                     0);
    routing_fini(&routing);
    routing_init(&routing, &naming);
}

static int name_nothing(void **state)
{
    (void)state;
    name_everything(NULL, NULL, NULL, NULL);
    return 0;
}

static const struct route *find(const char *path, struct slice *id)
{
    size_t n = strlen(path);
    struct http_request rq = {.method = HTTP_GET, .path = {guard_copy(path, n), n}};
    struct route_match at;
    const struct route *route = route_find(&routing, &rq, &at);

    *id = at.id;
    return route;
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
    must_find("/demo", "/*", ""); /* what is compiled in is not in the table itself */
    must_find("/demo/docs", "/*", "");
    must_find("/hc.js", "/*", "");
    must_find("/web/dashboard.js", "/*", "");
    must_find("/sites", "/sites", "");
    must_miss("/dashboard.html");
    must_miss("/web/");
    must_miss("/*");
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
    must_find("/site/shop", "/site/:id", "shop"); /* which a dialect may have, too */
    must_find("/site/%2e", "/site/:id", "%2e");
    must_miss("/site/");
    must_miss("/site/shop/");
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

static void behind_a_base_path_everything_moves_but_health(void **state)
{
    (void)state;
    name_everything("/about/stats/", NULL, NULL, NULL);
    must_find("/about/stats/hc.gif", "/hc.gif", "");
    must_find("/about/stats/e", "/e", "");
    must_find("/about/stats/", "/", "");
    must_find("/about/stats/site/shop", "/site/:id", "shop");
    must_find("/about/stats/sites", "/sites", "");
    must_find("/about/stats/web/dashboard.js", "/*", "");
    must_miss("/site/shop");
    must_miss("/web/dashboard.js");
    must_find("/about/stats/demo/docs", "/*", "");
    must_find("/about/stats/sites/shop/realtime", "/sites/:id/realtime", "shop");
    must_find("/livez", "/livez", "");
    must_find("/readyz", "/readyz", "");
    must_miss("/about/stats/livez");
    must_miss("/about/stats");
    must_miss("/about/statshc.gif");
    must_miss("/hc.gif");
    must_miss("/hc.js");
    must_miss("/sites/shop/realtime");
    must_miss("/");
}

static void a_name_of_ones_own_takes_the_place_of_the_default(void **state)
{
    (void)state;
    name_everything("", "dot.png", "in", "app.js");
    must_find("/dot.png", "/hc.gif", "");
    must_find("/in", "/e", "");
    must_find("/app.js", "/*", "");
    must_find("/app.src.js", "/*", "");
    must_miss("/hc.gif");
    must_miss("/e");
    must_miss("/hc.js");
    must_miss("/hc.src.js");
}

/* @path is "/NAME". */
static void must_be_taken(struct slice path)
{
    struct naming naming;
    char err[256], name[NAMING_NAME_MAX + 1];

    snprintf(name, sizeof name, "%.*s", (int)path.n - 1, path.p + 1);
    if (strcmp(name, "e") != 0 &&
        naming_init(&naming, "", "", name, "", err, sizeof err) == 0)
        fail_msg("--event-name %s is taken twice", name);
    if (strcmp(name, "hc.gif") != 0 &&
        naming_init(&naming, "", name, "", "", err, sizeof err) == 0)
        fail_msg("--pixel-name %s is taken twice", name);
}

static void no_name_can_be_given_that_something_here_has(void **state)
{
    (void)state;
    name_everything(NULL, NULL, NULL, NULL);
    for (size_t i = 0; i < nroutes; i++)
        if (routes[i].pattern[1] && strchr(routes[i].pattern + 1, '/') == NULL)
            must_be_taken(slice_of(routes[i].pattern));
    for (size_t i = 0; i < routing.assets.n; i++) {
        const struct asset *a = &routing.assets.v[i];

        if (memchr(a->path + 1, '/', a->path_n - 1) == NULL)
            must_be_taken((struct slice){a->path, a->path_n});
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_found_as_a_whole),
        cmocka_unit_test(an_id_is_one_segment_that_is_not_empty),
        cmocka_unit_test(every_route_is_whole_and_found_by_its_own_pattern),
        cmocka_unit_test(behind_a_base_path_everything_moves_but_health),
        cmocka_unit_test(a_name_of_ones_own_takes_the_place_of_the_default),
        cmocka_unit_test(no_name_can_be_given_that_something_here_has),
    };

    return cmocka_run_group_tests_name("route", tests, name_nothing, NULL);
}
