/* Pings of livestats.js, and the report of its dashboards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../collector/dialects/livestats.h"
#include "../../collector/dialects/livestats_report.h"
#include "../guard.h"

static const struct key key = {{1, 2, 3}};
static struct beacon beacon;
static char tab[LIVESTATS_TAB_TEXT];

static bool ping(const char *form)
{
    size_t n = strlen(form);

    memset(&beacon, 0xa5, sizeof beacon);
    return livestats_ping(&beacon, (struct slice){guard_copy(form, n), n}, &key, tab);
}

static void assert_text(struct slice s, const char *want)
{
    if (!slice_eq(s, slice_of(want)))
        fail_msg("\"%.*s\", not \"%s\"", (int)s.n, s.p, want);
}

static void a_ping_is_a_heartbeat_with_state_page_and_title(void **state)
{
    (void)state;
    assert_true(ping("state=2&url=https%3A%2F%2Fshop.example%2Fa%3Fb%3D1%23c&"
                     "title=A%20%26%20B+C"));
    assert_text(beacon.kind, "h");
    assert_text(beacon.state, "w");
    assert_text(beacon.path, "https://shop.example/a?b=1#c");
    assert_text(beacon.title, "A & B C");
    assert_int_equal(beacon.tab.n, LIVESTATS_TAB_TEXT);
    assert_int_equal(beacon.user.n, 0);
    assert_int_equal(beacon.site.n, 0);
    assert_true(ping("state=1"));
    assert_text(beacon.state, "r");
    assert_int_equal(beacon.path.n, 0);
    assert_true(ping("&&title=&state=0&url="));
    assert_text(beacon.state, "i");
}

static void a_ping_without_one_of_the_three_states_is_none(void **state)
{
    static const char *const bad[] = {
        "",         "url=/a&title=b", "state",    "state=",     "state=3",
        "state=-1", "state=00",       "state=01", "state=1abc", "State=1"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (ping(bad[i]))
            fail_msg("%s", bad[i]);
}

static void pages_are_tabs_by_their_address_as_sent(void **state)
{
    char first[LIVESTATS_TAB_TEXT];

    (void)state;
    assert_true(ping("state=1&url=%2Fa"));
    memcpy(first, tab, sizeof first);
    assert_true(ping("title=other&state=2&url=%2Fa"));
    assert_memory_equal(first, tab, sizeof tab);
    assert_true(ping("state=1&url=%2Fa%3Fb"));
    assert_memory_not_equal(first, tab, sizeof tab);
}

static void texts_of_any_length_are_cut_to_what_is_kept(void **state)
{
    static char form[40000] = "state=1&url=";
    size_t n = strlen(form);

    (void)state;
    memset(form + n, 'a', 20000);
    strcpy(form + n + 20000, "&title=");
    n = strlen(form);
    for (size_t i = 0; i < 5000; i++)
        n += (size_t)sprintf(form + n, "%%41");
    assert_true(ping(form));
    assert_int_equal(beacon.path.n, PATH_RAW_MAX);
    assert_true(beacon.title.n >= EVENT_NAME_MAX);
    assert_int_equal(*beacon.title.p, 'A');
}

/* In the first minutes of a day, too, when yesterday's id has the same place. */
static void a_young_cookie_renames_who_had_none(void **state)
{
    static const ms_t times[] = {INT64_C(1763776800000), INT64_C(1763769600000)};
    struct beacon_sender from = {.ip = {{192, 0, 2, 7}, 4}, .user_agent = SLICE("x")};
    struct day_keys keys = {.day = -1};
    struct beacon_texts texts;
    struct secret secret;
    struct hit first, next;

    (void)state;
    secret_init(&secret, "the secret of a test", 20);
    for (size_t i = 0; i < 2; i++) {
        assert_true(ping("state=1&url=/a"));
        beacon.site = SLICE("shop");
        assert_int_equal(
            beacon_hit(&beacon, &from, &keys, &secret, times[i], 1, &first, &texts),
            BEACON_OK);
        beacon.user = SLICE("a cookie");
        beacon.was_nameless = true;
        assert_int_equal(
            beacon_hit(&beacon, &from, &keys, &secret, times[i], 2, &next, &texts),
            BEACON_OK);
        assert_true(next.visitor != first.visitor && next.previous == first.visitor);
        assert_true(next.tab == first.tab && next.tab != 0);
    }
}

static void the_report_adds_up_and_lists_only_pages_that_are_open(void **state)
{
    struct page_count pages[] = {
        {.path = SLICE("/a"), .visitors = 5, .online = 2},
        {.path = SLICE("/b"), .visitors = 9, .online = 0},
        {.path = SLICE("/\"c"), .visitors = 1, .online = 1},
    };
    struct summary s = {
        .online = {.writing = 1,
                   .reading = 2,
                   .idle = 3,
                   .background = 4,
                   .fresh = {.writing = 1, .reading = 1, .idle = 0, .background = 1}},
        .pages = pages,
        .npages = 3,
        .title = {SLICE("A"), SLICE("B")},
    };
    struct buf out;

    (void)state;
    buf_init(&out, 4096);
    livestats_report(&s, SLICE("shop"), 0, &out);
    assert_text(
        buf_get(&out),
        "{\"aggregatedOnly\":{\"total\":10,\"idle\":7,\"reading\":2,\"writing\":1},"
        "\"fullReport\":{\"total\":3,\"idle\":1,\"reading\":1,\"writing\":1,\"pages\":["
        "{\"url\":\"/a\",\"title\":\"A\",\"visitors\":2},"
        "{\"url\":\"/\\\"c\",\"title\":\"\",\"visitors\":1}]}}\n");
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ping_is_a_heartbeat_with_state_page_and_title),
        cmocka_unit_test(a_ping_without_one_of_the_three_states_is_none),
        cmocka_unit_test(pages_are_tabs_by_their_address_as_sent),
        cmocka_unit_test(texts_of_any_length_are_cut_to_what_is_kept),
        cmocka_unit_test(a_young_cookie_renames_who_had_none),
        cmocka_unit_test(the_report_adds_up_and_lists_only_pages_that_are_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
