/* receiver: each rule for a datagram and its answer, the marks, the bounds; and random
 * networks against a naive reference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../aggregator/acks.h"
#include "../../aggregator/receiver.h"
#include "../../proto/body.h"
#include "../dice.h"
#include "../guard.h"

#define EPOCH 1000
#define NOON INT64_C(1763812800000)
#define LOG 4096

static struct secret secret;
static struct receiver *r;
static const struct receiver_counts *counts;
static mono_t now;
static uint64_t clock_us; /* of all senders */
static uint16_t port;     /* where the next datagram comes from */

static struct {
    uint64_t stream, seq;
    mono_t sent;
} folded[LOG]; /* the latest LOG of them */
static size_t nfolded;
static struct wire_ack ack; /* the latest, */
static uint16_t ack_port;   /* and where it went */
static size_t nacks;
static uint64_t bar; /* no mark above it, 0: none */

/* What a datagram of that number has in it, so that a mixed up one is found. */
static size_t body_of(uint8_t *out, uint64_t stream, uint64_t seq)
{
    struct dice d = {stream * 1000003 + seq};
    size_t n = dice_below(&d, 100);

    dice_bytes(&d, out, n);
    return n;
}

static void on_fold(void *arg, const struct arrival *a)
{
    uint8_t body[BODY_MAX];

    assert_ptr_equal(arg, &secret);
    assert_non_null(a->dating);
    assert_int_equal(a->body_n, body_of(body, a->stream, a->seq));
    assert_memory_equal(a->body, body, a->body_n);
    folded[nfolded % LOG].stream = a->stream;
    folded[nfolded % LOG].sent = a->sent;
    folded[nfolded++ % LOG].seq = a->seq;
}

static void on_send(void *arg, const struct peer *to, const uint8_t *bytes, size_t n)
{
    uint64_t last = nacks > 0 ? ack.ack_no : 0;

    assert_ptr_equal(arg, &secret);
    assert_int_equal(n, WIRE_ACK_BYTES);
    assert_int_equal(wire_ack_open(bytes, n, &secret, &ack), WIRE_OK);
    assert_true(ack.ack_no > last);
    ack_port = to->in.sin_port;
    nacks++;
}

static void on_bar(void *arg, struct barrier *b)
{
    assert_ptr_equal(arg, &secret);
    for (size_t i = 0; bar > 0 && i < b->n; i++)
        if (b->mark[i].seq > bar)
            b->mark[i].seq = bar;
}

static int begin(void **state)
{
    const struct receiver_env env = {on_fold, on_send, on_bar, &secret};

    (void)state;
    secret_init(&secret, "sixteen bytes, or more", 22);
    r = receiver_new(&secret, &env);
    counts = receiver_counts(r);
    receiver_reset(r, EPOCH);
    now = 100000;
    clock_us = 5000000;
    port = 7;
    nfolded = nacks = 0;
    bar = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    receiver_free(r);
    return 0;
}

static struct wire_head head(uint8_t type, uint64_t stream, uint64_t seq)
{
    return (struct wire_head){.type = type,
                              .nshards = 1,
                              .stream = stream,
                              .epoch = EPOCH,
                              .seq = seq,
                              .base = 1,
                              .ts_us = clock_us += 1000};
}

/* Like a frame that was opened: the body ends where memory ends. */
static enum receiver_verdict take(const struct wire_head *h)
{
    struct peer from = {.in = {.sin_family = AF_INET, .sin_port = port}};
    uint8_t body[BODY_MAX];
    size_t n = h->type == WIRE_DATA ? body_of(body, h->stream, h->seq) : 0;

    return receiver_take(r, h, guard_copy(body, n), n, &from, NOON, now);
}

static void data(uint64_t stream, uint64_t seq)
{
    struct wire_head h = head(WIRE_DATA, stream, seq);

    assert_int_equal(take(&h), RECEIVER_TAKEN);
}

static void data_with_base(uint64_t stream, uint64_t seq, uint64_t base)
{
    struct wire_head h = head(WIRE_DATA, stream, seq);

    h.base = base;
    assert_int_equal(take(&h), RECEIVER_TAKEN);
}

static void ping(uint64_t stream, uint64_t seq, uint64_t base)
{
    struct wire_head h = head(WIRE_PING, stream, seq);

    h.base = base;
    assert_int_equal(take(&h), RECEIVER_TAKEN);
}

/* Sends what is due. Returns how many that were. */
static size_t acks(void)
{
    size_t before = nacks;

    receiver_acks(r, now);
    return nacks - before;
}

/* What was folded since the last call must be these numbers. */
static void must_fold(size_t n, const uint64_t *seq)
{
    assert_int_equal(nfolded, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(folded[i].seq, seq[i]);
    nfolded = 0;
}

#define MUST_FOLD(...)                               \
    do {                                             \
        const uint64_t seq_[] = {__VA_ARGS__};       \
        must_fold(sizeof seq_ / sizeof *seq_, seq_); \
    } while (0)

static void without_an_epoch_nothing_is_taken_and_nothing_answered(void **state)
{
    struct wire_head h;

    (void)state;
    receiver_reset(r, 0);
    data(1, 1);
    ping(1, 1, 1);
    h = head(WIRE_DATA, 1, 1);
    h.epoch = 0;
    take(&h);
    now += 1000;
    assert_int_equal(receiver_acks(r, now), INT64_MAX);
    assert_int_equal(nacks + nfolded + receiver_streams(r), 0);
    assert_int_equal(counts->not_ready, 3);
}

static void a_higher_epoch_is_reported_and_nothing_else(void **state)
{
    struct wire_head h = head(WIRE_DATA, 1, 1);

    (void)state;
    h.epoch = EPOCH + 1;
    assert_int_equal(take(&h), RECEIVER_SUPERSEDED);
    assert_int_equal(acks() + nfolded + receiver_streams(r), 0);
}

static void whoever_has_another_epoch_is_told_ours(void **state)
{
    (void)state;
    for (uint64_t epoch = 0; epoch < EPOCH; epoch += EPOCH - 1) {
        struct wire_head h = head(WIRE_DATA, 1, 70);

        h.epoch = epoch;
        h.shard = 2;
        h.nshards = 3;
        port++;
        assert_int_equal(take(&h), RECEIVER_TAKEN);
        assert_int_equal(ack.epoch, EPOCH);
        assert_int_equal(ack.stream, 1);
        assert_int_equal(ack.shard * 10 + ack.nshards, 23);
        assert_int_equal(ack.cum + ack.sack + ack.durable, 0);
        assert_int_equal(ack.echo_us, h.ts_us);
        assert_int_equal(ack_port, port);
    }
    assert_int_equal(nacks, 2);
    assert_int_equal(counts->stale_epoch, 2);
    assert_int_equal(nfolded + receiver_streams(r), 0);
}

static void heard_is_who_says_something_new_in_our_epoch(void **state)
{
    struct wire_head h = head(WIRE_PING, 1, 0), stranger = head(WIRE_PING, 2, 0);

    (void)state;
    assert_int_equal(receiver_heard(r), INT64_MIN);
    stranger.epoch = EPOCH - 1;
    assert_int_equal(take(&stranger), RECEIVER_TAKEN);
    assert_int_equal(receiver_heard(r), INT64_MIN);
    assert_int_equal(take(&h), RECEIVER_TAKEN);
    assert_int_equal(receiver_heard(r), now);
    now += 1000;
    assert_int_equal(take(&h), RECEIVER_TAKEN); /* somebody plays it again */
    assert_int_equal(receiver_heard(r), now - 1000);
    data(1, 1);
    assert_int_equal(receiver_heard(r), now);
    receiver_reset(r, EPOCH + 1);
    assert_int_equal(receiver_heard(r), INT64_MIN);
}

static void a_known_stream_that_comes_with_another_epoch_is_told_its_state(void **state)
{
    struct wire_head h = head(WIRE_DATA, 1, 4);

    (void)state;
    data(1, 1);
    data(1, 2);
    data(1, 4);
    acks();
    h.epoch = 0;
    take(&h);
    assert_int_equal(ack.cum, 2);
    assert_int_equal(ack.sack, 1);
    assert_int_equal(ack.echo_us, 0);
}

static void strangers_share_an_allowance_each_second(void **state)
{
    (void)state;
    for (int second = 0; second < 3; second++) {
        nacks = 0;
        for (uint64_t i = 0; i < RECEIVER_ACKS_STRANGERS + 500; i++) {
            struct wire_head h = head(WIRE_PING, i, 1);

            h.epoch = 0;
            take(&h);
        }
        assert_in_range(nacks, RECEIVER_ACKS_STRANGERS - ACKS_SHARES,
                        RECEIVER_ACKS_STRANGERS);
        now += 1000;
    }
    assert_int_equal(counts->stale_epoch, 3 * (RECEIVER_ACKS_STRANGERS + 500));
}

static void one_stream_played_over_and_over_does_not_take_the_others_share(void **state)
{
    struct wire_head h = head(WIRE_PING, 7, 1);

    (void)state;
    h.epoch = 0;
    for (int i = 0; i < 2 * RECEIVER_ACKS_STRANGERS; i++)
        take(&h);
    assert_int_equal(nacks, RECEIVER_ACKS_STRANGERS / ACKS_SHARES);
    h.stream = 8;
    take(&h);
    assert_int_equal(ack.stream, 8);
}

static void only_a_second_epoch_is_a_renewed_one(void **state)
{
    (void)state;
    data(1, 1);
    acks();
    assert_false(ack.renewed);
    receiver_reset(r, 0);
    receiver_reset(r, EPOCH + 1);
    data(1, 1); /* a stranger now */
    assert_int_equal(ack.epoch, EPOCH + 1);
    assert_true(ack.renewed);
}

static void a_new_epoch_knows_nobody(void **state)
{
    (void)state;
    data(1, 1);
    data(1, 3);
    receiver_reset(r, EPOCH);
    assert_int_equal(receiver_streams(r), 0);
    assert_int_equal(receiver_missing(r), 0);
    assert_int_equal(receiver_acks(r, now + 1000), INT64_MAX);
    data(1, 1);
    data(1, 2);
    MUST_FOLD(1, 1, 2);
}

static void what_comes_in_order_is_folded_at_once(void **state)
{
    (void)state;
    for (uint64_t seq = 1; seq <= 1000; seq++) {
        data(1, seq);
        assert_int_equal(nfolded, seq);
        assert_int_equal(folded[seq - 1].seq, seq);
        assert_int_equal(folded[seq - 1].sent, clock_us / 1000);
    }
    assert_int_equal(counts->folded, 1000);
    assert_int_equal(counts->early + counts->duplicate + counts->skipped, 0);
}

static void a_stream_begins_at_its_base(void **state)
{
    (void)state;
    data_with_base(1, 502, 501);
    assert_int_equal(nfolded, 0);
    data_with_base(1, 500, 500);
    assert_int_equal(counts->duplicate, 1);
    data_with_base(1, 501, 501);
    MUST_FOLD(501, 502);
    assert_int_equal(counts->skipped, 0);
}

static void a_ping_may_begin_a_stream(void **state)
{
    (void)state;
    ping(1, 503, 501);
    assert_int_equal(acks(), 1);
    assert_int_equal(ack.cum, 500);
    data_with_base(1, 502, 501);
    data_with_base(1, 501, 501);
    MUST_FOLD(501, 502);
}

static void a_base_of_zero_is_a_base_of_one(void **state)
{
    (void)state;
    data_with_base(1, 2, 0);
    acks();
    assert_int_equal(ack.cum, 0);
    assert_int_equal(ack.sack, 1);
    data_with_base(1, 1, 0);
    MUST_FOLD(1, 2);
}

static void what_comes_early_waits_for_those_before_it(void **state)
{
    (void)state;
    data(1, 3);
    data(1, 5);
    data(1, 2);
    assert_int_equal(nfolded, 0);
    assert_int_equal(receiver_missing(r), 2);
    data(1, 1);
    MUST_FOLD(1, 2, 3);
    assert_int_equal(receiver_missing(r), 1);
    data(1, 4);
    MUST_FOLD(4, 5);
    assert_int_equal(receiver_missing(r), 0);
    assert_int_equal(counts->early, 3);
    assert_int_equal(counts->folded, 5);
}

static void one_that_waited_has_the_time_at_which_it_came(void **state)
{
    (void)state;
    data(1, 2);
    clock_us += 60000000;
    data(1, 1);
    assert_int_equal(folded[1].seq, 2);
    assert_int_equal(folded[1].sent, 5001);
}

static void what_has_come_before_is_a_duplicate(void **state)
{
    (void)state;
    data(1, 1);
    data(1, 1);
    data(1, 3);
    data(1, 3);
    data(1, 2);
    data(1, 3);
    MUST_FOLD(1, 2, 3);
    assert_int_equal(counts->duplicate, 3);
}

static void streams_do_not_mix(void **state)
{
    (void)state;
    for (uint64_t id = 0; id < 3000; id++)
        data(id << 32, 2);
    for (uint64_t id = 0; id < 2000; id++) {
        data(id << 32, 1);
        assert_int_equal(folded[2 * id % LOG].stream, id << 32);
        assert_int_equal(folded[(2 * id + 1) % LOG].stream, id << 32);
    }
    assert_int_equal(nfolded, 4000);
    assert_int_equal(receiver_missing(r), 1000);
    assert_int_equal(receiver_streams(r), 3000);
}

static void the_window_ends_256_beyond_the_expected_one(void **state)
{
    (void)state;
    data(1, 1);
    data(1, 2 + SENDER_WINDOW);
    assert_int_equal(counts->window_drops, 1);
    data(1, 1 + SENDER_WINDOW);
    assert_int_equal(counts->window_drops, 1);
    assert_int_equal(receiver_missing(r), SENDER_WINDOW - 1);
    for (uint64_t seq = SENDER_WINDOW; seq > 1; seq--)
        data(1, seq);
    assert_int_equal(counts->folded, 1 + SENDER_WINDOW);
    assert_int_equal(receiver_missing(r), 0);
}

static void a_higher_base_folds_what_is_there_below_it_and_skips_what_is_not(void **state)
{
    (void)state;
    data(1, 1);
    data(1, 3);
    data(1, 5);
    data(1, 8);
    data(1, 9);
    data_with_base(1, 11, 7);
    MUST_FOLD(1, 3, 5);
    assert_int_equal(counts->skipped, 3); /* 2, 4 and 6 */
    data_with_base(1, 7, 7);
    MUST_FOLD(7, 8, 9);
    assert_int_equal(receiver_base(r, 1), 7);
    data(1, 6);
    assert_int_equal(counts->duplicate, 1);
    data_with_base(1, 12, 10);
    data_with_base(1, 10, 10);
    MUST_FOLD(10, 11, 12);
    assert_int_equal(counts->skipped, 3);
}

static void what_waits_right_at_the_new_base_is_folded_with_it(void **state)
{
    (void)state;
    data(1, 1);
    data(1, 5);
    data(1, 6);
    ping(1, 7, 5);
    MUST_FOLD(1, 5, 6);
    assert_int_equal(counts->skipped, 3);
    acks();
    assert_int_equal(ack.cum, 6);
}

/* A sender that was without an aggregator for an hour may give up more than a window. */
static void a_base_may_jump_beyond_the_window(void **state)
{
    (void)state;
    data(1, 1);
    data(1, 3);
    data_with_base(1, 100000, 100000);
    MUST_FOLD(1, 3, 100000);
    assert_int_equal(counts->skipped, 100000 - 3);
    assert_int_equal(counts->window_drops, 0);
}

static void an_older_base_changes_nothing(void **state)
{
    (void)state;
    data_with_base(1, 10, 10);
    data_with_base(1, 11, 4);
    MUST_FOLD(10, 11);
    assert_int_equal(receiver_base(r, 1), 10);
    assert_int_equal(receiver_base(r, 2), 0);
}

static void the_last_numbers_there_are_do_no_harm(void **state)
{
    (void)state;
    data(1, 1);
    data(1, 3);
    data(1, UINT64_MAX);
    data_with_base(2, UINT64_MAX, UINT64_MAX);
    assert_int_equal(counts->window_drops, 2);
    data_with_base(1, UINT64_MAX - 2, UINT64_MAX - 3);
    assert_int_equal(nfolded, 2); /* 1 and 3 */
    data_with_base(1, UINT64_MAX - 1, UINT64_MAX - 3);
    data_with_base(1, UINT64_MAX - 3, UINT64_MAX - 3);
    MUST_FOLD(1, 3, UINT64_MAX - 3, UINT64_MAX - 2, UINT64_MAX - 1);
    data_with_base(1, UINT64_MAX, UINT64_MAX - 1);
    ping(1, UINT64_MAX, UINT64_MAX);
    acks();
    assert_int_equal(ack.cum, UINT64_MAX - 1);
    assert_int_equal(ack.sack, 0);
    data_with_base(1, UINT64_MAX - 1, 1);
    assert_int_equal(nfolded, 0);
}

static void a_stream_may_begin_with_the_last_number(void **state)
{
    (void)state;
    data_with_base(1, UINT64_MAX, UINT64_MAX);
    ping(1, UINT64_MAX, 1);
    acks();
    assert_int_equal(ack.cum, UINT64_MAX - 1);
    assert_int_equal(nfolded, 0);
}

static void the_first_of_a_stream_is_answered_at_the_end_of_its_batch(void **state)
{
    (void)state;
    data(1, 1);
    data(1, 2);
    assert_int_equal(acks(), 1);
    assert_int_equal(ack.cum, 2);
    assert_int_equal(ack.epoch, EPOCH);
    assert_int_equal(acks(), 0);
}

static void what_comes_in_order_is_answered_five_ms_after_the_first(void **state)
{
    (void)state;
    data(1, 1);
    acks();
    data(1, 2);
    assert_int_equal(receiver_acks(r, now), now + RECEIVER_ACK_DELAY_MS);
    now += RECEIVER_ACK_DELAY_MS - 1;
    data(1, 3);
    assert_int_equal(acks(), 0);
    now++;
    assert_int_equal(acks(), 1);
    assert_int_equal(ack.cum, 3);
    assert_int_equal(receiver_acks(r, now), INT64_MAX);
}

static void the_soonest_of_all_that_are_owed_is_told(void **state)
{
    (void)state;
    data(1, 1);
    data(2, 1);
    acks();
    data(1, 2);
    now += 2;
    data(2, 2);
    assert_int_equal(receiver_acks(r, now), now + RECEIVER_ACK_DELAY_MS - 2);
    now += RECEIVER_ACK_DELAY_MS - 2;
    assert_int_equal(receiver_acks(r, now), now + 2);
    assert_int_equal(ack.stream, 1);
}

static void every_64th_is_answered_at_once(void **state)
{
    (void)state;
    data(1, 1);
    acks();
    for (uint64_t seq = 2; seq <= RECEIVER_ACK_EVERY; seq++)
        data(1, seq);
    assert_int_equal(nacks, 1);
    data(1, RECEIVER_ACK_EVERY + 1);
    assert_int_equal(nacks, 2);
    assert_int_equal(ack.cum, RECEIVER_ACK_EVERY + 1);
    now += 1000;
    assert_int_equal(acks(), 0);
}

static void a_gap_is_told_at_the_end_of_the_batch_when_it_opens_and_when_it_closes(
    void **state)
{
    (void)state;
    data(1, 1);
    acks();
    data(1, 3);
    assert_int_equal(acks(), 1);
    data(1, 66);
    data(1, 67); /* the 65th behind the expected one: no bit for it */
    data(1, 5);
    assert_int_equal(acks(), 1);
    assert_int_equal(ack.cum, 1);
    assert_int_equal(ack.sack, UINT64_C(1) << 63 | 4 | 1);
    data(1, 2);
    assert_int_equal(acks(), 1);
    assert_int_equal(ack.cum, 3);
    assert_int_equal(ack.sack, UINT64_C(3) << 61 | 1);
}

static void a_replayed_datagram_is_answered_ten_times_a_second(void **state)
{
    struct wire_head h;
    size_t answers = 0;

    (void)state;
    data(1, 1);
    data(1, 2);
    acks();
    h = head(WIRE_DATA, 1, 1);
    h.ts_us = 1;
    for (int ms = 0; ms < 1000; ms++, now++) {
        for (int i = 0; i < 5; i++)
            take(&h);
        answers += acks();
    }
    assert_int_equal(answers, RECEIVER_ACKS_DUPLICATE);
    assert_int_equal(counts->duplicate, 5000);
}

static void a_replayed_ping_too_and_a_fresh_one_at_once(void **state)
{
    struct wire_head h = head(WIRE_PING, 1, 1);
    size_t answers = 0;

    (void)state;
    take(&h);
    acks();
    for (int ms = 0; ms < 1000; ms++, now++) {
        take(&h);
        answers += acks();
    }
    assert_int_equal(answers, RECEIVER_ACKS_DUPLICATE);
    for (int i = 0; i < 50; i++) {
        ping(1, 1, 1);
        assert_int_equal(acks(), 1);
    }
    assert_int_equal(counts->pings, 1051);
}

static void a_clock_is_echoed_once(void **state)
{
    struct wire_head h = head(WIRE_DATA, 1, 1);

    (void)state;
    data(1, 1);
    data(1, 2);
    acks();
    assert_int_equal(ack.echo_us, clock_us);
    take(&h);
    assert_int_equal(acks(), 1);
    assert_int_equal(ack.echo_us, 0);
    ping(1, 3, 1);
    acks();
    assert_int_equal(ack.echo_us, clock_us);
}

static void answers_go_where_the_newest_clock_came_from(void **state)
{
    struct wire_head old = head(WIRE_DATA, 1, 1);

    (void)state;
    data(1, 1);
    port = 8;
    take(&old);
    acks();
    assert_int_equal(ack_port, 7);
    ping(1, 2, 1);
    acks();
    assert_int_equal(ack_port, 8);
}

/* The very first datagram may be a replay or not: there is no other address. */
static void a_clock_at_zero_is_answered(void **state)
{
    struct wire_head h = head(WIRE_DATA, 1, 1);

    (void)state;
    h.ts_us = 0;
    take(&h);
    assert_int_equal(acks(), 1);
    assert_int_equal(ack_port, 7);
    assert_int_equal(ack.cum, 1);
}

static void the_window_is_shared_by_those_who_send(void **state)
{
    (void)state;
    receiver_limit(r, 400);
    data(1, 1);
    acks();
    assert_int_equal(ack.window, SENDER_WINDOW);
    for (uint64_t id = 2; id <= 4; id++)
        data(id, 1);
    acks();
    assert_int_equal(ack.window, 100);
    for (uint64_t id = 5; id <= 200; id++)
        data(id, 1);
    acks();
    assert_int_equal(ack.window, SENDER_CWND_MIN);
    now += 1000;
    ping(1, 2, 1);
    acks();
    assert_int_equal(ack.window, SENDER_CWND_MIN);
    now += 2000;
    ping(1, 2, 1);
    acks();
    assert_int_equal(ack.window, SENDER_WINDOW);
}

static void when_no_more_is_wanted_data_is_dropped_and_pings_are_answered(void **state)
{
    (void)state;
    data(1, 1);
    data(1, 3);
    acks();
    receiver_limit(r, 0);
    data(1, 2);
    data_with_base(1, 4, 4);
    ping(1, 5, 4);
    data(2, 1);
    assert_int_equal(counts->window_drops, 3);
    data(1, 1);
    data(1, 3);
    assert_int_equal(counts->duplicate, 2);
    assert_int_equal(acks(), 2);
    assert_int_equal(ack.window, 0);
    MUST_FOLD(1);

    receiver_limit(r, 1000);
    data(2, 1);
    ping(1, 5, 4);
    acks();
    assert_int_equal(ack.window, SENDER_WINDOW);
    MUST_FOLD(1, 3);
}

/* Without an answer for five seconds its sender would look for another aggregator. */
static void whoever_sends_on_while_no_more_is_wanted_is_told_now_and_then(void **state)
{
    size_t answers = 0;

    (void)state;
    data(1, 1);
    acks();
    receiver_limit(r, 0);
    for (int ms = 0; ms < 1000; ms++, now++) {
        data(1, 2);
        answers += acks();
    }
    assert_int_equal(answers, RECEIVER_ACKS_DUPLICATE);
    assert_int_equal(ack.window, 0);
}

static void early_ones_of_all_streams_together_have_a_bound(void **state)
{
    static uint8_t body[BODY_MAX];
    const uint64_t streams = 400;
    struct peer from = {.in = {.sin_family = AF_INET}};
    uint64_t held, dropped;

    (void)state;
    for (uint64_t i = 0; i < streams * (SENDER_WINDOW - 1); i++) {
        struct wire_head h = head(WIRE_DATA, i % streams, 2 + i / streams);

        receiver_take(r, &h, body, sizeof body, &from, NOON, now);
    }
    dropped = counts->window_drops;
    held = streams * (SENDER_WINDOW - 1) - dropped;
    assert_in_range(held * BODY_MAX, RECEIVER_HELD_MAX * 9 / 10, RECEIVER_HELD_MAX);
    receiver_reset(r, EPOCH); /* gives it back */
    for (uint64_t i = 0; i < held; i++) {
        struct wire_head h = head(WIRE_DATA, i % streams, 2 + i / streams);

        receiver_take(r, &h, body, sizeof body, &from, NOON, now);
    }
    assert_int_equal(counts->window_drops, dropped);
}

static void what_was_held_and_folded_or_skipped_takes_no_room(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 400; i++) { /* slots of 80 MB, all in all */
        for (uint64_t id = 0; id < 100; id++)
            data_with_base(id, 2 + 400 * i + 200, 2 + 400 * i);
        for (uint64_t id = 0; id < 100; id++)
            ping(id, 400 * i + 400, 400 * i + 400 - i % 2 * 198);
    }
    assert_int_equal(counts->window_drops, 0);
    assert_int_equal(counts->folded, 40000);
    assert_int_equal(receiver_missing(r), 0);
}

static void one_stream_more_than_there_may_be_needs_a_new_epoch(void **state)
{
    struct wire_head h;

    (void)state;
    for (uint64_t id = 1; id <= STREAMS_MAX; id++)
        data(id * STREAMS_MAX, 1);
    assert_int_equal(receiver_streams(r), STREAMS_MAX);
    h = head(WIRE_DATA, 3, 1);
    assert_int_equal(take(&h), RECEIVER_FULL);
    data(STREAMS_MAX, 2);
    data(STREAMS_MAX, 1);
    assert_int_equal(counts->duplicate, 1);
    assert_int_equal(counts->folded, STREAMS_MAX + 1);
    receiver_reset(r, EPOCH);
    assert_int_equal(take(&h), RECEIVER_TAKEN);
}

static struct barrier mark(void)
{
    struct barrier b;

    barrier_init(&b);
    receiver_mark(r, &b);
    return b;
}

/* Marks once more: there must be one, of stream 1 at @seq; 0: none. */
static void must_mark(uint64_t seq)
{
    struct barrier b = mark();

    assert_int_equal(b.n, seq > 0);
    if (seq > 0) {
        assert_int_equal(b.mark[0].id, 1);
        assert_int_equal(b.mark[0].seq, seq);
    }
    barrier_fini(&b);
}

static void a_stream_is_marked_as_far_as_it_has_come_and_once(void **state)
{
    (void)state;
    ping(1, 1, 1);
    must_mark(0);
    data(1, 1);
    data(1, 2);
    data(1, 4);
    must_mark(2);
    must_mark(0);
    data(1, 3);
    must_mark(4);
    ping(1, 9, 9);
    must_mark(8);
    must_mark(0);
}

static void marks_given_up_are_made_again(void **state)
{
    struct barrier b;

    (void)state;
    data(1, 1);
    b = mark();
    receiver_mature(r, &b, now);
    receiver_unmark(r);
    must_mark(0);
    data(1, 2);
    must_mark(2);
    receiver_unmark(r);
    must_mark(2);
    data(1, 3);
    receiver_unmark(r);
    receiver_unmark(r);
    must_mark(3);
    barrier_fini(&b);
}

static void a_stream_that_is_held_back_is_marked_again_when_it_is_not(void **state)
{
    (void)state;
    bar = 3;
    for (uint64_t seq = 1; seq <= 5; seq++)
        data(1, seq);
    must_mark(3);
    must_mark(0);
    bar = 4;
    must_mark(4);
    bar = 0;
    must_mark(5);
    must_mark(0);
}

static void what_matures_is_told_within_five_ms(void **state)
{
    struct barrier b;

    (void)state;
    data(1, 1);
    data(1, 2);
    b = mark();
    data(1, 3);
    acks();
    assert_int_equal(ack.durable, 0);
    now += 3000;
    acks();
    receiver_mature(r, &b, now);
    assert_int_equal(receiver_acks(r, now), now + RECEIVER_ACK_DELAY_MS);
    now += RECEIVER_ACK_DELAY_MS;
    assert_int_equal(acks(), 1);
    assert_int_equal(ack.durable, 2);
    assert_int_equal(ack.cum, 3);
    assert_int_equal(ack.echo_us, 0);
    b.mark[0].seq = 1;
    receiver_mature(r, &b, now); /* nothing new */
    now += 1000;
    assert_int_equal(acks(), 0);
    barrier_fini(&b);
}

static void a_barrier_of_another_epoch_matures_nothing(void **state)
{
    struct barrier b;

    (void)state;
    data(1, 1);
    data(2, 1);
    b = mark();
    receiver_reset(r, EPOCH + 1);
    receiver_mature(r, &b, now);
    for (uint64_t id = 3; id <= 4; id++) {
        struct wire_head h = head(WIRE_PING, id, 1);

        h.epoch = EPOCH + 1;
        take(&h);
    }
    receiver_mature(r, &b, now);
    assert_int_equal(acks(), 2);
    assert_int_equal(ack.durable, 0);
    barrier_fini(&b);
}

#define STREAMS 3
#define SPAN 3000

/* What must come of it, by the plainest means. */
struct reference {
    uint64_t expected;
    bool here[SPAN + 2], given_up[SPAN + 2];
    uint64_t folded[SPAN + 2];
    size_t n;
};

static void refer_up(struct reference *x, uint64_t base)
{
    for (; x->expected < base || x->here[x->expected]; x->expected++)
        if (x->here[x->expected])
            x->folded[x->n++] = x->expected;
}

static void refer(struct reference *x, uint64_t seq, uint64_t base)
{
    refer_up(x, base);
    if (seq < x->expected + SENDER_WINDOW && seq >= x->expected)
        x->here[seq] = true;
    refer_up(x, base);
}

/* A sender that repeats what is neither up to cum nor in sack, and sometimes gives up. */
struct sender {
    uint64_t next, base, cum, sack;
};

static bool is_acked(const struct sender *s, uint64_t seq)
{
    uint64_t bit = seq - s->cum - 2;

    return seq <= s->cum || (seq > s->cum + 1 && bit < 64 && s->sack >> bit & 1);
}

/* The number to send next, 0: none. */
static uint64_t choose(struct sender *s, struct reference *x, struct dice *d)
{
    if (dice_below(d, 60) == 0 && s->base + 1 < s->next) /* gives up some */
        for (uint64_t n = dice_below(d, 4); n > 0 && s->base + 1 < s->next;
             n--, s->base++)
            x->given_up[s->base] = true;
    if (s->next <= SPAN && (s->next < s->base + 200 || dice_below(d, 50) == 0) &&
        dice_below(d, 2))
        return s->next++;
    for (uint64_t seq = s->base; seq < s->next; seq++)
        if (!is_acked(s, seq) && dice_below(d, 2))
            return seq;
    return s->next > s->base ? s->next - 1 : 0;
}

static struct reference refs[STREAMS];
static struct sender senders[STREAMS];

static void exchange(struct dice *d, unsigned loss)
{
    struct wire_head way[16]; /* datagrams that are late */
    size_t late = 0;

    for (int i = 0; i < 60000; i++) {
        uint64_t id = dice_below(d, STREAMS);
        struct wire_head h = head(WIRE_DATA, id, choose(&senders[id], &refs[id], d));
        size_t copies = 1 + (dice_below(d, 10) == 0);

        if (h.seq == 0)
            continue;
        h.base = senders[id].base;
        if (late < 16 && dice_below(d, 5) == 0)
            way[late++] = h;
        if (late > 0 && dice_below(d, 5) == 0)
            h = way[dice_below(d, late)];
        if (late == 16)
            late = 0;
        for (; copies > 0 && dice_below(d, 100) >= loss; copies--) {
            refer(&refs[h.stream], h.seq, h.base);
            take(&h);
        }
        now += dice_below(d, 3);
        if (acks() > 0 && dice_below(d, 100) >= loss) {
            senders[ack.stream].cum = ack.cum;
            senders[ack.stream].sack = ack.sack;
            if (dice_below(d, 3) == 0 && ack.cum + 1 > senders[ack.stream].base)
                senders[ack.stream].base = ack.cum + 1; /* as if it were durable */
        }
    }
}

static void must_agree(struct reference *x, size_t *at)
{
    for (size_t i = 0; i < STREAMS; i++)
        assert_int_equal(at[i], x[i].n);
}

static uint64_t next_folded[STREAMS];

static void on_fold_compare(void *arg, const struct arrival *a)
{
    size_t *at = arg;
    uint8_t body[BODY_MAX];

    assert_int_equal(a->body_n, body_of(body, a->stream, a->seq));
    assert_memory_equal(a->body, body, a->body_n);
    assert_true(at[a->stream] < refs[a->stream].n);
    assert_int_equal(a->seq, refs[a->stream].folded[at[a->stream]++]);
    assert_true(a->seq >= next_folded[a->stream]);
    next_folded[a->stream] = a->seq + 1;
}

static void on_send_any(void *arg, const struct peer *to, const uint8_t *bytes, size_t n)
{
    (void)arg;
    on_send(&secret, to, bytes, n);
}

static void whatever_the_network_does_all_is_folded_once_and_in_order(void **state)
{
    for (uint64_t seed = 1; seed <= 12; seed++) {
        size_t at[STREAMS] = {0}, given_up = 0, came = 0;
        const struct receiver_env env = {on_fold_compare, on_send_any, NULL, at};
        struct dice d = {seed};

        end(state);
        begin(state);
        receiver_free(r);
        r = receiver_new(&secret, &env);
        counts = receiver_counts(r);
        receiver_reset(r, EPOCH);
        memset(refs, 0, sizeof refs);
        memset(next_folded, 0, sizeof next_folded);
        for (size_t i = 0; i < STREAMS; i++) {
            refs[i].expected = 1;
            senders[i] = (struct sender){.next = 1, .base = 1};
            ping(i, 1, 1);
        }
        exchange(&d, (unsigned)(seed - 1) * 5);
        must_agree(refs, at);
        for (size_t i = 0; i < STREAMS; i++) {
            came += refs[i].n;
            for (uint64_t seq = 1; seq < refs[i].expected; seq++)
                given_up += !refs[i].here[seq];
            for (uint64_t seq = 1; seq < refs[i].expected; seq++)
                assert_true(refs[i].here[seq] || refs[i].given_up[seq]);
        }
        assert_int_equal(counts->folded, came);
        assert_int_equal(counts->skipped, given_up);
        assert_true(came > SPAN * STREAMS / 2);
    }
}

/* Whatever somebody with the secret may write into a header. */
static void no_header_does_harm(void **state)
{
    static const uint64_t odd[] = {
        0,         1, 2, 255, 256, 257, 1000, INT64_MAX, UINT64_MAX - 300, UINT64_MAX - 1,
        UINT64_MAX};
    struct dice d = {9};

    (void)state;
    for (int i = 0; i < 200000; i++) {
        struct wire_head h = head(1 + (uint8_t)dice_below(&d, 2), dice_below(&d, 50), 0);

        h.base = odd[dice_below(&d, 11)] + dice_below(&d, 2);
        h.seq =
            dice_below(&d, 3) ? h.base + dice_below(&d, 300) : odd[dice_below(&d, 11)];
        h.epoch = EPOCH - (dice_below(&d, 10) == 0);
        if (dice_below(&d, 3) == 0)
            h.ts_us = odd[dice_below(&d, 11)];
        if (h.seq == 0 || h.seq < h.base)
            continue;
        take(&h);
        now += dice_below(&d, 2);
        acks();
        if (dice_below(&d, 100) == 0) {
            struct barrier b = mark();

            receiver_mature(r, &b, now);
            barrier_fini(&b);
        }
        if (dice_below(&d, 2000) == 0)
            receiver_reset(r, EPOCH);
    }
    assert_true(counts->folded > 0 && counts->early > 0 && counts->window_drops > 0);
}

int main(void)
{
#define CLAIM(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        CLAIM(without_an_epoch_nothing_is_taken_and_nothing_answered),
        CLAIM(a_higher_epoch_is_reported_and_nothing_else),
        CLAIM(whoever_has_another_epoch_is_told_ours),
        CLAIM(heard_is_who_says_something_new_in_our_epoch),
        CLAIM(a_known_stream_that_comes_with_another_epoch_is_told_its_state),
        CLAIM(strangers_share_an_allowance_each_second),
        CLAIM(one_stream_played_over_and_over_does_not_take_the_others_share),
        CLAIM(only_a_second_epoch_is_a_renewed_one),
        CLAIM(a_new_epoch_knows_nobody),
        CLAIM(what_comes_in_order_is_folded_at_once),
        CLAIM(a_stream_begins_at_its_base),
        CLAIM(a_ping_may_begin_a_stream),
        CLAIM(a_base_of_zero_is_a_base_of_one),
        CLAIM(what_comes_early_waits_for_those_before_it),
        CLAIM(one_that_waited_has_the_time_at_which_it_came),
        CLAIM(what_has_come_before_is_a_duplicate),
        CLAIM(streams_do_not_mix),
        CLAIM(the_window_ends_256_beyond_the_expected_one),
        CLAIM(a_higher_base_folds_what_is_there_below_it_and_skips_what_is_not),
        CLAIM(what_waits_right_at_the_new_base_is_folded_with_it),
        CLAIM(a_base_may_jump_beyond_the_window),
        CLAIM(an_older_base_changes_nothing),
        CLAIM(the_last_numbers_there_are_do_no_harm),
        CLAIM(a_stream_may_begin_with_the_last_number),
        CLAIM(the_first_of_a_stream_is_answered_at_the_end_of_its_batch),
        CLAIM(what_comes_in_order_is_answered_five_ms_after_the_first),
        CLAIM(the_soonest_of_all_that_are_owed_is_told),
        CLAIM(every_64th_is_answered_at_once),
        CLAIM(a_gap_is_told_at_the_end_of_the_batch_when_it_opens_and_when_it_closes),
        CLAIM(a_replayed_datagram_is_answered_ten_times_a_second),
        CLAIM(a_replayed_ping_too_and_a_fresh_one_at_once),
        CLAIM(a_clock_is_echoed_once),
        CLAIM(answers_go_where_the_newest_clock_came_from),
        CLAIM(a_clock_at_zero_is_answered),
        CLAIM(the_window_is_shared_by_those_who_send),
        CLAIM(when_no_more_is_wanted_data_is_dropped_and_pings_are_answered),
        CLAIM(whoever_sends_on_while_no_more_is_wanted_is_told_now_and_then),
        CLAIM(early_ones_of_all_streams_together_have_a_bound),
        CLAIM(what_was_held_and_folded_or_skipped_takes_no_room),
        CLAIM(one_stream_more_than_there_may_be_needs_a_new_epoch),
        CLAIM(a_stream_is_marked_as_far_as_it_has_come_and_once),
        CLAIM(marks_given_up_are_made_again),
        CLAIM(a_stream_that_is_held_back_is_marked_again_when_it_is_not),
        CLAIM(what_matures_is_told_within_five_ms),
        CLAIM(a_barrier_of_another_epoch_matures_nothing),
        CLAIM(whatever_the_network_does_all_is_folded_once_and_in_order),
        CLAIM(no_header_does_harm),
    };

    return cmocka_run_group_tests_name("receiver", tests, NULL, NULL);
}
