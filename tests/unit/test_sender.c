/* The sender, one rule at a time: when a body goes, when it goes again, what is forgotten
 * when, and that every hit is accounted for after every call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../proto/sender.h"
#include "../dice.h"

#define STREAM 0x0102030405060708
#define START 1000000 /* where the monotonic clock begins */
#define EPOCH 500
#define OUT_MAX 4096

/* A datagram that was emitted. */
struct out {
    struct wire_head head;
    unsigned hits;
};

/* A sender; behind the network is nobody but the test. */
struct rig {
    struct sender *sender;
    struct ring *ring;
    struct secret secret;
    mono_t now;
    struct out out[OUT_MAX];
    unsigned nout, seen; /* emitted; looked at by the test */
    uint64_t ack_no;
    unsigned gave_up, set_aside;
    struct hit last; /* hit emitted; texts in last_bytes */
    uint8_t last_bytes[DATAGRAM_MAX];
    size_t last_n;
};

static unsigned read_hits(struct rig *r, const uint8_t *body, size_t n)
{
    struct body_reader reader;
    int more;

    assert_int_equal(body_open(&reader, body, n), 0);
    while ((more = body_next(&reader, &r->last)) == 1)
        ;
    assert_int_equal(more, 0);
    assert_true(reader.hits > 0); /* none travels empty */
    return reader.hits;
}

static void on_emit(void *arg, const uint8_t *bytes, size_t n)
{
    struct rig *r = arg;
    struct out *o = &r->out[r->nout++];
    const uint8_t *body;
    size_t body_n;

    assert_true(r->nout <= OUT_MAX && n <= DATAGRAM_MAX);
    memcpy(r->last_bytes, bytes, n);
    r->last_n = n;
    assert_int_equal(wire_open(r->last_bytes, n, &r->secret, &o->head, &body, &body_n),
                     WIRE_OK);
    assert_int_equal(o->head.stream, STREAM);
    assert_int_equal(o->head.nshards, 1);
    assert_int_equal(o->head.ts_us, r->now * 1000);
    assert_int_equal(o->head.base, ring_base(r->ring));
    o->hits = o->head.type == WIRE_DATA ? read_hits(r, body, body_n) : 0;
}

static uint64_t clock_us(void *arg)
{
    return (uint64_t)((struct rig *)arg)->now * 1000;
}

static void on_set_aside(void *arg, const uint8_t *bytes, size_t n)
{
    struct rig *r = arg;
    struct wire_head h;
    const uint8_t *body;
    size_t body_n;

    assert_int_equal(wire_open(bytes, n, &r->secret, &h, &body, &body_n), WIRE_OK);
    assert_int_equal(h.type, WIRE_DATA);
    r->set_aside++;
}

static void on_give_up(void *arg)
{
    ((struct rig *)arg)->gave_up++;
}

static const struct sender_counters *counters(struct rig *r)
{
    return sender_counters(r->sender);
}

/* What holds after every call. */
static void check(struct rig *r)
{
    const struct sender_counters *c = counters(r);

    assert_int_equal(c->accepted, c->durable + c->in_ring + c->open + c->unprotected +
                                      c->lost_full + c->lost_heartbeat + c->lost_restart +
                                      c->lost_expired + c->lost_poison);
    assert_int_equal(sender_undurable(r->sender), c->in_ring + c->open + c->unprotected);
    assert_true(sender_unreceived(r->sender) <= c->in_ring + c->open);
    assert_int_equal(c->datagrams_sent, r->nout);
}

static void attach(struct rig *r)
{
    const struct sender_env env = {on_emit, clock_us, on_set_aside, on_give_up, r};

    r->sender = sender_new(&r->secret, r->ring, &env, r->now);
    assert_non_null(r->sender);
    check(r);
}

/* A sender with an empty ring of @bytes that has not been ticked. */
static struct rig *rig_open_with(size_t bytes)
{
    struct rig *r = calloc(1, sizeof *r);

    r->now = START;
    secret_init(&r->secret, "a secret of the tests", 21);
    r->ring = ring_init(calloc(1, bytes), bytes, STREAM, 1);
    attach(r);
    return r;
}

static struct rig *rig_open(void)
{
    return rig_open_with(RING_BYTES_MIN);
}

static void rig_close(struct rig *r)
{
    sender_free(r->sender);
    free(r->ring);
    free(r);
}

static bool add_kind(struct rig *r, unsigned kind)
{
    struct hit h = {.site = SLICE("shop"),
                    .path = SLICE("/cart"),
                    .visitor = 7,
                    .at = r->now,
                    .kind = (uint8_t)kind};
    bool taken = sender_add(r->sender, &h, r->now);

    check(r);
    return taken;
}

static void add(struct rig *r)
{
    assert_true(add_kind(r, HIT_VIEW));
}

static mono_t tick_at(struct rig *r, mono_t now, bool force)
{
    mono_t due;

    r->now = now;
    due = sender_tick(r->sender, now, force);
    assert_true(due > now); /* or the caller would spin */
    check(r);
    return due;
}

/* Seals a body of one hit, and sends it as far as allowed. */
static void give(struct rig *r)
{
    add(r);
    tick_at(r, r->now, true);
}

static void take_ack(struct rig *r, struct wire_ack a)
{
    uint8_t bytes[WIRE_ACK_BYTES];

    a.nshards = 1;
    a.stream = a.stream ? a.stream : STREAM;
    a.epoch = a.epoch ? a.epoch : EPOCH;
    a.ack_no = a.ack_no ? a.ack_no : ++r->ack_no;
    wire_ack_frame(bytes, &a, &r->secret);
    sender_ack(r->sender, bytes, sizeof bytes, r->now);
    check(r);
}

/* All up to @cum came, all up to @durable are safe; the newest was sent just now. */
static void ack(struct rig *r, uint64_t cum, uint64_t durable)
{
    take_ack(r, (struct wire_ack){.cum = cum,
                                  .durable = durable,
                                  .echo_us = (uint64_t)r->now * 1000,
                                  .window = SENDER_WINDOW});
}

/* A sender that knows who is there, and whose next hit does not follow a pause. */
static struct rig *rig_open_heard(void)
{
    struct rig *r = rig_open();

    tick_at(r, r->now, false);
    give(r);
    r->now++;
    ack(r, 0, 0);
    ack(r, 1, 1);
    r->seen = r->nout;
    return r;
}

/* The next datagram that was emitted must be of @type and @seq. */
static const struct out *expect(struct rig *r, unsigned type, uint64_t seq)
{
    const struct out *o = &r->out[r->seen++];

    assert_true(r->seen <= r->nout);
    assert_int_equal(o->head.type, type);
    assert_int_equal(o->head.seq, seq);
    return o;
}

static void expect_no_more(struct rig *r)
{
    assert_int_equal(r->seen, r->nout);
}

static void the_first_tick_asks_who_is_there_and_data_waits_for_the_answer(void **state)
{
    struct rig *r = rig_open();

    (void)state;
    expect_no_more(r);
    add(r);
    tick_at(r, START, false);
    assert_int_equal(expect(r, WIRE_PING, 2)->head.epoch, 0); /* 1 is sealed already */
    expect_no_more(r);
    assert_int_equal(counters(r)->in_ring, 1);
    r->now += 3;
    ack(r, 0, 0);
    assert_int_equal(expect(r, WIRE_DATA, 1)->head.epoch, EPOCH);
    expect_no_more(r);
    assert_int_equal(counters(r)->rtt_us,
                     1); /* the clock stands still in the test's echo */
    rig_close(r);
}

static void the_first_hit_after_a_pause_goes_with_the_turn(void **state)
{
    static const mono_t pause[] = {SENDER_LINGER_MS, SENDER_LINGER_MS + 1, 900};
    struct rig *r = rig_open_heard();

    (void)state;
    for (unsigned i = 0; i < sizeof pause / sizeof *pause; i++) {
        r->now += pause[i];
        add(r);
        expect_no_more(r); /* not before the end of the turn */
        tick_at(r, r->now, false);
        expect(r, WIRE_DATA, 2 + i);
        ack(r, 2 + i, 0);
    }
    rig_close(r);
}

static void hits_of_one_turn_share_a_datagram(void **state)
{
    struct rig *r = rig_open_heard();

    (void)state;
    r->now += 100;
    for (int i = 0; i < 40; i++)
        add(r);
    tick_at(r, r->now, false);
    assert_int_equal(expect(r, WIRE_DATA, 2)->hits, 40);
    rig_close(r);
}

static void a_hit_in_a_stream_waits_for_company(void **state)
{
    struct rig *r = rig_open_heard();
    mono_t t = r->now + 100;

    (void)state;
    r->now = t;
    give(r);
    expect(r, WIRE_DATA, 2);
    r->now = t + 1;
    add(r);
    assert_int_equal(tick_at(r, t + 1, false), t + 1 + SENDER_LINGER_MS);
    r->now = t + 3;
    add(r); /* does not make the first wait longer */
    assert_int_equal(tick_at(r, t + SENDER_LINGER_MS, false), t + 1 + SENDER_LINGER_MS);
    expect_no_more(r);
    tick_at(r, t + 1 + SENDER_LINGER_MS, false);
    assert_int_equal(expect(r, WIRE_DATA, 3)->hits, 2);
    rig_close(r);
}

static void a_full_datagram_goes_at_once(void **state)
{
    struct rig *r = rig_open_heard();
    unsigned added = 0;

    (void)state;
    while (r->nout == r->seen) {
        add(r);
        assert_true(++added <= DATAGRAM_HITS_MAX + 1);
    }
    assert_int_equal(expect(r, WIRE_DATA, 2)->hits, added - 1);
    assert_int_equal(counters(r)->open, 1); /* the one that did not fit */
    rig_close(r);
}

static void texts_are_copied(void **state)
{
    struct rig *r = rig_open_heard();
    char site[] = "shop", path[] = "/cart", name[] = "buy";
    struct hit h = {.site = SLICE(site),
                    .path = SLICE(path),
                    .name = SLICE(name),
                    .kind = HIT_EVENT,
                    .visitor = 7,
                    .previous = 8,
                    .tab = 9,
                    .state = STATE_WRITING,
                    .at = START};

    (void)state;
    sender_add(r->sender, &h, r->now);
    memset(site, 'x', sizeof site);
    memset(path, 'x', sizeof path);
    memset(name, 'x', sizeof name);
    tick_at(r, r->now, true);
    assert_true(slice_eq(r->last.site, SLICE("shop")));
    assert_true(slice_eq(r->last.path, SLICE("/cart")));
    assert_true(slice_eq(r->last.name, SLICE("buy")));
    assert_true(r->last.visitor == 7 && r->last.previous == 8 && r->last.tab == 9);
    assert_true(r->last.at == START && r->last.state == STATE_WRITING);
    rig_close(r);
}

static void a_hit_of_long_ago_gets_a_datagram_of_its_own(void **state)
{
    struct rig *r = rig_open_heard();
    struct hit h = {.site = SLICE("shop"), .visitor = 7, .at = START};

    (void)state;
    r->now += 9 * EVENT_AGE_MAX_MS;
    add(r);
    assert_true(sender_add(r->sender, &h, r->now));
    assert_int_equal(expect(r, WIRE_DATA, 2)->hits, 1);
    rig_close(r);
}

static void no_more_goes_out_than_the_window_allows(void **state)
{
    struct rig *r = rig_open_heard();

    (void)state;
    take_ack(r, (struct wire_ack){.cum = 1, .durable = 1, .window = 3});
    for (int i = 0; i < 10; i++)
        give(r);
    for (uint64_t seq = 2; seq <= 4; seq++)
        expect(r, WIRE_DATA, seq);
    expect_no_more(r);
    take_ack(r, (struct wire_ack){.cum = 3, .durable = 1, .window = 3});
    expect(r, WIRE_DATA, 5);
    expect(r, WIRE_DATA, 6);
    expect_no_more(r);
    take_ack(r, (struct wire_ack){.cum = 5, .durable = 1, .window = 0});
    expect_no_more(r);
    ack(r, 5, 1);
    for (uint64_t seq = 7; seq <= 11; seq++)
        expect(r, WIRE_DATA, seq);
    expect_no_more(r);
    rig_close(r);
}

static void the_window_begins_small_and_grows_with_what_came(void **state)
{
    struct rig *r = rig_open_heard();

    (void)state;
    for (int i = 0; i < 300; i++)
        give(r);
    assert_int_equal(r->nout - r->seen, SENDER_CWND_FIRST);
    ack(r, 1 + SENDER_CWND_FIRST, 1); /* a window, and the first one: grown by one */
    assert_int_equal(r->nout - r->seen, 2 * SENDER_CWND_FIRST + 1);
    rig_close(r);
}

static void what_came_is_kept_until_it_is_durable(void **state)
{
    struct rig *r = rig_open_heard();

    (void)state;
    for (int i = 0; i < 4; i++)
        give(r);
    assert_int_equal(sender_unreceived(r->sender), 4);
    ack(r, 4, 1);
    assert_int_equal(counters(r)->in_ring, 4);
    assert_int_equal(sender_unreceived(r->sender), 1);
    assert_int_equal(sender_undurable(r->sender), 4);
    ack(r, 4, 3);
    assert_int_equal(counters(r)->in_ring, 2);
    assert_int_equal(counters(r)->durable, 3);
    assert_int_equal(ring_base(r->ring), 4);
    give(r);
    r->seen = r->nout - 1;
    assert_int_equal(expect(r, WIRE_DATA, 6)->head.base, 4);
    ack(r, 6, 6);
    assert_int_equal(sender_undurable(r->sender), 0);
    rig_close(r);
}

static void a_ping_tells_that_nothing_will_come_again(void **state)
{
    struct rig *r = rig_open_heard();

    (void)state;
    tick_at(r, r->now + SENDER_PING_MS, false);
    assert_int_equal(expect(r, WIRE_PING, 2)->head.base, 2);
    rig_close(r);
}

static void a_new_epoch_is_sent_all_that_is_not_durable(void **state)
{
    struct rig *r = rig_open_heard();

    (void)state;
    for (int i = 0; i < 5; i++)
        give(r);
    ack(r, 5, 3);
    r->seen = r->nout;
    take_ack(r, (struct wire_ack){.epoch = EPOCH + 1, .ack_no = 1, .window = 100});
    for (uint64_t seq = 4; seq <= 6; seq++)
        assert_int_equal(expect(r, WIRE_DATA, seq)->head.epoch, EPOCH + 1);
    expect_no_more(r);
    assert_int_equal(counters(r)->epochs, 1);
    assert_int_equal(sender_unreceived(r->sender), 3);
    ack(r, 6, 6); /* of the old epoch: from the grave */
    assert_int_equal(counters(r)->acks_refused, 1);
    assert_int_equal(counters(r)->in_ring, 3);
    rig_close(r);
}

/* Begins @epochs more, with something on its way and nothing received. */
static void begin_epochs(struct rig *r, unsigned epochs, bool renewed, bool turned_to)
{
    for (unsigned i = 1; i <= epochs; i++) {
        if (turned_to)
            sender_redirect(r->sender, r->now);
        take_ack(r, (struct wire_ack){.epoch = EPOCH + i,
                                      .ack_no = i,
                                      .window = SENDER_WINDOW,
                                      .cum = 1,
                                      .renewed = renewed});
        r->now += 10;
        tick_at(r, r->now, false);
    }
}

static void a_datagram_that_killed_four_aggregators_is_set_aside(void **state)
{
    struct rig *r = rig_open_heard();

    (void)state;
    give(r);
    begin_epochs(r, SENDER_TRIES - 1, false, false);
    assert_int_equal(r->set_aside, 0);
    begin_epochs(r, SENDER_TRIES + 1, false, false);
    assert_int_equal(r->set_aside, 1);
    assert_int_equal(counters(r)->lost_poison, 1);
    rig_close(r);
}

static void nobody_is_blamed_for_an_aggregator_that_did_not_die(void **state)
{
    (void)state;
    for (int turned_to = 0; turned_to < 2; turned_to++) {
        struct rig *r = rig_open_heard();

        give(r);
        begin_epochs(r, 3 * SENDER_TRIES, !turned_to, turned_to);
        assert_int_equal(r->set_aside, 0);
        rig_close(r);
    }
}

static void what_was_overtaken_goes_again(void **state)
{
    struct rig *r = rig_open_heard();
    mono_t t = r->now;

    (void)state;
    give(r); /* 2, lost */
    r->now = t + 5;
    give(r); /* 3 */
    r->now = t + 6;
    r->seen = r->nout;
    take_ack(r, (struct wire_ack){.cum = 1,
                                  .sack = 1,
                                  .durable = 1,
                                  .echo_us = (uint64_t)(t + 5) * 1000,
                                  .window = 100});
    expect(r, WIRE_DATA, 2);
    expect_no_more(r);
    assert_int_equal(counters(r)->datagrams_found_lost, 1);
    assert_int_equal(counters(r)->datagrams_resent, 1);
    ack(r, 3, 1);
    tick_at(r, t + 500, false);
    expect_no_more(r);
    rig_close(r);
}

static void what_was_sent_at_the_same_time_may_be_on_its_way_still(void **state)
{
    struct rig *r = rig_open_heard();

    (void)state;
    for (int i = 0; i < 8; i++)
        give(r);
    r->seen = r->nout;
    take_ack(r, (struct wire_ack){.cum = 1,
                                  .sack = 1 << 6,
                                  .durable = 1,
                                  .echo_us = (uint64_t)r->now * 1000,
                                  .window = 100});
    expect_no_more(r);
    assert_int_equal(counters(r)->datagrams_found_lost, 0);
    rig_close(r);
}

static void silence_is_probed_with_growing_pauses(void **state)
{
    struct rig *r = rig_open_heard();
    mono_t due, before = 0;

    (void)state;
    for (int i = 0; i < 5; i++)
        give(r);
    due = tick_at(r, r->now, false);
    r->seen = r->nout;
    assert_int_equal(due - r->now, RTT_PTO_MIN_US / 1000);
    for (int i = 0; i < 5; i++) { /* then it is time for a ping, too */
        mono_t next = tick_at(r, due, false);

        expect(r, WIRE_DATA, 2);
        expect(r, WIRE_DATA, 3);
        expect_no_more(r);
        if (i > 0)
            assert_int_equal(next - due, 2 * (due - before));
        before = due;
        due = next;
    }
    assert_int_equal(counters(r)->probes, 5);
    ack(r, 3, 1); /* news: the pauses are short again */
    assert_int_equal(tick_at(r, r->now, false) - r->now, RTT_PTO_MIN_US / 1000);
    rig_close(r);
}

static void a_probe_narrows_the_window(void **state)
{
    struct rig *r = rig_open_heard();

    (void)state;
    for (int i = 0; i < 100; i++)
        give(r);
    for (int i = 0; i < 10; i++)
        tick_at(r, r->now + 700, false);
    r->seen = r->nout;
    ack(r, 1 + SENDER_CWND_FIRST, 1);
    assert_in_range(r->nout - r->seen, SENDER_CWND_MIN, SENDER_CWND_MIN + 1);
    rig_close(r);
}

static void at_a_closed_window_the_probe_is_a_ping(void **state)
{
    struct rig *r = rig_open_heard();

    (void)state;
    give(r);
    take_ack(r, (struct wire_ack){.cum = 1, .durable = 1, .window = 0});
    r->seen = r->nout;
    tick_at(r, r->now + RTT_PTO_MIN_US / 1000, false);
    expect(r, WIRE_PING, 3);
    expect_no_more(r);
    rig_close(r);
}

/* Adds hits until one is refused. */
static void fill(struct rig *r)
{
    while (add_kind(r, HIT_VIEW))
        ;
    assert_int_equal(counters(r)->lost_full, 1);
}

static void a_full_ring_refuses_heartbeats_first(void **state)
{
    struct rig *r = rig_open();
    const struct sender_counters *c = counters(r);

    (void)state;
    while (add_kind(r, HIT_HEARTBEAT))
        ;
    assert_int_equal(c->lost_heartbeat, 1);
    assert_true(c->ring_bytes * 16 >= c->ring_limit * (SENDER_FULL - 1));
    add(r);
    fill(r);
    assert_true(counters(r)->ring_bytes > c->ring_limit - 2 * DATAGRAM_MAX);
    assert_false(add_kind(r, HIT_HEARTBEAT));
    assert_false(add_kind(r, HIT_VIEW));
    assert_int_equal(counters(r)->lost_full, 2);
    tick_at(r, r->now, false); /* the open body stays open */
    tick_at(r, r->now + 10, true);
    assert_true(counters(r)->open > 0);
    rig_close(r);
}

/* A full ring whose first half came but is not durable. */
static struct rig *rig_open_full(void)
{
    struct rig *r = rig_open();

    fill(r);
    tick_at(r, r->now, false);
    ack(r, ring_next(r->ring) / 2, 0);
    return r;
}

static void what_came_makes_room_unprotected(void **state)
{
    struct rig *r = rig_open_full();
    uint64_t base = ring_base(r->ring), kept;

    (void)state;
    for (int i = 0; i < 500; i++) {
        add(r);
        assert_true(add_kind(r, HIT_HEARTBEAT));
    }
    assert_true(ring_base(r->ring) > base);
    kept = counters(r)->unprotected;
    assert_true(kept > 500);
    ack(r, ring_next(r->ring) / 2, ring_base(r->ring) - 2);
    assert_true(counters(r)->unprotected > 0); /* the youngest of them */
    ack(r, ring_next(r->ring) / 2, ring_base(r->ring) - 1);
    assert_int_equal(counters(r)->unprotected, 0);
    assert_int_equal(counters(r)->durable, kept);
    rig_close(r);
}

static void a_new_epoch_loses_the_unprotected_ones(void **state)
{
    struct rig *r = rig_open_full();
    uint64_t kept;

    (void)state;
    for (int i = 0; i < 500; i++)
        add(r);
    kept = counters(r)->unprotected;
    take_ack(r, (struct wire_ack){.epoch = EPOCH + 1, .ack_no = 1, .window = 100});
    assert_int_equal(counters(r)->lost_restart, kept);
    assert_int_equal(counters(r)->unprotected, 0);
    rig_close(r);
}

static void what_is_too_old_is_lost_or_unprotected(void **state)
{
    struct rig *r = rig_open_heard();

    (void)state;
    for (int i = 0; i < 5; i++)
        give(r);
    ack(r, 3, 1);
    tick_at(r, r->now + SENDER_RETENTION_MS - 1, false);
    assert_int_equal(counters(r)->in_ring, 5);
    r->seen = r->nout;
    tick_at(r, r->now + 1, false);
    assert_int_equal(counters(r)->in_ring, 0);
    assert_int_equal(counters(r)->lost_expired, 3);
    assert_int_equal(counters(r)->unprotected, 2);
    give(r);
    r->seen = r->nout - 1;
    assert_int_equal(expect(r, WIRE_DATA, 7)->head.base, 7);
    rig_close(r);
}

static void an_idle_sender_asks_every_second(void **state)
{
    struct rig *r = rig_open_heard();
    mono_t due = tick_at(r, r->now, false);

    (void)state;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(due - r->now, SENDER_PING_MS);
        due = tick_at(r, due, false);
        expect(r, WIRE_PING, 2);
        expect_no_more(r);
        assert_true(sender_is_heard(r->sender, r->now));
        ack(r, 1, 1);
    }
    assert_int_equal(r->gave_up, 0);
    assert_true(sender_is_heard(r->sender, r->now + SENDER_FRESH_MS));
    assert_false(sender_is_heard(r->sender, r->now + SENDER_FRESH_MS + 1));
    rig_close(r);
}

static void long_silence_is_given_up_again_and_again(void **state)
{
    struct rig *r = rig_open();
    mono_t due = tick_at(r, START, false);

    (void)state;
    while (due <= START + 3 * SENDER_SILENCE_MS) {
        due = tick_at(r, due, false);
        assert_int_equal(r->gave_up, (r->now - START) / SENDER_SILENCE_MS);
    }
    assert_true(counters(r)->pings > 15); /* each second, and by probes */
    assert_false(sender_is_heard(r->sender, r->now));
    rig_close(r);
}

static void a_host_that_slept_gives_nobody_up(void **state)
{
    struct rig *r = rig_open_heard();

    (void)state;
    give(r);
    tick_at(r, r->now + 3600 * 1000, false);
    assert_int_equal(r->gave_up, 0);
    for (mono_t end = r->now + SENDER_SILENCE_MS, due = r->now; r->gave_up == 0;) {
        due = tick_at(r, due, false);
        assert_true(r->now <= end);
    }
    rig_close(r);
}

static void another_way_is_asked_at_once(void **state)
{
    struct rig *r = rig_open_heard();

    (void)state;
    give(r);
    r->seen = r->nout;
    sender_redirect(r->sender, r->now);
    check(r);
    assert_int_equal(expect(r, WIRE_PING, 3)->head.epoch, EPOCH);
    assert_int_equal(counters(r)->failovers, 1);
    assert_int_equal(tick_at(r, r->now, false) - r->now, RTT_PTO_FIRST_US / 1000);
    take_ack(r, (struct wire_ack){.epoch = EPOCH + 1, .ack_no = 1, .window = 100});
    expect(r, WIRE_DATA, 2);
    rig_close(r);
}

static void an_absurd_ack_changes_nothing(void **state)
{
    static const struct {
        const char *why;
        struct wire_ack ack;
    } row[] = {
        {"another stream", {.stream = 1, .cum = 3}},
        {"an earlier epoch", {.epoch = EPOCH - 1, .cum = 3}},
        {"an old number", {.ack_no = 1, .cum = 3}},
        {"back behind what it said", {.cum = 1}},
        {"what does not exist came", {.cum = 7}},
        {"everything came", {.cum = UINT64_MAX, .durable = UINT64_MAX}},
        {"durable but not come", {.cum = 3, .durable = 4}},
        {"from the future", {.cum = 3, .echo_us = UINT64_MAX}},
        {"a new epoch with nonsense", {.epoch = EPOCH + 1, .cum = 7}},
    };
    struct rig *r = rig_open_heard();

    (void)state;
    for (int i = 0; i < 5; i++)
        give(r);
    ack(r, 2, 1);
    r->seen = r->nout;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        take_ack(r, row[i].ack);
        if (counters(r)->acks_refused != i + 1 || counters(r)->in_ring != 5)
            fail_msg("%s", row[i].why);
        expect_no_more(r);
    }
    ack(r, 6, 6);
    assert_int_equal(counters(r)->in_ring, 0);
    rig_close(r);
}

static void a_forged_ack_changes_nothing(void **state)
{
    struct rig *r = rig_open_heard();
    struct wire_ack a = {.nshards = 1, .stream = STREAM, .epoch = EPOCH, .ack_no = 99};
    uint8_t bytes[WIRE_ACK_BYTES];

    (void)state;
    give(r);
    a.cum = a.durable = 2;
    for (size_t at = 0; at < sizeof bytes; at++) {
        wire_ack_frame(bytes, &a, &r->secret);
        bytes[at] ^= 4;
        sender_ack(r->sender, bytes, sizeof bytes, r->now);
        assert_int_equal(counters(r)->acks_refused, at + 1);
    }
    assert_int_equal(counters(r)->in_ring, 1);
    rig_close(r);
}

static void what_was_never_sent_cannot_have_come_out_of_order(void **state)
{
    struct rig *r = rig_open_heard();

    (void)state;
    give(r);
    take_ack(r, (struct wire_ack){.cum = 1, .sack = UINT64_MAX, .window = 1});
    give(r);
    give(r);
    r->seen = r->nout;
    ack(r, 2, 1);
    expect(r, WIRE_DATA, 3);
    expect(r, WIRE_DATA, 4);
    rig_close(r);
}

static void an_adopted_ring_is_gone_on_with(void **state)
{
    struct rig *r = rig_open_heard();

    (void)state;
    for (int i = 0; i < 4; i++)
        give(r);
    add(r); /* open */
    ack(r, 3, 2);
    sender_free(r->sender);
    assert_ptr_equal(ring_adopt(r->ring, RING_BYTES_MIN), r->ring);
    r->nout = r->seen = 0;
    attach(r);
    assert_int_equal(counters(r)->accepted, 4);
    assert_int_equal(sender_unreceived(r->sender), 4);
    tick_at(r, r->now + 2, false);
    assert_int_equal(expect(r, WIRE_PING, 7)->head.base, 3);
    r->ack_no = 50;
    ack(r, 3, 2); /* the same aggregator: it knows the stream */
    for (uint64_t seq = 4; seq <= 6; seq++)
        expect(r, WIRE_DATA, seq);
    expect_no_more(r);
    ack(r, 6, 6);
    assert_int_equal(counters(r)->durable, 4);
    rig_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_tick_asks_who_is_there_and_data_waits_for_the_answer),
        cmocka_unit_test(the_first_hit_after_a_pause_goes_with_the_turn),
        cmocka_unit_test(hits_of_one_turn_share_a_datagram),
        cmocka_unit_test(a_hit_in_a_stream_waits_for_company),
        cmocka_unit_test(a_full_datagram_goes_at_once),
        cmocka_unit_test(texts_are_copied),
        cmocka_unit_test(a_hit_of_long_ago_gets_a_datagram_of_its_own),
        cmocka_unit_test(no_more_goes_out_than_the_window_allows),
        cmocka_unit_test(the_window_begins_small_and_grows_with_what_came),
        cmocka_unit_test(what_came_is_kept_until_it_is_durable),
        cmocka_unit_test(a_ping_tells_that_nothing_will_come_again),
        cmocka_unit_test(a_new_epoch_is_sent_all_that_is_not_durable),
        cmocka_unit_test(a_datagram_that_killed_four_aggregators_is_set_aside),
        cmocka_unit_test(nobody_is_blamed_for_an_aggregator_that_did_not_die),
        cmocka_unit_test(what_was_overtaken_goes_again),
        cmocka_unit_test(what_was_sent_at_the_same_time_may_be_on_its_way_still),
        cmocka_unit_test(silence_is_probed_with_growing_pauses),
        cmocka_unit_test(a_probe_narrows_the_window),
        cmocka_unit_test(at_a_closed_window_the_probe_is_a_ping),
        cmocka_unit_test(a_full_ring_refuses_heartbeats_first),
        cmocka_unit_test(what_came_makes_room_unprotected),
        cmocka_unit_test(a_new_epoch_loses_the_unprotected_ones),
        cmocka_unit_test(what_is_too_old_is_lost_or_unprotected),
        cmocka_unit_test(an_idle_sender_asks_every_second),
        cmocka_unit_test(long_silence_is_given_up_again_and_again),
        cmocka_unit_test(a_host_that_slept_gives_nobody_up),
        cmocka_unit_test(another_way_is_asked_at_once),
        cmocka_unit_test(an_absurd_ack_changes_nothing),
        cmocka_unit_test(a_forged_ack_changes_nothing),
        cmocka_unit_test(what_was_never_sent_cannot_have_come_out_of_order),
        cmocka_unit_test(an_adopted_ring_is_gone_on_with),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
