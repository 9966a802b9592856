/* PROTOCOL.md against the code: the worked examples and the tables of counters. Run from
 * the project's root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../aggregator/counters.h"
#include "../../collector/counters.h"
#include "../../proto/body.h"
#include "../../proto/loop/admin.h"
#include "../../proto/summary.h"
#include "../../proto/wire.h"
#include "../text_list.h"

static char *page;

static int read_page(void **state)
{
    FILE *in = fopen("proto/PROTOCOL.md", "r");
    long n;

    (void)state;
    if (!in || fseek(in, 0, SEEK_END) < 0 || (n = ftell(in)) < 0)
        return -1;
    rewind(in);
    page = calloc(1, (size_t)n + 1);
    n = page && fread(page, 1, (size_t)n, in) == (size_t)n ? 0 : -1;
    fclose(in);
    return (int)n;
}

static int free_page(void **state)
{
    (void)state;
    free(page);
    return 0;
}

static void expect_text(const char *text)
{
    if (strstr(page, text))
        return;
    fprintf(stderr, "PROTOCOL.md lacks, word for word:\n%s\n", text);
    fail();
}

/* As the page prints bytes: sixteen a line, indented by four. */
static void expect_hex(const uint8_t *bytes, size_t n)
{
    char text[4096], *p = text;

    for (size_t i = 0; i < n; i++)
        p += sprintf(p, "%s%02x%s", i % 16 ? " " : "    ", bytes[i],
                     i % 16 == 15 || i == n - 1 ? "\n" : "");
    expect_text(text);
}

static void the_worked_example_is_what_the_code_makes(void **state)
{
    static struct body_writer w;
    struct hit h = {.site = SLICE("shop"),
                    .path = SLICE("/cart"),
                    .visitor = 0x1122334455667788,
                    .kind = HIT_VIEW,
                    .at = 60000};
    struct wire_head head = {.type = WIRE_DATA,
                             .nshards = 1,
                             .stream = 0x0102030405060708,
                             .seq = 1,
                             .base = 1,
                             .ts_us = 75005000};
    uint8_t out[DATAGRAM_MAX];
    struct secret secret;

    (void)state;
    secret_init(&secret, "correct horse battery staple", 28);
    body_begin(&w, 60000);
    assert_true(body_add(&w, &h));
    h.kind = HIT_EVENT;
    h.name = SLICE("signup");
    h.state = STATE_READING;
    h.at = 60003;
    assert_true(body_add(&w, &h));
    h.kind = HIT_HEARTBEAT;
    h.name = SLICE("");
    h.at = 75000;
    h.engaged = 14200;
    assert_true(body_add(&w, &h));
    expect_hex(w.bytes, w.n);
    expect_hex(out, wire_frame(out, &head, w.bytes, w.n, &secret));
}

/* JSON on the page is broken into lines and indented, which is not said of ours. */
static void expect_json(const char *text)
{
    char *flat = calloc(1, strlen(page) + 1), *out = flat;

    for (const char *p = page; *p; p++) {
        if (*p == '\n')
            p += strspn(p + 1, " ");
        else
            *out++ = *p;
    }
    if (!strstr(flat, text)) {
        fprintf(stderr, "PROTOCOL.md lacks, but for line ends:\n%s\n", text);
        fail();
    }
    free(flat);
}

#define VIEW                                                                          \
    "{\"id\":3,\"type\":\"pageview\",\"timestamp\":1763812860000,\"path\":\"/cart\"," \
    "\"visitor\":\"5f2c0a91\",\"device\":\"mobile\",\"browser\":\"Safari\","          \
    "\"country\":\"DE\",\"referrer\":\"news.example\"}"
#define EVENT                                                           \
    "{\"id\":4,\"type\":\"event\",\"timestamp\":1763812860400,\"path\"" \
    ":\"/cart\",\"name\":\"signup\",\"goals\":[\"signup\"]}"

static const char *const snapshot[] = {"T",
                                       "1763812861",
                                       "456000",
                                       "M",
                                       "4",
                                       "e",
                                       "1763812800123",
                                       "q",
                                       "17",
                                       "n",
                                       "21",
                                       "t",
                                       "1763812861456",
                                       "O",
                                       "6",
                                       "w",
                                       "1",
                                       "r",
                                       "1",
                                       "tabs",
                                       "3",
                                       "m",
                                       "1",
                                       "p:/",
                                       "1",
                                       "p:/cart",
                                       "2",
                                       "A",
                                       "12",
                                       "pv",
                                       "1234",
                                       "vis",
                                       "567",
                                       "con",
                                       "89",
                                       "cnt",
                                       "7",
                                       "since",
                                       "1762000000000",
                                       "peak",
                                       "9",
                                       "peak_at",
                                       "1763000000000",
                                       "day",
                                       "20414",
                                       "dpeak",
                                       "3",
                                       "dpeak_at",
                                       "1763812859000",
                                       "life",
                                       "1762000000000",
                                       "i",
                                       "4",
                                       "C",
                                       "4",
                                       "v",
                                       "1",
                                       "al:busy",
                                       "on above online 2 1763812859000 "
                                       "1763812859000 2",
                                       "g:order",
                                       "",
                                       "g:signup",
                                       "",
                                       "N",
                                       "1",
                                       "/",
                                       "Home",
                                       "B",
                                       "29396881",
                                       "15",
                                       "a:signup",
                                       "1",
                                       "pv",
                                       "1",
                                       "ev",
                                       "1",
                                       "uniq",
                                       "1",
                                       "last",
                                       "1",
                                       "eng",
                                       "14200",
                                       "r:news.example",
                                       "1",
                                       "d:mobile",
                                       "1",
                                       "w:Safari",
                                       "1",
                                       "g:DE",
                                       "1",
                                       "q",
                                       "2",
                                       "q50",
                                       "12",
                                       "q95",
                                       "41",
                                       "qh",
                                       "12:1 36:1",
                                       "p:/cart",
                                       "1",
                                       "B",
                                       "29396880",
                                       "9",
                                       "c:spring",
                                       "1",
                                       "k:red shoes",
                                       "1",
                                       "r:-",
                                       "2",
                                       "d:desktop",
                                       "3",
                                       "w:Chrome",
                                       "3",
                                       "pv",
                                       "3",
                                       "last",
                                       "2",
                                       "eng",
                                       "81100",
                                       "p:/",
                                       "2",
                                       "R",
                                       "2",
                                       VIEW,
                                       EVENT};

/* The summary of the page's example; its text is in @l. */
static struct summary example(struct text_list *l)
{
    struct summary s;

    for (size_t i = 0; i < sizeof snapshot / sizeof *snapshot; i++)
        text_list_add(l, snapshot[i], strlen(snapshot[i]));
    assert_int_equal(summary_parse(&s, l->v, l->n, MINUTES_DEFAULT), 0);
    return s;
}

static void the_realtime_answer_is_what_the_code_makes(void **state)
{
    struct text_list l = {NULL, 0};
    struct summary s = example(&l);
    struct buf out;
    char *rest;

    (void)state;
    buf_init(&out, ANSWER_MAX);
    summary_json(&s, SLICE("shop"), &out);
    buf_add(&out, "", 1);
    rest = strstr(out.p, ",{\"minute\":1763811180000");
    assert_non_null(rest);
    *rest = '\0';
    expect_json(out.p);
    rest = strstr(rest + 1, "{\"minute\":1763812860000");
    assert_non_null(rest);
    expect_json(rest);
    buf_fini(&out);
    summary_fini(&s);
    text_list_free(&l);
}

static void the_message_is_what_the_code_makes(void **state)
{
    const struct recent_event events[] = {{.id = 3,
                                           .kind = HIT_VIEW,
                                           .at = 1763812860000,
                                           SLICE("/cart"),
                                           .referrer = SLICE("news.example"),
                                           .visitor = 0x5f2c0a91,
                                           .device = DEVICE_MOBILE,
                                           .browser = BROWSER_SAFARI,
                                           .country = "DE"},
                                          {.id = 4,
                                           .kind = HIT_EVENT,
                                           .at = 1763812860400,
                                           SLICE("/cart"),
                                           SLICE("signup"),
                                           .goals = SLICE("signup")}};
    struct text_list l = {NULL, 0};
    struct summary s = example(&l);
    struct delta d = summary_delta(&s, SLICE("shop"));
    struct buf out;

    (void)state;
    d.new_views = d.new_events = d.new_visitors = 1;
    d.events = events;
    d.nevents = 2;
    buf_init(&out, MESSAGE_MAX + 1);
    delta_encode(&d, &out);
    buf_add(&out, "", 1);
    expect_json(out.p);
    buf_fini(&out);
    summary_fini(&s);
    text_list_free(&l);
}

COUNTERS_ROWS(counters, COLLECTOR_COUNTERS);
COUNTERS_ROWS(aggregator_counters, AGGREGATOR_COUNTERS);
COUNTERS_ROWS(admin_counters, ADMIN_COUNTERS);

static void every_counter_stands_in_its_table(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 64 * 1024);
    counters_markdown(&out, counters_rows, COUNTERS_COUNT(COLLECTOR_COUNTERS));
    buf_add(&out, "", 1);
    expect_text(out.p);
    buf_clear(&out);
    counters_markdown(&out, aggregator_counters_rows,
                      COUNTERS_COUNT(AGGREGATOR_COUNTERS));
    buf_add(&out, "", 1);
    expect_text(out.p);
    buf_clear(&out);
    counters_markdown(&out, admin_counters_rows, COUNTERS_COUNT(ADMIN_COUNTERS));
    buf_add(&out, "", 1);
    expect_text(out.p);
    buf_fini(&out);
}

/* /counters puts a daemon's tables into one object. */
static void expect_apart(const struct counter_row *a, size_t an,
                         const struct counter_row *b, size_t bn)
{
    for (size_t i = 0; i < an; i++)
        for (size_t k = 0; k < bn; k++)
            if (&a[i] != &b[k] && strcmp(a[i].name, b[k].name) == 0)
                fail_msg("two counters are called %s", a[i].name);
}

static void no_two_counters_of_a_daemon_share_a_name(void **state)
{
    const size_t collector = COUNTERS_COUNT(COLLECTOR_COUNTERS);
    const size_t aggregator = COUNTERS_COUNT(AGGREGATOR_COUNTERS);
    const size_t admin = COUNTERS_COUNT(ADMIN_COUNTERS);

    (void)state;
    expect_apart(counters_rows, collector, counters_rows, collector);
    expect_apart(counters_rows, collector, admin_counters_rows, admin);
    expect_apart(aggregator_counters_rows, aggregator, aggregator_counters_rows,
                 aggregator);
    expect_apart(aggregator_counters_rows, aggregator, admin_counters_rows, admin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worked_example_is_what_the_code_makes),
        cmocka_unit_test(the_realtime_answer_is_what_the_code_makes),
        cmocka_unit_test(the_message_is_what_the_code_makes),
        cmocka_unit_test(every_counter_stands_in_its_table),
        cmocka_unit_test(no_two_counters_of_a_daemon_share_a_name),
    };

    return cmocka_run_group_tests_name("protocol", tests, read_page, free_page);
}
