/* The feed port and the notification port: bytes to lines, lines to commands, frames to
 * lines, addresses to messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../collector/conn.h"
#include "../../collector/feed_command.h"
#include "../../collector/feed_line.h"
#include "../../collector/feed_session.h"
#include "../../collector/line_reader.h"
#include "../../collector/notify.h"
#include "../../collector/query.h"
#include "../../collector/worker.h"
#include "../../proto/hit.h"
#include "../../proto/recent_event.h"
#include "../guard.h"

#define T(text) text, sizeof(text) - 1

static struct slice guarded(const char *text, size_t n)
{
    return (struct slice){guard_copy(text, n), n};
}

static void assert_slice(struct slice have, const char *want)
{
    if (!slice_eq(have, slice_of(want)))
        fail_msg("\"%.*s\" is not \"%s\"", (int)have.n, have.p, want);
}

/* ---- lines ---- */

/* All lines, each behind by a '|'; "!" where one was too long. */
static void read_lines(struct line_reader *r, struct slice in, struct buf *out)
{
    enum line_step step;
    struct slice line;

    while ((step = line_reader_next(r, &in, &line)) == LINE_WHOLE) {
        buf_slice(out, line);
        buf_str(out, "|");
    }
    if (step == LINE_TOO_LONG)
        buf_str(out, "!");
    else
        assert_int_equal(in.n, 0);
}

/* The bytes whole, and in pieces of each length. */
static void must_read(const char *bytes, size_t n, const char *lines)
{
    for (size_t piece = 1; piece <= n; piece++) {
        struct line_reader r = {0};
        struct buf out;

        buf_init(&out, 8192);
        for (size_t at = 0; at < n; at += piece)
            read_lines(&r, guarded(bytes + at, n - at < piece ? n - at : piece), &out);
        assert_slice(buf_get(&out), lines);
        buf_fini(&out);
    }
}

static void a_line_ends_with_lf_or_cr_lf(void **state)
{
    (void)state;
    must_read(T("watch shop\n"), "watch shop|");
    must_read(T("watch shop\r\n"), "watch shop|");
    must_read(T("a\nb\r\n\nc"), "a|b||");
    must_read(T("\r\n\r\n"), "||");
    must_read(T("a\rb\n"), "a\rb|");
    must_read(T("a\r\r\n"), "a\r|");
    must_read(T("\xc3\xbc\n"), "\xc3\xbc|");
}

static void what_telnet_negotiates_is_no_part_of_a_line(void **state)
{
    (void)state;
    must_read(T("\xff\xfd\x03\xff\xfb\x18watch shop\r\n"), "watch shop|");
    must_read(T("wat\xff\xfc\nch\n"), "watch|"); /* an option that looks like LF */
    must_read(T("a\xff\xf4\xff\xfd\x06"
                "b\n"),
              "ab|"); /* Ctrl-C in telnet */
    must_read(T("a\xff\xfa\x18\nx\xff\xff\xf0y\xff\xf0"
                "b\n"),
              "ab|");
    must_read(T("a\xff\xff"
                "b\n"),
              "ab|");
    must_read(T("a\xff\xfa never ended\n"), "");
    must_read(T("a\r\xff\xf1\n"), "a|");
}

static void a_line_may_be_so_long_and_no_longer(void **state)
{
    static char bytes[FEED_LINE_MAX + 8], lines[FEED_LINE_MAX + 8];

    (void)state;
    memset(bytes, 'x', sizeof bytes);
    memcpy(bytes + FEED_LINE_MAX, "\r\n", 2);
    memset(lines, 'x', FEED_LINE_MAX);
    strcpy(lines + FEED_LINE_MAX, "|");
    for (size_t cr = 0; cr < 2; cr++) {
        struct line_reader r = {0};
        struct buf out;

        bytes[FEED_LINE_MAX] = cr ? '\r' : '\n';
        buf_init(&out, 8192);
        for (size_t i = 0; i < FEED_LINE_MAX + 1 + cr; i++)
            read_lines(&r, guarded(bytes + i, 1), &out);
        assert_slice(buf_get(&out), lines);
        buf_fini(&out);
    }
    for (int last = 0; last < 2; last++) { /* a CR in the last place that ends no line */
        struct line_reader r = {0};
        struct buf out;

        memcpy(bytes + FEED_LINE_MAX, last ? "\rx\n" : "xx\n", 3);
        buf_init(&out, 8192);
        read_lines(&r, guarded(bytes, FEED_LINE_MAX + 3), &out);
        assert_slice(buf_get(&out), "!");
        buf_fini(&out);
    }
}

/* ---- commands ---- */

static void must_parse(const char *line, struct feed_command want)
{
    struct feed_command c = feed_command_parse(guarded(line, strlen(line)));

    if (c.verb != want.verb || c.json != want.json || !slice_eq(c.site, want.site) ||
        !slice_eq(c.token, want.token) || !slice_eq(c.ms, want.ms) ||
        !slice_eq(c.text, want.text))
        fail_msg("\"%s\": %d site=%.*s token=%.*s text=%.*s", line, c.verb, (int)c.site.n,
                 c.site.p, (int)c.token.n, c.token.p, (int)c.text.n, c.text.p);
}

static void a_command_is_a_verb_and_its_words(void **state)
{
    static const struct {
        const char *line;
        struct feed_command want;
    } rows[] = {
        {"", {.verb = FEED_NOTHING}},
        {" \t ", {.verb = FEED_NOTHING}},
        {"help", {.verb = FEED_HELP}},
        {"  quit \t", {.verb = FEED_QUIT}},
        {"watch shop", {.verb = FEED_WATCH, .site = {T("shop")}}},
        {"watch\tshop  json ", {.verb = FEED_WATCH, .site = {T("shop")}, .json = true}},
        {"watch shop hc_x",
         {.verb = FEED_WATCH, .site = {T("shop")}, .token = {T("hc_x")}}},
        {"watch shop hc_x json",
         {.verb = FEED_WATCH, .site = {T("shop")}, .token = {T("hc_x")}, .json = true}},
        {"watch", {.verb = FEED_WATCH}},
        {"send shop hc_x v2  is out",
         {.verb = FEED_SEND,
          .site = {T("shop")},
          .token = {T("hc_x")},
          .text = {T("v2  is out")}}},
        {"send shop hc_x",
         {.verb = FEED_SEND, .site = {T("shop")}, .token = {T("hc_x")}}},
        {"send", {.verb = FEED_SEND}},
        {"query shop hc_x 12.5 SELECT  1",
         {.verb = FEED_QUERY,
          .site = {T("shop")},
          .token = {T("hc_x")},
          .ms = {T("12.5")},
          .text = {T("SELECT  1")}}},
        {"query shop", {.verb = FEED_QUERY, .site = {T("shop")}}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        must_parse(rows[i].line, rows[i].want);
}

static void anything_else_is_unknown(void **state)
{
    static const char *const rows[] = {"x",
                                       "watc",
                                       "watchx",
                                       "Watch shop",
                                       "help me",
                                       "quit now",
                                       "watch shop json json",
                                       "watch shop json hc_x",
                                       "watch shop hc_x other",
                                       "watch shop hc_x json more",
                                       "GET / HTTP/1.1",
                                       "\xff"};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(feed_command_parse(guarded(rows[i], strlen(rows[i]))).verb,
                         FEED_UNKNOWN);
}

/* ---- what is told ---- */

static void must_tell(struct frame f, const char *text, const char *json)
{
    struct buf out;

    f.data = guarded(f.data.p, f.data.n);
    buf_init(&out, 8192);
    feed_line_text(&out, &f);
    assert_slice(buf_get(&out), text);
    buf_clear(&out);
    feed_line_json(&out, &f);
    assert_slice(buf_get(&out), json);
    buf_fini(&out);
}

static void frames_are_lines_and_a_state_is_none(void **state)
{
    (void)state;
    must_tell((struct frame){.kind = FRAME_HELLO,
                             .data = {T("{\"site\":\"my.shop-1\",\"resumed\":false}")}},
              "ok watching my.shop-1\n", "ok watching my.shop-1\n");
    must_tell((struct frame){.kind = FRAME_STATE, .data = {T("{\"v\":1}")}}, "", "");
    must_tell((struct frame){.kind = FRAME_GAP, .data = {T("{\"from\":2,\"to\":4}")}},
              "# 3 events were missed\n", "# 3 events were missed\n");
    must_tell((struct frame){.kind = FRAME_GAP, .data = {T("{\"from\":4,\"to\":4}")}},
              "# 1 event was missed\n", "# 1 event was missed\n");
}

/* An event as an aggregator writes it. */
static void must_show(uint8_t kind, const char *path, const char *name, const char *line)
{
    struct recent_event e = {.id = 7,
                             .kind = kind,
                             .at = 1763797921450, /* 2025-11-22T07:52:01.450Z */
                             .path = slice_of(path),
                             .name = slice_of(name)};
    struct buf json, with_end;
    struct json j;

    buf_init(&json, 8192);
    buf_init(&with_end, 8192);
    json_init(&j, &json);
    recent_event_json(&j, &e);
    buf_slice(&with_end, buf_get(&json));
    buf_add(&with_end, "\n", 2);
    must_tell((struct frame){.kind = FRAME_EVENT, .id = 7, .data = buf_get(&json)}, line,
              with_end.p);
    buf_fini(&json);
    buf_fini(&with_end);
}

static void events_are_told_with_their_time_and_kind(void **state)
{
    (void)state;
    must_show(HIT_VIEW, "/cart", "", "07:52:01 view /cart\n");
    must_show(HIT_VIEW, "", "", "07:52:01 view\n");
    must_show(HIT_EVENT, "/cart", "sign up", "07:52:01 event sign up on /cart\n");
    must_show(HIT_EVENT, "", "signup", "07:52:01 event signup\n");
    must_show(HIT_MESSAGE, "v2 is out", "ci", "07:52:01 message ci: v2 is out\n");
    must_show(HIT_MESSAGE, "v2 is out", "", "07:52:01 message v2 is out\n");
    must_show(HIT_VIEW, "/\xc3\xbc\xe2\x82\xac\xf0\x9f\x9a\x80", "",
              "07:52:01 view /\xc3\xbc\xe2\x82\xac\xf0\x9f\x9a\x80\n");
}

#define BAD "\xef\xbf\xbd"

static void a_query_is_told_with_its_time(void **state)
{
    static const struct {
        const char *json, *line;
    } rows[] = {
        {"{\"id\":7,\"type\":\"query\",\"timestamp\":1763797921450,"
         "\"text\":\"SELECT 1\",\"ms\":12}",
         "07:52:01 query 12 ms SELECT 1\n"},
        {"{\"id\":7,\"type\":\"query\",\"timestamp\":1763797921450,"
         "\"text\":\"SELECT 1\",\"name\":\"db\",\"ms\":0}",
         "07:52:01 query 0 ms db: SELECT 1\n"},
    };
    char with_end[200];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(with_end, sizeof with_end, "%s\n", rows[i].json);
        must_tell(
            (struct frame){.kind = FRAME_EVENT, .id = 7, .data = slice_of(rows[i].json)},
            rows[i].line, with_end);
    }
}

static void no_text_reaches_the_terminal_as_anything_but_text(void **state)
{
    (void)state;
    must_show(HIT_VIEW, "/a\n07:00:00 view /b", "",
              "07:52:01 view /a" BAD "07:00:00 view /b\n");
    must_show(HIT_MESSAGE, "\x1b]0;x\x07\r\x08\x7f", "",
              "07:52:01 message " BAD "]0;x" BAD BAD BAD BAD "\n");
    must_show(HIT_EVENT,
              "/\xc2\x9b"
              "1m",
              "\xe2\x80\xaeona", /* C1 CSI, and RLO */
              "07:52:01 event " BAD "ona on /" BAD "1m\n");
    must_show(HIT_MESSAGE,
              "a\xe2\x80\xa8"
              "b\xff",
              "", "07:52:01 message a" BAD "b" BAD "\n");
}

static void what_cannot_be_shown_is_said_to_be_so(void **state)
{
    static const char *const rows[] = {
        "{\"id\":9,\"type\":\"poem\",\"timestamp\":1,\"verse\":\"x\"}",
        "{\"id\":9,\"type\":\"event\",\"timestamp\":1,\"path\":\"x\"}", "{}", ""};
    char json[128];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(json, sizeof json, "%s\n", rows[i]);
        must_tell((struct frame){.kind = FRAME_EVENT, .id = 9, .data = slice_of(rows[i])},
                  "# event 9 cannot be shown here\n", json);
    }
}

static void who_watches_is_kept_and_who_does_not_is_closed_when_silent(void **state)
{
    static struct worker w;
    struct conn c = {.worker = &w};
    struct watch *some = (struct watch *)&w;
    struct buf out;

    (void)state;
    buf_init(&out, 64);
    assert_int_equal(feed_framing.silence, DEADLINE_FEED);
    assert_false(feed_framing.keep_alive(&c.stream, &out));
    assert_int_equal(w.counters.feed_idle, 1);
    assert_int_equal(out.n, 0);
    c.stream.watch = some;
    assert_true(feed_json_framing.keep_alive(&c.stream, &out));
    assert_slice(buf_get(&out), "#\n");
    assert_int_equal(w.counters.feed_idle, 1);
    buf_fini(&out);
}

/* ---- notifications ---- */

static void must_notify(const char *path, const char *site, const char *name,
                        const char *text)
{
    struct posted m;
    struct slice s;

    if (!notify_parse(guarded(path, strlen(path)), &s, &m))
        fail_msg("%s was refused", path);
    assert_slice(s, site);
    assert_slice((struct slice){m.name, m.name_n}, name);
    assert_slice((struct slice){m.text, m.text_n}, text);
}

static void an_address_is_a_site_a_service_and_a_text(void **state)
{
    (void)state;
    must_notify("/shop/ci/x", "shop", "ci", "x");
    must_notify("/shop/ci/v2%20is%20out", "shop", "ci", "v2 is out");
    must_notify("/shop/c%2Fi/1+1=2/3%", "shop", "c/i", "1+1=2/3%");
    must_notify("/shop//x", "shop", "", "x");
    must_notify("/shop/ci/%C3%BC%FF%0Ax", "shop", "ci", "\xc3\xbc" BAD "x");
}

static void what_names_no_site_or_says_nothing_is_refused(void **state)
{
    static const char *const rows[] = {"",          "/",
                                       "*",         "/shop",
                                       "/shop/",    "/shop/ci",
                                       "/shop/ci/", "/shop/ci/%20",
                                       "/../ci/x",  "/sh%6Fp/ci/x",
                                       "//ci/x",    "/b@d/ci/x"};
    static char path[HTTP_REQUEST_LINE_MAX + 64] = "/shop/ci/";
    struct posted m;
    struct slice s;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (notify_parse(guarded(rows[i], strlen(rows[i])), &s, &m))
            fail_msg("%s was taken", rows[i]);
    memset(path + 9, 'x', sizeof path - 9);
    assert_true(notify_parse(guarded(path, HTTP_REQUEST_LINE_MAX), &s, &m));
    assert_int_equal(m.text_n, PATH_MAX_BYTES);
    assert_false(notify_parse(guarded(path, HTTP_REQUEST_LINE_MAX + 1), &s, &m));
}

static void a_plus_in_a_path_is_itself(void **state)
{
    char out[32];

    (void)state;
    assert_slice(query_decode_path(guarded(T("a+b%2B%")), out), "a+b+%");
    assert_slice(query_decode(guarded(T("a+b%2B%")), out), "a b+%");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_ends_with_lf_or_cr_lf),
        cmocka_unit_test(what_telnet_negotiates_is_no_part_of_a_line),
        cmocka_unit_test(a_line_may_be_so_long_and_no_longer),
        cmocka_unit_test(a_command_is_a_verb_and_its_words),
        cmocka_unit_test(anything_else_is_unknown),
        cmocka_unit_test(frames_are_lines_and_a_state_is_none),
        cmocka_unit_test(events_are_told_with_their_time_and_kind),
        cmocka_unit_test(a_query_is_told_with_its_time),
        cmocka_unit_test(no_text_reaches_the_terminal_as_anything_but_text),
        cmocka_unit_test(what_cannot_be_shown_is_said_to_be_so),
        cmocka_unit_test(who_watches_is_kept_and_who_does_not_is_closed_when_silent),
        cmocka_unit_test(an_address_is_a_site_a_service_and_a_text),
        cmocka_unit_test(what_names_no_site_or_says_nothing_is_refused),
        cmocka_unit_test(a_plus_in_a_path_is_itself),
    };

    return cmocka_run_group_tests_name("feed_port", tests, NULL, NULL);
}
