/* Which paths a pattern is for, and what it leaves open of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../collector/pattern.h"
#include "../guard.h"

struct row {
    const char *pattern, *path;
    const char *id, *more, *prefix; /* NULL: the path is not the pattern's */
};

static const struct row rows[] = {
    {"/a", "/a", "", "", ""},
    {"/a", "/a/", NULL, NULL, NULL},
    {"/a", "", NULL, NULL, NULL},
    {"/:id", "/shop", "shop", "", ""},
    {"/:id", "/", NULL, NULL, NULL},
    {"/:id", "/shop/x", NULL, NULL, NULL},
    {"/:id/:more", "/shop/x", "shop", "x", ""},
    {"/:id/:more", "/shop/", NULL, NULL, NULL},
    {"/:id/:more", "//x", NULL, NULL, NULL},
    {"/sites/:id/ws", "/sites/a/ws", "a", "", ""},
    {"/sites/:id/ws", "/x/sites/a/ws", NULL, NULL, NULL},
    {"/:idx", "/:idx", "", "", ""},
    {"/:idx", "/a", NULL, NULL, NULL},
    {"*/collect", "/collect", "", "", ""},
    {"*/collect", "/a/b/collect", "", "", "/a/b"},
    {"*/collect", "/recollect", NULL, NULL, NULL},
    {"*/collect", "collect", NULL, NULL, NULL},
    {"*/collect", "", NULL, NULL, NULL},
    {"*/sites/:id/live", "/sites/a/live", "a", "", ""},
    {"*/sites/:id/live", "/x/sites/a/live", "a", "", "/x"},
    {"*/sites/:id/live", "/sites//live", NULL, NULL, NULL},
    {"*ping.php", "/ping.php", "", "", ""},
    {"*ping.php", "/a/myping.php", "", "", ""},
    {"*ping.php", "ping.php", NULL, NULL, NULL},
    {"*ping.php", "/ping.phps", NULL, NULL, NULL},
    {"/ping*", "/ping", "", "", ""},
    {"/ping*", "/pings/a", "", "", ""},
    {"/ping*", "/pin", NULL, NULL, NULL},
    {"/ping*", "/a/ping", NULL, NULL, NULL},
};

static void a_pattern_is_for_these_paths_and_leaves_this_open(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        size_t n = strlen(r->path);
        struct slice path = {guard_copy(r->path, n), n};
        struct route_match m;
        bool is = pattern_match(slice_of(r->pattern), path, &m);

        if (is != (r->id != NULL))
            fail_msg("%s and %s", r->pattern, r->path);
        if (!is)
            continue;
        assert_true(slice_eq(m.id, slice_of(r->id)));
        assert_true(slice_eq(m.more, slice_of(r->more)));
        assert_true(slice_eq(m.prefix, slice_of(r->prefix)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pattern_is_for_these_paths_and_leaves_this_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
