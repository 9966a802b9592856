/* pages: ids that last, and ids that come back from Redis. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../aggregator/pages.h"
#include "../../aggregator/visitors.h"
#include "../../proto/keys.h"
#include "../../proto/limits.h"

enum { SLOTS = 4 };

static const struct key key = {{1, 2, 3}};

static int begin(void **state)
{
    struct pages *t = malloc(sizeof *t);

    pages_init(t, SLOTS, &key, NULL);
    *state = t;
    return 0;
}

static int end(void **state)
{
    pages_fini(*state);
    free(*state);
    return 0;
}

static uint16_t id_of(struct pages *t, const char *path)
{
    bool capped = false;

    return pages_id(t, pages_hash(t, slice_of(path)), slice_of(path), &capped);
}

static void stand_on(struct pages *t, uint16_t id)
{
    standing_add(&t->standing, t->place[id], 0, 1);
}

static void a_restored_page_has_its_id_and_is_named(void **state)
{
    struct pages *t = *state;

    assert_true(pages_restore(t, 700, SLICE("/far")));
    assert_true(pages_restore(t, 3, SLICE("/a")));
    assert_int_equal(id_of(t, "/far"), 700);
    assert_int_equal(id_of(t, "/a"), 3);
    assert_int_equal(t->n, 2);
    assert_true(pages_get(t, 700)->named);
    assert_true(pages_get(t, 3)->named);
}

static void ids_left_out_are_free_and_given_to_new_pages(void **state)
{
    struct pages *t = *state;

    pages_restore(t, 2, SLICE("/a"));
    assert_null(pages_get(t, 0));
    assert_int_equal(id_of(t, "/b"), 0);
    assert_int_equal(id_of(t, "/c"), 1);
    assert_int_equal(id_of(t, "/d"), 3);
    assert_false(pages_get(t, 0)->named);
}

static void what_cannot_be_restored_is_refused(void **state)
{
    static char longest[PATH_MAX_BYTES + 1];
    struct pages *t = *state;

    assert_true(pages_restore(t, 5, SLICE("/a")));
    assert_false(pages_restore(t, 5, SLICE("/b")));
    assert_false(pages_restore(t, PAGES_MAX, SLICE("/b")));
    assert_false(pages_restore(t, PAGE_NONE, SLICE("/b")));
    assert_false(pages_restore(t, 6, SLICE("")));
    assert_false(pages_restore(t, 6, (struct slice){longest, sizeof longest}));
    assert_int_equal(t->n, 1);
    assert_true(pages_restore(t, PAGES_MAX - 1, (struct slice){longest, PATH_MAX_BYTES}));
}

static void of_a_path_restored_twice_the_first_is_found(void **state)
{
    struct pages *t = *state;
    char path[16];

    pages_restore(t, 9, SLICE("/a"));
    pages_restore(t, 5, SLICE("/a"));
    assert_int_equal(id_of(t, "/a"), 9);
    assert_int_equal(t->n, 2);
    for (int i = 0; i < 100; i++) { /* through a larger index */
        snprintf(path, sizeof path, "/%d", i);
        id_of(t, path);
    }
    assert_int_equal(t->n, 102);
}

static void and_the_one_that_somebody_is_on_stays(void **state)
{
    struct pages *t = *state;

    pages_restore(t, 5, SLICE("/a"));
    pages_restore(t, 9, SLICE("/a"));
    stand_on(t, 9);
    pages_drop_empty(t);
    assert_int_equal(t->n, 1);
    assert_null(pages_get(t, 5));
    assert_int_equal(id_of(t, "/a"), 9);
    assert_int_equal(id_of(t, "/b"), 0);
}

static void an_id_used_again_is_a_new_page_without_a_name(void **state)
{
    struct pages *t = *state;
    uint16_t a = id_of(t, "/a"), b = id_of(t, "/b");

    pages_get(t, a)->named = true;
    stand_on(t, b);
    pages_drop_empty(t);
    assert_int_equal(id_of(t, "/c"), a);
    assert_false(pages_get(t, a)->named);
    assert_int_equal(id_of(t, "/b"), b);
}

static void a_full_house_restored_finds_everybody_and_other(void **state)
{
    struct pages *t = *state;
    char path[16];
    bool capped = false;

    for (int i = PAGES_MAX - 2; i >= 0; i--) {
        snprintf(path, sizeof path, "/%d", i);
        assert_true(pages_restore(t, (uint16_t)i, slice_of(path)));
    }
    assert_int_equal(id_of(t, "/77"), 77);
    assert_int_equal(id_of(t, "/new"), PAGES_MAX - 1);
    assert_int_equal(id_of(t, PAGE_OTHER), PAGES_MAX - 1);
    assert_int_equal(t->n, PAGES_MAX);
    assert_int_equal(t->ids, PAGES_MAX);
    pages_id(t, 1, SLICE("/newer"), &capped);
    assert_true(capped);
}

static void bytes_grow_with_pages_and_go_with_them(void **state)
{
    struct pages *t = *state;
    size_t before;

    assert_int_equal(pages_bytes(t), 0);
    pages_restore(t, 0, SLICE("/a"));
    before = pages_bytes(t);
    pages_restore(t, 1, SLICE("/abcdefgh"));
    assert_int_equal(pages_bytes(t) - before, 9); /* there was room for two */
    pages_restore(t, 2, SLICE("/c"));
    assert_true(pages_bytes(t) - before > sizeof(struct page) + SLOTS * sizeof(uint32_t));
    pages_drop_empty(t);
    assert_int_equal(pages_bytes(t), 0);
}

static void whoever_moves_keeps_its_id_its_counts_and_its_texts(void **state)
{
    struct pages *t = *state;
    char path[16];

    for (int i = 0; i < 500; i++) {
        snprintf(path, sizeof path, "/%d", i);
        assert_int_equal(id_of(t, path), i);
        pages_title(t, (uint16_t)i, slice_of(path + 1));
        pages_get(t, (uint16_t)i)->title_dirty = false;
        if (i % 7 == 0)
            stand_on(t, (uint16_t)i);
    }
    pages_drop_empty(t);
    assert_int_equal(t->n, 72);
    for (int i = 0; i < 500; i++) {
        const struct page *p = pages_get(t, (uint16_t)i);

        snprintf(path, sizeof path, "/%d", i);
        if (i % 7 != 0) {
            assert_null(p);
            continue;
        }
        assert_true(slice_eq(page_path(p), slice_of(path)));
        assert_true(slice_eq(page_title(p), slice_of(path + 1)));
        assert_int_equal(pages_visitors(t, p), 1);
        assert_int_equal(id_of(t, path), i);
    }
}

static void memory_of_pages_that_are_gone_is_given_back(void **state)
{
    struct pages *t = *state;
    char path[16];
    size_t most;

    for (int i = 0; i < 900; i++) {
        snprintf(path, sizeof path, "/%d", i);
        id_of(t, path);
    }
    stand_on(t, 17);
    most = pages_bytes(t);
    pages_drop_empty(t);
    assert_int_equal(t->n, 1);
    assert_true(pages_bytes(t) < most / 3); /* the index stays */
    assert_int_equal(id_of(t, "/17"), 17);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_restored_page_has_its_id_and_is_named, begin,
                                        end),
        cmocka_unit_test_setup_teardown(ids_left_out_are_free_and_given_to_new_pages,
                                        begin, end),
        cmocka_unit_test_setup_teardown(what_cannot_be_restored_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(of_a_path_restored_twice_the_first_is_found,
                                        begin, end),
        cmocka_unit_test_setup_teardown(and_the_one_that_somebody_is_on_stays, begin,
                                        end),
        cmocka_unit_test_setup_teardown(an_id_used_again_is_a_new_page_without_a_name,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_full_house_restored_finds_everybody_and_other,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            whoever_moves_keeps_its_id_its_counts_and_its_texts, begin, end),
        cmocka_unit_test_setup_teardown(memory_of_pages_that_are_gone_is_given_back,
                                        begin, end),
        cmocka_unit_test_setup_teardown(bytes_grow_with_pages_and_go_with_them, begin,
                                        end),
    };

    return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
