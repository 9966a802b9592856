/* Frames: the documented bytes, and the refusal of everything that is not exactly one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "../../proto/body.h"
#include "../../proto/wire.h"
#include "../dice.h"
#include "../guard.h"
#include "../hex.h"

static const struct wire_head head = {
    .type = WIRE_DATA,
    .shard = 1,
    .nshards = 0x0203,
    .stream = 0x1112131415161718,
    .epoch = 0x2122232425262728,
    .seq = 0x4142434445464748,
    .base = 0x3132333435363738,
    .ts_us = 0x5152535455565758,
};

static struct secret secret_of(const char *text)
{
    struct secret s;

    secret_init(&s, text, strlen(text));
    return s;
}

/* A datagram around @n bytes of 'b'. */
static size_t frame(uint8_t *out, size_t n, const struct secret *s)
{
    uint8_t body[BODY_MAX];

    memset(body, 'b', sizeof body);
    return wire_frame(out, &head, guard_copy(body, n), n, s);
}

/* Opens a copy that ends at a guard page. */
static enum wire_verdict verdict(const void *bytes, size_t n, const struct secret *s)
{
    struct wire_head h;
    const uint8_t *body;
    size_t body_n;

    return wire_open(guard_copy(bytes, n), n, s, &h, &body, &body_n);
}

/* Puts the right tag on damaged bytes, as somebody who has the secret would. */
static void sign(uint8_t *bytes, size_t n, const struct secret *s)
{
    crypto_shorthash_siphashx24(bytes + n - WIRE_TAG, bytes, n - WIRE_TAG, s->v[0].up.b);
}

static void the_header_is_as_documented(void **state)
{
    struct secret s = secret_of("correct horse battery staple");
    uint8_t got[DATAGRAM_MAX], want[WIRE_MIN];
    size_t n = hex_bytes("'HC' 01 01 a9 00 0100 0302 0300 00000000"
                         "1817161514131211 2827262524232221 4847464544434241"
                         "3837363534333231 5857565554535251 'bbb'"
                         "000000000000000000000000000000000000000000",
                         want, sizeof want);

    (void)state;
    assert_int_equal(n, WIRE_MIN - WIRE_TAG);
    sign(want, WIRE_MIN, &s);
    assert_int_equal(frame(got, 3, &s), WIRE_MIN);
    assert_memory_equal(got, want, WIRE_MIN);
}

static void what_is_framed_opens_to_the_same(void **state)
{
    struct secret s = secret_of("secret");

    (void)state;
    for (size_t n = 0; n <= BODY_MAX; n++) {
        uint8_t bytes[DATAGRAM_MAX];
        size_t len = frame(bytes, n, &s), body_n;
        const uint8_t *in = guard_copy(bytes, len), *body;
        struct wire_head h;

        assert_int_equal(len, n < 24 ? WIRE_MIN : n + 72);
        assert_int_equal(wire_open(in, len, &s, &h, &body, &body_n), WIRE_OK);
        assert_int_equal(body_n, n);
        assert_ptr_equal(body, in + WIRE_HEADER);
        assert_true(n == 0 || (body[0] == 'b' && body[n - 1] == 'b'));
        assert_int_equal(h.key_id, s.v[0].key_id);
        assert_true(h.type == head.type && h.shard == head.shard &&
                    h.nshards == head.nshards && h.stream == head.stream &&
                    h.epoch == head.epoch && h.seq == head.seq && h.base == head.base &&
                    h.ts_us == head.ts_us);
    }
}

static void each_malformed_datagram_gets_its_verdict(void **state)
{
    static const struct {
        const char *why;
        size_t body_n, at;
        uint8_t value;
        enum wire_verdict want;
    } row[] = {
        /* head: shard 0x0001 of 0x0203 */
        {"magic, first byte", 3, 0, 'h', WIRE_BAD_SHAPE},
        {"magic, second byte", 3, 1, 'T', WIRE_BAD_SHAPE},
        {"version 0", 3, 2, 0, WIRE_BAD_VERSION},
        {"version 2", 3, 2, 2, WIRE_BAD_VERSION},
        {"type 0", 3, 3, 0, WIRE_BAD_TYPE},
        {"a PING with a body", 3, 3, 2, WIRE_BAD_SHAPE},
        {"a PING without one", 0, 3, 2, WIRE_OK},
        {"ACK", 3, 3, 3, WIRE_BAD_TYPE},
        {"another key", 3, 4, 0x55, WIRE_BAD_KEY},
        {"a flag", 3, 5, 0x80, WIRE_BAD_SHAPE},
        {"shard 0x0201", 3, 7, 2, WIRE_OK},
        {"shard 0x0301", 3, 7, 3, WIRE_BAD_SHAPE},
        {"body one shorter", 100, 10, 99, WIRE_BAD_SHAPE},
        {"body one longer", 100, 10, 101, WIRE_BAD_SHAPE},
        {"body far longer", 100, 11, 0xff, WIRE_BAD_SHAPE},
        {"short body two shorter: padding is not zero", 3, 10, 1, WIRE_BAD_SHAPE},
        {"short body longer, into the padding", 3, 10, 24, WIRE_OK},
        {"body longer than what is padded", 3, 10, 25, WIRE_BAD_SHAPE},
        {"reserved, first byte", 3, 12, 1, WIRE_BAD_SHAPE},
        {"reserved, last byte", 3, 15, 1, WIRE_BAD_SHAPE},
        {"padding, first byte", 3, 59, 1, WIRE_BAD_SHAPE},
        {"padding, last byte", 3, 79, 1, WIRE_BAD_SHAPE},
        {"a type after ACK", 3, 3, 4, WIRE_BAD_TYPE},
        {"seq, lowest byte", 3, 32, 0xff, WIRE_OK},
        {"seq below base", 3, 39, 0x30, WIRE_BAD_SHAPE},
        {"base above seq", 3, 47, 0x42, WIRE_BAD_SHAPE},
        {"a body of anything", 100, 60, 0, WIRE_OK},
    };
    struct secret s = secret_of("secret");

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        uint8_t bytes[DATAGRAM_MAX];
        size_t n = frame(bytes, row[i].body_n, &s);
        enum wire_verdict want = row[i].want, got;

        bytes[row[i].at] = row[i].value;
        sign(bytes, n, &s);
        got = verdict(bytes, n, &s);
        if (got != want)
            fail_msg("%s: %s", row[i].why, wire_verdict_name(got));
        got = verdict(bytes, n, NULL);
        assert_int_equal(got, want == WIRE_BAD_KEY ? WIRE_OK : want);
    }
}

static void a_shard_is_below_their_number(void **state)
{
    static const struct {
        uint8_t shard, nshards;
        enum wire_verdict want;
    } row[] = {
        {0, 0, WIRE_BAD_SHAPE}, {0, 1, WIRE_OK},        {1, 1, WIRE_BAD_SHAPE},
        {1, 2, WIRE_OK},        {5, 4, WIRE_BAD_SHAPE}, {1, 0, WIRE_BAD_SHAPE},
    };
    struct secret s = secret_of("secret");

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        uint8_t bytes[DATAGRAM_MAX];
        size_t n = frame(bytes, 3, &s);
        memcpy(bytes + 6, (uint8_t[]){row[i].shard, 0, row[i].nshards, 0}, 4);
        sign(bytes, n, &s);
        assert_int_equal(verdict(bytes, n, &s), row[i].want);
    }
}

static void a_seq_is_not_0_nor_below_base(void **state)
{
    static const struct {
        uint64_t seq, base;
        enum wire_verdict want;
    } row[] = {
        {1, 1, WIRE_OK},        {1, 0, WIRE_OK},
        {0, 0, WIRE_BAD_SHAPE}, {UINT64_MAX, UINT64_MAX, WIRE_OK},
        {1, 2, WIRE_BAD_SHAPE}, {UINT64_MAX - 1, UINT64_MAX, WIRE_BAD_SHAPE},
    };
    struct secret s = secret_of("secret");

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct wire_head h = head;
        uint8_t bytes[DATAGRAM_MAX];
        size_t n;

        h.type = WIRE_PING;
        h.seq = row[i].seq;
        h.base = row[i].base;
        n = wire_frame(bytes, &h, NULL, 0, &s);
        assert_int_equal(n, WIRE_MIN);
        assert_int_equal(verdict(bytes, n, &s), row[i].want);
    }
}

static void every_truncation_is_refused_even_when_signed(void **state)
{
    static const size_t body[] = {0, 3, 24, 25, 500, BODY_MAX};
    struct secret s = secret_of("secret");

    (void)state;
    for (size_t i = 0; i < sizeof body / sizeof *body; i++) {
        uint8_t bytes[DATAGRAM_MAX + 1], cut[DATAGRAM_MAX + 1];
        size_t full = frame(bytes, body[i], &s);

        bytes[full] = 0;
        for (size_t n = 0; n <= full + 1; n++) {
            if (n == full)
                continue;
            assert_int_equal(verdict(bytes, n, &s), WIRE_BAD_SHAPE);
            memcpy(cut, bytes, n);
            if (n >= WIRE_TAG)
                sign(cut, n, &s);
            assert_int_equal(verdict(cut, n, &s), WIRE_BAD_SHAPE);
        }
    }
}

static void a_longer_datagram_is_refused_however_sound(void **state)
{
    struct secret s = secret_of("secret");
    uint8_t bytes[DATAGRAM_MAX + 1];

    (void)state;
    frame(bytes, BODY_MAX, &s);
    bytes[10]++; /* body_len, whose low byte is not 255 */
    sign(bytes, sizeof bytes, &s);
    assert_int_equal(verdict(bytes, sizeof bytes, &s), WIRE_BAD_SHAPE);
}

static void every_flipped_bit_is_refused(void **state)
{
    static const size_t body[] = {3, BODY_MAX};
    struct secret s = secret_of("secret");

    (void)state;
    for (size_t i = 0; i < sizeof body / sizeof *body; i++) {
        uint8_t bytes[DATAGRAM_MAX];
        size_t n = frame(bytes, body[i], &s);

        for (size_t bit = 0; bit < 8 * n; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_int_not_equal(verdict(bytes, n, &s), WIRE_OK);
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        assert_int_equal(verdict(bytes, n, &s), WIRE_OK);
    }
}

static void another_secret_is_told_from_a_forgery(void **state)
{
    struct secret a = secret_of("secret"), b = secret_of("another"), same_id = b;
    uint8_t bytes[DATAGRAM_MAX];
    size_t n = frame(bytes, 100, &a);

    (void)state;
    same_id.v[0].key_id = a.v[0].key_id;
    assert_int_not_equal(a.v[0].key_id, b.v[0].key_id);
    assert_int_equal(verdict(bytes, n, &b), WIRE_BAD_KEY);
    assert_int_equal(verdict(bytes, n, &same_id), WIRE_BAD_MAC);
    assert_int_equal(verdict(bytes, n, NULL), WIRE_OK);
    crypto_shorthash_siphashx24(bytes + n - WIRE_TAG, bytes, n - WIRE_TAG, a.v[0].down.b);
    assert_int_equal(verdict(bytes, n, &a), WIRE_BAD_MAC); /* the other direction's key */
}

static struct secret both(const struct secret *first, const struct secret *second)
{
    struct secret s = *first;

    s.v[s.n++] = second->v[0];
    return s;
}

static void what_either_of_two_secrets_signed_is_taken(void **state)
{
    struct secret a = secret_of("secret"), b = secret_of("another");
    struct secret ab = both(&a, &b), ba = both(&b, &a);
    struct wire_ack ack = {.nshards = 1, .stream = 1}, got;
    uint8_t bytes[DATAGRAM_MAX];
    size_t n = frame(bytes, 100, &ab);

    (void)state;
    assert_int_equal(verdict(bytes, n, &a), WIRE_OK); /* the first one signs */
    assert_int_equal(verdict(bytes, n, &b), WIRE_BAD_KEY);
    assert_int_equal(verdict(bytes, n, &ab), WIRE_OK);
    assert_int_equal(verdict(bytes, n, &ba), WIRE_OK);
    bytes[n - 1] ^= 1;
    assert_int_equal(verdict(bytes, n, &ba), WIRE_BAD_MAC);
    ab.v[1].key_id = ba.v[1].key_id = ab.v[0].key_id = ba.v[0].key_id = 7;
    n = frame(bytes, 100, &ab);
    assert_int_equal(verdict(bytes, n, &ba), WIRE_OK); /* though both have one name */
    wire_ack_frame(bytes, &ack, &ba);
    assert_int_equal(wire_ack_open(bytes, WIRE_ACK_BYTES, &ab, &got), WIRE_OK);
    assert_int_equal(wire_ack_open(bytes, WIRE_ACK_BYTES, &a, &got), WIRE_BAD_KEY);
}

static void random_bytes_are_refused(void **state)
{
    struct secret s = secret_of("secret");
    struct dice d = {11};

    (void)state;
    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[DATAGRAM_MAX + 100];
        size_t n = dice_below(&d, sizeof bytes);

        dice_bytes(&d, bytes, n);
        if (n > 4 && round % 2)
            memcpy(bytes, "HC\x01\x01", 4);
        assert_int_not_equal(verdict(bytes, n, &s), WIRE_OK);
    }
}

static const struct wire_ack ack = {
    .shard = 1,
    .nshards = 0x0203,
    .stream = 0x1112131415161718,
    .epoch = 0x2122232425262728,
    .ack_no = 0x3132333435363738,
    .cum = 0x4142434445464748,
    .sack = 0x5152535455565758,
    .durable = 0x6162636465666768,
    .echo_us = 0x7172737475767778,
    .window = 0x8182,
};

/* Opens a copy of an ACK that ends at a guard page. */
static enum wire_verdict ack_verdict(const void *bytes, size_t n, const struct secret *s)
{
    struct wire_ack a;

    return wire_ack_open(guard_copy(bytes, n), n, s, &a);
}

static void sign_ack(uint8_t *bytes, size_t n, const struct secret *s)
{
    crypto_shorthash_siphashx24(bytes + n - WIRE_TAG, bytes, n - WIRE_TAG,
                                s->v[0].down.b);
}

static void an_ack_is_as_documented(void **state)
{
    struct secret s = secret_of("correct horse battery staple");
    static uint8_t zero[WIRE_ACK_BYTES];
    uint8_t *got = guard_copy(zero, WIRE_ACK_BYTES), want[WIRE_ACK_BYTES];
    size_t n = hex_bytes("'HC' 01 03 a9 00 0100 0302 0000 00000000"
                         "1817161514131211 2827262524232221 3837363534333231"
                         "4847464544434241 5857565554535251 6867666564636261"
                         "7877767574737271 8281 000000000000",
                         want, sizeof want);

    (void)state;
    assert_int_equal(n, WIRE_ACK_BYTES - WIRE_TAG);
    sign_ack(want, WIRE_ACK_BYTES, &s);
    wire_ack_frame(got, &ack, &s);
    assert_memory_equal(got, want, WIRE_ACK_BYTES);
}

static void an_ack_opens_to_the_same(void **state)
{
    struct secret s = secret_of("secret");
    uint8_t bytes[WIRE_ACK_BYTES];
    struct wire_ack a;

    (void)state;
    wire_ack_frame(bytes, &ack, &s);
    assert_int_equal(wire_ack_open(bytes, sizeof bytes, &s, &a), WIRE_OK);
    assert_true(a.shard == ack.shard && a.nshards == ack.nshards &&
                a.stream == ack.stream && a.epoch == ack.epoch &&
                a.ack_no == ack.ack_no && a.cum == ack.cum && a.sack == ack.sack &&
                a.durable == ack.durable && a.echo_us == ack.echo_us &&
                a.window == ack.window);
}

static void each_malformed_ack_gets_its_verdict(void **state)
{
    static const struct {
        const char *why;
        size_t at;
        uint8_t value;
        enum wire_verdict want;
    } row[] = {
        {"magic", 0, 'h', WIRE_BAD_SHAPE},
        {"version", 2, 2, WIRE_BAD_VERSION},
        {"DATA", 3, WIRE_DATA, WIRE_BAD_TYPE},
        {"PING", 3, WIRE_PING, WIRE_BAD_TYPE},
        {"a type after ACK", 3, 4, WIRE_BAD_TYPE},
        {"another key", 4, 0x55, WIRE_BAD_KEY},
        {"renewed", 5, 1, WIRE_OK},
        {"another flag", 5, 2, WIRE_BAD_SHAPE},
        {"shard 0x0301", 7, 3, WIRE_BAD_SHAPE},
        {"a body", 10, 1, WIRE_BAD_SHAPE},
        {"reserved", 15, 1, WIRE_BAD_SHAPE},
        {"any stream", 16, 0, WIRE_OK},
        {"any window", 73, 0, WIRE_OK},
        {"what must be zero, first byte", 74, 1, WIRE_BAD_SHAPE},
        {"what must be zero, last byte", 79, 1, WIRE_BAD_SHAPE},
    };
    struct secret s = secret_of("secret");

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        uint8_t bytes[WIRE_ACK_BYTES];
        enum wire_verdict want = row[i].want, got;

        wire_ack_frame(bytes, &ack, &s);
        bytes[row[i].at] = row[i].value;
        sign_ack(bytes, sizeof bytes, &s);
        got = ack_verdict(bytes, sizeof bytes, &s);
        if (got != want)
            fail_msg("%s: %s", row[i].why, wire_verdict_name(got));
        got = ack_verdict(bytes, sizeof bytes, NULL);
        assert_int_equal(got, want == WIRE_BAD_KEY ? WIRE_OK : want);
    }
}

static void an_ack_has_one_length(void **state)
{
    struct secret s = secret_of("secret");
    uint8_t bytes[DATAGRAM_MAX + 1] = {0};

    (void)state;
    wire_ack_frame(bytes, &ack, &s);
    for (size_t n = 0; n <= sizeof bytes; n++) {
        uint8_t cut[sizeof bytes];

        if (n == WIRE_ACK_BYTES)
            continue;
        memcpy(cut, bytes, n);
        if (n > WIRE_ACK_BYTES)
            memset(cut + WIRE_ACK_BYTES - WIRE_TAG, 0, n - (WIRE_ACK_BYTES - WIRE_TAG));
        if (n >= WIRE_TAG)
            sign_ack(cut, n, &s);
        assert_int_equal(ack_verdict(cut, n, &s), WIRE_BAD_SHAPE);
    }
}

static void every_flipped_bit_of_an_ack_is_refused(void **state)
{
    struct secret s = secret_of("secret");
    uint8_t bytes[WIRE_ACK_BYTES];

    (void)state;
    wire_ack_frame(bytes, &ack, &s);
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(ack_verdict(bytes, sizeof bytes, &s), WIRE_OK);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(ack_verdict(bytes, sizeof bytes, &s), WIRE_OK);
}

/* The keys differ, and so do the types: nothing can be thrown back. */
static void what_goes_up_does_not_come_down(void **state)
{
    struct secret s = secret_of("secret");
    uint8_t bytes[DATAGRAM_MAX];
    size_t n = frame(bytes, 3, &s);

    (void)state;
    assert_int_equal(ack_verdict(bytes, n, &s), WIRE_BAD_TYPE);
    wire_ack_frame(bytes, &ack, &s);
    assert_int_equal(verdict(bytes, WIRE_ACK_BYTES, &s), WIRE_BAD_TYPE);
    sign(bytes, WIRE_ACK_BYTES, &s);
    assert_int_equal(ack_verdict(bytes, WIRE_ACK_BYTES, &s), WIRE_BAD_MAC);
}

static void verdicts_have_names(void **state)
{
    static const char *const name[] = {"ok",       "bad_shape", "bad_version",
                                       "bad_type", "bad_key",   "bad_mac"};

    (void)state;
    for (unsigned v = WIRE_OK; v <= WIRE_BAD_MAC; v++)
        assert_string_equal(wire_verdict_name((enum wire_verdict)v), name[v]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_is_as_documented),
        cmocka_unit_test(what_is_framed_opens_to_the_same),
        cmocka_unit_test(each_malformed_datagram_gets_its_verdict),
        cmocka_unit_test(a_shard_is_below_their_number),
        cmocka_unit_test(a_seq_is_not_0_nor_below_base),
        cmocka_unit_test(every_truncation_is_refused_even_when_signed),
        cmocka_unit_test(a_longer_datagram_is_refused_however_sound),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(another_secret_is_told_from_a_forgery),
        cmocka_unit_test(what_either_of_two_secrets_signed_is_taken),
        cmocka_unit_test(random_bytes_are_refused),
        cmocka_unit_test(an_ack_is_as_documented),
        cmocka_unit_test(an_ack_opens_to_the_same),
        cmocka_unit_test(each_malformed_ack_gets_its_verdict),
        cmocka_unit_test(an_ack_has_one_length),
        cmocka_unit_test(every_flipped_bit_of_an_ack_is_refused),
        cmocka_unit_test(what_goes_up_does_not_come_down),
        cmocka_unit_test(verdicts_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
