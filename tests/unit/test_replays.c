/* replays: which beacons are the same, for how long, and what that costs when strangers
 * fill the table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "../../collector/admission/replays.h"

#define START (1000 * 86400000LL)
#define SENT SLICE("1790000000000")
#define RACES 60000

static const struct key key = {"sixteen bytes.."};
static struct replays *replays;

static int set_up(void **state)
{
    (void)state;
    replays = aligned_alloc(64, sizeof *replays);
    memset(replays, 0, sizeof *replays);
    replays_init(replays, &key);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(replays);
    return 0;
}

static struct hit view(void)
{
    return (struct hit){.site = SLICE("shop"),
                        .path = SLICE("/cart"),
                        .visitor = 7,
                        .tab = 11,
                        .kind = HIT_VIEW,
                        .state = STATE_READING};
}

static uint64_t id_of(const struct hit *h)
{
    return replays_id(replays, h, SENT);
}

/* The @n-th of many that have nothing to do with each other. */
static uint64_t other(uint64_t n)
{
    struct hit h = view();

    h.tab = n + 1000;
    return id_of(&h);
}

static void the_same_beacon_counts_once(void **state)
{
    struct hit h = view();
    uint64_t id = id_of(&h);

    (void)state;
    assert_false(replays_has(replays, id, START));
    assert_int_equal(replays_add(replays, id, START), SEEN_NEW);
    assert_true(replays_has(replays, id, START));
    assert_int_equal(replays_add(replays, id, START), SEEN_BEFORE);
    assert_true(replays_has(replays, id_of(&h), START + 1000));
}

static void a_beacon_that_was_only_asked_about_is_not_remembered(void **state)
{
    struct hit h = view();

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_false(replays_has(replays, id_of(&h), START));
    assert_int_equal(replays_add(replays, id_of(&h), START), SEEN_NEW);
}

static void each_of_its_fields_makes_another_event(void **state)
{
    struct hit h[] = {view(), view(), view(), view(), view(), view(), view(), view()};
    const size_t n = sizeof h / sizeof *h;

    (void)state;
    h[1].site = SLICE("blog");
    h[2].path = SLICE("/cart/");
    h[3].tab = 12;
    h[4].kind = HIT_HEARTBEAT;
    h[5].state = STATE_IDLE;
    h[6].kind = HIT_EVENT;
    h[6].name = SLICE("buy");
    h[7].kind = HIT_EVENT;
    h[7].name = SLICE("sell");
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < a; b++)
            assert_int_not_equal(id_of(&h[a]), id_of(&h[b]));
    assert_int_not_equal(id_of(&h[0]),
                         replays_id(replays, &h[0], SLICE("1790000000001")));
}

static void what_stands_between_fields_keeps_them_apart(void **state)
{
    struct hit a = view(), b = view();

    (void)state;
    a.kind = b.kind = HIT_EVENT;
    a.path = SLICE("/ab");
    a.name = SLICE("c");
    b.path = SLICE("/a");
    b.name = SLICE("bc");
    assert_int_not_equal(id_of(&a), id_of(&b));
    b.path = SLICE("/ab");
    b.name = SLICE("c1");
    assert_int_not_equal(replays_id(replays, &a, SLICE("12")),
                         replays_id(replays, &b, SLICE("2")));
}

static void what_a_proxy_or_a_reload_may_change_does_not_make_another(void **state)
{
    struct hit a = view(), b = view();

    (void)state;
    b.visitor = 8;
    b.previous = 9;
    b.name = SLICE("the title of a page");
    b.engaged = 100;
    b.device = 1;
    b.at = START;
    assert_int_equal(id_of(&a), id_of(&b));
}

static void without_a_page_view_id_or_a_time_nothing_is_judged(void **state)
{
    char longest[CLIENT_ID_MAX + 1];
    struct hit h = view();

    (void)state;
    memset(longest, '1', sizeof longest);
    assert_int_equal(replays_id(replays, &h, (struct slice){0}), 0);
    assert_int_equal(replays_id(replays, &h, (struct slice){longest, sizeof longest}), 0);
    assert_int_not_equal(replays_id(replays, &h, (struct slice){longest, CLIENT_ID_MAX}),
                         0);
    h.tab = 0;
    assert_int_equal(id_of(&h), 0);
    assert_int_equal(replays_add(replays, 0, START), SEEN_NEW);
    assert_false(replays_has(replays, 0, START));
    assert_int_equal(replays_add(replays, 0, START), SEEN_NEW);
}

static void the_longest_texts_have_room(void **state)
{
    static char text[PATH_MAX_BYTES];
    struct hit h = view();

    (void)state;
    memset(text, 'x', sizeof text);
    h.kind = HIT_EVENT;
    h.site = (struct slice){text, SITE_MAX};
    h.path = (struct slice){text, PATH_MAX_BYTES};
    h.name = (struct slice){text, EVENT_NAME_MAX};
    assert_int_not_equal(replays_id(replays, &h, (struct slice){text, CLIENT_ID_MAX}), 0);
}

static void after_an_hour_it_counts_again(void **state)
{
    uint64_t id = other(0);
    mono_t last = START + SEEN_S * 1000 - 1;

    (void)state;
    replays_add(replays, id, START);
    assert_true(replays_has(replays, id, last));
    assert_false(replays_has(replays, id, last + 1));
    assert_int_equal(replays_add(replays, id, last + 1), SEEN_NEW);
    assert_true(replays_has(replays, id, last + 2));
}

static void a_worker_whose_clock_is_behind_knows_it_too(void **state)
{
    uint64_t id = other(0);

    (void)state;
    replays_add(replays, id, START);
    assert_true(replays_has(replays, id, START - 1));
    assert_int_equal(replays_add(replays, id, START - 1), SEEN_BEFORE);
}

static void the_oldest_makes_room(void **state)
{
    const uint64_t n = 2 * (uint64_t)REPLAYS_KEPT, kept = REPLAYS_KEPT / 8;
    unsigned displaced = 0, lost = 0;

    (void)state;
    for (uint64_t i = 0; i < n; i++)
        displaced += replays_add(replays, other(i), START + (mono_t)i) == SEEN_DISPLACED;
    assert_in_range(displaced, n - REPLAYS_KEPT, n - REPLAYS_KEPT / 2);
    for (uint64_t i = n - kept; i < n; i++)
        lost += !replays_has(replays, other(i), START + (mono_t)n);
    assert_in_range(lost, 0, kept / 10000);
    for (uint64_t i = 0, found = 0; i < kept; i++) {
        found += replays_has(replays, other(i), START + (mono_t)n);
        assert_in_range(found, 0, kept / 10);
    }
}

static void what_is_over_an_hour_old_makes_room_unsaid(void **state)
{
    const uint64_t full = 2 * (uint64_t)REPLAYS_KEPT;
    mono_t later = START + SEEN_S * 1000;

    (void)state;
    for (uint64_t i = 0; i < full; i++)
        replays_add(replays, other(i), START);
    for (uint64_t i = full; i < full + REPLAYS_KEPT / 8; i++)
        assert_int_equal(replays_add(replays, other(i), later), SEEN_NEW);
}

static void of_many_in_one_second_most_of_the_last_are_known(void **state)
{
    const uint64_t n = 2 * (uint64_t)REPLAYS_KEPT, last = REPLAYS_KEPT / 8;
    unsigned known = 0;

    (void)state;
    for (uint64_t i = 0; i < n; i++)
        replays_add(replays, other(i), START);
    for (uint64_t i = n - last; i < n; i++)
        known += replays_has(replays, other(i), START);
    assert_in_range(known, last / 10 * 9, last);
}

/* ---- several threads ---- */

static void *race(void *arg)
{
    unsigned *counted = arg;

    for (uint64_t i = 0; i < RACES; i++)
        *counted += replays_add(replays, other(i), START) != SEEN_BEFORE;
    return NULL;
}

static void of_two_threads_one_counts_it(void **state)
{
    unsigned here = 0, there = 0;
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, race, &there), 0);
    race(&here);
    pthread_join(thread, NULL);
    assert_int_equal(here + there, RACES);
}

int main(void)
{
#define CLAIM(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CLAIM(the_same_beacon_counts_once),
        CLAIM(a_beacon_that_was_only_asked_about_is_not_remembered),
        CLAIM(each_of_its_fields_makes_another_event),
        CLAIM(what_stands_between_fields_keeps_them_apart),
        CLAIM(what_a_proxy_or_a_reload_may_change_does_not_make_another),
        CLAIM(without_a_page_view_id_or_a_time_nothing_is_judged),
        CLAIM(the_longest_texts_have_room),
        CLAIM(after_an_hour_it_counts_again),
        CLAIM(a_worker_whose_clock_is_behind_knows_it_too),
        CLAIM(the_oldest_makes_room),
        CLAIM(what_is_over_an_hour_old_makes_room_unsaid),
        CLAIM(of_many_in_one_second_most_of_the_last_are_known),
        CLAIM(of_two_threads_one_counts_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
