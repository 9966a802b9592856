/* metrics: what the programs tell Prometheus, read by a strict reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "../../aggregator/counters.h"
#include "../../collector/counters.h"
#include "../../proto/loop/admin.h"
#include "../../proto/metrics.h"
#include "../../proto/process.h"
#include "../guard.h"
#include "../metrics_lint.h"

#define SHOP_COUNTERS(X)                                              \
    X(sold, COUNTER, "things sold", "things_total{how=\"sold\"}")     \
    X(visitors, GAUGE, "people in the shop", "visitors")              \
    X(lent, COUNTER, "things lent", "things_total{how=\"lent\"}")     \
    X(wait_us, GAUGE, "how long one waits", "wait_seconds")           \
    X(open_us, COUNTER, "how long it was open", "open_seconds_total") \
    X(cpu_us, COUNTER, "CPU time", "process_cpu_seconds_total")

COUNTERS_STRUCT(shop_counters, SHOP_COUNTERS);
COUNTERS_ROWS(shop_counters, SHOP_COUNTERS);
COUNTERS_ROWS(counters, COLLECTOR_COUNTERS);
COUNTERS_ROWS(aggregator_counters, AGGREGATOR_COUNTERS);
COUNTERS_ROWS(admin_counters, ADMIN_COUNTERS);

#define TABLE(values, tag, LIST) \
    ((struct counters_table){values, tag##_rows, COUNTERS_COUNT(LIST)})

/* To be freed. */
static char *rendered(enum metrics_format format, const struct counters_table *tables,
                      size_t n)
{
    struct buf out;
    char *text;

    buf_init(&out, 1 << 20);
    metrics_write(&out, format, "shop", tables, n);
    assert_false(out.full);
    text = strndup(out.p, out.n);
    buf_fini(&out);
    return text;
}

static void expect(enum metrics_format format, const char *wanted)
{
    struct shop_counters c = {
        .sold = 3, .lent = 4, .wait_us = 1500, .open_us = 12000001, .cpu_us = UINT64_MAX};
    struct counters_table table = TABLE(&c, shop_counters, SHOP_COUNTERS);
    char *text = rendered(format, &table, 1);

    assert_string_equal(text, wanted);
    free(text);
}

static void rows_of_one_family_come_together(void **state)
{
    (void)state;
    expect(METRICS_TEXT,
           "# HELP headcount_build_info the program and its version\n"
           "# TYPE headcount_build_info gauge\n"
           "headcount_build_info{program=\"shop\",version=\"" HC_VERSION "\"} 1\n"
           "# HELP headcount_things_total how=sold: things sold; how=lent: things lent\n"
           "# TYPE headcount_things_total counter\n"
           "headcount_things_total{how=\"sold\"} 3\n"
           "headcount_things_total{how=\"lent\"} 4\n"
           "# HELP headcount_visitors people in the shop\n"
           "# TYPE headcount_visitors gauge\n"
           "headcount_visitors 0\n"
           "# HELP headcount_wait_seconds how long one waits\n"
           "# TYPE headcount_wait_seconds gauge\n"
           "headcount_wait_seconds 0.001500\n"
           "# HELP headcount_open_seconds_total how long it was open\n"
           "# TYPE headcount_open_seconds_total counter\n"
           "headcount_open_seconds_total 12.000001\n"
           "# HELP process_cpu_seconds_total CPU time\n"
           "# TYPE process_cpu_seconds_total counter\n"
           "process_cpu_seconds_total 18446744073709.551615\n");
}

static void openmetrics_names_families_without_total_and_ends(void **state)
{
    (void)state;
    expect(METRICS_OPENMETRICS,
           "# HELP headcount_build the program and its version\n"
           "# TYPE headcount_build info\n"
           "headcount_build_info{program=\"shop\",version=\"" HC_VERSION "\"} 1\n"
           "# HELP headcount_things how=sold: things sold; how=lent: things lent\n"
           "# TYPE headcount_things counter\n"
           "headcount_things_total{how=\"sold\"} 3\n"
           "headcount_things_total{how=\"lent\"} 4\n"
           "# HELP headcount_visitors people in the shop\n"
           "# TYPE headcount_visitors gauge\n"
           "headcount_visitors 0\n"
           "# HELP headcount_wait_seconds how long one waits\n"
           "# TYPE headcount_wait_seconds gauge\n"
           "headcount_wait_seconds 0.001500\n"
           "# HELP headcount_open_seconds how long it was open\n"
           "# TYPE headcount_open_seconds counter\n"
           "headcount_open_seconds_total 12.000001\n"
           "# HELP process_cpu_seconds CPU time\n"
           "# TYPE process_cpu_seconds counter\n"
           "process_cpu_seconds_total 18446744073709.551615\n"
           "# EOF\n");
}

static void whoever_names_openmetrics_gets_it(void **state)
{
    static const struct {
        const char *accept;
        enum metrics_format format;
    } rows[] = {
        {"", METRICS_TEXT},
        {"*/*", METRICS_TEXT},
        {"text/plain;version=0.0.4", METRICS_TEXT},
        {"application/openmetrics-tex", METRICS_TEXT},
        {"application/openmetrics-text", METRICS_OPENMETRICS},
        {"text/plain, Application/OpenMetrics-Text; version=1.0.0", METRICS_OPENMETRICS},
        {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
         "text/plain;version=0.0.4;q=0.4,*/*;q=0.1",
         METRICS_OPENMETRICS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n = strlen(rows[i].accept);
        struct slice accept = {guard_copy(rows[i].accept, n), n};

        assert_int_equal(metrics_choose(accept), rows[i].format);
    }
    assert_string_equal(metrics_type(METRICS_TEXT),
                        "text/plain; version=0.0.4; charset=utf-8");
    assert_string_equal(metrics_type(METRICS_OPENMETRICS),
                        "application/openmetrics-text; version=1.0.0; charset=utf-8");
}

static void expect_sound(const struct counters_table *tables, size_t n)
{
    for (int format = METRICS_TEXT; format <= METRICS_OPENMETRICS; format++) {
        char *text = rendered((enum metrics_format)format, tables, n);
        const char *why = metrics_lint(text, format == METRICS_OPENMETRICS);

        if (why)
            fail_msg("%s", why);
        assert_non_null(metrics_lint(text, format != METRICS_OPENMETRICS));
        free(text);
    }
}

static void a_strict_reader_takes_what_the_collector_tells(void **state)
{
    static const struct counters collector = {.hits = 1, .rtt_us = 250};
    static const struct admin_counters admin = {.admin_requests = 1};
    struct process_counters process;
    const struct counters_table tables[] = {
        TABLE(&collector, counters, COLLECTOR_COUNTERS),
        TABLE(&admin, admin_counters, ADMIN_COUNTERS),
        process_measure(&process),
    };

    (void)state;
    expect_sound(tables, 3);
}

static void a_strict_reader_takes_what_the_aggregator_tells(void **state)
{
    static const struct aggregator_counters aggregator = {.commit_us = 1};
    static const struct admin_counters admin = {.admin_requests = 1};
    struct process_counters process;
    const struct counters_table tables[] = {
        TABLE(&aggregator, aggregator_counters, AGGREGATOR_COUNTERS),
        TABLE(&admin, admin_counters, ADMIN_COUNTERS),
        process_measure(&process),
    };

    (void)state;
    expect_sound(tables, 3);
}

static void the_strict_reader_is_strict(void **state)
{
    static const char head[] = "# HELP a_total what\n# TYPE a_total counter\n";
    static const char *const bad[] = {
        "a_total 1",                                         /* the line does not end */
        "",                                                  /* no sample */
        "a_total 1\na_total 2\n",                            /* twice */
        "b_total 1\n",                                       /* another family */
        "a_total{k=\"v\",k=\"w\"} 1\n",                      /* a label twice */
        "a_total{k=\"v\"} one\n",                            /* no number */
        "a_total 1\n# HELP b what\n# TYPE b counter\nb 1\n", /* no _total */
        "a_total 1\n# HELP b_total what\n# TYPE b_total gauge\nb_total 1\n",
        "a_total 1\n# HELP a_total what\n# TYPE a_total counter\na_total{k=\"v\"} 1\n",
        "a_total 1\n# EOF\n",
        "A_total 1\n",
    };
    char text[400];

    (void)state;
    snprintf(text, sizeof text, "%sa_total 1\n", head);
    assert_null(metrics_lint(text, false));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "%s%s", head, bad[i]);
        assert_non_null(metrics_lint(text, false));
    }
}

static void a_process_knows_itself(void **state)
{
    struct process_counters p;

    (void)state;
    process_measure(&p);
    assert_true(p.resident > 100 * 1024 && p.resident < (UINT64_C(1) << 40));
    assert_true(p.open_fds >= 3 && p.open_fds <= p.max_fds);
    /* started within the last hour, but for a clock that is being set */
    assert_true(p.start_us / 1000000 > (uint64_t)time(NULL) - 3600);
    assert_true(p.start_us / 1000000 <= (uint64_t)time(NULL) + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_one_family_come_together),
        cmocka_unit_test(openmetrics_names_families_without_total_and_ends),
        cmocka_unit_test(whoever_names_openmetrics_gets_it),
        cmocka_unit_test(a_strict_reader_takes_what_the_collector_tells),
        cmocka_unit_test(a_strict_reader_takes_what_the_aggregator_tells),
        cmocka_unit_test(the_strict_reader_is_strict),
        cmocka_unit_test(a_process_knows_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
