/* recent: the ring of a site's latest events, with short texts and with long ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../aggregator/recent.h"
#include "../../proto/hit.h"
#include "../guard.h"

static char letters[PATH_MAX_BYTES];

/* An event whose texts are so long, ended by a page that may not be touched. */
static struct recent_event event(size_t path, size_t name, size_t referrer, size_t goals)
{
    static struct guard g[4];

    memset(letters, 'a' + (int)(path % 26), sizeof letters);
    return (struct recent_event){
        .kind = HIT_VIEW,
        .at = 1000 + (ms_t)path,
        .visitor = UINT32_MAX,
        .device = 3,
        .browser = 4,
        .country = {'D', 'E'},
        .path = {guard_put(&g[0], letters, path), path},
        .name = {guard_put(&g[1], "n", name ? 1 : 0), name ? 1 : 0},
        .referrer = {guard_put(&g[2], letters, referrer), referrer},
        .goals = {guard_put(&g[3], letters, goals), goals},
    };
}

static void expect(const struct recent *r, uint64_t id, const struct recent_event *e)
{
    struct recent_event have = recent_get(r, id);

    assert_int_equal(have.id, id);
    assert_int_equal(have.kind, e->kind);
    assert_int_equal(have.at, e->at);
    assert_int_equal(have.visitor, e->visitor);
    assert_int_equal(have.ms, e->ms);
    assert_int_equal(have.device, e->device);
    assert_int_equal(have.browser, e->browser);
    assert_memory_equal(have.country, e->country, sizeof e->country);
    assert_true(slice_eq(have.path, e->path));
    assert_true(slice_eq(have.name, e->name));
    assert_true(slice_eq(have.referrer, e->referrer));
    assert_true(slice_eq(have.goals, e->goals));
}

static void texts_of_any_length_come_back_as_they_went_in(void **state)
{
    struct recent r;

    (void)state;
    recent_init(&r);
    for (size_t n = 0; n <= PATH_MAX_BYTES; n++) {
        struct recent_event e =
            event(n, n % 3, n % (REFERRER_MAX + 1), n % (EVENT_GOALS_BYTES + 1));

        recent_add(&r, &e);
        expect(&r, n + 1, &e);
    }
    recent_fini(&r);
}

static void a_text_that_just_fits_its_entry_takes_no_memory_and_the_next_longer_does(
    void **state)
{
    struct recent_event fits = event(RECENT_TEXT, 0, 0, 0), more;
    struct recent r;
    size_t before;

    (void)state;
    recent_init(&r);
    assert_int_equal(recent_bytes(&r), 0);
    recent_add(&r, &fits);
    expect(&r, 1, &fits);
    before = recent_bytes(&r);
    more = event(RECENT_TEXT, 1, 0, 0);
    recent_add(&r, &more);
    expect(&r, 2, &more);
    assert_int_equal(recent_bytes(&r), before + 64);
    recent_fini(&r);
}

static void memory_of_long_texts_is_kept_and_used_again(void **state)
{
    struct recent_event small = event(7, 0, 0, 0), large;
    struct recent r;
    size_t bytes;

    (void)state;
    recent_init(&r);
    for (int i = 0; i < RECENT_MAX; i++) {
        large = event(PATH_MAX_BYTES, 0, 0, 0);
        recent_add(&r, &large);
    }
    bytes = recent_bytes(&r);
    for (int i = 0; i < RECENT_MAX; i++) {
        small = event(7, 0, 0, 0);
        recent_add(&r, &small);
    }
    expect(&r, r.last, &small);
    large = event(PATH_MAX_BYTES, 0, 0, 0);
    recent_add(&r, &large);
    expect(&r, r.last, &large);
    assert_int_equal(recent_bytes(&r), bytes);
    recent_fini(&r);
}

static void a_query_has_its_time_and_no_visitor(void **state)
{
    struct recent_event e = {
        .kind = HIT_QUERY, .at = 5, .path = SLICE("SELECT 1"), .ms = UINT32_MAX};
    struct recent r;

    (void)state;
    recent_init(&r);
    recent_add(&r, &e);
    expect(&r, 1, &e);
    recent_fini(&r);
}

static void as_many_as_there_is_room_for_are_held(void **state)
{
    struct recent_event e = event(9, 0, 0, 0);
    struct recent r;

    (void)state;
    recent_init(&r);
    recent_restore(&r, 5);
    assert_int_equal(recent_first(&r), 6);
    recent_add(&r, &e);
    assert_int_equal(recent_first(&r), 6);
    expect(&r, 6, &e);
    while (r.last < 3 * RECENT_MAX) {
        recent_add(&r, &e);
        expect(&r, r.last, &e);
    }
    assert_int_equal(recent_first(&r), 2 * RECENT_MAX + 1);
    recent_fini(&r);
}

static void the_entries_are_cache_lines(void **state)
{
    struct recent_event e = event(9, 0, 0, 0);
    struct recent r;

    (void)state;
    recent_init(&r);
    recent_add(&r, &e);
    assert_int_equal((uintptr_t)r.entry % sizeof *r.entry, 0);
    recent_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_of_any_length_come_back_as_they_went_in),
        cmocka_unit_test(
            a_text_that_just_fits_its_entry_takes_no_memory_and_the_next_longer_does),
        cmocka_unit_test(memory_of_long_texts_is_kept_and_used_again),
        cmocka_unit_test(a_query_has_its_time_and_no_visitor),
        cmocka_unit_test(as_many_as_there_is_room_for_are_held),
        cmocka_unit_test(the_entries_are_cache_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
