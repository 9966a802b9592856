/* Bodies: what the writer writes, byte for byte and through msgpack-c, and what the
 * reader takes and refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <msgpack.h>

#include "../../proto/body.h"
#include "../../proto/wire.h"
#include "../dice.h"
#include "../guard.h"
#include "../hex.h"
#include "../oracle.h"

#define START 1000000 /* mono_ms of most bodies here: three bytes and a lead byte */

static struct hit view(const char *site, const char *path, uint64_t visitor)
{
    return (struct hit){.site = slice_of(site),
                        .path = slice_of(path),
                        .visitor = visitor,
                        .at = START,
                        .kind = HIT_VIEW};
}

static void assert_same_text(struct slice a, struct slice b)
{
    assert_int_equal(a.n, b.n);
    assert_true(slice_eq(a, b));
}

static void assert_same_hit(const struct hit *a, const struct hit *b)
{
    assert_same_text(a->site, b->site);
    assert_same_text(a->path, b->path);
    assert_same_text(a->name, b->name);
    assert_true(a->visitor == b->visitor && a->previous == b->previous);
    assert_true(a->tab == b->tab && a->at == b->at);
    assert_true(a->kind == b->kind && a->state == b->state);
    assert_int_equal(a->engaged, b->engaged);
    assert_true(a->lasts == b->lasts && a->marks == b->marks);
    assert_true(a->device == b->device && a->browser == b->browser);
    assert_memory_equal(a->country, b->country, 2);
    assert_same_text(a->referrer, b->referrer);
    assert_same_text(a->campaign, b->campaign);
    assert_same_text(a->term, b->term);
}

/* Reads @w by our reader and by msgpack-c; both must give @want. */
static void assert_reads_back(const struct body_writer *w, const struct hit *want,
                              size_t n)
{
    const void *bytes = guard_copy(w->bytes, w->n);
    static struct body_reader r;
    struct hit h;

    assert_true(oracle_agrees(bytes, w->n));
    assert_int_equal(body_open(&r, bytes, w->n), 0);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(body_next(&r, &h), 1);
        assert_same_hit(&h, &want[i]);
    }
    assert_int_equal(body_next(&r, &h), 0);
    assert_int_equal(body_next(&r, &h), 0);
    assert_int_equal(r.hits, n);
}

static void an_empty_body_is_complete(void **state)
{
    static struct body_writer w;

    (void)state;
    body_begin(&w, START);
    assert_reads_back(&w, NULL, 0);
}

static void the_bytes_are_as_documented(void **state)
{
    static struct body_writer w;
    uint8_t want[256];
    size_t n = hex_bytes("dc0003 ce000f4240"
                         "92 a4'shop' dc0002"
                         "  95 00 00 cd0101 a1'/' 00"
                         "  98 03 ff 07 01 02 09 a3'buy' 08"
                         "92 a4'blog' dc0006"
                         "  96 01 05 07 01 04 09"
                         "  99 01 05 07 01 04 00 a0 00 cd3a98"
                         "  97 04 00 01 a2'v2' 00 00 a2'ci'"
                         "  95 05 00 01 04 00"
                         "  9a 06 00 07 01 02 09 04 00 00 cd033c"
                         "  9c 00 00 07 01 00 00 04 00 00 00 ce45440102 a3'a.b'",
                         want, sizeof want);
    struct hit h = view("shop", "/", 0x101);

    (void)state;
    body_begin(&w, START);
    assert_true(body_add(&w, &h));
    h = view("shop", "/", 7);
    h.name = SLICE("buy");
    h.previous = 8;
    h.tab = 9;
    h.at = START - 1;
    h.kind = HIT_EVENT;
    h.state = STATE_READING;
    assert_true(body_add(&w, &h));
    h = view("blog", "/", 7);
    h.tab = 9;
    h.at = START + 5;
    h.kind = HIT_HEARTBEAT;
    h.state = STATE_BACKGROUND;
    assert_true(body_add(&w, &h));
    h.tab = 0;
    h.engaged = 15000;
    assert_true(body_add(&w, &h));
    h = view("blog", "v2", VISITOR_NOBODY);
    h.name = SLICE("ci");
    h.kind = HIT_MESSAGE;
    assert_true(body_add(&w, &h));
    h = view("blog", "", VISITOR_NOBODY);
    h.kind = HIT_RESET;
    assert_true(body_add(&w, &h));
    h = view("blog", "/", 7);
    h.tab = 9;
    h.kind = HIT_JOIN;
    h.state = STATE_READING;
    h.lasts = 60;
    h.marks = HIT_HELD | HIT_COUNTED;
    assert_true(body_add(&w, &h));
    h = view("blog", "/", 7);
    h.device = DEVICE_MOBILE;
    h.browser = BROWSER_CHROME;
    memcpy(h.country, "DE", 2);
    h.referrer = SLICE("a.b");
    assert_true(body_add(&w, &h));
    assert_int_equal(w.n, n);
    assert_memory_equal(w.bytes, want, n);
}

static void trailing_zeros_are_left_out_and_read_back(void **state)
{
    static struct body_writer w;
    struct hit hits[512];

    (void)state;
    for (unsigned i = 0; i < 512; i++) {
        if (i % 16 == 0)
            body_begin(&w, START);
        hits[i] = view("s", "/p", 1);
        hits[i].tab = i & 1 ? 5 : 0;
        hits[i].name = i & 2 ? SLICE("name") : SLICE("");
        hits[i].previous = i & 4 ? 6 : 0;
        hits[i].engaged = i & 8 ? ENGAGED_MAX_MS : 0;
        hits[i].lasts = i & 16 ? TAB_LASTS_MAX_S : 0;
        hits[i].device = i & 32 ? DEVICE_OTHER : 0;
        hits[i].referrer = i & 64 ? SLICE("-") : SLICE("");
        hits[i].campaign = i & 128 ? SLICE("name") : SLICE("");
        hits[i].term = i & 256 ? SLICE("red shoes") : SLICE("");
        assert_true(body_add(&w, &hits[i]));
        assert_reads_back(&w, hits + i / 16 * 16, i % 16 + 1);
    }
}

static void a_site_met_again_is_an_index(void **state)
{
    static struct body_writer w;
    static struct body_reader r;
    struct hit a = view("shop", "/x", 1), b = view("blog", "shop", 2), h[4];
    size_t before;

    (void)state;
    body_begin(&w, START);
    assert_true(body_add(&w, &a) && body_add(&w, &b));
    before = w.n;
    assert_true(body_add(&w, &a) && body_add(&w, &b));
    assert_int_equal(w.groups, 4);
    assert_int_equal(w.names, 3);           /* shop, /x, blog: one dictionary for all */
    assert_int_equal(w.n - before, 2 * 11); /* 92 idx dc.... 95 00 00 v idx 00 */
    assert_int_equal(body_open(&r, w.bytes, w.n), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(body_next(&r, &h[i]), 1);
    assert_ptr_equal(h[0].site.p, h[2].site.p);
    assert_ptr_equal(h[0].site.p, h[3].path.p);
    assert_ptr_equal(h[0].path.p, h[2].path.p);
}

/* A body full of hits made by @make; returns how many it took. */
static size_t fill(struct body_writer *w, struct hit *hits, struct dice *d,
                   struct hit (*make)(struct dice *, size_t))
{
    body_begin(w, START);
    for (size_t n = 0;; n++) {
        hits[n] = make(d, n);
        if (!body_add(w, &hits[n]))
            return n;
    }
}

static struct hit random_hit(struct dice *d, size_t n)
{
    static const char *const sites[] = {"a", "shop", "a.very-long_site.example"};
    static char text[DATAGRAM_HITS_MAX + 1][PATH_MAX_BYTES];
    struct hit h = view(sites[dice_below(d, 10) / 4], "", 1 + (dice_u64(d) >> 1));
    size_t longest = dice_below(d, 8) ? 3 : 300;

    dice_bytes(d, text[n], longest);
    if (longest == 3) /* few and short ones: they come again, and the dictionary fills */
        text[n][0] &= 0x03, text[n][1] &= dice_below(d, 2) ? 0x3f : 0;
    h.path = (struct slice){text[n], dice_below(d, longest + 1)};
    h.name = (struct slice){text[n], dice_below(d, 4) ? 0 : dice_below(d, 4)};
    h.kind = (uint8_t)(dice_below(d, 20) ? dice_below(d, HIT_KINDS) : dice_u64(d));
    h.state = (uint8_t)dice_below(d, HIT_STATES);
    h.tab = dice_below(d, 2) ? dice_u64(d) >> dice_below(d, 64) : 0;
    h.previous = dice_below(d, 3) ? 0 : dice_u64(d);
    h.engaged = dice_below(d, 3) ? 0 : (uint32_t)dice_below(d, ENGAGED_MAX_MS + 1);
    if (dice_below(d, 3) == 0) {
        h.lasts = (uint8_t)dice_below(d, TAB_LASTS_MAX_S + 1);
        h.marks = (uint8_t)dice_below(d, HIT_MARKS + 1);
    }
    if (dice_below(d, 3) == 0) {
        h.device = (uint8_t)dice_below(d, HIT_DEVICES);
        h.browser = (uint8_t)dice_below(d, HIT_BROWSERS);
        h.referrer = (struct slice){text[n], dice_below(d, 4)};
    }
    if (dice_below(d, 3) == 0) {
        h.campaign = (struct slice){text[n], dice_below(d, 4)};
        h.term = (struct slice){text[n], dice_below(d, 4)};
    }
    if (dice_below(d, 3) == 0)
        memcpy(h.country, "NL", 2);
    h.visitor >>= dice_below(d, 2) ? 0 : dice_below(d, 63);
    h.visitor += h.visitor == 0;
    h.at += (int64_t)(dice_below(d, 2000)) - 1000;
    if (dice_below(d, 30) == 0)
        h.at = START + (dice_below(d, 2) ? EVENT_AGE_MAX_MS : -EVENT_AGE_MAX_MS);
    return h;
}

static void whatever_is_added_is_read_by_us_and_by_msgpack(void **state)
{
    static struct body_writer w;
    struct hit hits[DATAGRAM_HITS_MAX + 1];

    (void)state;
    for (uint64_t seed = 0; seed < 2000; seed++) {
        struct dice d = {seed};
        size_t n = fill(&w, hits, &d, random_hit);
        assert_true(n > 0);
        assert_reads_back(&w, hits, n);
    }
}

static void a_body_is_complete_after_each_hit(void **state)
{
    static struct body_writer w;
    struct hit hits[DATAGRAM_HITS_MAX + 1];

    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct dice d = {seed};
        body_begin(&w, START);
        for (size_t n = 0;; n++) {
            assert_reads_back(&w, hits, n);
            hits[n] = random_hit(&d, n);
            if (!body_add(&w, &hits[n]))
                break;
        }
    }
}

static void a_hit_that_does_not_fit_changes_nothing(void **state)
{
    static struct body_writer w, before;
    struct hit hits[DATAGRAM_HITS_MAX + 2];

    (void)state;
    for (uint64_t seed = 0; seed < 2000; seed++) {
        struct dice d = {seed};
        size_t n = fill(&w, hits, &d, random_hit);
        for (int again = 0; again < 10; again++) {
            hits[n] = random_hit(&d, n);
            memcpy(&before, &w, sizeof w);
            if (body_add(&w, &hits[n])) {
                n++;
                break;
            }
            assert_int_equal(w.n, before.n);
            assert_memory_equal(w.bytes, before.bytes, w.n);
            assert_int_equal(w.names, before.names);
            assert_int_equal(w.hits, before.hits);
        }
        if (n <= DATAGRAM_HITS_MAX)
            assert_reads_back(&w, hits, n);
    }
}

static struct hit longest_hit(const char *text)
{
    return (struct hit){.site = {text, SITE_MAX},
                        .path = {text, PATH_MAX_BYTES},
                        .name = {text, EVENT_NAME_MAX},
                        .referrer = {text, REFERRER_MAX},
                        .campaign = {text, CAMPAIGN_MAX},
                        .term = {text, CAMPAIGN_MAX},
                        .visitor = UINT64_MAX,
                        .previous = UINT64_MAX,
                        .tab = UINT64_MAX,
                        .engaged = ENGAGED_MAX_MS,
                        .at = START - EVENT_AGE_MAX_MS,
                        .kind = 255,
                        .state = HIT_STATES - 1,
                        .marks = HIT_MARKS,
                        .lasts = TAB_LASTS_MAX_S,
                        .device = HIT_DEVICES - 1,
                        .browser = HIT_BROWSERS - 1,
                        .country = {'Z', 'Z'}};
}

static void every_hit_fits_an_empty_body(void **state)
{
    static struct body_writer w;
    static char text[PATH_MAX_BYTES];
    struct hit h;

    (void)state;
    memset(text, 'x', sizeof text);
    h = longest_hit(text);
    body_begin(&w, INT64_MAX - EVENT_AGE_MAX_MS);
    h.at = INT64_MAX;
    assert_true(body_add(&w, &h));
    assert_reads_back(&w, &h, 1);
    assert_false(body_add(
        &w, &(struct hit){
                .site = {text, 63}, .path = {text, 511}, .visitor = 1, .at = h.at}));
    assert_reads_back(&w, &h, 1);
}

static void a_body_fills_to_its_last_byte(void **state)
{
    static struct body_writer w;
    static char text[PATH_MAX_BYTES];
    struct hit hits[3] = {view("s", "", 1), view("s", "", 1), view("s", "", 1)};

    (void)state;
    memset(text, 'x', sizeof text);
    hits[0].path = (struct slice){text, PATH_MAX_BYTES};
    hits[1].path = (struct slice){text, PATH_MAX_BYTES - 1};
    body_begin(&w, START);
    assert_true(body_add(&w, &hits[0]) && body_add(&w, &hits[1]));
    hits[2].path = (struct slice){text, BODY_MAX - w.n - 7 + 1}; /* 95 00 00 01 d9 n 00 */
    assert_false(body_add(&w, &hits[2]));
    hits[2].path.n--;
    assert_true(body_add(&w, &hits[2]));
    assert_int_equal(w.n, BODY_MAX);
    assert_reads_back(&w, hits, 3);
}

static void a_hit_out_of_reach_waits_for_the_next_body(void **state)
{
    static struct body_writer w;
    struct hit h = view("s", "/", 1), far = h;

    (void)state;
    body_begin(&w, START);
    assert_true(body_add(&w, &h));
    far.at = START + EVENT_AGE_MAX_MS + 1;
    assert_false(body_add(&w, &far));
    far.at = INT64_MIN;
    assert_false(body_add(&w, &far));
    assert_reads_back(&w, &h, 1);
    body_begin(&w, START);
    assert_true(body_add(&w, &far));
    far.at = START - EVENT_AGE_MAX_MS;
    assert_reads_back(&w, &far, 1);
}

static struct hit smallest_hit(struct dice *d, size_t n)
{
    (void)d;
    (void)n;
    return view("s", "", 1);
}

static void the_number_of_hits_is_bounded(void **state)
{
    static struct body_writer w;
    struct hit hits[DATAGRAM_HITS_MAX + 1];

    (void)state;
    assert_int_equal(fill(&w, hits, NULL, smallest_hit), DATAGRAM_HITS_MAX);
    assert_true(w.n < BODY_MAX);
    assert_reads_back(&w, hits, DATAGRAM_HITS_MAX);
}

/* In these, "92 a1's' 91" opens a group of one site and one event. */
static void malformed_bodies_are_refused(void **state)
{
    static const struct {
        const char *why, *hex;
        int hits; /* read before the -1; -1: body_open refuses */
    } row[] = {
        {"empty", "", -1},
        {"no array", "00", -1},
        {"a map", "8100 90", -1},
        {"no clock", "90", -1},
        {"no clock, but a number after it", "90 00", -1},
        {"a text as clock", "91 a1'0'", -1},
        {"a float as clock", "91 ca00000000", -1},
        {"a negative clock", "91 ff", -1},
        {"a clock whose reach overflows", "91 cf7fffffffffffffff", -1},
        {"a clock one too high", "91 cf7fffffffd6cd2000", -1},
        {"a count of groups beyond the end", "9f 00 92a1's' 90", -1},
        {"trailing byte", "91 00 c0", 0},
        {"a group that is a number", "92 00 01", 0},
        {"a group without events", "92 00 91a1's'", 0},
        {"a group of a site, then events outside it",
         "92 00 91 a1's' 91 95 00 00 01 a0 00", 0},
        {"an empty group", "92 00 90", 0},
        {"events that are no array", "92 00 92 a1's' 00", 0},
        {"a site that is no name", "92 00 92 c0 90", 0},
        {"an empty site", "92 00 92 a0 90", 0},
        {"a site with a brace", "92 00 92 a1'{' 90", 0},
        {"a site of 65 bytes",
         "92 00 92 d941 "
         "'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0' "
         "90",
         0},
        {"an index before any text", "92 00 92 00 90", 0},
        {"a negative index", "93 00 92 a1's' 90 92 ff 90", 0},
        {"an index one too high", "93 00 92 a1's' 90 92 01 90", 0},
        {"an index far too high", "93 00 92 a1's' 90 92 cfffffffffffffffff 90", 0},
        {"an event that is a number", "92 00 92 a1's' 91 00", 0},
        {"an event of four elements", "92 00 92 a1's' 91 94 00 00 01 a0", 0},
        {"an event cut short", "92 00 92 a1's' 91 95 00 00 01 a0", 0},
        {"a negative kind", "92 00 92 a1's' 91 95 ff 00 01 a0 00", 0},
        {"a kind above 255", "92 00 92 a1's' 91 95 cd0100 00 01 a0 00", 0},
        {"a kind that is nil", "92 00 92 a1's' 91 95 c0 00 01 a0 00", 0},
        {"dt beyond the reach", "92 00 92 a1's' 91 95 00 ce2932e001 01 a0 00", 0},
        {"dt before the reach", "92 00 92 a1's' 91 95 00 d2d6cd1fff 01 a0 00", 0},
        {"dt that is no int64", "92 00 92 a1's' 91 95 00 cfffffffffffffffff 01 a0 00", 0},
        {"dt of INT64_MIN", "92 00 92 a1's' 91 95 00 d38000000000000000 01 a0 00", 0},
        {"nobody as visitor", "92 00 92 a1's' 91 95 00 00 00 a0 00", 0},
        {"a negative visitor", "92 00 92 a1's' 91 95 00 00 ff a0 00", 0},
        {"a visitor as text", "92 00 92 a1's' 91 95 00 00 a101 a0 00", 0},
        {"a path that is bin", "92 00 92 a1's' 91 95 00 00 01 c400 00", 0},
        {"a path of an unknown index", "92 00 92 a1's' 91 95 00 00 01 01 00", 0},
        {"a path beyond the end", "92 00 92 a1's' 91 95 00 00 01 da0100 00", 0},
        {"a negative state", "92 00 92 a1's' 91 95 00 00 01 a0 ff", 0},
        {"a negative tab", "92 00 92 a1's' 91 96 00 00 01 a0 00 ff", 0},
        {"a name that is nil", "92 00 92 a1's' 91 97 00 00 01 a0 00 00 c0", 0},
        {"a negative previous", "92 00 92 a1's' 91 98 00 00 01 a0 00 00 a0 ff", 0},
        {"a negative attention", "92 00 92 a1's' 91 99 00 00 01 a0 00 00 a0 00 ff", 0},
        {"attention in fractions",
         "92 00 92 a1's' 91 99 00 00 01 a0 00 00 a0 00 ca3f800000", 0},
        {"attention as text", "92 00 92 a1's' 91 99 00 00 01 a0 00 00 a0 00 a131", 0},
        {"attention beyond the end", "92 00 92 a1's' 91 99 00 00 01 a0 00 00 a0 00", 0},
        {"a negative stay", "92 00 92 a1's' 91 9a 00 00 01 a0 00 00 a0 00 00 ff", 0},
        {"traits as text", "92 00 92 a1's' 91 9b 00 00 01 a0 00 00 a0 00 00 00 a131", 0},
        {"a referrer that is nil",
         "92 00 92 a1's' 91 9c 00 00 01 a0 00 00 a0 00 00 00 00 c0", 0},
        {"a referrer of an unknown index",
         "92 00 92 a1's' 91 9c 00 00 01 a0 00 00 a0 00 00 00 00 03", 0},
        {"a referrer of 65 bytes",
         "92 00 92 a1's' 91 9c 00 00 01 a0 00 00 a0 00 00 00 00 d941 "
         "'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0'",
         0},
        {"a campaign that is nil",
         "92 00 92 a1's' 91 9d 00 00 01 a0 00 00 a0 00 00 00 00 a0 c0", 0},
        {"a campaign of 65 bytes",
         "92 00 92 a1's' 91 9d 00 00 01 a0 00 00 a0 00 00 00 00 a0 d941 "
         "'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0'",
         0},
        {"a campaign beyond the end",
         "92 00 92 a1's' 91 9d 00 00 01 a0 00 00 a0 00 00 00 00 a0", 0},
        {"a term of an unknown index",
         "92 00 92 a1's' 91 9e 00 00 01 a0 00 00 a0 00 00 00 00 a0 a0 05", 0},
        {"a term of 65 bytes",
         "92 00 92 a1's' 91 9e 00 00 01 a0 00 00 a0 00 00 00 00 a0 a0 d941 "
         "'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0'",
         0},
        {"unknown element beyond the end",
         "92 00 92 a1's' 91 9f 00 00 01 a0 00 00 a0 00 00 00 00 a0 a0 a0", 0},
        {"unknown element that is c1",
         "92 00 92 a1's' 91 9f 00 00 01 a0 00 00 a0 00 00 00 00 a0 a0 a0 c1", 0},
        {"unknown element too deep",
         "92 00 92 a1's' 91 9f 00 00 01 a0 00 00 a0 00 00 00 00 a0 a0 a0 "
         "919191919191919190",
         0},
        {"good, then an event that is nil", "92 00 92 a1's' 92 95 00 00 01 a0 00 c0", 1},
        {"good, then trailing bytes", "92 00 92 a1's' 91 95 00 00 01 a0 00 00", 1},
        {"good, then a group that is missing", "93 00 92 a1's' 91 95 00 00 01 a0 00", 1},
        {"good, then an unknown group element that is missing",
         "92 00 93 a1's' 91 95 00 00 01 a0 00", 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        uint8_t bytes[256];
        size_t n = hex_bytes(row[i].hex, bytes, sizeof bytes);
        const void *guarded = guard_copy(bytes, n);
        static struct body_reader r;
        struct hit h;
        int hits = -1;

        if (body_open(&r, guarded, n) == 0) {
            int got;
            for (hits = 0; (got = body_next(&r, &h)) == 1; hits++)
                ;
            if (got != -1)
                fail_msg("taken: %s", row[i].why);
        }
        if (hits != row[i].hits)
            fail_msg("%d hits: %s", hits, row[i].why);
        assert_int_equal(body_next(&r, &h), -1);
        assert_true(oracle_agrees(guarded, n));
    }
}

/* Opens @hex, which is well-formed, and returns its only hit. */
static struct hit only_hit(const char *hex)
{
    uint8_t bytes[1200];
    size_t n = hex_bytes(hex, bytes, sizeof bytes);
    const void *guarded = guard_copy(bytes, n);
    static struct body_reader r;
    struct hit h, none;

    assert_true(oracle_agrees(guarded, n));
    assert_int_equal(body_open(&r, guarded, n), 0);
    assert_int_equal(body_next(&r, &h), 1);
    assert_int_equal(body_next(&r, &none), 0);
    assert_int_equal(body_next(&r, &none), 0);
    return h;
}

static void what_later_versions_append_is_ignored(void **state)
{
    struct hit h;

    (void)state;
    h = only_hit("92 05 94 a1's' 91 dc0010 00 00 01 a1'/' 00 02 a1'n' 03 04 00 00 a0 a0 "
                 "a1't' c0 81a1'k'90 a1'x' c3");
    assert_same_text(h.term, SLICE("t"));
    assert_int_equal(h.previous, 3);
    assert_int_equal(h.engaged, 4);
    assert_int_equal(h.at, 5);
    h = only_hit("92 05 92 a1's' 91 95 2a 00 01 a1'/' 00");
    assert_int_equal(h.kind, 42);
    h = only_hit("92 05 92 a1's' 91 95 ccff 00 01 a1'/' 04");
    assert_int_equal(h.kind, 255);
    assert_int_equal(h.state, STATE_BACKGROUND);
    h = only_hit("92 05 92 a1's' 91 95 00 00 01 a1'/' 05");
    assert_int_equal(h.state, STATE_NONE);
    h = only_hit("92 05 92 a1's' 91 95 00 00 01 a1'/' cfffffffffffffff02");
    assert_int_equal(h.state, STATE_NONE);
    h = only_hit("92 05 95 a1's' 91 95 00 00 01 a1'/' 00 c0 9101 a1'x'");
    assert_same_text(h.path, SLICE("/"));
    h = only_hit("94 05 92 a1'a' 90 93 00 90 c0 92 a1's' 91 95 00 00 01 00 00");
    assert_same_text(h.site, SLICE("s"));
    assert_same_text(h.path, SLICE("a"));
}

static void attention_beyond_its_bound_is_cut(void **state)
{
    static const struct {
        const char *hex;
        uint32_t ms;
    } row[] = {
        {"92 05 92 a1's' 91 98 00 00 01 a0 00 00 a0 00", 0},
        {"92 05 92 a1's' 91 99 00 00 01 a0 00 00 a0 00 00", 0},
        {"92 05 92 a1's' 91 99 00 00 01 a0 00 00 a0 00 ce0003a97f", ENGAGED_MAX_MS - 1},
        {"92 05 92 a1's' 91 99 00 00 01 a0 00 00 a0 00 ce0003a980", ENGAGED_MAX_MS},
        {"92 05 92 a1's' 91 99 00 00 01 a0 00 00 a0 00 ce0003a981", ENGAGED_MAX_MS},
        {"92 05 92 a1's' 91 99 00 00 01 a0 00 00 a0 00 cf0000000100000001",
         ENGAGED_MAX_MS},
        {"92 05 92 a1's' 91 99 00 00 01 a0 00 00 a0 00 cfffffffffffffffff",
         ENGAGED_MAX_MS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        assert_int_equal(only_hit(row[i].hex).engaged, row[i].ms);
}

static void of_stay_and_traits_later_values_are_cut_or_left_out(void **state)
{
    static const char before[] = "92 05 92 a1's' 91 9b 00 00 01 a0 00 00 a0 00 00";
    static const struct {
        const char *stay, *traits;
        struct hit hit;
    } row[] = {
        {"00", "00", {.lasts = 0}},
        {"cc96",
         "ce5a5a0704",
         {.lasts = 150,
          .device = DEVICE_OTHER,
          .browser = BROWSER_OTHER,
          .country = {'Z', 'Z'}}},
        {"cc97", "04", {.lasts = 150, .device = DEVICE_OTHER}},
        {"ccff", "05", {.lasts = 150, .device = DEVICE_OTHER}},
        {"cd0100", "ccff", {.marks = HIT_HELD, .device = DEVICE_OTHER}},
        {"cd0200", "cd0700", {.marks = HIT_COUNTED, .browser = BROWSER_OTHER}},
        {"cd0400", "00", {.marks = HIT_NAMED}},
        {"cd0800", "00", {.marks = 0}},
        {"cdff01", "cd0800", {.lasts = 1, .marks = 7, .browser = BROWSER_OTHER}},
        {"cf0000000100000104",
         "cf0000000100000001",
         {.lasts = 4, .marks = HIT_HELD, .device = DEVICE_DESKTOP}},
        {"00", "ce45440000", {.country = {'D', 'E'}}},
        {"00", "ce65440000", {.lasts = 0}}, /* "De" */
        {"00", "ce00440000", {.lasts = 0}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char hex[200];
        struct hit h, want = row[i].hit;

        snprintf(hex, sizeof hex, "%s %s %s", before, row[i].stay, row[i].traits);
        h = only_hit(hex);
        assert_true(h.lasts == want.lasts && h.marks == want.marks);
        assert_true(h.device == want.device && h.browser == want.browser);
        assert_memory_equal(h.country, want.country, 2);
    }
}

static void wide_forms_of_small_numbers_are_taken(void **state)
{
    struct hit h =
        only_hit("dd00000002 d305ffffffffffff00 dc0002 d901's' dd00000001 dc0005"
                 "cf0000000000000003 d3ffffffffffffffff d101ff da0001'/' cd0001");

    (void)state;
    assert_int_equal(h.kind, HIT_EVENT);
    assert_true(h.at == 0x05ffffffffffff00 - 1);
    assert_int_equal(h.visitor, 0x1ff);
    assert_int_equal(h.state, STATE_IDLE);
}

static void the_clock_reaches_to_the_end_of_time(void **state)
{
    struct hit h;

    (void)state;
    h = only_hit("92 cf7fffffffd6cd1fff 92 a1's' 91 95 00 ce2932e000 01 a0 00");
    assert_true(h.at == INT64_MAX);
    h = only_hit("92 00 92 a1's' 91 95 00 d2d6cd2000 01 a0 00");
    assert_true(h.at == -EVENT_AGE_MAX_MS);
}

/* A body of one site and @events equal events, @names texts among them. */
static size_t many(uint8_t *out, unsigned events, unsigned names)
{
    size_t n = hex_bytes("92 00 92 a1's' dc", out, 16);

    out[n++] = (uint8_t)(events >> 8);
    out[n++] = (uint8_t)events;
    for (unsigned i = 0; i < events; i++)
        n +=
            hex_bytes(i < names ? "95 00 00 01 a0 00" : "95 00 00 01 00 00", out + n, 16);
    return n;
}

static void more_events_than_allowed_are_malformed(void **state)
{
    uint8_t bytes[BODY_MAX];

    (void)state;
    for (unsigned events = DATAGRAM_HITS_MAX; events <= DATAGRAM_HITS_MAX + 1; events++) {
        size_t n = many(bytes, events, 1);
        static struct body_reader r;
        struct hit h;
        unsigned hits = 0;
        int got;

        assert_int_equal(body_open(&r, bytes, n), 0);
        while ((got = body_next(&r, &h)) == 1)
            hits++;
        assert_int_equal(hits, DATAGRAM_HITS_MAX);
        assert_int_equal(got, events == DATAGRAM_HITS_MAX ? 0 : -1);
        assert_true(oracle_agrees(bytes, n));
    }
}

static void more_names_than_allowed_are_malformed(void **state)
{
    (void)state;
    for (unsigned names = DATAGRAM_NAMES_MAX; names <= DATAGRAM_NAMES_MAX + 1; names++) {
        uint8_t bytes[2048];
        size_t n = hex_bytes("dc", bytes, 1);
        static struct body_reader r;
        struct hit h;

        bytes[n++] = (uint8_t)((names + 1) >> 8);
        bytes[n++] = (uint8_t)(names + 1);
        bytes[n++] = 0;
        for (unsigned i = 0; i < names; i++)
            n += hex_bytes("92 a1's' 90", bytes + n, 16);
        assert_int_equal(body_open(&r, bytes, n), 0);
        assert_int_equal(body_next(&r, &h), names == DATAGRAM_NAMES_MAX ? 0 : -1);
        assert_true(oracle_agrees(bytes, n));
    }
}

/* One event whose path, or else name, is @length bytes; 0 or -1. */
static int verdict_on_text(bool name, size_t length)
{
    uint8_t bytes[BODY_MAX];
    size_t n = hex_bytes(name ? "92 00 92 a1's' 91 97 00 00 01 a0 00 00 da"
                              : "92 00 92 a1's' 91 95 00 00 01 da",
                         bytes, 64);
    static struct body_reader r;
    struct hit h;
    int got;

    bytes[n++] = (uint8_t)(length >> 8);
    bytes[n++] = (uint8_t)length;
    memset(bytes + n, 'x', length);
    n += length;
    if (!name)
        bytes[n++] = 0;
    assert_true(oracle_agrees(bytes, n));
    assert_int_equal(body_open(&r, bytes, n), 0);
    while ((got = body_next(&r, &h)) == 1)
        ;
    return got;
}

static void texts_are_taken_up_to_their_limit(void **state)
{
    (void)state;
    assert_int_equal(verdict_on_text(false, PATH_MAX_BYTES), 0);
    assert_int_equal(verdict_on_text(false, PATH_MAX_BYTES + 1), -1);
    assert_int_equal(verdict_on_text(true, EVENT_NAME_MAX), 0);
    assert_int_equal(verdict_on_text(true, EVENT_NAME_MAX + 1), -1);
}

static void every_truncation_is_malformed(void **state)
{
    static struct body_writer w;
    struct hit hits[DATAGRAM_HITS_MAX + 1];

    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct dice d = {seed};
        fill(&w, hits, &d, random_hit);
        for (size_t n = 0; n < w.n; n++) {
            const void *cut = guard_copy(w.bytes, n);
            static struct body_reader r;
            struct hit h;
            int got = body_open(&r, cut, n);

            for (got++; got == 1;)
                got = body_next(&r, &h);
            if (n < 4)
                assert_int_equal(got, 0); /* body_open said -1 */
            else
                assert_int_not_equal(got, 1);
            assert_false(oracle_body(&(struct oracle_body){0}, cut, n));
            assert_true(oracle_agrees(cut, n));
        }
    }
}

static void damage_is_judged_as_msgpack_judges_it(void **state)
{
    static struct body_writer w;
    struct hit hits[DATAGRAM_HITS_MAX + 1];
    struct dice d = {7};

    (void)state;
    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[BODY_MAX];
        if (round % 20 == 0)
            fill(&w, hits, &d, random_hit);
        memcpy(bytes, w.bytes, w.n);
        for (uint64_t i = 1 + dice_below(&d, 3); i > 0; i--)
            bytes[dice_below(&d, dice_below(&d, 2) ? w.n : 30)] ^=
                (uint8_t)(1 + dice_below(&d, 255));
        if (!oracle_agrees(guard_copy(bytes, w.n), w.n))
            fail_msg("round %d", round);
    }
}

static void pack_text(msgpack_packer *pk, struct slice s)
{
    msgpack_pack_str_with_body(pk, s.p, s.n);
}

/* The body of @h alone, as msgpack-c packs it; counts that our writer leaves open are
 * array16. @h has none of the optional elements at 0. */
static void pack_body(msgpack_sbuffer *out, const struct hit *h, mono_t start)
{
    static const char two[] = {(char)0xdc, 0, 2}, one[] = {(char)0xdc, 0, 1};
    msgpack_packer pk;

    msgpack_packer_init(&pk, out, msgpack_sbuffer_write);
    msgpack_sbuffer_write(out, two, sizeof two);
    msgpack_pack_int64(&pk, start);
    msgpack_pack_array(&pk, 2);
    pack_text(&pk, h->site);
    msgpack_sbuffer_write(out, one, sizeof one);
    msgpack_pack_array(&pk, 14);
    msgpack_pack_uint8(&pk, h->kind);
    msgpack_pack_int64(&pk, h->at - start);
    msgpack_pack_uint64(&pk, h->visitor);
    pack_text(&pk, h->path);
    msgpack_pack_uint8(&pk, h->state);
    msgpack_pack_uint64(&pk, h->tab);
    pack_text(&pk, h->name);
    msgpack_pack_uint64(&pk, h->previous);
    msgpack_pack_uint32(&pk, h->engaged);
    msgpack_pack_uint32(&pk, h->lasts | (uint32_t)h->marks << 8);
    msgpack_pack_uint32(&pk, h->device | (uint32_t)h->browser << 8 |
                                 (uint32_t)h->country[0] << 16 |
                                 (uint32_t)h->country[1] << 24);
    pack_text(&pk, h->referrer);
    pack_text(&pk, h->campaign);
    pack_text(&pk, h->term);
}

/* Of 1 to 64 bits, and often the first or the last of as many bytes. */
static uint64_t number_of_any_width(struct dice *d)
{
    uint64_t v = dice_u64(d) >> dice_below(d, 64);

    if (dice_below(d, 2))
        v = (UINT64_C(1) << dice_below(d, 64)) - dice_below(d, 2);
    return v ? v : 1;
}

/* @first begins it and nothing else, so that no text is there twice. */
static struct slice text_of_any_length(struct dice *d, char *out, char first, size_t max)
{
    size_t n = 1 + dice_below(d, dice_below(d, 2) ? max : 40 < max ? 40 : max);

    memset(out, 'x', n);
    out[0] = first;
    return (struct slice){out, n};
}

static void the_bytes_are_those_of_msgpack_c(void **state)
{
    struct dice d = {11};

    (void)state;
    for (int round = 0; round < 20000; round++) {
        static char text[6][PATH_MAX_BYTES];
        static struct body_writer w;
        mono_t start = (mono_t)(number_of_any_width(&d) >> 2);
        struct hit h = {
            .site = text_of_any_length(&d, text[0], 's', SITE_MAX),
            .path = text_of_any_length(&d, text[1], '/', PATH_MAX_BYTES),
            .name = text_of_any_length(&d, text[2], 'n', EVENT_NAME_MAX),
            .referrer = text_of_any_length(&d, text[3], 'r', REFERRER_MAX),
            .campaign = text_of_any_length(&d, text[4], 'c', CAMPAIGN_MAX),
            .term = text_of_any_length(&d, text[5], 't', CAMPAIGN_MAX),
            .visitor = number_of_any_width(&d),
            .previous = number_of_any_width(&d),
            .tab = number_of_any_width(&d),
            .engaged = (uint32_t)(number_of_any_width(&d) % ENGAGED_MAX_MS),
            .kind = (uint8_t)dice_below(&d, HIT_KINDS),
            .state = (uint8_t)dice_below(&d, HIT_STATES),
            .lasts = (uint8_t)dice_below(&d, TAB_LASTS_MAX_S),
            .country = "DE",
        };
        uint64_t away = number_of_any_width(&d) % EVENT_AGE_MAX_MS;
        msgpack_sbuffer want;

        h.at = dice_below(&d, 2) ? start + (mono_t)away : start - (mono_t)away;
        msgpack_sbuffer_init(&want);
        pack_body(&want, &h, start);
        body_begin(&w, start);
        assert_true(body_add(&w, &h));
        assert_int_equal(w.n, want.size);
        assert_memory_equal(w.bytes, want.data, w.n);
        msgpack_sbuffer_destroy(&want);
    }
}

static struct hit of_a_new_page(struct dice *d, size_t n)
{
    static char path[DATAGRAM_HITS_MAX + 1][48];

    snprintf(path[n], sizeof path[n], "/articles/2024/some-words-and-%010zu", n);
    assert_int_equal(strlen(path[n]), 40);
    return (struct hit){.site = SLICE("shop.example"),
                        .path = slice_of(path[n]),
                        .visitor = dice_u64(d) | 1ull << 63,
                        .at = START - (mono_t)dice_below(d, SENDER_LINGER_MS),
                        .kind = HIT_VIEW,
                        .state = STATE_READING};
}

static struct hit of_a_live_page(struct dice *d, size_t n)
{
    static char path[DATAGRAM_HITS_MAX + 1][48];
    struct hit h = of_a_new_page(d, n);

    snprintf(path[n], sizeof path[n], "/articles/no-%07u", (unsigned)dice_below(d, 100));
    assert_int_equal(strlen(path[n]), 20);
    h.path = slice_of(path[n]);
    return h;
}

/* Bytes of datagram per hit over many full datagrams. */
static double bytes_per_hit(struct hit (*make)(struct dice *, size_t))
{
    static struct body_writer w;
    struct hit hits[DATAGRAM_HITS_MAX + 1];
    struct dice d = {3};
    size_t bytes = 0, n = 0;

    for (int i = 0; i < 1000; i++) {
        n += fill(&w, hits, &d, make);
        bytes += WIRE_HEADER + w.n + WIRE_TAG;
    }
    return (double)bytes / (double)n;
}

static void hits_take_the_bytes_promised(void **state)
{
    double fresh = bytes_per_hit(of_a_new_page), live = bytes_per_hit(of_a_live_page);

    (void)state;
    print_message("bytes a hit: %.1f with a new 40-byte path each, %.1f with 100 live "
                  "20-byte paths\n",
                  fresh, live);
    assert_true(fresh <= 60);
    assert_true(live <= 35);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_body_is_complete),
        cmocka_unit_test(the_bytes_are_as_documented),
        cmocka_unit_test(trailing_zeros_are_left_out_and_read_back),
        cmocka_unit_test(a_site_met_again_is_an_index),
        cmocka_unit_test(whatever_is_added_is_read_by_us_and_by_msgpack),
        cmocka_unit_test(a_body_is_complete_after_each_hit),
        cmocka_unit_test(a_hit_that_does_not_fit_changes_nothing),
        cmocka_unit_test(every_hit_fits_an_empty_body),
        cmocka_unit_test(a_body_fills_to_its_last_byte),
        cmocka_unit_test(a_hit_out_of_reach_waits_for_the_next_body),
        cmocka_unit_test(the_number_of_hits_is_bounded),
        cmocka_unit_test(malformed_bodies_are_refused),
        cmocka_unit_test(what_later_versions_append_is_ignored),
        cmocka_unit_test(attention_beyond_its_bound_is_cut),
        cmocka_unit_test(of_stay_and_traits_later_values_are_cut_or_left_out),
        cmocka_unit_test(wide_forms_of_small_numbers_are_taken),
        cmocka_unit_test(the_clock_reaches_to_the_end_of_time),
        cmocka_unit_test(more_events_than_allowed_are_malformed),
        cmocka_unit_test(more_names_than_allowed_are_malformed),
        cmocka_unit_test(texts_are_taken_up_to_their_limit),
        cmocka_unit_test(every_truncation_is_malformed),
        cmocka_unit_test(damage_is_judged_as_msgpack_judges_it),
        cmocka_unit_test(the_bytes_are_those_of_msgpack_c),
        cmocka_unit_test(hits_take_the_bytes_promised),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
