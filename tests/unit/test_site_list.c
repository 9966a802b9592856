/* site_list: names once each, the busiest first, as JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "../../collector/site_list.h"
#include "../guard.h"

static void add(struct site_list *l, const char *name)
{
    site_list_add(l, (struct slice){guard_copy(name, strlen(name)), strlen(name)});
}

static void tell(struct site_row *row, uint64_t reading, uint64_t last, ms_t at)
{
    struct summary s = {.window = 30, .at = at, .online = {.reading = reading}};

    s.row[0].last = last; /* of one minute, and of all before five */
    s.row[0].views = 2 * last;
    s.row[29].last = 7;
    s.row[29].views = 100;
    site_list_tell(row, &s);
}

static json_t *written(struct site_list *l, uint64_t *online)
{
    struct buf out;
    json_t *root;

    buf_init(&out, ANSWER_MAX);
    *online = site_list_json(l, 1763812861456, &out);
    assert_false(out.full);
    assert_int_equal(out.p[out.n - 1], '\n');
    root = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    buf_fini(&out);
    return root;
}

static const char *name_at(const json_t *root, size_t i)
{
    const json_t *row = json_array_get(json_object_get(root, "sites"), i);

    return json_string_value(json_object_get(row, "site"));
}

static json_int_t number(const json_t *row, const char *key)
{
    const json_t *v = json_object_get(row, key);

    assert_true(json_is_integer(v));
    return json_integer_value(v);
}

static void names_are_there_once_and_what_is_no_site_is_not(void **state)
{
    static const char *const names[] = {"shop", "blog", "shop", "",    "no site",
                                        "a/b",  "<b>",  "shop", "docs"};
    struct site_list l = {0};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        add(&l, names[i]);
    site_list_unite(&l);
    assert_int_equal(l.n, 3);
    assert_true(slice_eq(site_row_name(&l.row[0]), SLICE("blog")));
    assert_true(slice_eq(site_row_name(&l.row[1]), SLICE("docs")));
    assert_true(slice_eq(site_row_name(&l.row[2]), SLICE("shop")));
    site_list_fini(&l);
    site_list_unite(&l); /* of nothing */
    assert_int_equal(l.n, 0);
}

static void the_busiest_come_first_then_those_seen_last_then_by_name(void **state)
{
    struct site_list l = {0};
    uint64_t online;
    json_t *root;

    (void)state;
    add(&l, "b");
    add(&l, "a");
    add(&l, "seen");
    add(&l, "busy");
    add(&l, "untold");
    tell(&l.row[0], 0, 0, 1);
    tell(&l.row[1], 0, 0, 1);
    tell(&l.row[2], 0, 3, 1);
    tell(&l.row[3], 9, 1, 1);
    root = written(&l, &online);
    assert_int_equal(online, 9);
    assert_int_equal(json_array_size(json_object_get(root, "sites")), 4);
    assert_string_equal(name_at(root, 0), "busy");
    assert_string_equal(name_at(root, 1), "seen");
    assert_string_equal(name_at(root, 2), "a");
    assert_string_equal(name_at(root, 3), "b");
    assert_null(json_object_get(root, "more"));
    json_decref(root);
    site_list_fini(&l);
}

static void each_number_is_of_its_window(void **state)
{
    struct site_list l = {0};
    uint64_t online;
    const json_t *row;
    json_t *root;

    (void)state;
    add(&l, "shop");
    tell(&l.row[0], 2, 3, 1763812861400);
    root = written(&l, &online);
    row = json_array_get(json_object_get(root, "sites"), 0);
    assert_int_equal(number(root, "asOf"), 1763812861456);
    assert_int_equal(number(row, "current"), 3);
    assert_int_equal(number(row, "pageViews"), 6);
    assert_int_equal(number(row, "last30"), 10);
    assert_int_equal(number(row, "t"), 1763812861400);
    assert_int_equal(number(json_object_get(row, "online"), "total"), 2);
    assert_int_equal(number(json_object_get(row, "online"), "active"), 2);
    assert_int_equal(number(json_object_get(row, "online"), "reading"), 2);
    json_decref(root);
    tell(&l.row[0], 0, 0, 0);
    root = written(&l, &online);
    row = json_array_get(json_object_get(root, "sites"), 0);
    assert_true(json_is_null(json_object_get(row, "t")));
    json_decref(root);
    site_list_fini(&l);
}

/* How many were there in a minute. */
static uint64_t as_long_ago(unsigned ago)
{
    return 100 + ago;
}

static void only_of_a_demo_it_says_that_it_is_one(void **state)
{
    struct summary real = {.window = 30}, demo = {.window = 30, .demo = true};
    struct site_list l = {0};
    uint64_t online;
    json_t *root, *rows;

    (void)state;
    add(&l, "real");
    add(&l, "shop");
    site_list_tell(&l.row[0], &real);
    site_list_tell(&l.row[1], &demo);
    root = written(&l, &online);
    rows = json_object_get(root, "sites");
    assert_null(json_object_get(json_array_get(rows, 0), "demo"));
    assert_true(json_is_true(json_object_get(json_array_get(rows, 1), "demo")));
    json_decref(root);
    site_list_fini(&l);
}

/* A row that was told of a window of this many minutes, and before that of a longer one,
 * of which nothing may be left. */
static json_t *series_of(unsigned window)
{
    struct summary s = {.window = WINDOW_MAX, .now = 29000000};
    struct site_list l = {0};
    uint64_t online;
    json_t *root, *row;

    add(&l, "shop");
    for (unsigned i = 0; i < WINDOW_MAX; i++)
        s.row[i].uniques = 777;
    site_list_tell(&l.row[0], &s);
    s.window = window;
    for (unsigned i = 0; i < WINDOW_MAX; i++)
        s.row[i].uniques = as_long_ago(i);
    s.now++;
    site_list_tell(&l.row[0], &s);
    root = written(&l, &online);
    row = json_incref(json_array_get(json_object_get(root, "sites"), 0));
    assert_int_equal(number(row, "minute"), 29000001 * (json_int_t)60000);
    json_decref(root);
    site_list_fini(&l);
    return row;
}

static void the_series_ends_in_the_running_minute_and_is_never_longer_than_the_window(
    void **state)
{
    static const struct {
        unsigned window, length;
    } table[] = {{1, 1},
                 {2, 2},
                 {SITE_MINUTES - 1, SITE_MINUTES - 1},
                 {SITE_MINUTES, SITE_MINUTES},
                 {SITE_MINUTES + 1, SITE_MINUTES},
                 {WINDOW_MAX, SITE_MINUTES}};

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        json_t *row = series_of(table[i].window);
        const json_t *series = json_object_get(row, "series");

        assert_int_equal(json_array_size(series), table[i].length);
        for (size_t k = 0; k < table[i].length; k++)
            assert_int_equal(json_integer_value(json_array_get(series, k)),
                             as_long_ago((unsigned)(table[i].length - 1 - k)));
        json_decref(row);
    }
}

static void of_too_many_the_busiest_stay(void **state)
{
    struct site_list l = {0};
    uint64_t online;
    json_t *root;
    char name[16];

    (void)state;
    for (size_t i = 0; i < SITES_LISTED_MAX + 1; i++) {
        snprintf(name, sizeof name, "s%03zu", i);
        add(&l, name);
        l.row[i].online = i;
    }
    site_list_cut(&l);
    assert_int_equal(l.n, SITES_LISTED_MAX);
    assert_true(slice_eq(site_row_name(&l.row[0]), SLICE("s200")));
    assert_true(slice_eq(site_row_name(&l.row[SITES_LISTED_MAX - 1]), SLICE("s001")));
    for (size_t i = 0; i < l.n; i++) {
        struct site_row *row = &l.row[i];

        memset(row->name, 'x', row->name_n = SITE_MAX);
        tell(row, UINT32_MAX, UINT32_MAX, 1763812861400);
        memset(row->series, UINT8_MAX, sizeof row->series);
    }
    root = written(&l, &online); /* fits, however large the numbers are */
    assert_true(json_is_true(json_object_get(root, "more")));
    json_decref(root);
    l.more = false;
    site_list_cut(&l);
    assert_false(l.more);
    site_list_fini(&l);
}

static void closed_sites_take_no_place(void **state)
{
    struct site_list l = {0};
    char name[16];

    (void)state;
    for (size_t i = 0; i < SITES_LISTED_MAX + 2; i++) {
        snprintf(name, sizeof name, "s%03zu", i);
        add(&l, name);
        l.row[i].online = i;
        l.row[i].closed = i >= 2;
    }
    site_list_cut(&l);
    assert_int_equal(l.n, 2);
    assert_true(slice_eq(site_row_name(&l.row[1]), SLICE("s001")));
    assert_false(l.more);
    site_list_fini(&l);
}

static void an_empty_list_is_an_answer(void **state)
{
    struct site_list l = {0};
    uint64_t online;
    json_t *root = written(&l, &online);

    (void)state;
    assert_int_equal(online, 0);
    assert_int_equal(json_array_size(json_object_get(root, "sites")), 0);
    json_decref(root);
    site_list_fini(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_there_once_and_what_is_no_site_is_not),
        cmocka_unit_test(the_busiest_come_first_then_those_seen_last_then_by_name),
        cmocka_unit_test(each_number_is_of_its_window),
        cmocka_unit_test(
            the_series_ends_in_the_running_minute_and_is_never_longer_than_the_window),
        cmocka_unit_test(of_too_many_the_busiest_stay),
        cmocka_unit_test(closed_sites_take_no_place),
        cmocka_unit_test(only_of_a_demo_it_says_that_it_is_one),
        cmocka_unit_test(an_empty_list_is_an_answer),
    };

    return cmocka_run_group_tests_name("site_list", tests, NULL, NULL);
}
