/* A ring, a sender and a socket against aggregators that come, go, refuse and fall
 * silent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <stdio.h>
#include <sys/resource.h>

#include "../../collector/setup.h"
#include "../../collector/uplink.h"
#include "../udp_aggregator.h"

#define PEERS 2

struct rig {
    struct setup setup;
    struct spool spool;
    struct counters counters;
    struct uplink *uplink;
    uv_loop_t loop;
    struct udp_aggregator peer[PEERS];
    uint64_t next; /* visitor of the next hit */
};

static void rig_init(struct rig *r, size_t ring_bytes)
{
    static const char *const host[PEERS] = {"127.0.0.1:0", "[::1]:0"};

    memset(r, 0, sizeof *r);
    r->next = 1;
    secret_init(&r->setup.files.secret, "a secret of the tests", 21);
    r->setup.ring_bytes = ring_bytes;
    for (int i = 0; i < PEERS; i++) {
        udp_aggregator_open(&r->peer[i], host[i], &r->setup.files.secret);
        r->setup.aggregator[i] = r->peer[i].at;
    }
    r->setup.naggregators = 1;
    uv_loop_init(&r->loop);
}

static void rig_open(struct rig *r)
{
    struct spool_setup spool = {.ring_bytes = r->setup.ring_bytes, .workers = 1};
    struct ring_file file;
    char err[256];

    assert_int_equal(spool_open(&r->spool, &spool, err, sizeof err), 0);
    assert_int_equal(spool_ring(&r->spool, 0, &file, err, sizeof err), 0);
    r->uplink = uplink_open(&r->loop, &r->setup, &r->setup.files.secret, &r->spool, &file,
                            &r->counters, false, err, sizeof err);
    assert_non_null(r->uplink);
}

static void rig_start(struct rig *r)
{
    rig_init(r, 1 << 20);
    rig_open(r);
}

static void rig_close(struct rig *r)
{
    uplink_close(r->uplink);
    uv_run(&r->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&r->loop), 0);
    spool_close(&r->spool);
    for (int i = 0; i < PEERS; i++)
        udp_aggregator_close(&r->peer[i]);
}

/* One turn of everybody. */
static void turn(struct rig *r)
{
    uplink_turn(r->uplink, udp_clock_ms(), false);
    for (int i = 0; i < PEERS; i++)
        udp_aggregator_turn(&r->peer[i], i == 0);
    uv_run(&r->loop, UV_RUN_NOWAIT);
}

/* Turns until @done, or fails. */
#define AWAIT(rig, done)                                                       \
    for (int64_t until = udp_clock_ms() + UDP_PATIENCE_MS; !(done); turn(rig)) \
        if (udp_clock_ms() > until)                                            \
            fail_msg("never: %s", #done);

static void add(struct rig *r, unsigned n)
{
    while (n-- > 0) {
        struct hit h = {.site = SLICE("shop"),
                        .path = SLICE("/a"),
                        .kind = HIT_VIEW,
                        .visitor = r->next++,
                        .at = udp_clock_ms()};

        uplink_add(r->uplink, &h, udp_clock_ms());
    }
}

/* accepted = durable + in_ring + open + unprotected + lost_* */
static void identity_holds(const struct counters *c)
{
    assert_int_equal(c->accepted, c->durable + c->in_ring + c->open + c->unprotected +
                                      c->lost_full + c->lost_heartbeat + c->lost_restart +
                                      c->lost_expired + c->lost_poison);
}

static void hits_arrive_once_and_are_let_go_when_durable(void **state)
{
    struct rig r;

    (void)state;
    rig_start(&r);
    for (int i = 0; i < 20; i++) {
        add(&r, 100);
        turn(&r);
        identity_holds(&r.counters);
    }
    AWAIT(&r, r.counters.durable == 2000);
    identity_holds(&r.counters);
    assert_int_equal(r.peer[0].hits, 2000);
    assert_int_equal(r.counters.in_ring, 0);
    assert_int_equal(r.counters.aggregator_up, 1);
    assert_true(uplink_is_delivered(r.uplink));
    rig_close(&r);
}

static void it_asks_who_is_there_before_there_is_a_hit(void **state)
{
    struct rig r;

    (void)state;
    rig_start(&r);
    assert_false(uplink_is_heard(r.uplink, udp_clock_ms()));
    AWAIT(&r, uplink_is_heard(r.uplink, udp_clock_ms()));
    assert_int_equal(r.counters.pings, 1);
    rig_close(&r);
}

/* Pages of this process in memory. */
static long resident(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    long size, pages;

    assert_int_equal(fscanf(f, "%ld %ld", &size, &pages), 2);
    fclose(f);
    return pages * sysconf(_SC_PAGESIZE);
}

static void a_ring_takes_no_memory_before_it_holds_something(void **state)
{
    struct rig r;
    long before;

    (void)state;
    rig_init(&r, 512L << 20);
    before = resident();
    rig_open(&r);
    AWAIT(&r, uplink_is_heard(r.uplink, udp_clock_ms()));
    assert_in_range(resident() - before + (8 << 20), 0, 16 << 20);
    rig_close(&r);
}

static void what_a_host_refuses_comes_when_somebody_listens(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r, 1 << 20);
    udp_aggregator_close(&r.peer[0]);
    rig_open(&r);
    add(&r, 10);
    AWAIT(&r, r.counters.aggregator_refused >= 2);
    assert_int_equal(r.counters.aggregator_up, 0);
    udp_aggregator_bind(&r.peer[0]);
    AWAIT(&r, r.counters.durable == 10);
    assert_int_equal(r.peer[0].hits, 10);
    rig_close(&r);
}

static void an_aggregator_that_begins_anew_gets_what_was_not_durable(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r, 1 << 20);
    r.peer[0].undurable = true;
    rig_open(&r);
    add(&r, 500);
    AWAIT(&r, r.peer[0].hits == 500);
    AWAIT(&r, sender_unreceived(r.uplink->sender) == 0);
    assert_int_equal(sender_undurable(r.uplink->sender), 500);
    r.peer[0].epoch++;
    r.peer[0].streams = r.peer[0].hits = 0;
    r.peer[0].undurable = false;
    AWAIT(&r, r.counters.durable == 500);
    assert_int_equal(r.peer[0].hits, 500);
    assert_int_equal(r.counters.epochs, 1);
    rig_close(&r);
}

/* The second speaks IPv6. */
static void who_is_silent_is_left_for_the_next_and_not_returned_to(void **state)
{
    unsigned heard_before;
    struct rig r;

    (void)state;
    rig_init(&r, 1 << 20);
    r.setup.naggregators = 2;
    r.peer[0].silent = true;
    rig_open(&r);
    add(&r, 10);
    AWAIT(&r, r.counters.durable == 10);
    assert_int_equal(r.peer[1].hits, 10);
    assert_int_equal(r.counters.failovers, 1);
    assert_int_equal(r.counters.aggregator_up, 1);
    r.peer[0].silent = false;
    heard_before = r.peer[0].datagrams;
    add(&r, 500);
    AWAIT(&r, r.counters.durable == 510);
    assert_int_equal(r.peer[1].hits, 510);
    assert_int_equal(r.peer[0].datagrams, heard_before);
    rig_close(&r);
}

/* A broadcast address, which connect() does not take. */
static void where_no_way_leads_the_next_is_tried(void **state)
{
    struct rig r;
    char err[128];

    (void)state;
    rig_init(&r, 1 << 20);
    r.setup.aggregator[1] = r.setup.aggregator[0];
    assert_int_equal(address_parse(&r.setup.aggregator[0], "255.255.255.255:7125",
                                   "--aggregator", err, sizeof err),
                     0);
    r.setup.naggregators = 2;
    rig_open(&r);
    add(&r, 10);
    AWAIT(&r, r.counters.durable == 10);
    assert_true(r.counters.sends_refused > 0);
    assert_int_equal(r.counters.failovers, 1);
    rig_close(&r);
}

static void a_full_ring_refuses_what_it_counts(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r, RING_BYTES_MIN);
    r.peer[0].silent = true;
    rig_open(&r);
    while (r.counters.lost_full == 0) {
        add(&r, 1000);
        turn(&r);
    }
    assert_true(r.counters.in_ring > 1000);
    identity_holds(&r.counters);
    r.peer[0].silent = false;
    AWAIT(&r, uplink_is_delivered(r.uplink));
    assert_int_equal(r.peer[0].hits, r.next - 1 - r.counters.lost_full);
    identity_holds(&r.counters);
    rig_close(&r);
}

static void what_is_no_answer_does_no_harm(void **state)
{
    struct address from;
    struct rig r;

    (void)state;
    rig_start(&r);
    AWAIT(&r, uplink_is_heard(r.uplink, udp_clock_ms()));
    from.n = sizeof from.v6;
    assert_int_equal(getsockname(r.uplink->fd, &from.sa, &from.n), 0);
    for (size_t n = 0; n < 200; n++) {
        static const uint8_t zeroes[200];

        sendto(r.peer[0].fd, zeroes, n, 0, &from.sa, from.n);
    }
    AWAIT(&r, r.counters.acks_refused == 200);
    add(&r, 1);
    AWAIT(&r, r.counters.durable == 1);
    rig_close(&r);
}

static void with_nothing_to_do_a_turn_does_nothing(void **state)
{
    struct sender_counters before;
    mono_t due;
    struct rig r;

    (void)state;
    rig_start(&r);
    add(&r, 1);
    AWAIT(&r, r.counters.durable == 1);
    due = uplink_turn(r.uplink, udp_clock_ms(), false);
    before = *sender_counters(r.uplink->sender);
    assert_int_equal(uplink_turn(r.uplink, due - 1, false), due);
    assert_memory_equal(&before, sender_counters(r.uplink->sender), sizeof before);
    assert_true(due > udp_clock_ms() + SENDER_PING_MS / 2);
    rig_close(&r);
}

static void without_descriptors_there_is_a_sentence(void **state)
{
    struct rlimit all, none;
    struct ring_file file;
    char err[256] = "";
    struct rig r;

    (void)state;
    rig_start(&r);
    assert_int_equal(ring_file_memory(&file, 1 << 20), 0);
    getrlimit(RLIMIT_NOFILE, &all);
    none = (struct rlimit){0, all.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    assert_null(uplink_open(&r.loop, &r.setup, &r.setup.files.secret, &r.spool, &file,
                            &r.counters, true, err, sizeof err));
    setrlimit(RLIMIT_NOFILE, &all);
    assert_non_null(strstr(err, "--workers"));
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hits_arrive_once_and_are_let_go_when_durable),
        cmocka_unit_test(it_asks_who_is_there_before_there_is_a_hit),
        cmocka_unit_test(a_ring_takes_no_memory_before_it_holds_something),
        cmocka_unit_test(what_a_host_refuses_comes_when_somebody_listens),
        cmocka_unit_test(an_aggregator_that_begins_anew_gets_what_was_not_durable),
        cmocka_unit_test(who_is_silent_is_left_for_the_next_and_not_returned_to),
        cmocka_unit_test(where_no_way_leads_the_next_is_tried),
        cmocka_unit_test(a_full_ring_refuses_what_it_counts),
        cmocka_unit_test(what_is_no_answer_does_no_harm),
        cmocka_unit_test(with_nothing_to_do_a_turn_does_nothing),
        cmocka_unit_test(without_descriptors_there_is_a_sentence),
    };

    return cmocka_run_group_tests_name("uplink", tests, NULL, NULL);
}
