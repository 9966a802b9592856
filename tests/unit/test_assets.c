/* What is compiled in: found by its path, the same whatever it is called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../collector/assets.h"
#include "../guard.h"

struct named {
    struct assets assets;
};

static void open_as(struct named *n, const char *base, const char *pixel,
                    const char *script)
{
    struct naming naming;
    char err[256];

    assert_int_equal(naming_init(&naming, base, pixel, NULL, script, err, sizeof err), 0);
    assets_init(&n->assets, &naming);
}

static const struct asset *find(const struct named *n, const char *path)
{
    size_t length = strlen(path);

    return assets_find(&n->assets, (struct slice){guard_copy(path, length), length});
}

static const struct asset *get(const struct named *n, const char *path)
{
    const struct asset *a = find(n, path);

    if (a == NULL)
        fail_msg("nothing at %s", path);
    return a;
}

static bool has(const struct asset *a, const char *text)
{
    return memmem(a->plain.p, a->plain.n, text, strlen(text)) != NULL;
}

static void every_file_has_bytes_a_twin_and_a_tag(void **state)
{
    struct named n;

    (void)state;
    open_as(&n, NULL, NULL, NULL);
    assert_true(n.assets.n > 8);
    for (size_t i = 0; i < n.assets.n; i++) {
        const struct asset *a = &n.assets.v[i];

        assert_ptr_equal(find(&n, a->path), a);
        assert_true(a->plain.n > 0);
        assert_true(a->gzip.n > 18);
        assert_memory_equal(a->gzip.p, "\x1f\x8b\x08", 3);
        assert_null(a->owned);
        assert_string_not_equal(a->plain_tag.s, a->gzip_tag.s);
    }
    assets_fini(&n.assets);
}

static void the_script_has_a_copy_named_by_its_hash_that_never_changes(void **state)
{
    const struct asset *script, *copy;
    struct named n;

    (void)state;
    open_as(&n, NULL, NULL, NULL);
    script = get(&n, "/hc.js");
    copy = script->copy;
    assert_non_null(copy);
    assert_ptr_equal(find(&n, copy->path), copy);
    assert_memory_equal(copy->path, "/hc.", 4);
    assert_memory_equal(copy->path + 4, script->plain_tag.s + 1, 16);
    assert_string_equal(copy->path + 20, ".js");
    assert_true(slice_eq(copy->plain, script->plain));
    assert_non_null(strstr(copy->headers, "immutable"));
    assert_null(strstr(script->headers, "immutable"));
    assert_non_null(strstr(script->headers, "max-age=300\r\n"));
    assets_fini(&n.assets);
}

static void a_base_path_moves_everything_and_changes_only_pages(void **state)
{
    struct named plain, moved;

    (void)state;
    open_as(&plain, NULL, NULL, NULL);
    open_as(&moved, "/stats", NULL, NULL);
    assert_null(find(&moved, "/hc.js"));
    assert_ptr_equal(get(&moved, "/stats/hc.js")->plain.p,
                     get(&plain, "/hc.js")->plain.p);
    assert_true(has(get(&plain, "/demo"), "<base href=\"/\">"));
    assert_true(has(get(&moved, "/stats/demo"), "<base href=\"/stats/\">"));
    assert_int_equal(get(&moved, "/stats/demo")->gzip.n, 0);
    assets_fini(&plain.assets);
    assets_fini(&moved.assets);
}

static void names_of_ones_own_stand_in_the_script_and_the_pages(void **state)
{
    struct named n;
    const struct asset *script;

    (void)state;
    open_as(&n, "/a", "dot.gif", "lib.js");
    script = get(&n, "/a/lib.js");
    assert_true(has(script, "dot.gif"));
    assert_false(has(script, "hc.gif"));
    assert_int_equal(script->gzip.n, 0);
    assert_memory_equal(script->copy->path, "/a/lib.", 7);
    assert_true(has(get(&n, "/a/lib.src.js"), "dot.gif"));
    assert_true(has(get(&n, "/a/demo"), "lib.js"));
    assert_false(has(get(&n, "/a/demo"), "hc.js"));
    assert_null(find(&n, "/a/hc.js"));
    assets_fini(&n.assets);
}

/* "/web/0123456789abcdef" of the plain names. */
static void web_of(const struct named *n, char out[32])
{
    snprintf(out, 32, "/%s", n->assets.web);
    assert_int_equal(strlen(out), 21);
}

/* The same file at both of its paths. */
static void must_be_twice(const struct named *n, const char *base, const char *file)
{
    char shared[256], kept[256];
    const struct asset *a, *copy;

    snprintf(shared, sizeof shared, "%s/web/%s", base, file);
    snprintf(kept, sizeof kept, "%s/%s/%s", base, n->assets.web, file);
    a = get(n, shared);
    copy = get(n, kept);
    assert_ptr_equal(a->copy, copy);
    assert_ptr_equal(a->plain.p, copy->plain.p);
    assert_string_equal(a->plain_tag.s, copy->plain_tag.s);
    assert_non_null(strstr(a->headers, "Cache-Control: public, max-age=300\r\n"));
    assert_non_null(strstr(copy->headers, "max-age=31536000, immutable\r\n"));
    for (const char *const *h = (const char *const[]){a->headers, copy->headers, NULL};
         *h; h++) {
        assert_non_null(strstr(*h, "Access-Control-Allow-Origin: *\r\n"));
        assert_non_null(strstr(*h, "Cross-Origin-Resource-Policy: cross-origin\r\n"));
        assert_non_null(strstr(*h, "X-Content-Type-Options: nosniff\r\n"));
    }
}

static void what_is_below_web_is_there_twice(void **state)
{
    static const char *const bases[] = {"", "/about/us"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        size_t base_n = strlen(bases[i]), below_web = 0;
        struct named n;

        open_as(&n, bases[i], NULL, NULL);
        for (size_t k = 0; k < n.assets.n; k++) {
            const char *path = n.assets.v[k].path + base_n;

            if (strncmp(path, "/web/", 5) == 0 && strchr(path + 5, '/') == NULL) {
                must_be_twice(&n, bases[i], path + 5);
                below_web++;
            }
        }
        assert_true(below_web > 8);
        assert_null(find(&n, "/about/web/dashboard.js"));
        assert_null(find(&n, "/web/0123456789abcdef/dashboard.js"));
        assets_fini(&n.assets);
    }
}

static void their_hash_is_the_same_for_the_same_bytes_and_names(void **state)
{
    char first[32], again[32], other[32];
    struct named n;

    (void)state;
    open_as(&n, NULL, NULL, NULL);
    web_of(&n, first);
    assets_fini(&n.assets);
    open_as(&n, NULL, NULL, NULL);
    web_of(&n, again);
    assets_fini(&n.assets);
    assert_string_equal(first, again);
    open_as(&n, "/about", NULL, NULL);
    web_of(&n, other);
    assets_fini(&n.assets);
    assert_string_not_equal(first, other);
}

static void and_another_as_soon_as_one_byte_or_name_is(void **state)
{
    struct asset files[] = {{.path = "/web/a.js", .plain = SLICE("one")},
                            {.path = "/web/b.js", .plain = SLICE("two")}};
    const struct etag first = assets_tag(files, 2);

    (void)state;
    assert_string_equal(assets_tag(files, 2).s, first.s);
    assert_string_not_equal(assets_tag(files, 1).s, first.s);
    files[1].plain = SLICE("twO");
    assert_string_not_equal(assets_tag(files, 2).s, first.s);
    files[1].plain = SLICE("two");
    assert_string_equal(assets_tag(files, 2).s, first.s);
    strcpy(files[1].path, "/web/c.js");
    assert_string_not_equal(assets_tag(files, 2).s, first.s);
}

static void the_dashboard_loads_by_the_hash_and_is_found_by_nobody(void **state)
{
    struct named n;
    char web[64];

    (void)state;
    open_as(&n, "/about", NULL, NULL);
    snprintf(web, sizeof web, "\"%s/dashboard.js\"", n.assets.web);
    assert_true(has(&n.assets.dashboard, web));
    assert_true(has(&n.assets.dashboard, "<base href=\"/about/\">"));
    assert_false(has(&n.assets.dashboard, "@web@"));
    assert_null(find(&n, ""));
    assert_null(find(&n, "/about"));
    assert_null(find(&n, "/about/dashboard.html"));
    assert_non_null(
        strstr(n.assets.dashboard.headers, "default-src 'none'; script-src 'self'"));
    assert_null(strstr(n.assets.dashboard.headers, "unsafe"));
    assets_fini(&n.assets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_has_bytes_a_twin_and_a_tag),
        cmocka_unit_test(the_script_has_a_copy_named_by_its_hash_that_never_changes),
        cmocka_unit_test(a_base_path_moves_everything_and_changes_only_pages),
        cmocka_unit_test(names_of_ones_own_stand_in_the_script_and_the_pages),
        cmocka_unit_test(what_is_below_web_is_there_twice),
        cmocka_unit_test(their_hash_is_the_same_for_the_same_bytes_and_names),
        cmocka_unit_test(and_another_as_soon_as_one_byte_or_name_is),
        cmocka_unit_test(the_dashboard_loads_by_the_hash_and_is_found_by_nobody),
    };

    return cmocka_run_group_tests_name("assets", tests, NULL, NULL);
}
