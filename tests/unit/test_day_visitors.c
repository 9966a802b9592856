/* day_visitors: what a real Redis counts of them and keeps, and who is told what when it
 * stands still, forgets or dies. The clock is the test's; Redis' own only runs down what
 * is left to a key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <signal.h>

#include "../../collector/worker.h"
#include "../../proto/keys.h"
#include "../guard.h"
#include "../hex.h"
#include "../redis_server.h"

#define MIDNIGHT (20000 * MS_PER_DAY) /* the first moment of 2024-10-04 */
#define NOON (MIDNIGHT + MS_PER_DAY / 2)
#define PATIENCE_NS (60 * UINT64_C(1000000000))
#define DAY_S (24 * 3600)

static struct redis_server server;
static struct setup setup;

/* Who asks, and what it was told. */
struct asker {
    struct waiter waiter; /* first: it is found by it */
    unsigned told;
    bool heard;
    struct day_count count;
};

struct rig {
    struct worker *worker;
    uv_loop_t *loop;
    uv_timer_t tick; /* keeps a waiting loop turning */
    redisContext *c;
    unsigned ups, downs;
};

/* Turns the loop until @claim holds. */
#define UNTIL(t, claim)                                      \
    do {                                                     \
        uint64_t began_ = uv_hrtime();                       \
        while (!(claim)) {                                   \
            assert_true(uv_hrtime() - began_ < PATIENCE_NS); \
            uv_run((t)->loop, UV_RUN_ONCE);                  \
        }                                                    \
    } while (0)

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
}

static void on_up(void *arg)
{
    ((struct rig *)arg)->ups++;
}

static void on_down(void *arg, const char *why)
{
    (void)why;
    ((struct rig *)arg)->downs++;
}

static const struct redis_link_events events = {on_up, on_down, NULL};

static void on_told(struct waiter *waiter, struct slice site,
                    const struct day_count *count)
{
    struct asker *a = (struct asker *)waiter;

    assert_true(slice_eq(site, SLICE("shop")));
    assert_null(waiter->link);
    a->told++;
    a->heard = count != NULL;
    if (count)
        a->count = *count;
}

static int open_rig(void **state)
{
    struct rig *t = calloc(1, sizeof *t);
    struct redis_addr at = {.is_unix = true};

    redis_server_start(&server);
    snprintf(at.host, sizeof at.host, "%s", server.socket);
    secret_init(&setup.files.secret, "correct horse battery staple", 28);
    t->worker = calloc(1, sizeof *t->worker);
    t->worker->setup = &setup;
    t->worker->files = setup.files;
    day_visitors_init(&t->worker->day_visitors);
    t->loop = &t->worker->loop;
    assert_int_equal(uv_loop_init(t->loop), 0);
    uv_timer_init(t->loop, &t->tick);
    uv_timer_start(&t->tick, on_tick, 5, 5);
    t->worker->redis = redis_link_open(t->loop, &at, "test", &events, t);
    redis_link_set_deadlines(t->worker->redis,
                             &(struct redis_link_deadlines){.dial_ms = 60000,
                                                            .reply_ms = 600000,
                                                            .idle_ping_ms = 600000,
                                                            .rest_first_ms = 1,
                                                            .rest_max_ms = 4});
    t->c = redis_server_connect(&server);
    UNTIL(t, t->ups == 1);
    *state = t;
    return 0;
}

/* Nothing waits and nothing is left, whatever the test did. */
static int close_rig(void **state)
{
    struct rig *t = *state;

    redis_link_close(t->worker->redis, NULL, NULL);
    uv_close((uv_handle_t *)&t->tick, NULL);
    uv_run(t->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(t->loop), 0);
    assert_int_equal(t->worker->day_visitors.asked, 0);
    redisFree(t->c);
    redis_server_stop(&server);
    free(t->worker);
    free(t);
    return 0;
}

static const char *begin(struct rig *t, struct asker *a, const char *id, ms_t now)
{
    memset(a, 0, sizeof *a);
    return day_visitors_ask(t->worker, SLICE("shop"),
                            (struct slice){guard_copy(id, strlen(id)), strlen(id)}, now,
                            true, &a->waiter, on_told);
}

/* Asks and waits; returns how many there are. */
static unsigned count(struct rig *t, const char *id, ms_t now, bool capped)
{
    struct asker a;

    assert_null(begin(t, &a, id, now));
    UNTIL(t, a.told > 0);
    assert_true(a.told == 1 && a.heard);
    assert_int_equal(a.count.at, now);
    assert_int_equal(a.count.capped, capped);
    return (unsigned)a.count.visitors;
}

/* The number that Redis answers to a command. */
static long long ask(struct rig *t, const char *line)
{
    redisReply *r = redisCommand(t->c, line);
    long long n;

    assert_non_null(r);
    if (r->type == REDIS_REPLY_ERROR)
        fail_msg("%s: %s", line, r->str);
    n = r->integer;
    freeReplyObject(r);
    return n;
}

/* ---- what is kept ---- */

static void expect_hash(int64_t day, const char *site, const char *id, const char *hex)
{
    struct slice s = {guard_copy(site, strlen(site)), strlen(site)};
    struct day_visitor v = day_visitors_hash(&setup.files.secret, day, s, slice_of(id));
    uint8_t want[DAY_VISITOR_BYTES];

    assert_int_equal(hex_bytes(hex, want, sizeof want), sizeof want);
    assert_memory_equal(v.b, want, sizeof want);
}

/* Computed by Python's hashlib and hmac. */
static void an_id_is_kept_as_a_keyed_hash_of_its_day_and_site(void **state)
{
    char longest[CLIENT_ID_MAX + 1] = "";

    (void)state;
    memset(longest, 'x', CLIENT_ID_MAX);
    expect_hash(20000, "shop", "alice", "fc320381d447c32543b09814");
    expect_hash(20001, "shop", "alice", "d20b32d4bf54e948a31e95df");
    expect_hash(20000, "blog", "alice", "d4d9bed6a8e958252be13432");
    expect_hash(20000, "shop", longest, "58ed27f0c8a790d39709433e");
}

static void redis_has_the_hash_and_nothing_else(void **state)
{
    struct rig *t = *state;
    struct day_visitor v;
    redisReply *r;

    count(t, "alice", NOON, false);
    r = redisCommand(t->c, "SMEMBERS hc:{shop}:d:20241004");
    assert_int_equal(r->elements, 1);
    v = day_visitors_hash(&setup.files.secret, 20000, SLICE("shop"), SLICE("alice"));
    assert_int_equal(r->element[0]->len, sizeof v.b);
    assert_memory_equal(r->element[0]->str, v.b, sizeof v.b);
    freeReplyObject(r);
    assert_int_equal(ask(t, "DBSIZE"), 1);
}

static void a_day_is_kept_until_two_days_after_its_end(void **state)
{
    struct rig *t = *state;

    count(t, "alice", MIDNIGHT, false);
    assert_in_range(ask(t, "TTL hc:{shop}:d:20241004"), 3 * DAY_S - 60, 3 * DAY_S);
    count(t, "bob", MIDNIGHT + MS_PER_DAY - 1, false);
    assert_in_range(ask(t, "TTL hc:{shop}:d:20241004"), 2 * DAY_S - 60, 2 * DAY_S);
}

/* ---- counting ---- */

static void a_visitor_counts_once_a_day(void **state)
{
    struct rig *t = *state;

    assert_int_equal(count(t, "alice", NOON, false), 1);
    assert_int_equal(count(t, "alice", NOON + 1, false), 1);
    assert_int_equal(count(t, "bob", NOON, false), 2);
    assert_int_equal(count(t, "alice", NOON, false), 2);
}

static void a_new_day_begins_at_midnight(void **state)
{
    struct rig *t = *state;

    count(t, "alice", MIDNIGHT, false);
    assert_int_equal(count(t, "bob", MIDNIGHT + MS_PER_DAY - 1, false), 2);
    assert_int_equal(count(t, "alice", MIDNIGHT + MS_PER_DAY, false), 1);
    assert_int_equal(count(t, "carol", MIDNIGHT + MS_PER_DAY - 1, false), 3);
    assert_int_equal(count(t, "alice", MIDNIGHT - 1, false), 1);
    assert_int_equal(ask(t, "DBSIZE"), 3);
}

static void at_its_bound_a_day_takes_nobody_new_and_says_so(void **state)
{
    struct rig *t = *state;
    redisReply *r = redisCommand(t->c, "EVAL %s 1 hc:{shop}:d:20241004 %d",
                                 "for i = 2, ARGV[1] do redis.call('SADD', KEYS[1], i) "
                                 "end return 1",
                                 DAY_VISITORS_MAX);

    assert_int_equal(r->type, REDIS_REPLY_INTEGER);
    freeReplyObject(r);
    assert_int_equal(ask(t, "SCARD hc:{shop}:d:20241004"), DAY_VISITORS_MAX - 1);
    assert_int_equal(count(t, "alice", NOON, true), DAY_VISITORS_MAX);
    assert_int_equal(t->worker->counters.day_visitors_capped, 0);
    assert_int_equal(count(t, "bob", NOON, true), DAY_VISITORS_MAX);
    assert_int_equal(t->worker->counters.day_visitors_capped, 1);
    assert_int_equal(count(t, "alice", NOON, true), DAY_VISITORS_MAX);
    assert_int_equal(t->worker->counters.day_visitors_capped, 1);
    assert_int_equal(ask(t, "SCARD hc:{shop}:d:20241004"), DAY_VISITORS_MAX);
}

static void a_worker_that_has_added_its_share_adds_no_more_that_day(void **state)
{
    struct rig *t = *state;

    count(t, "alice", NOON, false);
    t->worker->day_visitors.added = DAY_VISITORS_ADDED_MAX - 1;
    assert_int_equal(count(t, "alice", NOON, false), 1);
    assert_int_equal(count(t, "bob", NOON, false), 2);
    assert_int_equal(count(t, "carol", NOON, true), 2);
    assert_int_equal(count(t, "alice", NOON, true), 2);
    assert_int_equal(t->worker->counters.day_visitors_capped, 1);
    assert_int_equal(count(t, "carol", NOON + MS_PER_DAY, false), 1);
}

/* ---- what goes wrong ---- */

static void a_forgotten_script_is_given_again_to_all_who_ask(void **state)
{
    struct rig *t = *state;
    struct asker a[3];

    count(t, "alice", NOON, false);
    assert_int_equal(ask(t, "SCRIPT FLUSH"), 0);
    begin(t, &a[0], "bob", NOON);
    begin(t, &a[1], "bob", NOON);
    begin(t, &a[2], "carol", NOON);
    UNTIL(t, a[0].told + a[1].told + a[2].told == 3);
    assert_true(a[0].heard && a[0].count.visitors == 2);
    assert_true(a[1].heard && a[1].count.visitors == 2);
    assert_true(a[2].heard && a[2].count.visitors == 3);
}

static void so_many_wait_and_the_next_one_is_sent_away(void **state)
{
    static struct asker a[DAY_VISITORS_ASKED_MAX];
    struct rig *t = *state;
    struct asker more;
    char id[16];

    kill(server.pid, SIGSTOP);
    for (unsigned i = 0; i < DAY_VISITORS_ASKED_MAX; i++) {
        snprintf(id, sizeof id, "visitor %u", i);
        assert_null(begin(t, &a[i], id, NOON));
    }
    assert_string_equal(begin(t, &more, "one more", NOON), "busy");
    assert_null(more.waiter.link);
    assert_int_equal(t->worker->counters.day_visitors_full, 1);
    kill(server.pid, SIGCONT);
    UNTIL(t, t->worker->day_visitors.asked == 0);
    for (unsigned i = 0; i < DAY_VISITORS_ASKED_MAX; i++)
        assert_true(a[i].told == 1 && a[i].count.visitors == i + 1);
    assert_int_equal(count(t, "one more", NOON, false), DAY_VISITORS_ASKED_MAX + 1);
}

static void who_leaves_is_not_told_and_counts(void **state)
{
    struct rig *t = *state;
    struct asker leaves, stays;

    kill(server.pid, SIGSTOP);
    begin(t, &leaves, "alice", NOON);
    begin(t, &stays, "bob", NOON);
    waiter_leave(&leaves.waiter);
    kill(server.pid, SIGCONT);
    UNTIL(t, stays.told > 0);
    assert_int_equal(stays.count.visitors, 2);
    assert_int_equal(leaves.told, 0);
}

static void when_redis_dies_who_waits_is_told_and_later_it_works_again(void **state)
{
    struct rig *t = *state;
    struct asker a;

    kill(server.pid, SIGSTOP);
    begin(t, &a, "alice", NOON);
    redis_server_kill(&server);
    UNTIL(t, a.told > 0);
    assert_false(a.heard);
    assert_int_equal(t->worker->counters.day_visitors_failed, 1);
    assert_string_equal(begin(t, &a, "alice", NOON), "redis_unavailable");
    assert_null(a.waiter.link);
    assert_int_equal(t->worker->counters.day_visitors_failed, 2);
    unlink(server.socket);
    redis_server_restart(&server);
    UNTIL(t, t->ups == 2);
    assert_int_equal(count(t, "alice", NOON, false), 1);
}

static void without_a_link_nobody_is_asked(void **state)
{
    struct rig *t = *state;
    struct redis_link *link = t->worker->redis;
    struct asker a;

    t->worker->redis = NULL;
    assert_string_equal(begin(t, &a, "alice", NOON), "redis_unavailable");
    t->worker->redis = link;
}

static void a_key_of_another_type_is_an_error_and_no_number(void **state)
{
    struct rig *t = *state;
    struct asker a;

    ask(t, "SET hc:{shop}:d:20241004 text");
    assert_null(begin(t, &a, "alice", NOON));
    UNTIL(t, a.told > 0);
    assert_false(a.heard);
    assert_int_equal(t->worker->counters.day_visitors_failed, 1);
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, open_rig, close_rig)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(an_id_is_kept_as_a_keyed_hash_of_its_day_and_site),
        TEST(redis_has_the_hash_and_nothing_else),
        TEST(a_day_is_kept_until_two_days_after_its_end),
        TEST(a_visitor_counts_once_a_day),
        TEST(a_new_day_begins_at_midnight),
        TEST(at_its_bound_a_day_takes_nobody_new_and_says_so),
        TEST(a_worker_that_has_added_its_share_adds_no_more_that_day),
        TEST(a_forgotten_script_is_given_again_to_all_who_ask),
        TEST(so_many_wait_and_the_next_one_is_sent_away),
        TEST(who_leaves_is_not_told_and_counts),
        TEST(when_redis_dies_who_waits_is_told_and_later_it_works_again),
        TEST(without_a_link_nobody_is_asked),
        TEST(a_key_of_another_type_is_an_error_and_no_number),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
