/* Hits into datagrams: when each goes, how they are numbered, and that what went in comes
 * out once, as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../collector/sender.h"
#include "../dice.h"

#define STREAM 0x0102030405060708
#define START 1000000 /* where the monotonic clock begins */

/* A hit that keeps its own texts. */
struct kept {
    struct hit hit;
    char site[SITE_MAX], path[PATH_MAX_BYTES], name[EVENT_NAME_MAX];
};

/* A sender, and behind the network whoever reads what it emits. */
struct rig {
    struct sender sender;
    struct secret secret;
    uint64_t clock_us;
    unsigned datagrams; /* that came */
    size_t last_n;      /* bytes of the last one */
    unsigned hits;      /* that came */
    const struct kept *want;
    unsigned nwant; /* hits given to the sender so far */
};

static void must_be_equal(const struct hit *got, const struct hit *want)
{
    assert_true(slice_eq(got->site, want->site));
    assert_true(slice_eq(got->path, want->path));
    assert_true(slice_eq(got->name, want->name));
    assert_int_equal(got->visitor, want->visitor);
    assert_int_equal(got->previous, want->previous);
    assert_int_equal(got->tab, want->tab);
    assert_int_equal(got->at, want->at);
    assert_int_equal(got->kind, want->kind);
    assert_int_equal(got->state, want->state);
}

/* Reads a body; compares with what is wanted, if anything is. */
static void read_body(struct rig *r, const uint8_t *body, size_t n)
{
    static struct body_reader reader;
    unsigned before = r->hits;
    struct hit h;
    int more;

    assert_int_equal(body_open(&reader, body, n), 0);
    while ((more = body_next(&reader, &h)) == 1) {
        if (r->want) {
            assert_true(r->hits < r->nwant);
            must_be_equal(&h, &r->want[r->hits].hit);
        }
        r->hits++;
    }
    assert_int_equal(more, 0);
    assert_true(r->hits > before); /* none travels empty */
}

static void on_emit(void *arg, const uint8_t *bytes, size_t n)
{
    struct rig *r = arg;
    struct wire_head head;
    const uint8_t *body;
    size_t body_n;

    assert_true(n <= DATAGRAM_MAX);
    assert_int_equal(wire_open(bytes, n, &r->secret, &head, &body, &body_n), WIRE_OK);
    assert_int_equal(head.type, WIRE_DATA);
    assert_int_equal(head.shard, 0);
    assert_int_equal(head.nshards, 1);
    assert_int_equal(head.stream, STREAM);
    assert_int_equal(head.epoch, 0);
    assert_int_equal(head.seq, ++r->datagrams); /* from 1, without gaps */
    assert_int_equal(head.base, head.seq);
    assert_int_equal(head.ts_us, r->clock_us);
    r->last_n = n;
    read_body(r, body, body_n);
}

static uint64_t clock_us(void *arg)
{
    return ((struct rig *)arg)->clock_us;
}

static struct rig *rig_open(void)
{
    static struct rig r;

    memset(&r, 0, sizeof r);
    memset(&r.sender, 0xa5, sizeof r.sender);
    secret_init(&r.secret, "a secret of the tests", 21);
    sender_init(&r.sender, &r.secret, STREAM, on_emit, clock_us, &r);
    return &r;
}

static struct hit view_at(mono_t at)
{
    return (struct hit){
        .site = SLICE("shop"), .path = SLICE("/cart"), .visitor = 7, .at = at};
}

static void add(struct rig *r, mono_t now)
{
    struct hit h = view_at(now);

    r->clock_us = (uint64_t)now * 1000;
    sender_add(&r->sender, &h, now);
}

static void tick(struct rig *r, mono_t now, bool force)
{
    r->clock_us = (uint64_t)now * 1000;
    sender_tick(&r->sender, now, force);
}

static void nothing_is_due_while_nothing_waits(void **state)
{
    struct rig *r = rig_open();

    (void)state;
    assert_int_equal(sender_waiting(&r->sender), 0);
    assert_int_equal(sender_due(&r->sender, START), INT64_MAX);
    tick(r, START, false);
    tick(r, START, true);
    assert_int_equal(r->datagrams, 0);
    add(r, START);
    tick(r, START, false);
    assert_int_equal(r->datagrams, 1);
    assert_int_equal(sender_due(&r->sender, START), INT64_MAX);
    tick(r, START + 1000, true);
    assert_int_equal(r->datagrams, 1);
}

static void the_first_hit_after_a_pause_goes_at_once(void **state)
{
    static const mono_t pause[] = {0, SENDER_LINGER_MS, SENDER_LINGER_MS + 1, 1000,
                                   3600000};
    struct rig *r = rig_open();
    mono_t now = START;

    (void)state;
    for (unsigned i = 0; i < sizeof pause / sizeof *pause; i++) {
        now += pause[i]; /* nothing was ever sent before the first */
        add(r, now);
        assert_int_equal(sender_waiting(&r->sender), 1);
        assert_true(sender_due(&r->sender, now) <= now);
        assert_int_equal(r->datagrams, i); /* with the turn, not before */
        tick(r, now, false);
        assert_int_equal(r->datagrams, i + 1);
        assert_int_equal(sender_waiting(&r->sender), 0);
    }
}

static void the_first_hit_ever_goes_at_once_at_any_clock(void **state)
{
    static const mono_t clock[] = {0, 1, SENDER_LINGER_MS, START, INT64_C(1) << 52};

    (void)state;
    for (unsigned i = 0; i < sizeof clock / sizeof *clock; i++) {
        struct rig *r = rig_open();

        add(r, clock[i]);
        assert_true(sender_due(&r->sender, clock[i]) <= clock[i]);
        tick(r, clock[i], false);
        assert_int_equal(r->datagrams, 1);
    }
}

static void hits_of_one_turn_share_a_datagram(void **state)
{
    struct rig *r = rig_open();

    (void)state;
    for (int i = 0; i < 40; i++)
        add(r, START);
    assert_int_equal(sender_waiting(&r->sender), 40);
    tick(r, START, false);
    assert_int_equal(r->datagrams, 1);
    assert_int_equal(r->hits, 40);
}

static void a_hit_in_a_stream_waits_for_company(void **state)
{
    struct rig *r = rig_open();

    (void)state;
    add(r, START);
    tick(r, START, false);
    add(r, START + 1);
    assert_int_equal(sender_due(&r->sender, START + 1), START + 1 + SENDER_LINGER_MS);
    tick(r, START + 1, false);
    add(r, START + 3); /* does not make the first wait longer */
    assert_int_equal(sender_due(&r->sender, START + 3), START + 1 + SENDER_LINGER_MS);
    tick(r, START + SENDER_LINGER_MS, false);
    assert_int_equal(r->datagrams, 1);
    assert_int_equal(sender_waiting(&r->sender), 2);
    tick(r, START + 1 + SENDER_LINGER_MS, false);
    assert_int_equal(r->datagrams, 2);
    assert_int_equal(r->hits, 3);
}

static void no_hit_waits_longer_than_it_may(void **state)
{
    struct rig *r = rig_open();
    struct dice d = {5};
    mono_t oldest = -1;

    (void)state;
    for (mono_t now = START; now < START + 5000; now++) {
        unsigned before = r->datagrams;

        for (uint64_t n = dice_below(&d, 3); n > 0; n--) {
            add(r, now);
            if (oldest < 0)
                oldest = now;
        }
        tick(r, now, false);
        if (r->datagrams > before)
            oldest = -1;
        assert_true(oldest < 0 || now < oldest + SENDER_LINGER_MS);
        assert_int_equal(sender_waiting(&r->sender) > 0, oldest >= 0);
    }
    assert_true(r->datagrams > 5000 / (SENDER_LINGER_MS + 2));
    assert_true(r->datagrams < 5000 / SENDER_LINGER_MS + 1); /* they do gather */
}

static void a_late_turn_sends_what_was_due(void **state)
{
    struct rig *r = rig_open();

    (void)state;
    add(r, START);
    tick(r, START, false);
    add(r, START + 1);
    tick(r, START + 1000, false);
    assert_int_equal(r->datagrams, 2);
}

static void force_sends_what_waits(void **state)
{
    struct rig *r = rig_open();

    (void)state;
    add(r, START);
    tick(r, START, false);
    add(r, START + 1);
    tick(r, START + 1, true);
    assert_int_equal(r->datagrams, 2);
    assert_int_equal(r->hits, 2);
}

static void a_full_datagram_goes_at_once(void **state)
{
    struct rig *r = rig_open();
    struct hit h = view_at(START);
    unsigned added = 0;

    (void)state;
    add(r, START);
    tick(r, START, false); /* from here on it is a stream */
    r->hits = 0;
    h.visitor = UINT64_MAX;
    while (r->datagrams < 2) {
        assert_true(added++ <= DATAGRAM_HITS_MAX);
        sender_add(&r->sender, &h, START);
    }
    assert_int_equal(r->hits, added - 1); /* the one that did not fit waits */
    assert_int_equal(sender_waiting(&r->sender), 1);
    assert_true(r->last_n > DATAGRAM_MAX - 20);
    assert_int_equal(sender_due(&r->sender, START), START + SENDER_LINGER_MS);
    tick(r, START + SENDER_LINGER_MS, false);
    assert_int_equal(r->hits, added);
}

static void after_a_full_datagram_the_stream_goes_on(void **state)
{
    struct rig *r = rig_open();

    (void)state;
    while (r->datagrams == 0)
        add(r, START); /* the first of a pause, but too many for one */
    assert_int_equal(sender_due(&r->sender, START), START + SENDER_LINGER_MS);
    add(r, START + SENDER_LINGER_MS - 1);
    tick(r, START + SENDER_LINGER_MS - 1, false);
    assert_int_equal(r->datagrams, 1);
    tick(r, START + SENDER_LINGER_MS, false);
    assert_int_equal(r->datagrams, 2);
    add(r, START + 2 * SENDER_LINGER_MS); /* that was a pause again */
    tick(r, START + 2 * SENDER_LINGER_MS, false);
    assert_int_equal(r->datagrams, 3);
}

static void texts_are_copied(void **state)
{
    struct rig *r = rig_open();
    char site[] = "shop", path[] = "/cart", name[] = "buy";
    struct hit h = {.site = SLICE(site),
                    .path = SLICE(path),
                    .name = SLICE(name),
                    .kind = HIT_EVENT,
                    .visitor = 7,
                    .at = START};
    struct kept want = {.hit = {.site = SLICE("shop"),
                                .path = SLICE("/cart"),
                                .name = SLICE("buy"),
                                .kind = HIT_EVENT,
                                .visitor = 7,
                                .at = START}};

    (void)state;
    r->want = &want;
    r->nwant = 1;
    sender_add(&r->sender, &h, START);
    memset(site, 'x', sizeof site);
    memset(path, 'x', sizeof path);
    memset(name, 'x', sizeof name);
    tick(r, START, false);
    assert_int_equal(r->hits, 1);
}

static void the_longest_hits_travel_one_by_one(void **state)
{
    static char site[SITE_MAX], path[PATH_MAX_BYTES], name[EVENT_NAME_MAX];
    struct rig *r = rig_open();
    struct kept want[4];

    (void)state;
    memset(site, 's', sizeof site);
    memset(path, 'p', sizeof path);
    memset(name, 'n', sizeof name);
    r->want = want;
    for (unsigned i = 0; i < 4; i++) {
        path[0] = name[0] = site[0] = (char)('a' + i);
        memcpy(want[i].site, site, sizeof site);
        memcpy(want[i].path, path, sizeof path);
        memcpy(want[i].name, name, sizeof name);
        want[i].hit = (struct hit){.site = {want[i].site, sizeof site},
                                   .path = {want[i].path, sizeof path},
                                   .name = {want[i].name, sizeof name},
                                   .kind = HIT_EVENT,
                                   .state = STATE_BACKGROUND,
                                   .visitor = UINT64_MAX,
                                   .previous = UINT64_MAX,
                                   .tab = UINT64_MAX,
                                   .at = START};
        r->nwant++;
        sender_add(&r->sender, &want[i].hit, START);
        assert_int_equal(r->datagrams, i);
    }
    tick(r, START, true);
    assert_int_equal(r->datagrams, 4);
    assert_int_equal(r->hits, 4);
}

static void a_hit_of_long_ago_gets_a_datagram_too(void **state)
{
    struct rig *r = rig_open();
    struct hit h = view_at(START);

    (void)state;
    add(r, START + 9 * EVENT_AGE_MAX_MS);
    sender_add(&r->sender, &h, START + 9 * EVENT_AGE_MAX_MS);
    assert_int_equal(r->datagrams, 1);
    tick(r, START + 9 * EVENT_AGE_MAX_MS, true);
    assert_int_equal(r->hits, 2);
}

static struct slice random_text(struct dice *d, char *out, char first, size_t max)
{
    size_t n = dice_below(d, 8) ? 1 + dice_below(d, 3) : 1 + dice_below(d, max);

    out[0] = first;
    for (size_t i = 1; i < n; i++)
        out[i] = (char)('a' + dice_below(d, 3));
    return (struct slice){out, n};
}

static uint64_t random_id(struct dice *d)
{
    return dice_u64(d) >> dice_below(d, 64);
}

static void make_hit(struct dice *d, struct kept *k, mono_t now)
{
    struct hit *h = &k->hit;

    memset(k, 0, sizeof *k);
    h->site = random_text(d, k->site, 's', SITE_MAX);
    h->path = random_text(d, k->path, '/', PATH_MAX_BYTES);
    h->kind = (uint8_t)dice_below(d, HIT_KINDS);
    if (h->kind == HIT_EVENT)
        h->name = random_text(d, k->name, 'n', EVENT_NAME_MAX);
    h->state = (uint8_t)dice_below(d, HIT_STATES);
    h->visitor = random_id(d) | 1;
    h->previous = dice_below(d, 4) ? 0 : random_id(d);
    h->tab = dice_below(d, 2) ? 0 : random_id(d);
    h->at = now - (dice_below(d, 4) ? 0 : (mono_t)dice_below(d, 100000));
}

static void everything_comes_out_once_and_as_it_was(void **state)
{
    enum { MANY = 5000 };
    static struct kept want[MANY];

    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct rig *r = rig_open();
        struct dice d = {seed};
        mono_t now = START;

        r->want = want;
        while (r->nwant < MANY) {
            make_hit(&d, &want[r->nwant], now);
            r->clock_us = (uint64_t)now * 1000 + dice_below(&d, 1000);
            sender_add(&r->sender, &want[r->nwant++].hit, now);
            assert_int_equal(r->hits + sender_waiting(&r->sender), r->nwant);
            if (dice_below(&d, 3) == 0)
                sender_tick(&r->sender, now, dice_below(&d, 20) == 0);
            now += (mono_t)dice_below(&d, dice_below(&d, 50) ? 2 : 2000);
        }
        tick(r, now, true);
        assert_int_equal(r->hits, MANY);
        assert_int_equal(sender_waiting(&r->sender), 0);
        assert_true(r->datagrams > 100 && r->datagrams < MANY / 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_due_while_nothing_waits),
        cmocka_unit_test(the_first_hit_after_a_pause_goes_at_once),
        cmocka_unit_test(the_first_hit_ever_goes_at_once_at_any_clock),
        cmocka_unit_test(hits_of_one_turn_share_a_datagram),
        cmocka_unit_test(a_hit_in_a_stream_waits_for_company),
        cmocka_unit_test(no_hit_waits_longer_than_it_may),
        cmocka_unit_test(a_late_turn_sends_what_was_due),
        cmocka_unit_test(force_sends_what_waits),
        cmocka_unit_test(a_full_datagram_goes_at_once),
        cmocka_unit_test(after_a_full_datagram_the_stream_goes_on),
        cmocka_unit_test(texts_are_copied),
        cmocka_unit_test(the_longest_hits_travel_one_by_one),
        cmocka_unit_test(a_hit_of_long_ago_gets_a_datagram_too),
        cmocka_unit_test(everything_comes_out_once_and_as_it_was),
    };

    return cmocka_run_group_tests_name("sender", tests, NULL, NULL);
}
