/* ACKs from strangers, and absurd ones from somebody who has the secret.
 *
 * What has an ACK's shape is signed and must then open to the same and frame to the same
 * bytes. Then the input is read as a life of a sender, one step after another (see step),
 * in which arbitrary ACKs arrive. After each step every hit must be accounted for, and
 * whatever the sender emits must be a datagram of its own ring. */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../proto/sender.h"

#define STREAM 77
#define STEPS_MAX 300
#define ADOPTIONS_MAX 4 /* each reads the whole ring */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct life {
    struct secret secret;
    struct sender *sender;
    struct ring *ring;
    mono_t now;
    uint64_t ack_no;
    const uint8_t *p; /* what is left of the input */
    size_t n;
    unsigned emitted; /* in this step */
    unsigned adoptions;
};

static void must(bool claim)
{
    if (!claim)
        abort();
}

static void check_frame(const uint8_t *data, size_t size, struct secret s)
{
    uint8_t sent[WIRE_ACK_BYTES], again[WIRE_ACK_BYTES];
    enum wire_verdict bare, checked;
    struct wire_ack a;

    checked = wire_ack_open(data, size, &s, &a);
    bare = wire_ack_open(data, size, NULL, &a);
    must(bare == WIRE_OK ? checked == WIRE_OK || checked >= WIRE_BAD_KEY
                         : checked == bare);
    if (bare != WIRE_OK)
        return;
    must(size == WIRE_ACK_BYTES);
    memcpy(sent, data, size);
    s.v[0].key_id = sent[4];
    crypto_shorthash_siphashx24(sent + size - WIRE_TAG, sent, size - WIRE_TAG,
                                s.v[0].down.b);
    must(wire_ack_open(sent, size, &s, &a) == WIRE_OK);
    wire_ack_frame(again, &a, &s);
    must(memcmp(sent, again, size) == 0);
}

/* The next @n bytes as a number; zeros behind the end. */
static uint64_t take(struct life *l, size_t n)
{
    uint64_t v = 0;

    for (size_t i = 0; i < n; i++) {
        v |= (uint64_t)(l->n > 0 ? *l->p : 0) << 8 * i;
        l->p += l->n > 0;
        l->n -= l->n > 0;
    }
    return v;
}

static uint64_t near(struct life *l, uint64_t middle)
{
    return middle + (uint64_t)(int64_t)(int8_t)take(l, 1);
}

static void on_emit(void *arg, const uint8_t *bytes, size_t n)
{
    struct life *l = arg;
    struct wire_head h;
    const uint8_t *body;
    size_t body_n;

    must(wire_open(bytes, n, &l->secret, &h, &body, &body_n) == WIRE_OK);
    must(h.stream == STREAM && h.base == ring_base(l->ring));
    must(h.type == WIRE_PING ? h.seq == ring_next(l->ring)
                             : h.seq < ring_next(l->ring) && body_n > 0);
    must(++l->emitted <= 2 * SENDER_WINDOW + 4);
}

static uint64_t clock_us(void *arg)
{
    return (uint64_t)((struct life *)arg)->now * 1000;
}

static void on_set_aside(void *arg, const uint8_t *bytes, size_t n)
{
    (void)arg;
    must(n <= DATAGRAM_MAX && bytes[0] == 'H');
}

static void on_give_up(void *arg)
{
    struct life *l = arg;

    if (l->n % 2)
        sender_redirect(l->sender, l->now);
}

static void check(struct life *l)
{
    const struct sender_counters *c = sender_counters(l->sender);
    uint64_t lost = c->lost_full + c->lost_heartbeat + c->lost_restart + c->lost_expired +
                    c->lost_poison;

    must(c->accepted == c->durable + c->in_ring + c->open + c->unprotected + lost);
    must(sender_undurable(l->sender) == c->in_ring + c->open + c->unprotected);
    must(sender_unreceived(l->sender) <= c->in_ring + c->open);
    must(ring_base(l->ring) <= ring_next(l->ring) && c->ring_bytes <= c->ring_limit);
    must(c->rtt_us <= RTT_PTO_MAX_US);
}

static void begin(struct life *l)
{
    const struct sender_env env = {on_emit, clock_us, on_set_aside, on_give_up, l};

    l->sender = sender_new(&l->secret, l->ring, &env, l->now);
    must(l->sender);
}

static void add(struct life *l)
{
    static const char path[PATH_MAX_BYTES] = "/";
    unsigned kind = (unsigned)take(l, 1), n = (unsigned)take(l, 1) / 2;

    for (unsigned i = 0; i <= n; i++) {
        struct hit h = {.site = SLICE("shop"),
                        .path = {path, 1 + (i * 37 + n) % PATH_MAX_BYTES},
                        .visitor = i + 1,
                        .at = l->now,
                        .kind = (uint8_t)(kind % HIT_KINDS)};
        sender_add(l->sender, &h, l->now);
    }
}

static void tick(struct life *l)
{
    unsigned how = (unsigned)take(l, 1);
    mono_t due;

    l->now += (mono_t)(how % 64) << (how % 128 >= 64 ? 12 : 0);
    due = sender_tick(l->sender, l->now, how >= 128);
    must(due > l->now);
}

static void ack(struct life *l, const struct wire_ack *a)
{
    uint8_t bytes[WIRE_ACK_BYTES];

    wire_ack_frame(bytes, a, &l->secret);
    sender_ack(l->sender, bytes, sizeof bytes, l->now);
}

static void ack_of_anything(struct life *l)
{
    struct wire_ack a = {.nshards = 1, .stream = STREAM};

    a.epoch = take(l, 8);
    a.ack_no = take(l, 8);
    a.cum = take(l, 8);
    a.sack = take(l, 8);
    a.durable = take(l, 8);
    a.echo_us = take(l, 8);
    a.window = (uint16_t)take(l, 2);
    ack(l, &a);
}

/* What a receiver might say, give or take a little. */
static void ack_of_something(struct life *l)
{
    struct wire_ack a = {.nshards = 1, .stream = STREAM};

    a.epoch = 1 + take(l, 1) / 16;
    a.ack_no = l->ack_no = near(l, l->ack_no + 100);
    a.cum = near(l, (ring_base(l->ring) + ring_next(l->ring)) / 2);
    a.sack = take(l, 2) * UINT64_C(0x1000100010001);
    a.durable = near(l, a.cum < 100 ? a.cum : a.cum - 100);
    a.echo_us = clock_us(l) - take(l, 1) * 1000;
    a.window = (uint16_t)(take(l, 1) * 2);
    ack(l, &a);
}

static void ack_of_bytes(struct life *l)
{
    size_t n = take(l, 1);

    n = n < l->n ? n : l->n;
    sender_ack(l->sender, l->p, n, l->now);
    l->p += n;
    l->n -= n;
}

/* The process is killed between two steps; what was unprotected nobody knows any more. */
static void adopt(struct life *l)
{
    uint64_t left = sender_undurable(l->sender) - sender_counters(l->sender)->unprotected;

    if (++l->adoptions > ADOPTIONS_MAX)
        return;
    sender_free(l->sender);
    must(ring_adopt(l->ring, RING_BYTES_MIN) == l->ring);
    begin(l);
    must(sender_undurable(l->sender) == left);
}

static void step(struct life *l)
{
    static void (*const steps[])(struct life *) = {
        add, tick, ack_of_anything, ack_of_something, ack_of_bytes, tick, add, adopt,
    };

    l->emitted = 0;
    steps[take(l, 1) % (sizeof steps / sizeof *steps)](l);
    check(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct {
        uint8_t bytes[RING_BYTES_MIN] __attribute__((aligned(16)));
    } memory;
    static struct life l;

    secret_init(&l.secret, "the fuzzer's secret", 19);
    check_frame(data, size, l.secret);
    l.ring = ring_init(memory.bytes, sizeof memory.bytes, STREAM, 1);
    l.now = 1000000;
    l.ack_no = 1000;
    l.adoptions = 0;
    l.p = data;
    l.n = size;
    begin(&l);
    for (unsigned i = 0; i < STEPS_MAX && l.n > 0; i++)
        step(&l);
    sender_free(l.sender);
    return 0;
}
