/* WebSocket: who may have one, what clients send and what is made of it, what is sent.
 * Each piece of input is fed whole and byte by byte, every piece ending where memory
 * ends. Frames are written as hex with a mask of zeros, which changes nothing; masks that
 * do have a test of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../collector/conn.h"
#include "../../collector/worker.h"
#include "../../collector/ws.h"
#include "../../collector/ws_handshake.h"
#include "../../collector/ws_reader.h"
#include "../../proto/limits.h"
#include "../dice.h"
#include "../guard.h"
#include "../hex.h"

#define COUNT_OF(row) (sizeof(row) / sizeof *(row))
#define INPUT_MAX (2 * WS_MESSAGE_MAX)

/* ---- who may have one ---- */

#define GET "GET /sites/shop/ws HTTP/1.1\r\nHost: a\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"

static void a_request_is_switched_only_when_all_of_it_asks_for_that(void **state)
{
    static const struct {
        const char *head;
        int want;
    } row[] = {
        {GET UPGRADE KEY VERSION, 101},
        {GET "UPGRADE: WebSocket\r\nconnection: keep-alive, UPGRADE\r\n" KEY VERSION,
         101},
        {GET "Upgrade: h2c , websocket\r\nConnection: Upgrade\r\n" KEY VERSION, 101},
        {GET, 426},
        {GET KEY VERSION, 426},
        {GET "Upgrade: websocket\r\n" KEY VERSION, 426},
        {GET "Connection: Upgrade\r\n" KEY VERSION, 426},
        {GET "Upgrade: websockets\r\nConnection: Upgrade\r\n" KEY VERSION, 426},
        {GET "Upgrade: h2c\r\nConnection: Upgrade\r\n" KEY VERSION, 426},
        {GET UPGRADE KEY, 426},
        {GET UPGRADE KEY "Sec-WebSocket-Version: 8\r\n", 426},
        {GET UPGRADE KEY "Sec-WebSocket-Version: 013\r\n", 426},
        {GET UPGRADE KEY "Sec-WebSocket-Version: 13, 8\r\n", 426},
        {"GET / HTTP/1.0\r\n" UPGRADE KEY VERSION, 426},
        {"HEAD / HTTP/1.1\r\nHost: a\r\n" UPGRADE KEY VERSION, 426},
        {GET UPGRADE VERSION, 400},
        {GET UPGRADE VERSION "Sec-WebSocket-Key:\r\n", 400},
        {GET UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n", 400},
        {GET UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n", 400},
        {GET UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n", 400},
        {GET UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSE=\r\n", 400},
        {GET UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBs*SBub25jZQ==\r\n", 400},
        {GET UPGRADE KEY KEY VERSION, 400},
        {GET UPGRADE "Sec-WebSocket-Key:\r\n" KEY VERSION, 400},
        {GET UPGRADE VERSION KEY VERSION, 400},
        {GET UPGRADE KEY VERSION "Sec-WebSocket-Protocol: a\r\n"
                                 "Sec-WebSocket-Protocol: b\r\n",
         101},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct http_request r;
        char head[512];
        int n = snprintf(head, sizeof head, "%s\r\n", row[i].head);

        assert_int_equal(http_parse(&r, guard_copy(head, (size_t)n), (size_t)n), n);
        if (ws_handshake_check(&r) != row[i].want)
            fail_msg("%s gives %d, not %d", head, ws_handshake_check(&r), row[i].want);
    }
}

static void the_answer_to_a_key_is_that_of_the_rfc(void **state)
{
    struct slice key = SLICE("dGhlIHNhbXBsZSBub25jZQ==");
    char accept[WS_ACCEPT_LEN + 1];

    (void)state;
    ws_handshake_accept((struct slice){guard_copy(key.p, key.n), key.n}, accept);
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

/* ---- what clients send ---- */

/* All events of @bytes in pieces of @step, as "message ended:1000"; what follows the
 * last is not looked at. */
static const char *read_in_pieces(const uint8_t *bytes, size_t n, size_t step)
{
    static char trace[2][4096];
    static unsigned turn;
    static struct guard g;
    struct ws_reader r = {0};
    char *out = trace[turn++ % 2], *p = out;

    *p = 0;
    for (size_t at = 0; at < n; at += step) {
        size_t m = step < n - at ? step : n - at;
        struct slice in = {guard_put(&g, bytes + at, m), m};
        enum ws_event e;

        while ((e = ws_reader_next(&r, &in)) != WS_NOTHING) {
            p += sprintf(p, "%s", p > out ? " " : "");
            if (e == WS_MESSAGE)
                p += sprintf(p, "message");
            else if (e == WS_PINGED)
                p += sprintf(p, "ping:%.*s", r.control_n, (char *)r.control);
            else if (e == WS_PONGED)
                p += sprintf(p, "pong");
            else
                p += sprintf(p, "%s:%u", e == WS_ENDED ? "ended" : "failed", r.code);
        }
        assert_int_equal(in.n, 0);
    }
    return out;
}

static const char *read_all(const uint8_t *bytes, size_t n)
{
    const char *whole = read_in_pieces(bytes, n, n + 1);

    assert_string_equal(read_in_pieces(bytes, n, 1), whole);
    return read_in_pieces(bytes, n, 3);
}

struct row {
    const char *hex, *want;
};

static void assert_events(const struct row *row, size_t n)
{
    static uint8_t bytes[INPUT_MAX];

    for (size_t i = 0; i < n; i++) {
        const char *got = read_all(bytes, hex_bytes(row[i].hex, bytes, sizeof bytes));

        if (strcmp(got, row[i].want) != 0)
            fail_msg("%s gives \"%s\", not \"%s\"", row[i].hex, got, row[i].want);
    }
}

/* Heads: text, binary, continuation; final or not; then the mask and its zeros. */
#define M "00000000 "

static void messages_are_taken_and_ignored(void **state)
{
    static const struct row row[] = {
        {"81 80" M, "message"},
        {"81 85" M "'Hello'", "message"},
        {"82 85" M "'Hello'", "message"},
        {"82 82" M "fffe", "message"},
        {"81 85" M "'Hello' 81 80" M "82 81" M "00", "message message message"},
        {"81 8b" M "ceba e1bdb9 cf83 cebc ceb5", "message"},
        {"81 84" M "f09f9880", "message"},
        {"81 84" M "f48fbfbf", "message"},
        {"81 83" M "efbfbf", "message"},
        {"81 85", ""},
        {"81 85" M "'Hell'", ""},
    };

    (void)state;
    assert_events(row, COUNT_OF(row));
}

static void fragments_make_one_message(void **state)
{
    static const struct row row[] = {
        {"01 83" M "'abc' 80 83" M "'def'", "message"},
        {"01 80" M "00 80" M "80 80" M, "message"},
        {"01 80" M "00 81" M "'x' 80 80" M, "message"},
        {"02 81" M "ff 00 81" M "fe 80 81" M "80", "message"},
        /* control frames may come between */
        {"01 81" M "'a' 89 81" M "'p' 80 81" M "'b'", "ping:p message"},
        {"01 81" M "'a' 8a 80" M "00 81" M "'b' 89 80" M "80 80" M, "pong ping: message"},
        {"01 81" M "'a' 88 82" M "03e8", "ended:1000"},
        /* a character may be cut */
        {"01 82" M "f09f 80 82" M "9880", "message"},
        {"01 81" M "ce 89 81" M "'p' 80 81" M "ba", "ping:p message"},
        {"80 81" M "'a'", "failed:1002"},
        {"00 81" M "'a'", "failed:1002"},
        {"01 81" M "'a' 81 81" M "'b'", "failed:1002"},
        {"01 81" M "'a' 02 81" M "'b'", "failed:1002"},
        {"01 81" M "'a' 80 81" M "'b' 80 81" M "'c'", "message failed:1002"},
    };

    (void)state;
    assert_events(row, COUNT_OF(row));
}

static void text_must_be_well_formed(void **state)
{
    static const struct row row[] = {
        {"81 81" M "80", "failed:1007"},         /* a continuation alone */
        {"81 82" M "c080", "failed:1007"},       /* overlong */
        {"81 83" M "e08080", "failed:1007"},     /* overlong */
        {"81 84" M "f0808080", "failed:1007"},   /* overlong */
        {"81 83" M "eda080", "failed:1007"},     /* surrogates */
        {"81 83" M "edbfbf", "failed:1007"},     /* */
        {"81 84" M "f4908080", "failed:1007"},   /* beyond U+10FFFF */
        {"81 85" M "f888808080", "failed:1007"}, /* five bytes */
        {"81 81" M "ff", "failed:1007"},
        {"81 81" M "ce", "failed:1007"}, /* cut off */
        {"81 83" M "f09f98", "failed:1007"},
        {"01 81" M "ce 80 80" M, "failed:1007"},
        {"01 81" M "ce 80 81" M "'a'", "failed:1007"},
        {"81 81" M "'a' 81 81" M "80", "message failed:1007"},
        {"01 81" M "ce 82 80" M, "failed:1002"},
    };

    (void)state;
    assert_events(row, COUNT_OF(row));
}

static void control_frames_are_short_and_whole(void **state)
{
    static const struct row row[] = {
        {"89 80" M, "ping:"},
        {"89 84" M "'ping'", "ping:ping"},
        {"8a 84" M "'pong'", "pong"},
        {"89 81" M "'1' 89 81" M "'2' 8a 80" M "89 81" M "'3'",
         "ping:1 ping:2 pong ping:3"},
        {"89 fe 007e" M, "failed:1002"},
        {"8a fe 007e" M, "failed:1002"},
        {"88 fe 007e" M, "failed:1002"},
        {"89 ff 0000000000000001" M, "failed:1002"},
        {"09 80" M, "failed:1002"},
        {"0a 80" M, "failed:1002"},
        {"08 80" M, "failed:1002"},
    };

    (void)state;
    assert_events(row, COUNT_OF(row));
}

static void a_ping_of_125_bytes_is_kept_whole(void **state)
{
    uint8_t bytes[6 + WS_CONTROL_MAX] = {0x89, 0x80 | WS_CONTROL_MAX};
    char want[5 + WS_CONTROL_MAX + 1] = "ping:";

    (void)state;
    memset(bytes + 6, 'x', WS_CONTROL_MAX);
    memset(want + 5, 'x', WS_CONTROL_MAX);
    assert_string_equal(read_all(bytes, sizeof bytes), want);
}

static void what_is_reserved_is_refused(void **state)
{
    static const struct row row[] = {
        {"c1 80" M, "failed:1002"}, {"a1 80" M, "failed:1002"},
        {"91 80" M, "failed:1002"}, {"c9 80" M, "failed:1002"},
        {"f8 80" M, "failed:1002"}, {"83 80" M, "failed:1002"},
        {"84 80" M, "failed:1002"}, {"85 80" M, "failed:1002"},
        {"86 80" M, "failed:1002"}, {"87 80" M, "failed:1002"},
        {"8b 80" M, "failed:1002"}, {"8c 80" M, "failed:1002"},
        {"8d 80" M, "failed:1002"}, {"8e 80" M, "failed:1002"},
        {"8f 80" M, "failed:1002"}, {"81 05 'Hello'", "failed:1002"}, /* no mask */
        {"89 00", "failed:1002"},
    };

    (void)state;
    assert_events(row, COUNT_OF(row));
}

static void a_length_takes_as_few_bytes_as_it_can(void **state)
{
    static const struct row row[] = {
        {"82 fe 0000" M, "failed:1002"},
        {"82 fe 007d" M, "failed:1002"},
        {"82 fe 007e" M, ""},
        {"82 fe ffff" M, ""},
        {"82 ff 000000000000ffff" M, "failed:1002"},
        {"82 ff 0000000000010000" M, ""},
        {"82 ff 8000000000000000" M, "failed:1002"},
        {"82 ff ffffffffffffffff" M, "failed:1002"},
    };

    (void)state;
    assert_events(row, COUNT_OF(row));
}

/* A message in fragments of these lengths, of spaces. */
static const char *read_message(const size_t *length, size_t fragments)
{
    static uint8_t bytes[INPUT_MAX];
    size_t n = 0;

    for (size_t i = 0; i < fragments; i++) {
        size_t m = length[i];

        bytes[n++] = (uint8_t)((i + 1 == fragments ? 0x80 : 0) | (i == 0));
        bytes[n++] = m < 126 ? 0x80 | (uint8_t)m : m < 65536 ? 0xfe : 0xff;
        for (int shift = m < 126 ? -8 : m < 65536 ? 8 : 56; shift >= 0; shift -= 8)
            bytes[n++] = (uint8_t)((uint64_t)m >> shift);
        memset(bytes + n, 0, 4);
        memset(bytes + n + 4, ' ', m);
        n += 4 + m;
    }
    return read_all(bytes, n);
}

static void a_message_is_at_most_64_kib(void **state)
{
    static const size_t max = WS_MESSAGE_MAX;

    (void)state;
    assert_string_equal(read_message((size_t[]){max}, 1), "message");
    assert_string_equal(read_message((size_t[]){max + 1}, 1), "failed:1009");
    assert_string_equal(read_message((size_t[]){max - 1, 1, 0}, 3), "message");
    assert_string_equal(read_message((size_t[]){max, 0}, 2), "message");
    assert_string_equal(read_message((size_t[]){max, 1}, 2), "failed:1009");
    assert_string_equal(read_message((size_t[]){1, max}, 2), "failed:1009");
    assert_events((struct row[]){{"82 ff 7fffffffffffffff" M, "failed:1009"}}, 1);
}

static void the_bound_is_each_messages_own(void **state)
{
    static uint8_t bytes[3 * (8 + 40000)];

    (void)state;
    for (int i = 0; i < 3; i++)
        hex_bytes("82 fe 9c40 00000000", bytes + i * 40008, 8);
    assert_string_equal(read_all(bytes, sizeof bytes), "message message message");
}

static void a_close_frame_is_judged(void **state)
{
    static const struct row row[] = {
        {"88 80" M, "ended:1005"},
        {"88 81" M "03", "failed:1002"},
        {"88 82" M "03e8", "ended:1000"},
        {"88 85" M "03e9 'bye'", "ended:1001"},
        {"88 84" M "03e8 cebb", "ended:1000"},
        {"88 83" M "03e8 ff", "failed:1007"},
        {"88 83" M "03e8 ce", "failed:1007"},
        {"88 82" M "03ea", "ended:1002"},
        {"88 82" M "03eb", "ended:1003"},
        {"88 82" M "03ec", "failed:1002"},
        {"88 82" M "03ed", "failed:1002"},
        {"88 82" M "03ee", "failed:1002"},
        {"88 82" M "03ef", "ended:1007"},
        {"88 82" M "03f3", "ended:1011"},
        {"88 82" M "03f4", "failed:1002"},
        {"88 82" M "03f7", "failed:1002"},
        {"88 82" M "0000", "failed:1002"},
        {"88 82" M "03e7", "failed:1002"},
        {"88 82" M "0bb7", "failed:1002"},
        {"88 82" M "0bb8", "ended:3000"},
        {"88 82" M "1387", "ended:4999"},
        {"88 82" M "1388", "failed:1002"},
        {"88 82" M "ffff", "failed:1002"},
        /* an unfinished text before it does not spoil its reason */
        {"01 81" M "ce 88 83" M "03e8 'a'", "ended:1000"},
    };

    (void)state;
    assert_events(row, COUNT_OF(row));
}

static void nothing_is_read_behind_the_end(void **state)
{
    static const struct row row[] = {
        {"88 82" M "03e8 89 80" M "88 80" M, "ended:1000"},
        {"88 80" M "ffff", "ended:1005"},
        {"83 80" M "89 80" M, "failed:1002"},
        {"81 81" M "ff 89 80" M, "failed:1007"},
    };

    (void)state;
    assert_events(row, COUNT_OF(row));
}

/* Fed byte by byte, at which byte the client is told. */
static size_t bytes_until_failure(const char *hex)
{
    struct ws_reader r = {0};
    uint8_t bytes[64];
    size_t n = hex_bytes(hex, bytes, sizeof bytes);

    for (size_t i = 0; i < n; i++) {
        struct slice in = {guard_copy(bytes + i, 1), 1};

        if (ws_reader_next(&r, &in) == WS_FAILED)
            return i + 1;
    }
    return 0;
}

static void what_is_wrong_is_said_at_its_first_byte(void **state)
{
    static const struct {
        const char *hex;
        size_t at;
    } row[] = {
        {"83 80" M, 1},
        {"c1 80" M, 1},
        {"80 80" M, 1},
        {"81 05 'Hello'", 2},
        {"89 fe 0080" M, 2},
        {"88 81" M "00", 2},
        {"82 ff 0000000000010001" M "00", 14},
        {"81 85" M "'ab' ff 'cd'", 9},
        {"81 84" M "f4908080", 8},
        {"01 81" M "f4 80 83" M "908080", 14},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++)
        if (bytes_until_failure(row[i].hex) != row[i].at)
            fail_msg("%s fails at byte %zu, not %zu", row[i].hex,
                     bytes_until_failure(row[i].hex), row[i].at);
}

/* Appends a ping of @n letters behind a random mask. Returns its size. */
static size_t add_ping(uint8_t *bytes, struct dice *d, char letter, size_t n)
{
    bytes[0] = 0x89;
    bytes[1] = (uint8_t)(0x80 | n);
    dice_bytes(d, bytes + 2, 4);
    for (size_t i = 0; i < n; i++)
        bytes[6 + i] = (uint8_t)letter ^ bytes[2 + i % 4];
    return 6 + n;
}

static void every_frames_mask_is_taken_off_whatever_the_pieces(void **state)
{
    struct dice d = {.state = 1};

    (void)state;
    for (int round = 0; round < 200; round++) {
        uint8_t bytes[2 * (6 + WS_CONTROL_MAX)];
        char want[2 * (6 + WS_CONTROL_MAX)] = "ping:";
        size_t n = dice_below(&d, WS_CONTROL_MAX + 1);
        size_t used = add_ping(bytes, &d, 'a', n);

        memset(want + 5, 'a', n);
        strcpy(want + 5 + n, " ping:bbb");
        used += add_ping(bytes + used, &d, 'b', 3);
        assert_string_equal(read_all(bytes, used), want);
    }
}

/* All texts of up to four bytes out of those where a rule begins or ends. */
static void text_in_pieces_is_judged_as_the_whole(void **state)
{
    static const char edge[] = "a\x80\x8f\x90\x9f\xa0\xbf\xc1\xc2\xdf\xe0\xe1\xec\xed\xee"
                               "\xef\xf0\xf1\xf3\xf4\xf5\xff";
    const size_t edges = sizeof edge - 1;

    (void)state;
    for (size_t n = 0; n < edges * edges * edges * edges; n++) {
        char text[] = {edge[n % edges], edge[n / edges % edges],
                       edge[n / edges / edges % edges], edge[n / edges / edges / edges]};
        struct slice s = {text, sizeof text};
        struct utf8_check check = {0};
        bool whole = true, pieces = true;
        uint32_t code;

        while (s.n > 0)
            whole &= utf8_next(&s, &code);
        for (size_t i = 0; i < sizeof text && pieces; i++)
            pieces = utf8_check_take(&check, (uint8_t)text[i]);
        assert_int_equal(whole, pieces && check.more == 0);
    }
}

/* ---- what is sent ---- */

static void assert_bytes(struct buf *out, const char *hex)
{
    uint8_t want[64];
    size_t n = hex_bytes(hex, want, sizeof want);

    assert_int_equal(out->n, n);
    assert_memory_equal(out->p, want, n);
    buf_clear(out);
}

static void frames_are_whole_and_not_masked(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 1024);
    ws_frame_head(&out, WS_PING, 0);
    assert_bytes(&out, "89 00");
    ws_frame_head(&out, WS_TEXT, 125);
    assert_bytes(&out, "81 7d");
    ws_frame_head(&out, WS_TEXT, 126);
    assert_bytes(&out, "81 7e 007e");
    ws_frame_head(&out, WS_TEXT, 65535);
    assert_bytes(&out, "81 7e ffff");
    ws_frame_head(&out, WS_TEXT, 65536);
    assert_bytes(&out, "81 7f 0000000000010000");
    ws_frame_close(&out, WS_GOING_AWAY);
    assert_bytes(&out, "88 02 03e9");
    ws_frame_close(&out, WS_NO_CODE);
    assert_bytes(&out, "88 00");
    buf_fini(&out);
}

static void assert_message(const struct frame *f, const char *want)
{
    struct buf out;

    buf_init(&out, 1024);
    ws_framing.frame(&out, f);
    assert_int_equal(out.n, 2 + strlen(want));
    assert_int_equal((uint8_t)out.p[0], 0x81);
    assert_int_equal(out.p[1], strlen(want));
    assert_memory_equal(out.p + 2, want, strlen(want));
    buf_fini(&out);
}

static void a_frame_of_a_stream_is_one_message(void **state)
{
    struct frame f = {.life = 1700000000123, .id = 7, .data = SLICE("{\"a\":1}")};

    (void)state;
    f.kind = FRAME_HELLO;
    assert_message(&f,
                   "{\"type\":\"hello\",\"id\":\"1700000000123-7\",\"data\":{\"a\":1}}");
    f.kind = FRAME_EVENT;
    assert_message(&f,
                   "{\"type\":\"event\",\"id\":\"1700000000123-7\",\"data\":{\"a\":1}}");
    f.kind = FRAME_STATE;
    assert_message(&f, "{\"type\":\"state\",\"data\":{\"a\":1}}");
    f.kind = FRAME_GAP;
    assert_message(&f, "{\"type\":\"gap\",\"data\":{\"a\":1}}");
}

static void a_client_that_answers_no_ping_is_given_up(void **state)
{
    static const char pong[6] = "\x8a\x80", message[6] = "\x81\x80";
    static struct worker w;
    struct conn c = {.worker = &w};
    struct ws ws = {0};
    struct buf out;

    (void)state;
    buf_init(&out, 64);
    c.stream.own = &ws;
    for (int turn = 0; turn < 2; turn++) {
        for (int i = 0; i < WS_PINGS_MAX; i++) {
            assert_true(ws_framing.keep_alive(&c.stream, &out));
            assert_bytes(&out, "89 00");
            ws_framing.read(&c.stream, message, sizeof message);
        }
        ws_framing.read(&c.stream, pong, turn ? 0 : sizeof pong);
    }
    assert_false(ws_framing.keep_alive(&c.stream, &out));
    assert_int_equal(out.n, 0);
    assert_int_equal(w.counters.ws_messages, 2 * WS_PINGS_MAX);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_switched_only_when_all_of_it_asks_for_that),
        cmocka_unit_test(the_answer_to_a_key_is_that_of_the_rfc),
        cmocka_unit_test(messages_are_taken_and_ignored),
        cmocka_unit_test(fragments_make_one_message),
        cmocka_unit_test(text_must_be_well_formed),
        cmocka_unit_test(control_frames_are_short_and_whole),
        cmocka_unit_test(a_ping_of_125_bytes_is_kept_whole),
        cmocka_unit_test(what_is_reserved_is_refused),
        cmocka_unit_test(a_length_takes_as_few_bytes_as_it_can),
        cmocka_unit_test(a_message_is_at_most_64_kib),
        cmocka_unit_test(the_bound_is_each_messages_own),
        cmocka_unit_test(a_close_frame_is_judged),
        cmocka_unit_test(nothing_is_read_behind_the_end),
        cmocka_unit_test(what_is_wrong_is_said_at_its_first_byte),
        cmocka_unit_test(every_frames_mask_is_taken_off_whatever_the_pieces),
        cmocka_unit_test(text_in_pieces_is_judged_as_the_whole),
        cmocka_unit_test(frames_are_whole_and_not_masked),
        cmocka_unit_test(a_frame_of_a_stream_is_one_message),
        cmocka_unit_test(a_client_that_answers_no_ping_is_given_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
