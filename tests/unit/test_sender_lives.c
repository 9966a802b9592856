/* Random lives of a sender: a network that loses, doubles and reorders, an aggregator
 * that dies, one that dies of a certain hit, processes that are killed and leave their
 * ring. At the end every hit is durable exactly once or counted as lost. */
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
#define HITS_MAX 200000
#define PIPE_MAX 4096
#define HOLD 300 /* ms from the commit to the durable ACK */
#define BARRIERS 4096

/* What a life is like. Chances are in a thousand. */
struct climate {
    unsigned loss, twice, late; /* of each datagram */
    unsigned busy;              /* hits in 16 ms */
    unsigned crash_ms;          /* the aggregator's mean life; 0: it does not die */
    unsigned kill_ms;           /* the sender's */
    unsigned cut_ms;            /* the network's, then it is cut for some seconds */
    unsigned poison;            /* hits that the aggregator dies of */
};

struct datagram {
    mono_t at;
    bool up;
    size_t n;
    uint8_t bytes[DATAGRAM_MAX];
};

struct held {
    uint64_t seq; /* 0: none */
    size_t n;
    uint8_t body[BODY_MAX];
};

/* A receiver that follows the rules of the transport in the plainest way, and the store
 * behind it: `folded` is its memory, `stored` survives it. */
struct receiver {
    uint64_t epoch, ack_no;
    bool known, owes_ack;
    uint64_t expected, durable, newest_us;
    struct held held[SENDER_WINDOW];
    struct {
        uint64_t seq, id;
    } folded[HITS_MAX];
    size_t nfolded;
    uint64_t stored_upto;
    struct {
        mono_t at;
        uint64_t upto;
    } barrier[BARRIERS];
    size_t nbarriers;
};

enum fate { REFUSED, TAKEN, ASIDE };

struct world {
    struct climate climate;
    struct dice dice;
    struct secret secret;
    mono_t now, due;
    mono_t cut_until;
    struct sender *sender;
    struct ring *ring;
    struct sender_counters before; /* of senders that were killed */
    struct datagram pipe[PIPE_MAX];
    size_t npipe;
    struct receiver receiver;
    mono_t open_since; /* when the oldest hit of the open body came; -1: none */
    uint64_t ids;      /* hits made: 1..ids */
    uint8_t fate[HITS_MAX], stored[HITS_MAX];
    uint64_t poison[8];
};

static bool chance(struct world *w, unsigned thousandths)
{
    return dice_below(&w->dice, 1000) < thousandths;
}

/* Whether it happens in this millisecond. */
static bool strikes(struct world *w, unsigned mean_ms)
{
    return mean_ms > 0 && dice_below(&w->dice, mean_ms) == 0;
}

static void carry(struct world *w, const uint8_t *bytes, size_t n, bool up)
{
    unsigned copies = chance(w, w->climate.twice) ? 2 : 1;

    if (w->now < w->cut_until || chance(w, w->climate.loss))
        return;
    for (; copies > 0 && w->npipe < PIPE_MAX; copies--) {
        struct datagram *d = &w->pipe[w->npipe++];

        d->at = w->now + (mono_t)dice_below(&w->dice, 2);
        if (chance(w, w->climate.late))
            d->at += (mono_t)dice_below(&w->dice, 40);
        d->up = up;
        d->n = n;
        memcpy(d->bytes, bytes, n);
    }
}

static void reboot(struct receiver *r, uint64_t epoch)
{
    r->epoch = epoch;
    r->ack_no = 0;
    r->known = r->owes_ack = false;
    r->nfolded = r->nbarriers = 0;
    r->newest_us = 0;
    memset(r->held, 0, sizeof r->held);
}

static void answer(struct world *w)
{
    struct receiver *r = &w->receiver;
    uint8_t bytes[WIRE_ACK_BYTES];
    struct wire_ack a = {.nshards = 1,
                         .stream = STREAM,
                         .epoch = r->epoch,
                         .ack_no = ++r->ack_no,
                         .echo_us = r->newest_us,
                         .window = chance(w, 20) ? 0 : SENDER_WINDOW};

    if (r->known) {
        a.cum = r->expected - 1;
        a.durable = r->durable;
        for (unsigned i = 0; i < 64; i++)
            if (r->held[(a.cum + 2 + i) % SENDER_WINDOW].seq == a.cum + 2 + i)
                a.sack |= UINT64_C(1) << i;
    }
    r->owes_ack = false;
    wire_ack_frame(bytes, &a, &w->secret);
    carry(w, bytes, sizeof bytes, false);
}

/* Folds a body. Returns false when the aggregator dies of it. */
static bool fold(struct world *w, const struct held *h)
{
    struct receiver *r = &w->receiver;
    struct body_reader reader;
    struct hit hit;

    assert_int_equal(body_open(&reader, h->body, h->n), 0);
    while (body_next(&reader, &hit) == 1) {
        for (unsigned i = 0; i < w->climate.poison; i++)
            if (w->poison[i] == hit.visitor)
                return false;
        if (h->seq <= r->stored_upto)
            continue; /* the store has it from an earlier life */
        assert_true(r->nfolded < HITS_MAX);
        r->folded[r->nfolded].seq = h->seq;
        r->folded[r->nfolded++].id = hit.visitor;
    }
    return true;
}

/* Folds what is in order, and skips to @base. */
static bool advance(struct world *w, uint64_t base)
{
    struct receiver *r = &w->receiver;

    for (;;) {
        struct held *h = &r->held[r->expected % SENDER_WINDOW];

        if (h->seq == r->expected) {
            if (!fold(w, h))
                return false;
            h->seq = 0;
        } else if (r->expected >= base) {
            return true;
        }
        r->expected++;
    }
}

static void receive(struct world *w, const struct datagram *d)
{
    struct receiver *r = &w->receiver;
    struct wire_head h;
    const uint8_t *body;
    size_t n;

    assert_int_equal(wire_open(d->bytes, d->n, &w->secret, &h, &body, &n), WIRE_OK);
    if (h.epoch != r->epoch) {
        answer(w);
        return;
    }
    if (!r->known) {
        r->known = true;
        r->expected = h.base;
        r->durable = h.base - 1;
    }
    if (h.ts_us > r->newest_us)
        r->newest_us = h.ts_us;
    if (h.type == WIRE_DATA && h.seq >= r->expected &&
        h.seq < r->expected + SENDER_WINDOW) {
        struct held *slot = &r->held[h.seq % SENDER_WINDOW];

        slot->seq = h.seq;
        slot->n = n;
        memcpy(slot->body, body, n);
    }
    if (!advance(w, h.base)) {
        reboot(r, r->epoch + 1);
        return;
    }
    r->owes_ack = true;
    if (h.type == WIRE_PING || chance(w, 300))
        answer(w);
}

static void commit(struct world *w)
{
    struct receiver *r = &w->receiver;

    for (size_t i = 0; i < r->nfolded; i++)
        if (r->folded[i].seq > r->stored_upto)
            assert_int_equal(++w->stored[r->folded[i].id], 1);
    r->nfolded = 0;
    if (r->known && r->expected - 1 > r->stored_upto)
        r->stored_upto = r->expected - 1;
    if (r->known && r->nbarriers < BARRIERS) {
        r->barrier[r->nbarriers].at = w->now + HOLD;
        r->barrier[r->nbarriers++].upto = r->expected - 1;
    }
}

static void ripen(struct world *w)
{
    struct receiver *r = &w->receiver;
    size_t n = 0;

    while (n < r->nbarriers && r->barrier[n].at <= w->now)
        if (r->barrier[n++].upto > r->durable) {
            r->durable = r->barrier[n - 1].upto;
            r->owes_ack = true;
        }
    memmove(r->barrier, r->barrier + n, (r->nbarriers - n) * sizeof *r->barrier);
    r->nbarriers -= n;
}

static void receiver_turn(struct world *w)
{
    if (strikes(w, w->climate.crash_ms))
        reboot(&w->receiver, w->receiver.epoch + 1);
    if (dice_below(&w->dice, 60) == 0)
        commit(w);
    ripen(w);
    if (w->receiver.owes_ack && dice_below(&w->dice, 5) == 0)
        answer(w);
}

static void on_emit(void *arg, const uint8_t *bytes, size_t n)
{
    carry(arg, bytes, n, true);
}

static uint64_t clock_us(void *arg)
{
    return (uint64_t)((struct world *)arg)->now * 1000 + 500;
}

static void on_set_aside(void *arg, const uint8_t *bytes, size_t n)
{
    struct world *w = arg;
    struct body_reader reader;
    struct wire_head h;
    const uint8_t *body;
    struct hit hit;
    size_t body_n;

    assert_int_equal(wire_open(bytes, n, &w->secret, &h, &body, &body_n), WIRE_OK);
    body_open(&reader, body, body_n);
    while (body_next(&reader, &hit) == 1)
        w->fate[hit.visitor] = ASIDE;
}

static void on_give_up(void *arg)
{
    struct world *w = arg;

    sender_redirect(w->sender, w->now);
}

static uint64_t lost(const struct sender_counters *c)
{
    return c->lost_restart + c->lost_expired + c->lost_poison;
}

/* Returns the counters, after looking whether they add up. */
static const struct sender_counters *check(struct world *w)
{
    const struct sender_counters *c = sender_counters(w->sender);

    assert_int_equal(c->accepted, c->durable + c->in_ring + c->open + c->unprotected +
                                      c->lost_full + c->lost_heartbeat + lost(c));
    assert_int_equal(sender_undurable(w->sender), c->in_ring + c->open + c->unprotected);
    assert_true(sender_unreceived(w->sender) <= c->in_ring + c->open);
    return c;
}

static void begin_sender(struct world *w)
{
    const struct sender_env env = {on_emit, clock_us, on_set_aside, on_give_up, w};

    w->sender = sender_new(&w->secret, w->ring, &env, w->now);
    w->due = w->now;
    assert_non_null(w->sender);
}

/* Kills the sender between two calls; another one finds its ring. */
static void kill_sender(struct world *w)
{
    const struct sender_counters *c = check(w);

    if (c->unprotected > 0)
        return; /* those would not be known to the next one */
    w->before.durable += c->durable;
    w->before.lost_restart += c->lost_restart;
    w->before.lost_expired += c->lost_expired;
    w->before.lost_poison += c->lost_poison;
    w->before.lost_full += c->lost_full;
    w->before.lost_heartbeat += c->lost_heartbeat;
    sender_free(w->sender);
    assert_ptr_equal(ring_adopt(w->ring, RING_BYTES_MIN), w->ring);
    begin_sender(w);
}

static void make_hit(struct world *w)
{
    static const char path[PATH_MAX_BYTES] = "/";
    struct hit h = {.site = SLICE("shop"),
                    .path = {path, 1 + dice_below(&w->dice, 100)},
                    .visitor = ++w->ids,
                    .at = w->now,
                    .kind = chance(w, 300) ? HIT_HEARTBEAT : HIT_VIEW};

    assert_true(w->ids < HITS_MAX);
    if (sender_add(w->sender, &h, w->now))
        w->fate[h.visitor] = TAKEN;
    if (check(w)->open == 1)
        w->open_since = w->now;
}

static void sender_turn(struct world *w, bool traffic)
{
    bool touched = false;

    if (strikes(w, w->climate.kill_ms))
        kill_sender(w);
    for (unsigned i = 0; traffic && i < 4; i++)
        if (dice_below(&w->dice, 64) < w->climate.busy) {
            make_hit(w);
            touched = true;
        }
    if (touched || w->now >= w->due || chance(w, 100))
        w->due = sender_tick(w->sender, w->now, chance(w, 5));
    assert_true(w->due > w->now);
    if (check(w)->open > 0 && ring_room(w->ring) > DATAGRAM_MAX)
        assert_true(w->now - w->open_since < SENDER_LINGER_MS);
}

static void deliver(struct world *w)
{
    for (size_t i = 0; i < w->npipe;) {
        struct datagram d = w->pipe[i];

        if (d.at > w->now) {
            i++;
            continue;
        }
        w->pipe[i] = w->pipe[--w->npipe];
        if (d.up) {
            receive(w, &d);
        } else {
            sender_ack(w->sender, d.bytes, d.n, w->now);
            w->due = w->now; /* a turn of the loop ends with a tick */
            check(w);
        }
    }
}

static void turn(struct world *w, bool traffic)
{
    if (strikes(w, w->climate.cut_ms))
        w->cut_until = w->now + (mono_t)dice_below(&w->dice, 12000);
    deliver(w);
    receiver_turn(w);
    sender_turn(w, traffic);
    w->now++;
}

static struct world *live(struct climate climate, uint64_t seed, mono_t ms)
{
    struct world *w = calloc(1, sizeof *w);

    w->climate = climate;
    w->dice.state = seed;
    w->now = (mono_t)dice_below(&w->dice, 2) * 12345678;
    secret_init(&w->secret, "a secret of the tests", 21);
    w->ring = ring_init(calloc(1, RING_BYTES_MIN), RING_BYTES_MIN, STREAM, 1);
    for (unsigned i = 0; i < climate.poison; i++)
        w->poison[i] = 50 + dice_below(&w->dice, 500);
    reboot(&w->receiver, 100);
    begin_sender(w);
    for (mono_t end = w->now + ms; w->now < end;)
        turn(w, true);
    w->climate.crash_ms = w->climate.kill_ms = w->climate.cut_ms = 0;
    for (mono_t end = w->now + 100000; sender_undurable(w->sender) > 0; turn(w, false))
        if (w->now > end)
            fail_msg("seed %u: %u hits never became durable", (unsigned)seed,
                     (unsigned)sender_undurable(w->sender));
    return w;
}

/* What became of each hit. Returns how many were lost. */
static uint64_t judge(struct world *w)
{
    const struct sender_counters *c = check(w);
    uint64_t gone = lost(c) + lost(&w->before), durable = c->durable + w->before.durable;
    uint64_t refused =
        c->lost_full + c->lost_heartbeat + w->before.lost_full + w->before.lost_heartbeat;
    uint64_t stored = 0, missing = 0, none = 0;

    for (uint64_t id = 1; id <= w->ids; id++) {
        stored += w->stored[id];
        none += w->fate[id] == REFUSED;
        missing += w->fate[id] != REFUSED && !w->stored[id];
        assert_true(w->stored[id] == 0 || w->fate[id] == TAKEN);
    }
    assert_int_equal(none, refused);
    assert_true(durable <= stored);
    assert_true(missing <= gone);
    assert_int_equal(durable + gone + refused, w->ids);
    assert_true(w->ids > 500);
    return gone;
}

static void end(struct world *w)
{
    sender_free(w->sender);
    free(w->ring);
    free(w);
}

static void a_bad_network_loses_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct climate c = {.loss = seed % 3 ? 100 : 400,
                            .twice = 100,
                            .late = seed % 2 ? 100 : 400,
                            .busy = 16};
        struct world *w = live(c, seed, 4000);

        assert_int_equal(judge(w), 0);
        assert_int_equal(check(w)->lost_full, 0);
        assert_true(check(w)->datagrams_resent > 0);
        end(w);
    }
}

static void aggregators_that_die_lose_nothing(void **state)
{
    uint64_t epochs = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct climate c = {
            .loss = 30, .twice = 30, .late = 100, .busy = 16, .crash_ms = 1000};
        struct world *w = live(c, seed, 8000);

        judge(w);
        assert_int_equal(check(w)->lost_restart + check(w)->lost_expired, 0);
        assert_int_equal(check(w)->lost_poison, 0);
        epochs += check(w)->epochs;
        end(w);
    }
    assert_true(epochs > 12);
}

static void killed_senders_that_leave_their_ring_lose_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct climate c = {.loss = 50,
                            .twice = 30,
                            .late = 100,
                            .busy = 8,
                            .crash_ms = 3000,
                            .kill_ms = 300};
        struct world *w = live(c, seed, 8000);

        assert_int_equal(judge(w), 0);
        end(w);
    }
}

static void what_is_lost_at_the_bound_is_counted(void **state)
{
    uint64_t restart = 0, full = 0, heartbeats = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct climate c = {.loss = 50,
                            .twice = 30,
                            .late = 50,
                            .busy = 60,
                            .crash_ms = 4000,
                            .cut_ms = 5000};
        struct world *w = live(c, seed, 20000);

        judge(w);
        restart += check(w)->lost_restart;
        full += check(w)->lost_full;
        heartbeats += check(w)->lost_heartbeat;
        end(w);
    }
    assert_true(restart > 0 && full > 0 && heartbeats > 0);
}

static void only_the_culprit_is_set_aside(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct climate c = {
            .loss = seed % 2 ? 0 : 50, .late = 50, .busy = 10, .poison = 1 + seed % 2};
        struct world *w = live(c, seed, 3000);
        uint64_t aside = 0;

        assert_int_equal(judge(w), check(w)->lost_poison);
        for (uint64_t id = 1; id <= w->ids; id++) {
            aside += w->fate[id] == ASIDE;
            assert_true(w->fate[id] == ASIDE || w->stored[id]);
        }
        for (unsigned i = 0; i < c.poison; i++)
            assert_int_equal(w->fate[w->poison[i]], ASIDE);
        assert_int_equal(aside, check(w)->lost_poison);
        assert_true(aside < 40); /* in that many bodies as there was poison */
        end(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bad_network_loses_nothing),
        cmocka_unit_test(aggregators_that_die_lose_nothing),
        cmocka_unit_test(killed_senders_that_leave_their_ring_lose_nothing),
        cmocka_unit_test(what_is_lost_at_the_bound_is_counted),
        cmocka_unit_test(only_the_culprit_is_set_aside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
