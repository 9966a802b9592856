/* stream_wish: what a query and Last-Event-ID ask for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../collector/stream_wish.h"
#include "../guard.h"

static const struct damp defaults = {100, 2000, 25000};

static struct slice guarded(const char *text)
{
    return (struct slice){guard_copy(text, strlen(text)), strlen(text)};
}

static struct stream_wish must_parse(const char *query, const char *header)
{
    struct stream_wish w;
    const char *bad = NULL;

    if (stream_wish_parse(&w, guarded(query), guarded(header), &defaults, &bad) < 0)
        fail_msg("%s: %s", query, bad);
    return w;
}

static void must_refuse(const char *query, const char *why)
{
    struct stream_wish w;
    const char *bad = "";

    assert_int_equal(stream_wish_parse(&w, guarded(query), guarded(""), &defaults, &bad),
                     -1);
    assert_non_null(strstr(bad, why));
    assert_null(strchr(bad, '"')); /* it stands in JSON */
}

static void who_asks_nothing_gets_everything_from_now_on(void **state)
{
    struct stream_wish w = must_parse("", "");

    (void)state;
    assert_false(w.resumes || w.earliest || w.no_feed);
    assert_memory_equal(&w.damp, &defaults, sizeof defaults);
}

static void an_id_is_a_life_and_a_number(void **state)
{
    static const char *const none[] = {"",
                                       "-",
                                       "1-",
                                       "-1",
                                       "1",
                                       "1-2-3",
                                       "1-2x",
                                       " 1-2",
                                       "1 -2",
                                       "EARLIEST",
                                       "0x1-2",
                                       "1-0x2",
                                       "99999999999999999-1",
                                       "1-99999999999999999",
                                       "18446744073709551617-1"};

    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        struct stream_wish w = must_parse("", none[i]);

        if (w.resumes || w.earliest)
            fail_msg("%s was taken for an id", none[i]);
    }
    assert_true(must_parse("", "earliest").earliest);
    assert_true(must_parse("", "1763000000000-9").resumes);
    assert_int_equal(must_parse("", "1763000000000-9").life, 1763000000000);
    assert_int_equal(must_parse("", "1763000000000-9").id, 9);
    assert_true(must_parse("", "0-0").resumes);
}

static void the_header_wins_over_the_query(void **state)
{
    struct stream_wish w = must_parse("last_event_id=1-2", "3-4");

    (void)state;
    assert_int_equal(w.life, 3);
    assert_int_equal(w.id, 4);
    assert_int_equal(must_parse("last_event_id=1%2d2", "").id, 2);
    w = must_parse("last_event_id=earliest", "3-4");
    assert_true(w.resumes && !w.earliest);
    w = must_parse("last_event_id=1-2", "nonsense");
    assert_false(w.resumes);
}

static void the_query_may_ask_for_other_damping(void **state)
{
    struct stream_wish w = must_parse("notify-delta-ratio=0.5&notify-min-delay=1", "");

    (void)state;
    assert_int_equal(w.damp.ratio, 500);
    assert_int_equal(w.damp.min_ms, 1000);
    assert_int_equal(w.damp.max_ms, 25000);
    must_refuse("notify-delta-ratio=1.1", "notify-delta-ratio");
    must_refuse("notify-delta-ratio=", "notify-delta-ratio");
    must_refuse("a=b&notify-min-delay=-1", "notify-min-delay");
    must_refuse("notify-max-delay=4000", "notify-max-delay");
    must_refuse(
        "notify-max-delay=0000000000000000000000000000000000000000000000000000000000"
        "000000000000000000000000000000000000x",
        "notify-max-delay");
}

static void only_feed_0_turns_the_feed_off(void **state)
{
    (void)state;
    assert_true(must_parse("feed=0", "").no_feed);
    assert_false(must_parse("feed=1", "").no_feed);
    assert_false(must_parse("feed", "").no_feed);
    assert_false(must_parse("feeds=0", "").no_feed);
}

static void of_a_repeated_parameter_the_first_counts(void **state)
{
    struct stream_wish w = must_parse("notify-min-delay=1&notify-min-delay=2"
                                      "&notify-min-delay=never&feed=1&feed=0"
                                      "&last_event_id=1-2&last_event_id=3-4",
                                      "");

    (void)state;
    assert_int_equal(w.damp.min_ms, 1000);
    assert_false(w.no_feed);
    assert_int_equal(w.id, 2);
    assert_false(must_parse("last_event_id=&last_event_id=3-4", "").resumes);
    must_refuse("notify-max-delay=x&notify-max-delay=1", "notify-max-delay");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_asks_nothing_gets_everything_from_now_on),
        cmocka_unit_test(an_id_is_a_life_and_a_number),
        cmocka_unit_test(the_header_wins_over_the_query),
        cmocka_unit_test(the_query_may_ask_for_other_damping),
        cmocka_unit_test(only_feed_0_turns_the_feed_off),
        cmocka_unit_test(of_a_repeated_parameter_the_first_counts),
    };

    return cmocka_run_group_tests_name("stream_wish", tests, NULL, NULL);
}
