/* roll: who is called up, when, and by what answers nobody is. The link is replaced here,
 * at link time: it keeps the one call there may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "../../aggregator/roll.h"

#define NOON (1763812800000LL)

struct redis_link {
    redis_reply_fn fn; /* NULL: no call is out */
    void *arg;
    char said[80];
    bool down;
    unsigned calls;
};

int redis_link_call(struct redis_link *l, int argc, const char **argv, const size_t *lens,
                    redis_reply_fn fn, void *arg)
{
    assert_null(l->fn);
    assert_int_equal(argc, 3);
    if (l->down)
        return -1;
    snprintf(l->said, sizeof l->said, "%.*s %.*s %.*s", (int)lens[0], argv[0],
             (int)lens[1], argv[1], (int)lens[2], argv[2]);
    l->fn = fn;
    l->arg = arg;
    l->calls++;
    return 0;
}

static struct world {
    struct store store;
    struct aggregator_counters counters;
    struct redis_link link;
    struct roll roll;
} w;

static const struct key key = {{7}};

static int begin(void **state)
{
    (void)state;
    memset(&w, 0, sizeof w);
    store_init(&w.store, 30, &key, NOON);
    w.store.lazy = true;
    roll_init(&w.roll, &w.store, &w.counters);
    roll_begin(&w.roll, 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    store_fini(&w.store);
    return 0;
}

static mono_t turn(mono_t now)
{
    return roll_turn(&w.roll, &w.link, now);
}

static void answer(const redisReply *reply)
{
    redis_reply_fn fn = w.link.fn;

    assert_non_null(fn);
    w.link.fn = NULL;
    fn(w.link.arg, reply);
}

/* A list of what @type says, in one string for a name each. */
static void answer_names(int type, const char *const *names, size_t n)
{
    redisReply element[8], *list[8];
    redisReply reply = {.type = REDIS_REPLY_ARRAY, .elements = n, .element = list};

    assert_true(n <= 8);
    for (size_t i = 0; i < n; i++) {
        element[i] = (redisReply){
            .type = type, .str = (char *)(uintptr_t)names[i], .len = strlen(names[i])};
        list[i] = &element[i];
    }
    answer(&reply);
}

static void nobody_is_called_before_senders_were_heard_for_a_while(void **state)
{
    (void)state;
    assert_int_equal(turn(1), ROLL_FIRST_MS);
    assert_int_equal(turn(ROLL_FIRST_MS - 1), ROLL_FIRST_MS);
    assert_int_equal(w.link.calls, 0);
    turn(ROLL_FIRST_MS);
    assert_string_equal(w.link.said, "SRANDMEMBER hc:alerted 1000");
    roll_begin(&w.roll, ROLL_FIRST_MS); /* they were silent */
    answer(NULL);
    assert_int_equal(turn(ROLL_FIRST_MS + 1), 2 * ROLL_FIRST_MS);
}

static void sites_with_alerts_are_to_be_read_back_once(void **state)
{
    const char *const names[] = {"shop", "blog"};

    (void)state;
    turn(ROLL_FIRST_MS);
    answer_names(REDIS_REPLY_STRING, names, 2);
    assert_int_equal(w.store.nloads, 2);
    assert_int_equal(store_find(&w.store, SLICE("shop"))->state, SITE_WAITING);
    turn(ROLL_FIRST_MS + ROLL_EVERY_MS);
    answer_names(REDIS_REPLY_STRING, names, 2);
    assert_int_equal(w.store.nloads, 2);
    assert_int_equal(w.store.nsites, 2);
}

static void a_site_that_knows_of_no_alerts_is_committed_to_hear_of_them(void **state)
{
    const char *const names[] = {"shop", "blog"};
    struct site *s;

    (void)state;
    w.store.lazy = false;
    s = store_site(&w.store, SLICE("shop"));
    alerts_begin(&s->alerts);
    assert_true(alerts_add(&s->alerts, SLICE("al:x"), SLICE("below online 0 1 0")));
    alerts_end(&s->alerts);
    s = store_site(&w.store, SLICE("blog"));
    s->full = false;
    s->tick = true;
    while (store_take_dirty(&w.store))
        ;
    turn(ROLL_FIRST_MS);
    answer_names(REDIS_REPLY_STRING, names, 2);
    assert_int_equal(w.store.ndirty, 1);
    assert_ptr_equal(store_take_dirty(&w.store), s);
    assert_false(s->tick);
}

static void an_answer_of_an_epoch_that_is_over_calls_nobody(void **state)
{
    const char *const names[] = {"shop"};

    (void)state;
    turn(ROLL_FIRST_MS);
    roll_stop(&w.roll);
    roll_begin(&w.roll, ROLL_FIRST_MS);
    answer_names(REDIS_REPLY_STRING, names, 1);
    assert_int_equal(w.store.nsites, 0);
    turn(2 * ROLL_FIRST_MS);
    answer_names(REDIS_REPLY_STRING, names, 1);
    assert_int_equal(w.store.nsites, 1);
    roll_stop(&w.roll); /* nothing is out */
    turn(3 * ROLL_FIRST_MS);
    answer_names(REDIS_REPLY_STRING, names, 1);
    assert_int_equal(w.roll.stale, false);
}

static void one_question_is_out_at_a_time_and_the_next_follows_in_ten_seconds(
    void **state)
{
    mono_t at = ROLL_FIRST_MS;

    (void)state;
    assert_int_equal(turn(at), at + ROLL_EVERY_MS);
    assert_int_equal(turn(at + ROLL_EVERY_MS), INT64_MAX); /* still out */
    answer_names(REDIS_REPLY_STRING, NULL, 0);
    assert_int_equal(turn(at + ROLL_EVERY_MS), at + 2 * ROLL_EVERY_MS);
    assert_int_equal(w.link.calls, 2);
}

static void a_connection_that_is_lost_costs_one_turn_of_it(void **state)
{
    (void)state;
    w.link.down = true;
    assert_int_equal(turn(ROLL_FIRST_MS), ROLL_FIRST_MS + ROLL_EVERY_MS);
    w.link.down = false;
    turn(ROLL_FIRST_MS + ROLL_EVERY_MS);
    assert_int_equal(w.link.calls, 1);
    answer(NULL);
    turn(ROLL_FIRST_MS + 2 * ROLL_EVERY_MS);
    assert_int_equal(w.link.calls, 2);
}

static void what_is_no_answer_and_no_site_calls_nobody(void **state)
{
    static char wrong[] = "WRONGTYPE Operation against a key";
    const redisReply bad[] = {
        {.type = REDIS_REPLY_ERROR, .str = wrong, .len = sizeof wrong - 1},
        {.type = REDIS_REPLY_STRING, .str = wrong, .len = 4},
        {.type = REDIS_REPLY_NIL},
    };
    const char *const names[] = {"",
                                 "a b",
                                 "!alerts",
                                 "x/y",
                                 "caf\xc3\xa9",
                                 "0123456789012345678901234567890123456789"
                                 "0123456789012345678901234"};
    mono_t at = ROLL_FIRST_MS;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++, at += ROLL_EVERY_MS) {
        turn(at);
        answer(&bad[i]);
    }
    turn(at);
    answer_names(REDIS_REPLY_STRING, names, sizeof names / sizeof *names);
    turn(at + ROLL_EVERY_MS);
    answer_names(REDIS_REPLY_INTEGER, names, 1);
    assert_int_equal(w.store.nsites, 0);
    assert_int_equal(w.counters.roll_capped, 0);
}

static void sites_for_which_there_is_no_room_are_counted(void **state)
{
    const char *const names[] = {"shop", "site-7"};

    (void)state;
    for (unsigned i = 0; i < SITES_MAX - SITES_MAX / 10; i++) {
        char id[16];

        snprintf(id, sizeof id, "site-%u", i);
        assert_non_null(store_site(&w.store, slice_of(id)));
    }
    turn(ROLL_FIRST_MS);
    answer_names(REDIS_REPLY_STRING, names, 2);
    assert_int_equal(w.counters.roll_capped, 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(nobody_is_called_before_senders_were_heard_for_a_while),
        T(sites_with_alerts_are_to_be_read_back_once),
        T(a_site_that_knows_of_no_alerts_is_committed_to_hear_of_them),
        T(an_answer_of_an_epoch_that_is_over_calls_nobody),
        T(one_question_is_out_at_a_time_and_the_next_follows_in_ten_seconds),
        T(a_connection_that_is_lost_costs_one_turn_of_it),
        T(what_is_no_answer_and_no_site_calls_nobody),
        T(sites_for_which_there_is_no_room_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
