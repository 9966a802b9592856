/* site_map: found is what was put in and not taken out, however many there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../collector/site_map.h"

#define MANY 5000

static const unsigned char key[SITE_MAP_KEY_BYTES] = {1};
static struct site_node nodes[MANY];

static struct slice name_of(int i, char *text)
{
    return (struct slice){text, (size_t)sprintf(text, "site-%d", i)};
}

static void many_sites_are_found_until_they_are_removed(void **state)
{
    struct site_map m;
    char text[32];

    (void)state;
    site_map_init(&m, key);
    for (int i = 0; i < MANY; i++)
        site_map_add(&m, &nodes[i], name_of(i, text));
    for (int i = 0; i < MANY; i++)
        assert_ptr_equal(site_map_find(&m, name_of(i, text)), &nodes[i]);
    for (int i = 0; i < MANY; i += 2)
        site_map_remove(&m, &nodes[i]);
    assert_int_equal(m.n, MANY / 2);
    for (int i = 0; i < MANY; i++)
        assert_ptr_equal(site_map_find(&m, name_of(i, text)), i % 2 ? &nodes[i] : NULL);
    site_map_fini(&m);
}

static void a_walk_meets_each_node_once_also_while_it_removes_them(void **state)
{
    struct site_map m;
    struct site_node *next;
    unsigned met = 0;
    char text[32];

    (void)state;
    site_map_init(&m, key);
    assert_null(site_map_next(&m, NULL));
    for (int i = 0; i < MANY; i++)
        site_map_add(&m, &nodes[i], name_of(i, text));
    for (struct site_node *node = site_map_next(&m, NULL); node; node = next) {
        next = site_map_next(&m, node);
        if (met++ % 3 == 0)
            site_map_remove(&m, node);
    }
    assert_int_equal(met, MANY);
    site_map_fini(&m);
}

static void the_longest_name_is_kept_whole(void **state)
{
    char longest[SITE_MAX];
    struct site_map m;

    (void)state;
    memset(longest, 'x', sizeof longest);
    site_map_init(&m, key);
    site_map_add(&m, &nodes[0], (struct slice){longest, SITE_MAX});
    site_map_add(&m, &nodes[1], (struct slice){longest, SITE_MAX - 1});
    assert_ptr_equal(site_map_find(&m, (struct slice){longest, SITE_MAX}), &nodes[0]);
    assert_int_equal(site_node_name(&nodes[0]).n, SITE_MAX);
    site_map_fini(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_sites_are_found_until_they_are_removed),
        cmocka_unit_test(a_walk_meets_each_node_once_also_while_it_removes_them),
        cmocka_unit_test(the_longest_name_is_kept_whole),
    };

    return cmocka_run_group_tests_name("site_map", tests, NULL, NULL);
}
