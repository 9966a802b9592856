/* findings: what doctor makes of what it was told; the parsers before it: answers of the
 * admin port, its document, INFO; and the balance of stats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include "../../cli/balance.h"
#include "../../cli/fetch.h"
#include "../../cli/findings.h"
#include "../guard.h"

static struct told told_of(const char *program, const char *version, const char *uptime,
                           const char *counters)
{
    struct told t = {.at = "10.0.0.4:9180", .ready = true};
    char text[1000];
    int n = snprintf(text, sizeof text,
                     "{\"program\":\"headcount-%s\",\"version\":\"%s\","
                     "\"uptime_seconds\":%s,\"counters\":{%s}}",
                     program, version, uptime, counters);

    assert_int_equal(told_read(&t, (struct slice){text, (size_t)n}), 0);
    return t;
}

static const struct redis_facts good_redis = {.at = "unix:/redis.sock",
                                              .reached = true,
                                              .version = "7.0.15",
                                              .policy = "noeviction",
                                              .fsync = "everysec",
                                              .role = "master",
                                              .aof = true};

/* What is found of one collector, one aggregator and one Redis. */
static const struct findings *found(const struct told *c, const struct told *a,
                                    const struct redis_facts *r)
{
    static struct findings f;
    const struct facts facts = {.collectors = c,
                                .ncollectors = 1,
                                .aggregators = a,
                                .naggregators = 1,
                                .redis = r};

    findings_of(&f, &facts);
    assert_int_equal(f.dropped, 0);
    return &f;
}

/* That exactly this is found besides what is fine, or nothing when @text is NULL. */
static void expect(const struct findings *f, enum finding_level level, const char *text)
{
    size_t others = 0;

    for (size_t i = 0; i < f->n; i++) {
        const struct finding *one = &f->v[i];

        if (one->level == FINDING_OK)
            continue;
        others++;
        if (text == NULL || one->level != level || !strstr(one->text, text) ||
            !*one->advice)
            fail_msg("%s: %s (wanted: %s)", finding_word(one->level), one->text,
                     text ? text : "nothing");
    }
    assert_int_equal(others, text ? 1 : 0);
}

static const char sound_aggregator[] = "\"rcvbuf\":4194304,\"views\":7";

static void what_is_fine_is_said_to_be(void **state)
{
    struct told c = told_of("collector", HC_VERSION, "5", "\"hits\":7");
    struct told a = told_of("aggregator", HC_VERSION, "5", sound_aggregator);
    const struct findings *f = found(&c, &a, &good_redis);

    (void)state;
    expect(f, FINDING_OK, NULL);
    assert_true(f->n >= 8);
    assert_int_equal(findings_count(f, FINDING_OK), f->n);
    told_fini(&c);
    told_fini(&a);
}

static void counters_become_findings(void **state)
{
    static const struct {
        bool is_collector;
        const char *counters;
        enum finding_level level;
        const char *text;
    } rows[] = {
        {true, "\"lost_full\":3", FINDING_PROBLEM, "3 hits were lost because the ring"},
        {true, "\"lost_expired\":1", FINDING_PROBLEM, "an hour"},
        {true, "\"lost_poison\":1", FINDING_PROBLEM, "set aside"},
        {true, "\"lost_restart\":1", FINDING_NOTE, "at most"},
        {true, "\"lost_heartbeat\":1", FINDING_NOTE, "heartbeats"},
        {true, "\"accept_errors\":1", FINDING_PROBLEM, "could not be accepted"},
        {true, "\"conns_refused\":1", FINDING_PROBLEM, "refused at the bound"},
        {true, "\"proxy_bad\":2", FINDING_PROBLEM, "2 connections of trusted proxies"},
        {true, "\"proxy_missing\":2", FINDING_NOTE, "no trusted proxy"},
        {true, "\"busiest_share\":50", FINDING_NOTE,
         "50 % of all hits of the last minute come from one address; is --trusted-proxy "
         "missing?"},
        {true, "\"busiest_share\":100", FINDING_NOTE, "100 % of all hits"},
        {true, "\"busiest_share\":49", FINDING_OK, NULL},
        {true, "\"epochs\":4", FINDING_PROBLEM, "begin anew 4 times in 100 seconds"},
        {true, "\"epochs\":3", FINDING_OK, NULL},
        {true, "\"epochs\":16,\"redis_up\":4", FINDING_PROBLEM, "begin anew 4 times"},
        {true, "\"epochs\":8,\"redis_up\":4", FINDING_OK, NULL},
        {true, "\"epochs\":8,\"aggregator_up\":4", FINDING_OK, NULL},
        {false, "\"reboots\":5", FINDING_PROBLEM, "begun anew 5 times in 100 seconds"},
        {false, "\"streams_full\":1", FINDING_PROBLEM, "too many senders"},
        {false, "\"ack_errors\":1", FINDING_NOTE, "ACKs"},
        {false, "\"rcvbuf\":212992", FINDING_NOTE, "212992 bytes"},
        {false, "\"bad_key\":1", FINDING_PROBLEM, "another secret"},
        {false, "\"bad_version\":1", FINDING_PROBLEM, "another version"},
        {false, "\"bad_mac\":1", FINDING_NOTE, "forged"},
        {false, "\"malformed\":1", FINDING_PROBLEM, "genuine"},
        {false, "\"kernel_drops\":1", FINDING_NOTE, "buffer was full"},
        {false, "\"capped_sites\":1", FINDING_PROBLEM, "too many sites"},
        {false, "\"capped_visitors\":1", FINDING_NOTE, "no room"},
        {false, "\"capped_pages\":1", FINDING_NOTE, "(other)"},
        {false, "\"capped_referrers\":1", FINDING_NOTE, "referrer (other)"},
        {false, "\"fenced\":1", FINDING_PROBLEM, "another aggregator"},
        {false, "\"site_unprotected\":1", FINDING_PROBLEM, "kept refusing"},
        {false, "\"regress\":1", FINDING_NOTE, "behind"},
        {false, "\"clock_resets\":1", FINDING_PROBLEM, "clock"},
        {false, "\"commits\":1", FINDING_OK, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct told c = told_of("collector", HC_VERSION, "100",
                                rows[i].is_collector ? rows[i].counters : "");
        struct told a = told_of("aggregator", HC_VERSION, "100",
                                rows[i].is_collector ? "" : rows[i].counters);

        expect(found(&c, &a, &good_redis), rows[i].level, rows[i].text);
        told_fini(&c);
        told_fini(&a);
    }
}

/* Who has lost something is not told to have lost nothing, the others are. */
static void one_finding_does_not_deny_another(void **state)
{
    struct told c = told_of("collector", HC_VERSION, "5", "\"lost_full\":1");
    struct told a = told_of("aggregator", HC_VERSION, "5", "");
    const struct findings *f = found(&c, &a, &good_redis);
    size_t nothing = 0;

    (void)state;
    for (size_t i = 0; i < f->n; i++) {
        bool says = strstr(f->v[i].text, "capped nothing") != NULL;

        nothing += says;
        assert_false(says && strstr(f->v[i].text, "collector"));
    }
    assert_int_equal(nothing, 1);
    told_fini(&c);
    told_fini(&a);
}

static void epochs_of_a_long_life_are_no_problem(void **state)
{
    struct told c = told_of("collector", HC_VERSION, "86400", "\"epochs\":20");
    struct told a = told_of("aggregator", HC_VERSION, "5", "");

    (void)state;
    expect(found(&c, &a, &good_redis), FINDING_OK, NULL);
    told_fini(&c);
    told_fini(&a);
}

static void daemons_that_are_missing_or_wrong_are_problems(void **state)
{
    struct told c = told_of("collector", HC_VERSION, "5", "");
    struct told a = told_of("aggregator", HC_VERSION, "5", "");
    struct told none = {.at = "10.0.0.9:9181", .why = "Connection refused"};
    struct told unready = {.at = a.at, .json = a.json, .unready = "no milk\nno sugar\n"};
    struct told old = told_of("aggregator", "0.0.1", "5", "");

    (void)state;
    expect(found(&c, &none, &good_redis), FINDING_PROBLEM,
           "aggregator at 10.0.0.9:9181 cannot be asked: Connection refused");
    expect(found(&c, &c, &good_redis), FINDING_PROBLEM,
           "no aggregator but headcount-collector");
    expect(found(&c, &unready, &good_redis), FINDING_PROBLEM,
           "not ready: no milk; no sugar.");
    expect(found(&c, &old, &good_redis), FINDING_NOTE, "version 0.0.1");
    told_fini(&c);
    told_fini(&a);
    told_fini(&old);
}

/* The first one. */
static const struct finding *that_says(const struct findings *f, const char *text)
{
    for (size_t i = 0; i < f->n; i++)
        if (strstr(f->v[i].text, text))
            return &f->v[i];
    fail_msg("nothing says: %s", text);
    return NULL;
}

static void advice_goes_with_the_reason(void **state)
{
    static const struct {
        const char *unready, *advice;
    } rows[] = {
        {"redis: commits cannot be made\n", "--redis-auth-file"},
        {"redis: refuses the commits of 3 of 4 sites\n", "event=site_refused"},
        {"redis: sites cannot be read back\n"
         "redis: refuses the commits of 3 of 4 sites\n",
         "ACL"},
        {"aggregator: no answer\n", "--aggregator names its --udp"},
        {"stopping\n", "Wait"},
        {"no milk\n", "log"},
        {"", "log"},
    };
    struct told c = told_of("collector", HC_VERSION, "5", "");
    struct told a = told_of("aggregator", HC_VERSION, "5", "\"site_unprotected\":1");
    struct told none = {.at = "10.0.0.9:9181", .why = "Connection refused"};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct told unready = {.at = a.at, .json = a.json};

        strcpy(unready.unready, rows[i].unready);
        assert_non_null(
            strstr(that_says(found(&c, &unready, &good_redis), "is not ready")->advice,
                   rows[i].advice));
    }
    assert_non_null(
        strstr(that_says(found(&c, &a, &good_redis), "refusing")->advice, "ACL"));
    assert_non_null(strstr(that_says(found(&c, &none, &good_redis), "asked")->advice,
                           "with --aggregator-admin."));
    assert_non_null(strstr(that_says(found(&none, &a, &good_redis), "asked")->advice,
                           "with --collector-admin."));
    told_fini(&c);
    told_fini(&a);
}

static void redis_is_looked_at(void **state)
{
#define LIKE_GOOD .at = "x", .reached = true, .version = "7.0.15"
    static const struct {
        struct redis_facts redis;
        enum finding_level level;
        const char *text;
    } rows[] = {
        {{.at = "x", .why = "Connection refused"}, FINDING_PROBLEM, "x does not answer"},
        {{.at = "x", .reached = true}, FINDING_NOTE, "tells nothing"},
        {{.at = "x", .reached = true, .version = "4.0.9", .aof = true},
         FINDING_PROBLEM,
         "version 4.0.9"},
        {{LIKE_GOOD, .aof = true, .clock_ahead_ms = 2000}, FINDING_OK, NULL},
        {{LIKE_GOOD, .aof = true, .clock_ahead_ms = 2001}, FINDING_NOTE, "2.0 s ahead"},
        {{LIKE_GOOD, .aof = true, .clock_ahead_ms = -5000}, FINDING_NOTE, "5.0 s behind"},
        {{LIKE_GOOD, .aof = true, .clock_ahead_ms = -60000},
         FINDING_PROBLEM,
         "60.0 s behind"},
        {{LIKE_GOOD, .aof = true, .maxmemory = 1000, .policy = "noeviction"},
         FINDING_OK,
         NULL},
        {{LIKE_GOOD, .aof = true, .policy = "allkeys-lru"}, FINDING_OK, NULL},
        {{LIKE_GOOD, .aof = true, .maxmemory = 1000, .policy = "allkeys-lru"},
         FINDING_PROBLEM,
         "maxmemory is 1000 bytes and maxmemory-policy allkeys-lru"},
        {{LIKE_GOOD}, FINDING_NOTE, "no append-only file and no snapshots"},
        {{LIKE_GOOD, .saves = true}, FINDING_NOTE, "back to its last snapshot"},
        {{LIKE_GOOD, .aof = true, .fsync = "always"}, FINDING_OK, NULL},
        {{LIKE_GOOD, .aof = true, .fsync = "no"},
         FINDING_NOTE,
         "leaves it to the kernel"},
        {{LIKE_GOOD, .aof = true, .aof_failed = true}, FINDING_PROBLEM, "append-only"},
        {{LIKE_GOOD, .aof = true, .bgsave_failed = true}, FINDING_PROBLEM, "snapshot"},
        {{LIKE_GOOD, .aof = true, .loading = true}, FINDING_PROBLEM, "loading"},
        {{LIKE_GOOD, .aof = true, .role = "slave"}, FINDING_PROBLEM, "replica"},
    };
    struct told c = told_of("collector", HC_VERSION, "5", "");
    struct told a = told_of("aggregator", HC_VERSION, "5", "");

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect(found(&c, &a, &rows[i].redis), rows[i].level, rows[i].text);
    told_fini(&c);
    told_fini(&a);
}

static void findings_have_a_bound(void **state)
{
    static struct told none[FINDINGS_MAX + 10];
    static struct findings f;
    const struct facts facts = {
        .collectors = none, .ncollectors = FINDINGS_MAX + 10, .redis = &good_redis};

    (void)state;
    for (size_t i = 0; i < FINDINGS_MAX + 10; i++)
        none[i].at = "x";
    findings_of(&f, &facts);
    assert_int_equal(f.n, FINDINGS_MAX);
    assert_true(f.dropped >= 10);
}

/* -- what comes before -------------------------------------------------------- */

static void an_answer_is_taken_apart(void **state)
{
    static const struct {
        const char *bytes;
        int status; /* 0: none */
        const char *body;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n", 200, "ok\n"},
        {"HTTP/1.1 503 x\r\nA: b\r\nContent-Length: 0\r\n\r\n", 503, ""},
        {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok\n", 0, NULL},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok\n", 0, NULL},
        {"HTTP/1.1 200 OK\r\n\r\nok\n", 0, NULL},
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n", 0, NULL},
        {"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", 0, NULL},
        {"HTTP/1.1 20\r\nContent-Length: 0\r\n\r\n", 0, NULL},
        {"HTTP/1.1 \r\nContent-Length: 0\r\n\r\n", 0, NULL},
        {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 0, NULL},
        {"+PONG\r\n", 0, NULL},
        {"", 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n = strlen(rows[i].bytes);
        struct fetched f;
        int r = fetch_read(&f, (struct slice){guard_copy(rows[i].bytes, n), n});

        assert_int_equal(r, rows[i].status ? 0 : -1);
        if (r < 0)
            continue;
        assert_int_equal(f.status, rows[i].status);
        assert_int_equal(f.body.n, strlen(rows[i].body));
        assert_memory_equal(f.body.p, rows[i].body, f.body.n);
    }
}

static void a_document_that_is_none_of_ours_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "ok\n",
        "[]",
        "{}",
        "{\"program\":\"p\",\"version\":\"v\",\"uptime_seconds\":1}",
        "{\"program\":\"p\",\"version\":\"v\",\"uptime_seconds\":\"1\",\"counters\":{}}",
        "{\"program\":\"p\",\"version\":1,\"uptime_seconds\":1,\"counters\":{}}",
        "{\"program\":\"p\",\"version\":\"v\",\"uptime_seconds\":1,\"counters\":[]}",
        "{\"program\":\"p\",\"program\":\"p\",\"version\":\"v\",\"uptime_seconds\":1,"
        "\"counters\":{}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct told t = {.at = "x"};

        assert_int_equal(told_read(&t, slice_of(bad[i])), -1);
        assert_null(t.json);
        assert_true(t.why[0]);
        assert_int_equal(told_counter(&t, "hits"), 0);
        assert_string_equal(told_program(&t), "");
    }
}

static void a_counter_is_a_number_or_nothing(void **state)
{
    struct told t = told_of("collector", "9", "77",
                            "\"hits\":3,\"bad\":\"3\",\"minus\":-3,\"zero\":0");

    (void)state;
    assert_int_equal(told_counter(&t, "hits"), 3);
    assert_int_equal(told_counter(&t, "bad"), 0);
    assert_int_equal(told_counter(&t, "minus"), 0);
    assert_true(told_has(&t, "zero") && !told_has(&t, "none"));
    assert_int_equal(told_uptime(&t), 77);
    assert_string_equal(told_version(&t), "9");
    told_fini(&t);
}

static void info_is_read_line_by_line(void **state)
{
    static const char info[] = "# Server\r\nredis_version:7.0.15\r\n# Memory\r\n"
                               "maxmemory:1048576\r\nmaxmemory_human:1.00M\r\n"
                               "maxmemory_policy:allkeys-lru\r\nloading:1\r\n"
                               "rdb_last_bgsave_status:err\r\naof_enabled:1\r\n"
                               "aof_last_write_status:ok\r\nrole:master";
    struct redis_facts f = {0};

    (void)state;
    redis_facts_info(&f,
                     (struct slice){guard_copy(info, sizeof info - 1), sizeof info - 1});
    assert_string_equal(f.version, "7.0.15");
    assert_string_equal(f.policy, "allkeys-lru");
    assert_string_equal(f.role, "master");
    assert_int_equal(f.maxmemory, 1048576);
    assert_true(f.aof && !f.aof_failed && f.bgsave_failed && f.loading);
    redis_facts_info(&f, (struct slice){0});
    assert_string_equal(f.version, "");
    assert_false(f.aof || f.loading);
}

static void the_balance_adds_up_all_collectors(void **state)
{
    struct told t[] = {
        told_of("collector", "1", "1",
                "\"accepted\":10,\"durable\":4,\"in_ring\":1,\"open\":1,"
                "\"unprotected\":1,\"lost_full\":1,\"lost_heartbeat\":1,"
                "\"lost_restart\":1"),
        told_of("collector", "1", "1",
                "\"accepted\":2,\"lost_expired\":1,\"lost_poison\":1"),
        told_of("collector", "1", "1", "\"hits\":1"),
    };
    struct balance b;
    struct buf out;

    (void)state;
    assert_false(balance_of(&b, t + 2, 1));
    assert_true(balance_of(&b, t, 3));
    assert_true(balance_is_even(&b));
    buf_init(&out, 1000);
    balance_text(&b, &out);
    assert_memory_equal(out.p,
                        "accepted 12 = durable 4 + in ring 1 + open 1 + unprotected 1 + "
                        "lost 5: balanced.\n",
                        out.n);
    buf_clear(&out);
    b.durable++;
    assert_false(balance_is_even(&b));
    balance_text(&b, &out);
    buf_add(&out, "", 1);
    assert_non_null(strstr(out.p, ": not balanced, the sum is 13."));
    buf_fini(&out);
    for (size_t i = 0; i < 3; i++)
        told_fini(&t[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_fine_is_said_to_be),
        cmocka_unit_test(counters_become_findings),
        cmocka_unit_test(one_finding_does_not_deny_another),
        cmocka_unit_test(epochs_of_a_long_life_are_no_problem),
        cmocka_unit_test(daemons_that_are_missing_or_wrong_are_problems),
        cmocka_unit_test(advice_goes_with_the_reason),
        cmocka_unit_test(redis_is_looked_at),
        cmocka_unit_test(findings_have_a_bound),
        cmocka_unit_test(an_answer_is_taken_apart),
        cmocka_unit_test(a_document_that_is_none_of_ours_is_refused),
        cmocka_unit_test(a_counter_is_a_number_or_nothing),
        cmocka_unit_test(info_is_read_line_by_line),
        cmocka_unit_test(the_balance_adds_up_all_collectors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
