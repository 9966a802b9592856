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

#define MIDNIGHT INT64_C(1763769600000)

static struct secret secret;
static struct day_keys keys;
static struct agent_cache agents;

/* A ping at @now, with a cookie that was made at @named_at, if not 0. */
static struct hit pinged(ms_t now, const char *cookie, ms_t named_at)
{
    struct beacon_sender from = {.ip = {{192, 0, 2, 7}, 4}, .user_agent = SLICE("x")};
    const struct beacon_tools tools = {&secret, &keys, &agents};
    static struct beacon_texts texts;
    struct hit h;

    assert_true(ping("state=1&url=/a"));
    beacon.site = SLICE("shop");
    beacon.user = slice_of(cookie);
    beacon.named_at = named_at;
    assert_int_equal(beacon_hit(&beacon, &from, &tools, now, 1, &h, &texts), BEACON_OK);
    return h;
}

static int set_up(void **state)
{
    (void)state;
    keys.day = -1;
    secret_init(&secret, "the secret of a test", 20);
    return 0;
}

/* In the first minutes of a day, too, when yesterday's id has the same place. */
static void a_young_cookie_renames_who_had_none(void **state)
{
    static const ms_t times[] = {MIDNIGHT + 7200000, MIDNIGHT};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        ms_t at = times[i];
        struct hit first = pinged(at, "", 0), next = pinged(at + 15000, "a cookie", at);
        struct hit later = pinged(at + 120000, "a cookie", 0);

        assert_true(next.visitor != first.visitor && next.previous == first.visitor);
        assert_true(next.tab == first.tab && next.tab != 0);
        assert_int_equal(first.marks, 0);
        assert_int_equal(next.marks, HIT_NAMED);
        assert_int_equal(later.visitor, next.visitor);
        assert_int_equal(later.marks, 0);
    }
}

/* The one without a cookie, and those that follow, though the day turned in between. */
static void who_got_a_cookie_before_midnight_is_one_visitor_after_it(void **state)
{
    ms_t minted = MIDNIGHT - 5000;
    struct hit first = pinged(minted + 300, "", 0), next, later;
    uint64_t named = pinged(minted + 2000, "a cookie", minted).visitor;

    (void)state;
    for (ms_t at = minted + 2000; at < minted + 120000; at += 15000) {
        next = pinged(at, "a cookie", minted);
        assert_true(next.visitor == named && next.previous == first.visitor);
        assert_int_equal(next.marks, HIT_NAMED);
    }
    later = pinged(minted + 120000, "a cookie", 0); /* today's id, for the first time */
    assert_true(later.visitor != named && later.previous == named);
    assert_int_equal(later.marks, 0);
    next = pinged(MIDNIGHT - 500, "a cookie", MIDNIGHT + 1000); /* by a clock ahead */
    assert_true(next.previous == pinged(MIDNIGHT + 1000, "", 0).visitor);
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
        cmocka_unit_test_setup(a_young_cookie_renames_who_had_none, set_up),
        cmocka_unit_test_setup(who_got_a_cookie_before_midnight_is_one_visitor_after_it,
                               set_up),
        cmocka_unit_test(the_report_adds_up_and_lists_only_pages_that_are_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
