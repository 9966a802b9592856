/* PROTOCOL.md against the code: the worked example and the tables of counters. Run from
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
#include "../../proto/wire.h"

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
                             .ts_us = 60005000};
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
    expect_hex(w.bytes, w.n);
    expect_hex(out, wire_frame(out, &head, w.bytes, w.n, &secret));
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
        cmocka_unit_test(every_counter_stands_in_its_table),
        cmocka_unit_test(no_two_counters_of_a_daemon_share_a_name),
    };

    return cmocka_run_group_tests_name("protocol", tests, read_page, free_page);
}
