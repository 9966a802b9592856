/* The aggregator on this process' loop, so that its clock can be set and its state be
 * looked at; with a real Redis. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include "../../aggregator/aggregator.h"
#include "../redis_server.h"
#include "../train.h"

#define DEADLINE_MS 20000
#define MINUTE ((ms_t)MS_PER_MINUTE)

static struct redis_server server;
static redisContext *redis;
static struct aggregator_config config;
static struct aggregator a;
static uv_loop_t loop;
static int udp;
static uint64_t seq;

static int begin(void **state)
{
    struct sockaddr_storage sa;
    socklen_t n = sizeof sa;
    char err[256], addr[256];

    (void)state;
    redis_server_start(&server);
    redis = redis_server_connect(&server);
    snprintf(addr, sizeof addr, "unix:%s", server.socket);
    assert_int_equal(udp_addr_parse(&config.udp, "127.0.0.1:0", err, sizeof err), 0);
    assert_int_equal(redis_addr_parse(&config.redis, addr, err, sizeof err), 0);
    secret_init(&config.secret, "sixteen bytes, or more", 22);
    config.window = 30;
    config.hold_ms = 100;
    uv_loop_init(&loop);
    assert_int_equal(aggregator_open(&a, &loop, &config, err, sizeof err), 0);
    getsockname(a.ingest.udp.fd, (struct sockaddr *)&sa, &n);
    udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(udp, (struct sockaddr *)&sa, n), 0);
    seq = 0;
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    aggregator_close(&a, &loop);
    assert_int_equal(uv_loop_close(&loop), 0);
    close(udp);
    redisFree(redis);
    redis_server_stop(&server);
    return 0;
}

static int end(void **state)
{
    aggregator_stop(&a);
    uv_run(&loop, UV_RUN_DEFAULT);
    return close_all(state);
}

/* Runs the loop until @condition, which is looked at again after every turn. */
#define RUN_UNTIL(condition)                                   \
    do {                                                       \
        uint64_t until = uv_hrtime() / 1000000 + DEADLINE_MS;  \
        while (!(condition)) {                                 \
            if (uv_hrtime() / 1000000 > until)                 \
                fail_msg("in vain waited for %s", #condition); \
            if (uv_run(&loop, UV_RUN_NOWAIT) >= 0)             \
                poll(NULL, 0, 1);                              \
        }                                                      \
    } while (0)

/* Makes the next datagram of the stream. Each says that none before it will come again:
 * so whatever epoch it meets, it is in order. Returns its length. */
static size_t make(uint8_t *out, const char *site, uint64_t visitor)
{
    struct hit h = {
        .site = slice_of(site), .path = SLICE("/a"), .visitor = visitor, .at = 1000};
    struct wire_head head = {
        .type = WIRE_DATA, .nshards = 1, .stream = 5, .ts_us = 1000000 + seq};
    struct body_writer w;

    RUN_UNTIL(a.engine.epoch > 0);
    head.epoch = a.engine.epoch;
    head.seq = head.base = ++seq;
    body_begin(&w, 1000);
    assert_true(body_add(&w, &h));
    return wire_frame(out, &head, w.bytes, w.n, &config.secret);
}

static void see(const char *site, uint64_t visitor)
{
    uint8_t out[DATAGRAM_MAX];
    size_t n = make(out, site, visitor);

    assert_int_equal(send(udp, out, n, 0), n);
}

/* The next ACK that is there already, or false. */
static bool ack(struct wire_ack *out)
{
    uint8_t bytes[DATAGRAM_MAX];
    ssize_t n = recv(udp, bytes, sizeof bytes, MSG_DONTWAIT);

    if (n < 0)
        return false;
    assert_int_equal(wire_ack_open(bytes, (size_t)n, &config.secret, out), WIRE_OK);
    return true;
}

static redisContext *subscribe(const char *channel)
{
    redisContext *c = redis_server_connect(&server);
    redisReply *reply = redisCommand(c, "SUBSCRIBE %s", channel);

    assert_non_null(reply);
    freeReplyObject(reply);
    return c;
}

static void next_message_has(redisContext *c, const char *text)
{
    redisReply *reply;

    assert_int_equal(redisGetReply(c, (void **)&reply), REDIS_OK);
    if (!strstr(reply->element[2]->str, text))
        fail_msg("%s is not in %s", text, reply->element[2]->str);
    freeReplyObject(reply);
}

static long long sites_in_redis(void)
{
    redisReply *reply = redisCommand(redis, "KEYS hc:{*}:m");
    long long n;

    assert_non_null(reply);
    n = (long long)reply->elements;
    freeReplyObject(reply);
    return n;
}

static void the_turn_of_the_minute_is_published_though_nobody_came(void **state)
{
    redisContext *sub = subscribe("hc:shop");

    (void)state;
    see("shop", 1);
    RUN_UNTIL(a.engine.counters.commits == 1);
    next_message_has(sub, "\"visitors\":{\"1\":1,\"5\":1,\"30\":1}");
    a.engine.clock.now = minute_start(minute_of(a.engine.clock.now) + 1) + 15000;
    RUN_UNTIL(a.engine.counters.ticks == 1 && redis_link_in_flight(a.commits) == 0);
    next_message_has(sub, "\"visitors\":{\"1\":0,\"5\":1,\"30\":1}");
    assert_int_equal(a.engine.counters.commits, 1); /* the rows are as they were */
    assert_int_equal(a.engine.clock.holds, 1);
    assert_int_equal(a.engine.counters.reboots, 0);
    redisFree(sub);
}

static void all_sites_tick_however_many_there_are(void **state)
{
    enum { SITES = 2 * COMMITS_IN_FLIGHT_MAX };

    (void)state;
    for (int i = 0; i < SITES; i++) {
        char site[16];

        snprintf(site, sizeof site, "site%d", i);
        see(site, 1);
    }
    RUN_UNTIL(a.engine.store.nsites == SITES && a.engine.counters.commits == SITES);
    a.engine.clock.now = minute_start(minute_of(a.engine.clock.now) + 1) + 15000;
    RUN_UNTIL(a.engine.counters.ticks == SITES);
    assert_int_equal(a.engine.counters.commits, SITES);
}

static void a_large_step_back_of_the_clock_begins_anew(void **state)
{
    uint64_t epoch;

    (void)state;
    see("shop", 1);
    see("gone", 1);
    RUN_UNTIL(a.engine.counters.commits == 2);
    epoch = a.engine.counters.epoch;
    a.engine.clock.now += 11 * MINUTE;
    RUN_UNTIL(a.engine.counters.reboots == 1 && a.engine.store.nsites == 0);
    see("shop", 2);
    RUN_UNTIL(a.engine.counters.commits == 3);
    assert_true(a.engine.counters.epoch > epoch);
    assert_int_equal(a.engine.clock.resets, 1);
    assert_int_equal(site_visitors(store_find(&a.engine.store, SLICE("shop")), 30), 2);
}

static void a_reset_while_commits_are_out_does_no_harm(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        char site[16];

        snprintf(site, sizeof site, "site%d", i);
        see(site, 1);
    }
    RUN_UNTIL(a.engine.writer.round.active);
    a.engine.clock.now += 11 * MINUTE;
    RUN_UNTIL(a.engine.counters.reboots == 1 && !a.engine.writer.round.active);
    see("shop", 1);
    RUN_UNTIL(a.engine.counters.folded == 21 && a.engine.store.nloads == 0 &&
              a.engine.store.ndirty == 0 && !a.engine.writer.round.active);
    assert_non_null(store_find(&a.engine.store, SLICE("shop")));
    assert_true(sites_in_redis() > 0);
}

/* Two aggregators on one Redis would do little else. */
static void epochs_are_taken_no_faster_than_one_a_second(void **state)
{
    uint64_t began;

    (void)state;
    RUN_UNTIL(a.engine.counters.redis_up);
    began = uv_hrtime();
    for (int i = 0; i < 2; i++) {
        a.engine.clock.now += 11 * MINUTE;
        engine_turn(&a.engine); /* reads the clock */
        RUN_UNTIL(a.engine.counters.redis_up);
    }
    assert_int_equal(a.engine.counters.reboots, 2);
    assert_true(uv_hrtime() - began > 1500000000);
}

static void a_redis_out_of_memory_is_asked_less_and_less_often(void **state)
{
    (void)state;
    see("shop", 1);
    RUN_UNTIL(a.engine.counters.commits == 1);
    freeReplyObject(redisCommand(redis, "CONFIG SET maxmemory 1"));
    see("shop", 2);
    RUN_UNTIL(a.engine.writer.pace.backoff >= 400);
    assert_int_equal(a.engine.counters.retries, 3);
    freeReplyObject(redisCommand(redis, "CONFIG SET maxmemory 0"));
    RUN_UNTIL(a.engine.counters.commits == 2 && !a.engine.writer.in_round);
    assert_int_equal(a.engine.writer.pace.backoff, 0);
}

static void in_busy_times_a_timer_empties_the_socket(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * TRAFFIC_BUSY_FROM; i++)
        see("shop", 1);
    RUN_UNTIL(uv_is_active((uv_handle_t *)&a.ingest.timer));
    assert_false(uv_is_active((uv_handle_t *)&a.ingest.poll));
    see("shop", 2);
    RUN_UNTIL(a.engine.counters.folded == 2 * TRAFFIC_BUSY_FROM + 1);
    RUN_UNTIL(uv_is_active((uv_handle_t *)&a.ingest.poll)); /* quiet again */
    assert_false(uv_is_active((uv_handle_t *)&a.ingest.timer));
    see("shop", 3);
    RUN_UNTIL(a.engine.counters.folded == 2 * TRAFFIC_BUSY_FROM + 2);
}

/* One train of a hundred: every third is damaged, the last is too short. */
static void of_a_train_each_datagram_is_folded_or_counted_for_itself(void **state)
{
    enum { N = 100 };
    const struct aggregator_counters *c = &a.engine.counters;
    uint8_t out[N * DATAGRAM_MAX];
    size_t each = 0;

    (void)state;
    for (int i = 0; i < N; i++) {
        each = make(out + i * each, "shop", 100 + (uint64_t)i);
        if (i % 3 == 0)
            out[(size_t)(i + 1) * each - 1] ^= 1;
    }
    train_send(udp, out, N * each - 1, each);
    RUN_UNTIL(c->datagrams == N);
    assert_int_equal(c->bad_mac, 33);
    assert_int_equal(c->bad_shape, 1);
    RUN_UNTIL(c->folded == 66);
    RUN_UNTIL(c->commits > 0 && a.engine.store.ndirty == 0);
    assert_int_equal(site_visitors(store_find(&a.engine.store, SLICE("shop")), 30), 66);
    assert_int_equal(c->socket_errors, 0);
}

/* In the socket are a hundred trains of fifty. */
static void trains_leave_a_turn_to_others_as_single_datagrams_do(void **state)
{
    enum { TRAINS = 100, LENGTH = 50, BYTES = 96 };
    static const uint8_t zeroes[LENGTH * BYTES];
    const struct aggregator_counters *c = &a.engine.counters;
    struct pollfd readable = {.fd = a.ingest.udp.fd, .events = POLLIN};

    (void)state;
    train_send(udp, zeroes, 2 * BYTES, BYTES);
    RUN_UNTIL(c->bad_shape == 2);
    for (int i = 0; i < TRAINS; i++)
        train_send(udp, zeroes, sizeof zeroes, BYTES);
    assert_int_equal(poll(&readable, 1, DEADLINE_MS), 1);
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_in_range(c->bad_shape, LENGTH, 2000);
    RUN_UNTIL(c->bad_shape == 2 + TRAINS * LENGTH);
    assert_int_equal(c->datagrams, 2 + TRAINS * LENGTH);
}

static void senders_are_told_what_came_and_what_is_safe(void **state)
{
    struct wire_ack last = {0};

    (void)state;
    see("shop", 1);
    see("shop", 2);
    RUN_UNTIL(ack(&last) && last.cum == 2);
    assert_int_equal(last.epoch, a.engine.epoch);
    RUN_UNTIL(ack(&last) && last.durable == 2);
    assert_int_equal(a.engine.counters.ack_errors, 0);
    see("shop", 3); /* the end does not wait for it to be safe */
}

static void with_drain_it_ends_when_all_is_safe(void **state)
{
    struct wire_ack last = {0};

    (void)state;
    config.drain = true;
    see("shop", 1);
    see("blog", 1);
    aggregator_stop(&a);
    uv_run(&loop, UV_RUN_DEFAULT);
    while (ack(&last))
        continue;
    assert_int_equal(last.durable, 2);
}

static int end_drained(void **state)
{
    config.drain = false;
    return close_all(state);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_turn_of_the_minute_is_published_though_nobody_came),
        TEST(all_sites_tick_however_many_there_are),
        TEST(a_large_step_back_of_the_clock_begins_anew),
        TEST(a_reset_while_commits_are_out_does_no_harm),
        TEST(epochs_are_taken_no_faster_than_one_a_second),
        TEST(a_redis_out_of_memory_is_asked_less_and_less_often),
        TEST(in_busy_times_a_timer_empties_the_socket),
        TEST(of_a_train_each_datagram_is_folded_or_counted_for_itself),
        TEST(trains_leave_a_turn_to_others_as_single_datagrams_do),
        TEST(senders_are_told_what_came_and_what_is_safe),
        cmocka_unit_test_setup_teardown(with_drain_it_ends_when_all_is_safe, begin,
                                        end_drained),
    };

    return cmocka_run_group_tests_name("aggregator_loop", tests, NULL, NULL);
}
