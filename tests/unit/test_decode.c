/* What a datagram says is shown, genuine or not, and refused as the aggregator would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "../../cli/datagram_text.h"
#include "../../cli/decoded.h"
#include "../guard.h"

static struct secret secret, other;
static uint8_t datagram[DATAGRAM_MAX];
static size_t datagram_n;
static struct decoded d; /* large */

static int make_datagram(void **state)
{
    static struct body_writer w;
    struct hit view = {.site = SLICE("shop"),
                       .path = SLICE("/\x1b[2J"),
                       .visitor = 0x1234567890abcdef,
                       .at = 4990};
    struct hit event = {.site = SLICE("shop"),
                        .path = SLICE("/cart"),
                        .name = SLICE("buy"),
                        .visitor = 1,
                        .previous = 2,
                        .tab = 3,
                        .at = 5000,
                        .engaged = 14200,
                        .kind = HIT_EVENT,
                        .state = STATE_READING};
    struct hit message = {.site = SLICE("shop"),
                          .path = SLICE("v2 is out"),
                          .name = SLICE("ci"),
                          .visitor = VISITOR_NOBODY,
                          .at = 5001,
                          .kind = HIT_MESSAGE};
    struct wire_head head = {.type = WIRE_DATA,
                             .nshards = 2,
                             .shard = 1,
                             .stream = UINT64_MAX,
                             .epoch = UINT64_MAX,
                             .seq = UINT64_MAX,
                             .base = UINT64_MAX,
                             .ts_us = UINT64_MAX};

    (void)state;
    secret_init(&secret, "the one secret!!", 16);
    secret_init(&other, "another secret!!", 16);
    body_begin(&w, 5000);
    assert_true(body_add(&w, &view) && body_add(&w, &event) && body_add(&w, &message));
    datagram_n = wire_frame(datagram, &head, w.bytes, w.n, &secret);
    return 0;
}

static void open_with(const struct secret *s)
{
    decoded_open(&d, guard_copy(datagram, datagram_n), datagram_n, s);
}

static void assert_decoded(const char *verdict, const char *mac, bool opened)
{
    assert_string_equal(decoded_verdict(&d), verdict);
    assert_string_equal(decoded_mac(&d), mac);
    assert_int_equal(d.opened, opened);
    assert_int_equal(d.nhits, opened ? 3 : 0);
}

static void the_mac_is_judged_only_with_a_secret(void **state)
{
    (void)state;
    open_with(NULL);
    assert_decoded("ok", "unchecked", true);
    open_with(&secret);
    assert_decoded("ok", "good", true);
    open_with(&other);
    assert_decoded("bad_key", "of another key", true);
}

static void a_forged_datagram_is_shown_and_refused(void **state)
{
    (void)state;
    datagram[datagram_n - 1] ^= 1;
    open_with(&secret);
    assert_decoded("bad_mac", "wrong", true);
    open_with(NULL);
    assert_decoded("ok", "unchecked", true);
    datagram[datagram_n - 1] ^= 1;
}

static void what_has_no_shape_is_not_opened(void **state)
{
    (void)state;
    decoded_open(&d, guard_copy("HC", 2), 2, &secret);
    assert_decoded("bad_shape", "unchecked", false);
    decoded_open(&d, guard_copy(datagram, datagram_n - 1), datagram_n - 1, &secret);
    assert_decoded("bad_shape", "unchecked", false);
}

static void a_body_is_read_as_far_as_it_makes_sense(void **state)
{
    static const uint8_t body[] = {0xc1};
    struct wire_head head = {.type = WIRE_DATA, .nshards = 1, .seq = 1};
    uint8_t bad[DATAGRAM_MAX];
    size_t n = wire_frame(bad, &head, body, sizeof body, &secret);

    (void)state;
    decoded_open(&d, guard_copy(bad, n), n, &secret);
    assert_string_equal(decoded_verdict(&d), "malformed");
    assert_int_equal(d.nhits, 0);
}

/* Whatever numbers a sender chooses, the JSON is JSON. */
static void json_is_one_line_of_json(void **state)
{
    struct buf out;
    json_t *json, *hit;

    (void)state;
    open_with(&secret);
    buf_init(&out, 100000);
    decoded_json(&d, &out);
    assert_ptr_equal(memchr(out.p, '\n', out.n), out.p + out.n - 1);
    json = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "stream")),
                        "ffffffffffffffff");
    assert_string_equal(json_string_value(json_object_get(json, "epoch")),
                        "18446744073709551615");
    assert_int_equal(json_array_size(json_object_get(json, "hits")), 3);
    hit = json_array_get(json_object_get(json, "hits"), 0);
    assert_null(json_object_get(hit, "engaged"));
    hit = json_array_get(json_object_get(json, "hits"), 1);
    assert_int_equal(json_integer_value(json_object_get(hit, "engaged")), 14200);
    hit = json_array_get(json_object_get(json, "hits"), 2);
    assert_string_equal(json_string_value(json_object_get(hit, "kind")), "message");
    assert_string_equal(json_string_value(json_object_get(hit, "text")), "v2 is out");
    json_decref(json);
    buf_fini(&out);
}

static void buf_must_contain(const struct buf *out, const char *text)
{
    if (!memmem(out->p, out->n, text, strlen(text)))
        fail_msg("no '%s' in: %.*s", text, (int)out->n, out->p);
}

/* Opens @n bytes and writes what they say, as text or as JSON. */
static struct buf said(const uint8_t *bytes, size_t n, bool json)
{
    const struct term term = {0};
    struct buf out;

    decoded_open(&d, guard_copy(bytes, n), n, &secret);
    buf_init(&out, 100000);
    if (json)
        decoded_json(&d, &out);
    else
        decoded_text(&d, &term, &out);
    return out;
}

static void a_ping_has_no_hits(void **state)
{
    struct wire_head head = {
        .type = WIRE_PING, .nshards = 1, .stream = 1, .epoch = 2, .seq = 3, .base = 3};
    uint8_t ping[DATAGRAM_MAX];
    size_t n = wire_frame(ping, &head, NULL, 0, &secret);
    struct buf out = said(ping, n, false);

    (void)state;
    assert_string_equal(decoded_verdict(&d), "ok");
    buf_must_contain(&out, "type     2 (PING)\n");
    buf_must_contain(&out, "seq      3, resendable from 3\n");
    assert_null(memmem(out.p, out.n, "hits", 4));
    buf_fini(&out);
    out = said(ping, n, true);
    buf_must_contain(&out, "\"type\":2");
    buf_fini(&out);
}

static void an_ack_tells_what_came(void **state)
{
    struct wire_ack ack = {.nshards = 1,
                           .stream = 1,
                           .epoch = UINT64_MAX,
                           .ack_no = 9,
                           .cum = 40,
                           .sack = 5,
                           .durable = 30,
                           .echo_us = 77,
                           .window = 256};
    uint8_t bytes[WIRE_ACK_BYTES];
    struct buf out;
    json_t *json;

    (void)state;
    wire_ack_frame(bytes, &ack, &secret);
    out = said(bytes, sizeof bytes, false);
    assert_string_equal(decoded_verdict(&d), "ok");
    assert_string_equal(decoded_mac(&d), "good");
    buf_must_contain(&out, "type     3 (ACK)\n");
    buf_must_contain(&out, "received up to 40, 42, 44\n");
    buf_must_contain(&out, "durable  up to 30\n");
    buf_fini(&out);
    out = said(bytes, sizeof bytes, true);
    json = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "received")), "40");
    assert_int_equal(json_integer_value(json_object_get(json, "window")), 256);
    json_decref(json);
    buf_fini(&out);
    bytes[20] ^= 1;
    out = said(bytes, sizeof bytes, false);
    assert_string_equal(decoded_verdict(&d), "bad_mac");
    assert_true(d.opened);
    buf_fini(&out);
}

static void text_is_safe_for_a_terminal(void **state)
{
    const struct term term = {0};
    struct buf out;

    (void)state;
    open_with(&secret);
    buf_init(&out, 100000);
    decoded_text(&d, &term, &out);
    assert_null(memchr(out.p, '\x1b', out.n));
    assert_non_null(memmem(out.p, out.n, "/\\x1b[2J", 8));
    assert_non_null(memmem(out.p, out.n, "1234567890abcdef", 16));
    buf_must_contain(&out, "engaged  name");
    buf_must_contain(&out, "14200  buy");
    buf_fini(&out);
}

/* A datagram of a connection, a view from elsewhere and a query. */
static size_t make_newer(uint8_t *out)
{
    static struct body_writer w;
    struct hit h = {.site = SLICE("shop"), .path = SLICE("/"), .visitor = 7, .at = 5000};
    struct wire_head head = {.type = WIRE_DATA, .nshards = 1, .seq = 1};
    struct hit join = h, query = h;

    join.kind = HIT_JOIN;
    join.lasts = 60;
    join.marks = HIT_HELD | HIT_COUNTED;
    query.kind = HIT_QUERY;
    query.path = SLICE("SELECT 1");
    h.device = DEVICE_MOBILE;
    h.browser = BROWSER_SAFARI;
    memcpy(h.country, "DE", 2);
    h.referrer = SLICE("example.org");
    h.campaign = SLICE("spring");
    h.term = SLICE("shoes");
    body_begin(&w, 5000);
    assert_true(body_add(&w, &join) && body_add(&w, &h) && body_add(&w, &query));
    return wire_frame(out, &head, w.bytes, w.n, &secret);
}

static void connections_traits_and_referrers_are_shown(void **state)
{
    uint8_t bytes[DATAGRAM_MAX];
    size_t n = make_newer(bytes);
    struct buf out = said(bytes, n, false);

    (void)state;
    buf_must_contain(
        &out, "stay              traits            referrer     campaign  term   path");
    buf_must_contain(
        &out, "60s,held,counted  -                                               /");
    buf_must_contain(
        &out, "-                 mobile,Safari,DE  example.org  spring    shoes  /");
    buf_fini(&out);
    out = said(bytes, n, true);
    buf_must_contain(&out, "\"lasts\":60,\"held\":true,\"counted\":true,\"path\":\"/\"");
    buf_must_contain(&out, "\"device\":\"mobile\",\"browser\":\"Safari\",\"country\":"
                           "\"DE\",\"referrer\":\"example.org\","
                           "\"campaign\":\"spring\",\"term\":\"shoes\","
                           "\"path\":\"/\"");
    buf_must_contain(&out, "\"text\":\"SELECT 1\"");
    buf_fini(&out);
}

static void hex_and_raw_are_told_apart(void **state)
{
    static const struct {
        struct slice text, want;
    } rows[] = {
        {SLICE(""), SLICE("")},
        {SLICE("4843"), SLICE("HC")},
        {SLICE("48 43\n01:0A\r\n\tff "), SLICE("HC\x01\x0a\xff")},
        {SLICE("HC4843"), SLICE("HC4843")},
        {SLICE("484"), SLICE("484")},
        {SLICE("4 8"), SLICE("4 8")},
        {SLICE("48 4x"), SLICE("48 4x")},
        {SLICE(" \n"), SLICE(" \n")},
        {SLICE("\x00\xff"), SLICE("\x00\xff")},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice raw = {guard_copy(rows[i].text.p, rows[i].text.n), rows[i].text.n};
        uint8_t *out = guard_copy(raw.p, raw.n);
        size_t n = datagram_bytes(raw, out);

        if (!slice_eq((struct slice){(char *)out, n}, rows[i].want))
            fail_msg("row %zu: %zu bytes", i, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mac_is_judged_only_with_a_secret),
        cmocka_unit_test(a_forged_datagram_is_shown_and_refused),
        cmocka_unit_test(what_has_no_shape_is_not_opened),
        cmocka_unit_test(a_body_is_read_as_far_as_it_makes_sense),
        cmocka_unit_test(json_is_one_line_of_json),
        cmocka_unit_test(a_ping_has_no_hits),
        cmocka_unit_test(an_ack_tells_what_came),
        cmocka_unit_test(text_is_safe_for_a_terminal),
        cmocka_unit_test(connections_traits_and_referrers_are_shown),
        cmocka_unit_test(hex_and_raw_are_told_apart),
    };

    return cmocka_run_group_tests(tests, make_datagram, NULL);
}
