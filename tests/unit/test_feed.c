/* feed: messages and snapshots merged: what is newer wins, and every id is told once, as
 * an event or within a gap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../collector/feed.h"
#include "../../proto/hit.h"
#include "../dice.h"

#define SHOP SLICE("shop")

/* ---- what the two sources say ---- */

struct text {
    char json[128];
};

static struct recent_event view_of(uint64_t id)
{
    return (struct recent_event){
        .id = id, .kind = HIT_VIEW, .at = 1763776801450, .path = SLICE("/")};
}

static bool hear(struct feed *f, struct delta d, uint64_t first, uint64_t last)
{
    struct recent_event events[MESSAGE_EVENTS_MAX];
    struct delta_view v;
    struct buf text;
    bool taken;

    d.site = SHOP;
    d.window[0].minutes = 5;
    d.window[1].minutes = 30;
    for (d.events = events; first > 0 && first <= last; first++)
        events[d.nevents++] = view_of(first);
    buf_init(&text, MESSAGE_MAX);
    delta_encode(&d, &text);
    assert_int_equal(delta_parse(buf_get(&text), &v), 0);
    taken = feed_message(f, &v);
    buf_fini(&text);
    return taken;
}

static void read_in(struct feed *f, struct summary s, uint64_t first, uint64_t last)
{
    static struct text texts[RECENT_MAX];
    struct buf scratch;

    s.window = 30;
    s.minutes = MINUTES_DEFAULT;
    s.known = s.epoch > 0;
    for (; first > 0 && first <= last; last--) {
        char *json = texts[s.nrecent].json;
        int n = sprintf(json,
                        "{\"id\":%d,\"type\":\"pageview\",\"timestamp\":1763776801450,"
                        "\"path\":\"/\"}",
                        (int)last);

        s.recent[s.nrecent++] = (struct slice){json, (size_t)n};
    }
    buf_init(&scratch, MESSAGE_MAX);
    feed_snapshot(f, &s, SHOP, &scratch);
    buf_fini(&scratch);
}

/* What a stream at @after would be given, as "3 4 [5-7] 8". */
static const char *told(const struct feed *f, uint64_t after)
{
    static char text[4096];
    struct feed_item item;
    enum feed_step step;
    size_t n = 0;

    for (text[0] = '\0'; (step = feed_next(f, after, &item)); after = item.to) {
        assert_int_equal(item.from, after + 1);
        n += (size_t)sprintf(text + n, step == FEED_GAP ? "%s[%d-%d]" : "%s%d",
                             n ? " " : "", (int)item.from, (int)item.to);
    }
    return text;
}

static struct delta at(uint64_t epoch, uint64_t n, ms_t life, uint64_t last)
{
    return (struct delta){.epoch = epoch, .n = n, .life = life, .last = last};
}

static struct summary as_of(uint64_t epoch, uint64_t n, ms_t life, uint64_t last)
{
    return (struct summary){.epoch = epoch, .n = n, .life = life, .last = last};
}

/* ---- claims ---- */

static void the_numbers_are_those_of_the_latest_state_wherever_it_came_from(void **state)
{
    struct summary s = as_of(5, 2, 7, 0);
    struct delta d = at(5, 3, 7, 0);
    struct feed f;

    (void)state;
    feed_init(&f);
    s.online = (struct online){.reading = 4, .tabs = 5, .members = 3};
    s.total =
        (struct total){.views = 1, .visits = 2, .joins = 6, .counted = 5, .since = 4};
    s.warming = true;
    read_in(&f, s, 0, 0);
    assert_true(f.online == 4 && f.members == 3 && f.settling);
    assert_memory_equal(&f.total, &s.total, sizeof f.total);
    d.online = (struct online){.idle = 2, .tabs = 3, .members = 2};
    d.total = (struct total){.joins = 9};
    assert_true(hear(&f, d, 0, 0));
    assert_true(f.online == 2 && f.members == 2 && !f.settling);
    assert_memory_equal(&f.total, &d.total, sizeof f.total);
    d.n = 4;
    d.flags = DELTA_LOADING;
    assert_true(hear(&f, d, 0, 0));
    assert_true(f.settling);
    d.flags = DELTA_WARMING | DELTA_TICK;
    assert_false(hear(&f, d, 0, 0)); /* it is old */
    d.n = 5;
    d.flags = DELTA_TICK;
    assert_true(hear(&f, d, 0, 0));
    assert_false(f.settling);
    feed_fini(&f);
}

static void nothing_is_told_before_the_first_snapshot(void **state)
{
    struct feed f;

    (void)state;
    feed_init(&f);
    assert_true(hear(&f, at(5, 3, 7, 41), 41, 41));
    assert_false(f.known);
    read_in(&f, as_of(5, 2, 7, 40), 38, 40);
    assert_true(f.known);
    assert_int_equal(f.n, 3); /* the message was newer */
    assert_string_equal(told(&f, 37), "38 39 40 41");
    feed_fini(&f);
}

static void of_two_states_the_newer_one_wins(void **state)
{
    struct feed f;

    (void)state;
    feed_init(&f);
    read_in(&f, as_of(5, 10, 7, 0), 0, 0);
    assert_int_equal(f.states, 1);
    assert_false(hear(&f, at(5, 10, 7, 0), 0, 0));
    assert_false(hear(&f, at(5, 9, 7, 0), 0, 0));
    assert_false(hear(&f, at(4, 99, 7, 0), 0, 0));
    assert_int_equal(f.states, 1);
    assert_true(hear(&f, at(5, 11, 7, 0), 0, 0));
    assert_true(hear(&f, at(6, 1, 7, 0), 0, 0));
    assert_int_equal(f.states, 3);
    read_in(&f, as_of(5, 12, 7, 0), 0, 0); /* one that was asked for long ago */
    assert_int_equal(f.states, 3);
    feed_fini(&f);
}

static void what_was_expected_is_taken_though_it_is_older_and_n_does_not_go_back(
    void **state)
{
    struct feed f;

    (void)state;
    feed_init(&f);
    read_in(&f, as_of(5, 10, 7, 0), 0, 0);
    assert_true(hear(&f, at(5, 14, 7, 0), 0, 0)); /* ticks, which Redis does not keep */
    feed_expect(&f);
    read_in(&f, as_of(5, 10, 7, 0), 0, 0);
    assert_int_equal(f.states, 3);
    assert_int_equal(f.n, 14);
    feed_expect(&f);
    read_in(&f, as_of(3, 1, 7, 0), 0, 0); /* Redis came back with what it had saved */
    assert_int_equal(f.epoch, 3);
    assert_int_equal(f.n, 1);
    feed_fini(&f);
}

static void a_state_is_the_message_without_its_events(void **state)
{
    struct feed f;

    (void)state;
    feed_init(&f);
    hear(&f, at(5, 3, 7, 1), 1, 1);
    assert_memory_equal(f.state.p, "{\"v\":1,\"site\":\"shop\",\"e\":5,", 27);
    assert_memory_equal(f.state.p + f.state.n - 12, ",\"flags\":[]}", 12);
    feed_fini(&f);
}

static void events_are_told_as_they_come(void **state)
{
    struct feed f;

    (void)state;
    feed_init(&f);
    read_in(&f, as_of(5, 1, 7, 2), 1, 2);
    hear(&f, at(5, 2, 7, 4), 3, 4);
    assert_string_equal(told(&f, 2), "3 4");
    hear(&f, at(5, 3, 7, 5), 3, 5); /* some are told again */
    assert_string_equal(told(&f, 4), "5");
    hear(&f, at(5, 4, 7, 5), 0, 0);
    assert_string_equal(told(&f, 5), "");
    assert_string_equal(told(&f, 9), ""); /* one that is ahead of us */
    assert_false(feed_lacks(&f));
    feed_fini(&f);
}

static void what_messages_missed_waits_for_a_snapshot_and_is_a_gap_without(void **state)
{
    struct feed f;

    (void)state;
    feed_init(&f);
    read_in(&f, as_of(5, 1, 7, 2), 1, 2);
    hear(&f, at(5, 3, 7, 9), 8, 9);
    assert_true(feed_lacks(&f));
    assert_string_equal(told(&f, 0), "1 2");
    hear(&f, at(5, 4, 7, 10), 10, 10);
    assert_string_equal(told(&f, 0), "1 2");
    read_in(&f, as_of(5, 4, 7, 10), 6, 10);
    assert_false(feed_lacks(&f));
    assert_string_equal(told(&f, 0), "1 2 [3-5] 6 7 8 9 10");
    assert_string_equal(told(&f, 4), "[5-5] 6 7 8 9 10");
    feed_fini(&f);
}

static void a_snapshot_of_before_the_jump_does_not_make_a_gap_of_it(void **state)
{
    struct feed f;

    (void)state;
    feed_init(&f);
    read_in(&f, as_of(5, 1, 7, 2), 1, 2);
    hear(&f, at(5, 9, 7, 9), 8, 9);
    read_in(&f, as_of(5, 5, 7, 5), 1, 5);
    assert_true(feed_lacks(&f));
    assert_string_equal(told(&f, 2), "3 4 5");
    read_in(&f, as_of(5, 9, 7, 9), 1, 9);
    assert_string_equal(told(&f, 5), "6 7 8 9");
    feed_fini(&f);
}

static void when_redis_has_forgotten_the_site_what_is_missing_is_a_gap(void **state)
{
    struct feed f;

    (void)state;
    feed_init(&f);
    read_in(&f, as_of(5, 1, 7, 2), 1, 2);
    hear(&f, at(5, 3, 7, 9), 8, 9);
    feed_expect(&f);
    read_in(&f, as_of(0, 0, 0, 0), 0, 0);
    assert_false(feed_lacks(&f));
    assert_string_equal(told(&f, 1), "2 [3-7] 8 9");
    assert_int_equal(f.life, 7);
    feed_fini(&f);
}

static void a_new_life_begins_anew(void **state)
{
    struct feed f;

    (void)state;
    feed_init(&f);
    read_in(&f, as_of(5, 1, 7, 50), 1, 50);
    hear(&f, at(6, 1, 8, 1), 1, 1);
    assert_int_equal(f.life, 8);
    assert_string_equal(told(&f, 0), "1");
    assert_false(feed_resumes(&f, 7, 1));
    assert_true(feed_resumes(&f, 8, 1));
    assert_true(feed_resumes(&f, 8, 0));
    assert_false(feed_resumes(&f, 8, 2));
    assert_true(feed_resumes(&f, 0, 0)); /* came before there was a feed */
    assert_false(feed_resumes(&f, 0, 1));
    read_in(&f, as_of(5, 1, 7, 50), 1, 50); /* one of before */
    assert_int_equal(f.life, 8);
    assert_string_equal(told(&f, 0), "1");
    feed_fini(&f);
}

static void more_than_the_ring_holds_is_a_gap_from_its_other_end(void **state)
{
    struct feed f;

    (void)state;
    feed_init(&f);
    read_in(&f, as_of(5, 1, 7, 0), 0, 0);
    for (uint64_t id = 1; id <= 1000; id++)
        hear(&f, at(5, 1 + id, 7, id), id, id);
    assert_int_equal(feed_earliest(&f), 1000 - RECENT_MAX);
    assert_memory_equal(told(&f, 0), "[1-900] 901 ", 12);
    assert_memory_equal(told(&f, 899), "[900-900] 901 ", 14);
    assert_memory_equal(told(&f, 900), "901 902 ", 8);
    feed_fini(&f);
}

static void an_empty_feed_has_no_earliest_event(void **state)
{
    struct feed f;

    (void)state;
    feed_init(&f);
    read_in(&f, as_of(5, 1, 7, 9), 0, 0);
    assert_int_equal(feed_earliest(&f), 9);
    assert_string_equal(told(&f, 0), "[1-9]");
    feed_fini(&f);
}

/* A stream follows a feed whose messages are lost and repeated at random, and which is
 * read now and then: in the end it was told of each id once. */
static void follow(uint64_t seed)
{
    struct dice dice = {seed};
    uint64_t last = dice_below(&dice, 50), n = 1, cursor;
    struct feed f;
    struct feed_item item;

    feed_init(&f);
    read_in(&f, as_of(5, n, 7, last), last > 10 ? last - 10 : 1, last);
    cursor = f.told;
    for (int i = 0; i < 200; i++) {
        uint64_t before = last, events = dice_below(&dice, 5), held;

        last += events;
        n++;
        if (dice_below(&dice, 8) == 0)
            last += dice_below(&dice, 200); /* more than a message carries */
        if (dice_below(&dice, 4))
            hear(&f, at(5, n, 7, last), last - events + 1, last);
        if (feed_lacks(&f) && dice_below(&dice, 2)) {
            held = dice_below(&dice, RECENT_MAX) + 1;
            read_in(&f, as_of(5, n, 7, last), last > held ? last - held + 1 : 1, last);
            assert_false(feed_lacks(&f));
        }
        assert_true(f.told <= last && f.told >= cursor && before <= last);
        while (feed_next(&f, cursor, &item)) {
            assert_int_equal(item.from, cursor + 1);
            assert_true(item.to >= item.from && item.to <= last);
            cursor = item.to;
        }
        assert_int_equal(cursor, f.told);
    }
    feed_fini(&f);
}

static void every_id_is_told_once_whatever_is_lost(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++)
        follow(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_numbers_are_those_of_the_latest_state_wherever_it_came_from),
        cmocka_unit_test(nothing_is_told_before_the_first_snapshot),
        cmocka_unit_test(of_two_states_the_newer_one_wins),
        cmocka_unit_test(
            what_was_expected_is_taken_though_it_is_older_and_n_does_not_go_back),
        cmocka_unit_test(a_state_is_the_message_without_its_events),
        cmocka_unit_test(events_are_told_as_they_come),
        cmocka_unit_test(what_messages_missed_waits_for_a_snapshot_and_is_a_gap_without),
        cmocka_unit_test(a_snapshot_of_before_the_jump_does_not_make_a_gap_of_it),
        cmocka_unit_test(when_redis_has_forgotten_the_site_what_is_missing_is_a_gap),
        cmocka_unit_test(a_new_life_begins_anew),
        cmocka_unit_test(more_than_the_ring_holds_is_a_gap_from_its_other_end),
        cmocka_unit_test(an_empty_feed_has_no_earliest_event),
        cmocka_unit_test(every_id_is_told_once_whatever_is_lost),
    };

    return cmocka_run_group_tests_name("feed", tests, NULL, NULL);
}
