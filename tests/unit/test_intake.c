/* intake: what becomes of a datagram. Good ones are folded once; of bad ones every kind
 * has its counter, and none leaves a trace in the store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <sodium.h>

#include "../../aggregator/intake.h"
#include "../dice.h"
#include "../guard.h"
#include "../hex.h"

#define NOON INT64_C(1763812800000) /* 2025-11-22 12:00:00 UTC */
#define STREAM 99
#define EPOCH 1000

COUNTERS_ROWS(aggregator_counters, AGGREGATOR_COUNTERS);

static struct secret secret;
static struct store store;
static struct aggregator_counters counters;
static struct intake in;
static enum receiver_verdict what;
static ms_t wall;
static mono_t now;
static uint64_t seq;
static struct wire_ack ack; /* the latest */
static struct peer answered;
static size_t nacks;

static void on_send(void *arg, const struct peer *to, const uint8_t *bytes, size_t n)
{
    assert_ptr_equal(arg, &nacks);
    assert_int_equal(wire_ack_open(bytes, n, &secret, &ack), WIRE_OK);
    answered = *to;
    nacks++;
}

static int begin(void **state)
{
    const struct key key = {{1}};

    (void)state;
    secret_init(&secret, "sixteen bytes, or more", 22);
    store_init(&store, 30, &key, NOON);
    counters = (struct aggregator_counters){0};
    intake_init(&in, &secret, &store, &counters, on_send, &nacks);
    receiver_reset(in.receiver, EPOCH);
    wall = NOON + 5000;
    now = 70000;
    seq = nacks = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    intake_fini(&in);
    store_fini(&store);
    return 0;
}

static uint64_t counter(const char *name)
{
    for (size_t i = 0; i < COUNTERS_COUNT(AGGREGATOR_COUNTERS); i++)
        if (strcmp(aggregator_counters_rows[i].name, name) == 0)
            return counters_value(&counters, i);
    fail_msg("there is no counter %s", name);
    return 0;
}

static const struct receiver_counts *receiver(void)
{
    return receiver_counts(in.receiver);
}

static struct wire_head head(uint8_t type)
{
    return (struct wire_head){.type = type,
                              .nshards = 1,
                              .stream = STREAM,
                              .epoch = EPOCH,
                              .seq = seq,
                              .base = 1,
                              .ts_us = 5000000};
}

/* Frames a body as somebody with the secret would. */
static size_t frame(uint8_t *out, const void *body, size_t n)
{
    struct wire_head h;

    seq++;
    h = head(WIRE_DATA);
    return wire_frame(out, &h, body, n, &secret);
}

static enum wire_verdict take(const uint8_t *bytes, size_t n)
{
    struct peer from = {.in = {.sin_family = AF_INET, .sin_port = 7}};

    enum wire_verdict v =
        intake_datagram(&in, guard_copy(bytes, n), n, &from, wall, now, &what);

    intake_settle(&in);
    return v;
}

static void take_hex(const char *hex)
{
    uint8_t body[BODY_MAX], out[DATAGRAM_MAX];

    take(out, frame(out, body, hex_bytes(hex, body, sizeof body)));
}

/* One view of /a by visitor 7 on site "shop", at the body's clock of 5000 ms. */
#define EVENT "95 00 00 07 a2'/a' 00"
#define BODY "92 cd1388 92 a4'shop' 91 " EVENT

static void a_good_datagram_is_folded(void **state)
{
    (void)state;
    take_hex(BODY);
    assert_int_equal(counter("datagrams"), 1);
    assert_int_equal(counter("folded"), 1);
    assert_int_equal(in.folded.views, 1);
    assert_int_equal(site_visitors(store_find(&store, SLICE("shop")), 1), 1);
}

static void the_same_datagram_again_is_not(void **state)
{
    uint8_t body[BODY_MAX], out[DATAGRAM_MAX];
    size_t n = frame(out, body, hex_bytes(BODY, body, sizeof body));

    (void)state;
    take(out, n);
    take(out, n);
    assert_int_equal(counter("folded"), 1);
    assert_int_equal(receiver()->duplicate, 1);
    assert_int_equal(in.folded.views, 1);
}

static void one_that_comes_early_is_folded_in_its_turn(void **state)
{
    uint8_t body[BODY_MAX], first[DATAGRAM_MAX];
    size_t n = frame(first, body, hex_bytes(BODY, body, sizeof body));

    (void)state;
    take_hex(BODY);
    assert_int_equal(counter("folded"), 0);
    assert_int_equal(store.nsites, 0);
    take(first, n);
    assert_int_equal(counter("folded"), 2);
    assert_int_equal(in.folded.views, 2);
}

/* Its age was told when it came. */
static void one_that_waited_is_filed_under_the_minute_in_which_it_came(void **state)
{
    uint8_t body[BODY_MAX], first[DATAGRAM_MAX];
    size_t n = frame(first, body, hex_bytes(BODY, body, sizeof body));

    (void)state;
    take_hex(BODY);
    wall += 3 * MS_PER_MINUTE;
    fold_tick(&store, wall);
    take(first, n);
    assert_int_equal(site_views(store_find(&store, SLICE("shop")), 1), 1);
    assert_int_equal(site_views(store_find(&store, SLICE("shop")), 3), 1);
    assert_int_equal(site_views(store_find(&store, SLICE("shop")), 4), 2);
}

static void a_ping_is_answered_and_folds_nothing(void **state)
{
    uint8_t out[DATAGRAM_MAX];
    struct wire_head h;

    (void)state;
    seq = 5;
    h = head(WIRE_PING);
    h.base = 5;
    assert_int_equal(take(out, wire_frame(out, &h, NULL, 0, &secret)), WIRE_OK);
    receiver_acks(in.receiver, now);
    assert_int_equal(nacks, 1);
    assert_int_equal(ack.cum, 4);
    assert_int_equal(ack.echo_us, 5000000);
    assert_int_equal(answered.in.sin_port, 7);
    assert_int_equal(receiver()->pings, 1);
    assert_int_equal(counter("datagrams"), 1);
    assert_int_equal(counter("folded") + counter("malformed"), 0);
}

static void what_the_shell_has_to_do_is_told(void **state)
{
    uint8_t body[BODY_MAX], out[DATAGRAM_MAX];
    size_t n;

    (void)state;
    receiver_reset(in.receiver, EPOCH - 1);
    n = frame(out, body, hex_bytes(BODY, body, sizeof body));
    assert_int_equal(take(out, n), WIRE_OK);
    assert_int_equal(what, RECEIVER_SUPERSEDED);
    assert_int_equal(take(out, n - 1), WIRE_BAD_SHAPE);
    assert_int_equal(what, RECEIVER_TAKEN);
    receiver_reset(in.receiver, EPOCH + 1);
    take(out, n);
    assert_int_equal(what, RECEIVER_TAKEN);
    assert_int_equal(ack.epoch, EPOCH + 1);
    assert_int_equal(counter("folded"), 0);
}

/* Else its sender would send it for ever, and nothing behind it would count. */
static void a_body_that_cannot_be_read_is_acknowledged_and_passed_over(void **state)
{
    (void)state;
    take_hex(BODY);
    take_hex("c1");
    take_hex(BODY);
    receiver_acks(in.receiver, now);
    assert_int_equal(ack.cum, 3);
    assert_int_equal(counter("malformed"), 1);
    assert_int_equal(counter("folded"), 2);
    assert_int_equal(receiver()->folded, 3);
}

static size_t marks(uint64_t *highest)
{
    struct barrier b;
    size_t n;

    barrier_init(&b);
    receiver_mark(in.receiver, &b);
    n = b.n;
    *highest = n > 0 ? b.mark[0].seq : 0;
    barrier_fini(&b);
    return n;
}

static void a_site_that_is_being_read_back_holds_its_streams_marks_back(void **state)
{
    struct site *s;
    uint64_t seq_marked;

    (void)state;
    take_hex(BODY);
    store.lazy = true;
    take_hex("92 cd1388 92 a5'other' 91 " EVENT);
    take_hex(BODY);
    assert_int_equal(marks(&seq_marked), 1);
    assert_int_equal(seq_marked, 1);
    assert_int_equal(marks(&seq_marked), 0);
    s = store_take_load(&store);
    assert_true(fold_parked(&store, s, 100, &in.folded));
    store_loaded(&store, s);
    assert_int_equal(marks(&seq_marked), 1);
    assert_int_equal(seq_marked, 3);
}

static void a_hit_is_filed_when_it_happened_by_its_age(void **state)
{
    (void)state;
    /* Sent at 5,000 ms of the sender's clock: 4 s old. NOON + 5 s - 4 s is past noon; 6 s
     * old is before. */
    take_hex("92 00 92 a4'shop' 91 95 00 cd03e8 07 a2'/a' 00");
    take_hex("92 00 92 a4'shop' 91 95 00 d1fc18 08 a2'/a' 00");
    assert_int_equal(site_views(store_find(&store, SLICE("shop")), 1), 1);
    assert_int_equal(site_views(store_find(&store, SLICE("shop")), 2), 2);
}

/* Authentic bodies that are not what they should be. */
static const struct {
    const char *why, *hex;
} malformed[] = {
    {"nothing at all", ""},
    {"not an array", "a4'shop'"},
    {"an empty array", "90"},
    {"a clock that is text", "92 a1'x' 92 a4'shop' 91 " EVENT},
    {"a clock before zero", "92 ff 92 a4'shop' 91 " EVENT},
    {"a group that is a number", "92 00 07"},
    {"a group without events", "92 00 91 a4'shop'"},
    {"a site of no letters", "92 00 92 a0 91 " EVENT},
    {"a site with a brace", "92 00 92 a4'sh}p' 91 " EVENT},
    {"a site out of the dictionary", "92 00 92 00 91 " EVENT},
    {"events that are a number", "92 00 92 a4'shop' 01"},
    {"more events than there are", "92 00 92 a4'shop' dcffff " EVENT},
    {"an event that is a number", "92 00 92 a4'shop' 91 07"},
    {"an event of four elements", "92 00 92 a4'shop' 91 94 00 00 07 a2'/a'"},
    {"a kind below zero", "92 00 92 a4'shop' 91 95 ff 00 07 a2'/a' 00"},
    {"a kind above 255", "92 00 92 a4'shop' 91 95 cd0100 00 07 a2'/a' 00"},
    {"no visitor", "92 00 92 a4'shop' 91 95 00 00 00 a2'/a' 00"},
    {"a time eight days off", "92 00 92 a4'shop' 91 95 00 ce29344ca1 07 a2'/a' 00"},
    {"a path that is a number too large", "92 00 92 a4'shop' 91 95 00 00 07 05 00"},
    {"a path that is bin", "92 00 92 a4'shop' 91 95 00 00 07 c4022f61 00"},
    {"a state that is text", "92 00 92 a4'shop' 91 95 00 00 07 a2'/a' a1'r'"},
    {"a good event, then a bad one", "92 00 92 a4'shop' 92 " EVENT " 07"},
    {"a good group, then a bad one", "93 00 92 a4'shop' 91 " EVENT " 07"},
    {"a byte too many", BODY " 00"},
};

static void whoever_has_the_secret_must_still_write_sense(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        take_hex(malformed[i].hex);
        if (counter("malformed") != i + 1 || store.nsites != 0)
            fail_msg("%s", malformed[i].why);
    }
    assert_int_equal(counter("folded"), 0);
}

static void a_body_that_is_cut_anywhere_is_malformed(void **state)
{
    uint8_t body[BODY_MAX], out[DATAGRAM_MAX];
    size_t n = hex_bytes(BODY, body, sizeof body);

    (void)state;
    for (size_t cut = 0; cut < n; cut++)
        take(out, frame(out, body, cut));
    assert_int_equal(counter("malformed"), n);
    assert_int_equal(store.nsites, 0);
}

static void a_body_with_as_many_hits_as_fit_is_folded_and_one_more_is_malformed(
    void **state)
{
    uint8_t body[BODY_MAX], out[DATAGRAM_MAX];
    size_t n = hex_bytes("92 00 92 a1's' dc008c 95 00 00 07 a1'/' 00", body, sizeof body);

    (void)state;
    for (int i = 1; i < DATAGRAM_HITS_MAX; i++) /* index 1 is the path */
        n += hex_bytes("95 00 00 07 01 00", body + n, sizeof body - n);
    take(out, frame(out, body, n));
    assert_int_equal(in.folded.views, DATAGRAM_HITS_MAX);

    n += hex_bytes("95 00 00 07 01 00", body + n, sizeof body - n);
    body[8]++; /* the event count's low byte */
    take(out, frame(out, body, n));
    assert_int_equal(counter("malformed"), 1);
    assert_int_equal(in.folded.views, DATAGRAM_HITS_MAX);
}

/* What is done to a good datagram, of which counter it then is. */
static const struct {
    const char *why;
    int at; /* byte that changes, -1: none; behind the end: appended zeros */
    uint8_t value;
    size_t n; /* new length, 0: as it was */
    const char *counter;
} damage[] = {
    {"an empty datagram", -1, 0, 0, "bad_shape"},
    {"one byte", -1, 0, 1, "bad_shape"},
    {"half a header", -1, 0, 28, "bad_shape"},
    {"one byte less than the shortest", -1, 0, WIRE_MIN - 1, "bad_shape"},
    {"one byte more than body_len says", -1, 0, WIRE_MIN + 1, "bad_shape"},
    {"longer than any datagram", -1, 0, DATAGRAM_MAX + 1, "bad_shape"},
    {"as long as a slot: cut by the kernel", -1, 0, 2048, "bad_shape"},
    {"another magic", 0, 'h', WIRE_MIN, "bad_shape"},
    {"another version", 2, 2, WIRE_MIN, "bad_version"},
    {"an ACK, which goes the other way", 3, 3, WIRE_MIN, "bad_type"},
    {"a type of later versions", 3, 4, WIRE_MIN, "bad_type"},
    {"type 0", 3, 0, WIRE_MIN, "bad_type"},
    {"a ping with a body", 3, 2, WIRE_MIN, "bad_shape"},
    {"number 0", 32, 0, WIRE_MIN, "bad_shape"},
    {"a number below its base", 40, 2, WIRE_MIN, "bad_shape"},
    {"a flag", 5, 1, WIRE_MIN, "bad_shape"},
    {"a shard that is not", 6, 1, WIRE_MIN, "bad_shape"},
    {"a reserved byte", 12, 1, WIRE_MIN, "bad_shape"},
    {"a longer body", 10, 200, WIRE_MIN, "bad_shape"},
    {"another number", 32, 77, WIRE_MIN, "bad_mac"},
    {"another body", 58, 0x01, WIRE_MIN, "bad_mac"},
    {"another tag", WIRE_MIN - 1, 0, WIRE_MIN, "bad_mac"},
};

static void every_damage_has_its_counter_and_leaves_no_trace(void **state)
{
    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        uint8_t body[BODY_MAX], out[2048] = {0};
        size_t n;

        end(state);
        begin(state);
        n = frame(out, body, hex_bytes(BODY, body, sizeof body));
        assert_int_equal(n, WIRE_MIN);
        if (damage[i].at >= 0) {
            assert_int_not_equal(out[damage[i].at], damage[i].value);
            out[damage[i].at] = damage[i].value;
        }
        take(out, damage[i].n);
        if (counter(damage[i].counter) != 1 || counter("datagrams") != 1)
            fail_msg("%s", damage[i].why);
        receiver_acks(in.receiver, now + 1000);
        assert_int_equal(store.nsites + counters.folded + nacks, 0);
        assert_int_equal(receiver_streams(in.receiver), 0);
    }
}

static void another_secret_is_told_from_damage(void **state)
{
    uint8_t body[BODY_MAX], out[DATAGRAM_MAX];
    size_t n;

    (void)state;
    secret_init(&secret, "another secret of nobody", 24);
    n = frame(out, body, hex_bytes(BODY, body, sizeof body));
    secret_init(&secret, "sixteen bytes, or more", 22);
    assert_int_equal(take(out, n), WIRE_BAD_KEY);
    assert_int_equal(counter("bad_key"), 1);
}

static void random_bytes_are_refused(void **state)
{
    struct dice d = {3};

    (void)state;
    for (int i = 0; i < 20000; i++) {
        uint8_t bytes[DATAGRAM_MAX] = "HC\x01\x01";
        size_t n = dice_below(&d, sizeof bytes + 1);

        dice_bytes(&d, bytes + 4, sizeof bytes - 4);
        take(bytes, n);
    }
    assert_int_equal(counter("datagrams"), 20000);
    assert_int_equal(counter("folded") + counter("malformed"), 0);
    assert_int_equal(store.nsites, 0);
}

/* Random bodies under a right tag: whatever is in them, it is counted as one of two. */
static void random_authentic_bodies_do_no_harm(void **state)
{
    struct dice d = {4};

    (void)state;
    for (int i = 0; i < 20000; i++) {
        uint8_t body[BODY_MAX], out[DATAGRAM_MAX];
        size_t n = hex_bytes(BODY, body, sizeof body);

        for (size_t k = dice_below(&d, 4); k > 0; k--)
            body[dice_below(&d, n)] = (uint8_t)dice_u64(&d);
        take(out, frame(out, body, n));
    }
    assert_int_equal(counter("folded") + counter("malformed"), 20000);
    assert_true(counter("folded") > 0 && counter("malformed") > 0);
}

int main(void)
{
#define CLAIM(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        CLAIM(a_good_datagram_is_folded),
        CLAIM(the_same_datagram_again_is_not),
        CLAIM(one_that_comes_early_is_folded_in_its_turn),
        CLAIM(one_that_waited_is_filed_under_the_minute_in_which_it_came),
        CLAIM(a_ping_is_answered_and_folds_nothing),
        CLAIM(what_the_shell_has_to_do_is_told),
        CLAIM(a_body_that_cannot_be_read_is_acknowledged_and_passed_over),
        CLAIM(a_site_that_is_being_read_back_holds_its_streams_marks_back),
        CLAIM(a_hit_is_filed_when_it_happened_by_its_age),
        CLAIM(whoever_has_the_secret_must_still_write_sense),
        CLAIM(a_body_that_is_cut_anywhere_is_malformed),
        CLAIM(a_body_with_as_many_hits_as_fit_is_folded_and_one_more_is_malformed),
        CLAIM(every_damage_has_its_counter_and_leaves_no_trace),
        CLAIM(another_secret_is_told_from_damage),
        CLAIM(random_bytes_are_refused),
        CLAIM(random_authentic_bodies_do_no_harm),
    };

    return cmocka_run_group_tests_name("intake", tests, NULL, NULL);
}
