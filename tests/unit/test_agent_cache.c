/* User-Agents that come again, that share a place, and that have no room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../collector/agent_cache.h"
#include "../agents.h"
#include "../dice.h"
#include "../guard.h"

static struct agent_cache cache;

static int forget_all(void **state)
{
    (void)state;
    memset(&cache, 0, sizeof cache);
    return 0;
}

static void assert_read_right(const char *text, size_t n)
{
    struct slice header = {guard_copy(text, n), n};
    struct agent want = agent_read(header), got = agent_cache_read(&cache, header);

    if (got.device != want.device || got.browser != want.browser)
        fail_msg("%.*s: %s, %s", (int)n, text, hit_device_name(got.device),
                 hit_browser_name(got.browser));
}

/* The places that are taken; @last, if not NULL, is one of them. */
static unsigned taken(struct agent_entry **last)
{
    unsigned n = 0;

    for (size_t i = 0; i < AGENT_CACHE_MAX; i++)
        if (cache.entries[i].n > 0) {
            n++;
            if (last)
                *last = &cache.entries[i];
        }
    return n;
}

static void who_comes_again_is_what_it_was(void **state)
{
    (void)state;
    for (size_t i = 0; i < AGENTS; i++)
        for (int times = 0; times < 2; times++)
            assert_read_right(agents[i].text, strlen(agents[i].text));
}

static void the_order_of_coming_does_not_matter(void **state)
{
    struct dice d = {7};

    (void)state;
    for (int i = 0; i < 20000; i++) {
        const char *text = agents[dice_below(&d, AGENTS)].text;

        assert_read_right(text, strlen(text));
    }
}

static void any_piece_of_a_header_is_a_header_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < AGENTS; i++)
        for (size_t n = 0; n <= strlen(agents[i].text); n++)
            assert_read_right(agents[i].text, n);
}

static void what_is_known_is_not_read_again(void **state)
{
    static const char text[] = "Mozilla/5.0 (X11; Linux x86_64) Firefox/121.0";
    struct agent_entry *e = NULL;

    (void)state;
    assert_read_right(text, sizeof text - 1);
    assert_int_equal(taken(&e), 1);
    e->agent.browser = BROWSER_OPERA;
    assert_int_equal(agent_cache_read(&cache, SLICE(text)).browser, BROWSER_OPERA);
}

/* The same buffer, changed in one place: wherever that is, and whether or not it tells
 * the two headers' places apart. */
static void headers_of_one_place_do_not_take_each_others_verdict(void **state)
{
    unsigned shared = 0;
    char text[200];

    (void)state;
    for (size_t at = 1; at + 8 <= sizeof text; at++) {
        forget_all(NULL);
        memset(text, ' ', sizeof text);
        for (int times = 0; times < 3; times++) {
            memcpy(text + at, "Firefox/", 8);
            assert_read_right(text, sizeof text);
            memcpy(text + at, "Chrome/ ", 8);
            assert_read_right(text, sizeof text);
        }
        shared += taken(NULL) == 1;
    }
    assert_true(shared > 0);
}

static void more_headers_than_places_are_read_right(void **state)
{
    char text[64];

    (void)state;
    for (int times = 0; times < 2; times++)
        for (int i = 0; i < 4 * AGENT_CACHE_MAX; i++) {
            int n =
                snprintf(text, sizeof text, "Mozilla/5.0 (%s; %05d) %s/1",
                         i % 2 ? "iPhone" : "X11;   ", i, i % 3 ? "Safari" : "Chrome");

            assert_read_right(text, (size_t)n);
        }
    assert_true(taken(NULL) > AGENT_CACHE_MAX / 2); /* they were spread */
}

static void a_header_without_room_is_read_each_time(void **state)
{
    char text[AGENT_BYTES + 16];

    (void)state;
    memset(text, ' ', sizeof text);
    for (size_t n = AGENT_CACHE_TEXT + 1; n <= sizeof text; n++)
        for (int times = 0; times < 2; times++) {
            memcpy(text + n - 8, times ? "Firefox/" : " Chrome/", 8);
            assert_read_right(text, n);
            memset(text + n - 8, ' ', 8);
        }
    assert_int_equal(taken(NULL), 0);
    memcpy(text + AGENT_CACHE_TEXT - 8, "Firefox/", 8);
    assert_read_right(text, AGENT_CACHE_TEXT);
    assert_read_right(text, AGENT_CACHE_TEXT + 1);
    assert_int_equal(taken(NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(who_comes_again_is_what_it_was, forget_all),
        cmocka_unit_test_setup(the_order_of_coming_does_not_matter, forget_all),
        cmocka_unit_test_setup(any_piece_of_a_header_is_a_header_of_its_own, forget_all),
        cmocka_unit_test_setup(what_is_known_is_not_read_again, forget_all),
        cmocka_unit_test_setup(headers_of_one_place_do_not_take_each_others_verdict,
                               forget_all),
        cmocka_unit_test_setup(more_headers_than_places_are_read_right, forget_all),
        cmocka_unit_test_setup(a_header_without_room_is_read_each_time, forget_all),
    };

    return cmocka_run_group_tests_name("agent_cache", tests, NULL, NULL);
}
