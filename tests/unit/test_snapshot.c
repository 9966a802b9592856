/* snapshot: what the script returns from hand-written keys in a real Redis, and what
 * becomes of it.
 *
 * The time of the last commit is far in the future, so that it and not Redis' clock,
 * which nobody can foresee, names the minutes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <jansson.h>

#include "../../proto/keys.h"
#include "../../proto/summary.h"
#include "../redis_server.h"
#include "../text_list.h"

#define FUTURE 68400000 /* minutes: in the year 2100 */

static int start_redis(void **state)
{
    static struct redis_server server;

    redis_server_start(&server);
    *state = &server;
    return 0;
}

static int stop_redis(void **state)
{
    redis_server_stop(*state);
    return 0;
}

/* Replaces everything there is. */
static void write_keys(redisContext *c, const char *const *commands)
{
    redisReply *r = redisCommand(c, "FLUSHALL");

    for (freeReplyObject(r); *commands; commands++) {
        r = redisCommand(c, *commands);
        assert_non_null(r);
        if (r->type == REDIS_REPLY_ERROR)
            fail_msg("%s: %s", *commands, r->str);
        freeReplyObject(r);
    }
}

/* Runs the script on the site "shop", where it may not write, and copies its list. */
static struct text_list snapshot(redisContext *c, const char *minutes)
{
    struct key_name meta = key_meta(SLICE("shop")), recent = key_recent(SLICE("shop"));
    redisReply *r = redisCommand(c, "EVAL_RO %s 1 %s hc:{shop}:b: %s %s", snapshot_lua,
                                 meta.s, recent.s, minutes);
    struct text_list l = {NULL, 0};

    assert_non_null(r);
    if (r->type == REDIS_REPLY_ERROR)
        fail_msg("%s", r->str);
    assert_int_equal(r->type, REDIS_REPLY_ARRAY);
    for (size_t i = 0; i < r->elements; i++) {
        assert_int_equal(r->element[i]->type, REDIS_REPLY_STRING);
        text_list_add(&l, r->element[i]->str, r->element[i]->len);
    }
    freeReplyObject(r);
    return l;
}

/* Everything after the clock, in one line. */
static void assert_snapshot(const struct text_list *l, const char *expected)
{
    char text[4000] = "";

    assert_true(l->n >= 3 && slice_eq(l->v[0], SLICE("T")));
    for (size_t i = 3; i < l->n; i++) {
        size_t n = strlen(text);

        snprintf(text + n, sizeof text - n, "%s%.*s", i > 3 ? " " : "", (int)l->v[i].n,
                 l->v[i].p);
    }
    assert_string_equal(text, expected);
}

static void assert_valid_answer(const struct summary *s)
{
    struct buf out;
    json_t *parsed;

    buf_init(&out, 1 << 20);
    summary_json(s, SLICE("shop"), &out);
    parsed = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(parsed);
    json_decref(parsed);
    buf_fini(&out);
}

static void assert_page(const struct summary *s, size_t i, const char *path, unsigned n)
{
    assert_true(i < s->npages);
    assert_true(slice_eq(s->pages[i].path, slice_of(path)));
    assert_int_equal(s->pages[i].visitors, n);
}

static const char *const hand_written[] = {
    "HSET hc:{shop}:m e 7 q 3 t 4104000000000 v 1 W 30",
    "HSET hc:{shop}:b:68400000 pv 4 ev 1 uniq 2 last 2 p:/ 1 p:/a 1",
    "HSET hc:{shop}:b:68399999 pv 5 uniq 3 last 1 p:/ 1",
    "HSET hc:{shop}:b:68399998 pv 6 last 3 p:/b 3",
    "HSET hc:{shop}:tr:68399999 d:mobile 2",
    "HSET hc:{shop}:tr:68399998 d:mobile 6", /* not of two minutes */
    "HSET hc:{shop}:tr:68399997 d:mobile 7", /* of no row */
    "HSET hc:{shop}:b:68399971 last 4 p:/ 4",
    "HSET hc:{shop}:b:68399970 pv 100 last 100 p:/ 100", /* too old */
    "HSET hc:{shop}:b:68400001 pv 100 last 100 p:/ 100", /* not yet */
    "HSET hc:{other}:b:68400000 pv 100",
    "HSET hc:{shop}:r 8 {\"id\":8,\"type\":\"pageview\",\"timestamp\":4103999000000}",
    NULL,
};

#define SECOND_EVENT      \
    "HSET hc:{shop}:r 9 " \
    "{\"id\":9,\"type\":\"event\",\"timestamp\":4104000000000,\"name\":\"order\"}"

static void the_script_returns_what_the_header_says(void **state)
{
    redisContext *c = redis_server_connect(*state);
    struct text_list l;

    write_keys(c, hand_written);
    l = snapshot(c, "2");
    assert_snapshot(&l,
                    "M 5 e 7 q 3 t 4104000000000 v 1 W 30 O 0 A 0 C 0 N 0 "
                    "B 68400000 6 pv 4 ev 1 uniq 2 last 2 p:/ 1 p:/a 1 "
                    "B 68399999 5 pv 5 uniq 3 last 1 p:/ 1 d:mobile 2 "
                    "B 68399998 2 pv 6 last 3 "
                    "B 68399971 1 last 4 "
                    "R 1 {\"id\":8,\"type\":\"pageview\",\"timestamp\":4103999000000}");
    text_list_free(&l);
    redisFree(c);
}

static void a_site_that_was_only_claimed_is_unknown(void **state)
{
    static const char *const claimed[] = {"HSET hc:{shop}:m e 7",
                                          "HSET hc:{shop}:b:68400000 pv 4", NULL};
    redisContext *c = redis_server_connect(*state);
    struct text_list l;

    write_keys(c, claimed);
    l = snapshot(c, "2");
    assert_snapshot(&l, "M 0 O 0 A 0 C 0 R 0");
    text_list_free(&l);
    redisFree(c);
}

static void only_fields_for_readers_come_along(void **state)
{
    static const char *const keys[] = {
        "HSET hc:{shop}:m warm 9 w marks x 1 q 3 p 4 i 5 l 1 e 7 t 4104000000000 n 8",
        "HSET hc:{shop}:c t:ci secret g:buy goal badge 1 read token",
        "HSET hc:{shop}:t pv 7 later 8 i 9", "HSET hc:{shop}:b:68399999 p:/ 1 n 2 eng 3",
        NULL};
    redisContext *c = redis_server_connect(*state);
    struct text_list l;

    write_keys(c, keys);
    l = snapshot(c, "1");
    assert_snapshot(&l, "M 6 e 7 q 3 n 8 t 4104000000000 l 1 warm 9 O 0 A 2 pv 7 i 9 "
                        "C 2 badge 1 read token N 0 B 68399999 1 eng 3 R 0");
    text_list_free(&l);
    redisFree(c);
}

static void of_goals_the_names_are_read_where_there_is_a_version(void **state)
{
    static const char *const keys[] = {
        "HSET hc:{shop}:m q 3 t 4104000000000",
        "HSET hc:{shop}:c v 7 t:ci secret g:buy event_x demo 1 g:order path_/",
        "HSET hc:{shop}:tr:68400000 a:order 2 a:old 1", "HSET hc:{shop}:b:68400000 pv 2",
        NULL};
    static const char *const names[] = {"order", "old", "buy"};
    redisContext *c = redis_server_connect(*state);
    struct text_list l;
    struct summary s;

    write_keys(c, keys);
    l = snapshot(c, "1");
    assert_int_equal(summary_parse(&s, l.v, l.n, 1), 0);
    assert_true(s.demo);
    assert_int_equal(s.trait[TRAIT_GOAL].n, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(slice_eq(s.trait[TRAIT_GOAL].of[i].name, slice_of(names[i])));
        assert_int_equal(s.trait[TRAIT_GOAL].of[i].views, 2 - i);
    }
    for (size_t i = 0; i < l.n; i++)
        assert_false(slice_has(l.v[i], SLICE("secret")) ||
                     slice_has(l.v[i], SLICE("event_x")));
    summary_fini(&s);
    text_list_free(&l);
    l = snapshot(c, "0");
    assert_snapshot(&l, "M 2 q 3 t 4104000000000 O 0 A 0 C 2 demo 1 v 7 "
                        "B 68400000 1 pv 2 R 0");
    text_list_free(&l);
    redisFree(c);
}

static void alerts_come_as_they_stand_if_they_are_defined(void **state)
{
    static const char *const keys[] = {
        "HSET hc:{shop}:m q 3 t 4104000000000",
        "HSET hc:{shop}:c v 7 al:up rule al:down rule al:never rule al:odd rule",
        "HSET hc:{shop}:al up x down y gone z odd nonsense", NULL};
    static const char *const on = "on above online 50 5 6 57";
    redisContext *c = redis_server_connect(*state);
    struct text_list l;
    struct summary s;

    write_keys(c, keys);
    freeReplyObject(redisCommand(c, "HSET hc:{shop}:al up %s gone %s down %s", on, on,
                                 "off below views 1 5 6 7"));
    l = snapshot(c, "1");
    assert_int_equal(summary_parse(&s, l.v, l.n, 1), 0);
    assert_true(s.has_alerts);
    assert_int_equal(s.nalerts, 1);
    assert_true(slice_eq(s.alert[0].name, SLICE("up")));
    assert_int_equal(s.alert[0].state.limit, 50);
    assert_int_equal(s.alert[0].state.since, 5);
    summary_fini(&s);
    text_list_free(&l);
    freeReplyObject(redisCommand(c, "DEL hc:{shop}:al"));
    freeReplyObject(redisCommand(c, "SET hc:{shop}:al text"));
    l = snapshot(c, "1");
    assert_int_equal(summary_parse(&s, l.v, l.n, 1), 0);
    assert_true(s.has_alerts);
    assert_int_equal(s.nalerts, 0);
    summary_fini(&s);
    text_list_free(&l);
    redisFree(c);
}

static void a_snapshot_becomes_the_right_answer(void **state)
{
    redisContext *c = redis_server_connect(*state);
    struct text_list l;
    struct summary s;

    write_keys(c, hand_written);
    freeReplyObject(redisCommand(c, SECOND_EVENT));
    l = snapshot(c, "3");
    assert_int_equal(summary_parse(&s, l.v, l.n, 3), 0);
    assert_true(s.known);
    assert_int_equal(s.now, FUTURE);
    assert_int_equal(s.epoch, 7);
    assert_int_equal(s.commit, 3);
    assert_int_equal(summary_window(&s, 1).visitors, 2);
    assert_int_equal(summary_window(&s, 3).visitors, 6);
    assert_int_equal(summary_window(&s, 3).views, 15);
    assert_int_equal(summary_window(&s, 30).visitors, 10);
    assert_int_equal(s.npages, 3);
    assert_page(&s, 0, "/b", 3);
    assert_page(&s, 1, "/", 2);
    assert_page(&s, 2, "/a", 1);
    assert_int_equal(s.trait[TRAIT_DEVICE].of[0].views, 8);
    assert_int_equal(s.nrecent, 2);
    assert_true(slice_starts(s.recent[0], SLICE("{\"id\":9,")));
    assert_valid_answer(&s);
    summary_fini(&s);
    text_list_free(&l);
    redisFree(c);
}

static void who_is_online_and_what_is_kept_come_along(void **state)
{
    static const char *const keys[] = {
        "HSET hc:{shop}:m q 3 t 4104000000000",
        "HSET hc:{shop}:o w 1 r 2 tabs 4 p:/ 2 p:/a 1",
        "HSET hc:{shop}:t pv 1234 vis 567 since 1762000000000 peak 12 peak_at "
        "1763000000000 day 47500 dpeak 11 dpeak_at 4103999000000 life 9 i 8",
        "HSET hc:{shop}:c badge 1",
        "HSET hc:{other}:o w 100",
        "HSET hc:{other}:t pv 100",
        NULL};
    redisContext *c = redis_server_connect(*state);
    struct text_list l;
    struct summary s;

    write_keys(c, keys);
    l = snapshot(c, "2");
    assert_snapshot(&l, "M 2 q 3 t 4104000000000 O 5 w 1 r 2 tabs 4 p:/ 2 p:/a 1 "
                        "A 10 pv 1234 vis 567 since 1762000000000 peak 12 peak_at "
                        "1763000000000 day 47500 dpeak 11 dpeak_at 4103999000000 life 9 "
                        "i 8 C 1 badge 1 N 0 R 0");
    assert_int_equal(summary_parse(&s, l.v, l.n, 2), 0);
    assert_int_equal(online_total(&s.online), 3);
    assert_int_equal(s.online.tabs, 4);
    assert_true(s.peaks.day == 11 && s.peaks.all == 12 && s.total.views == 1234);
    assert_true(s.life == 9 && s.last == 8 && s.badge);
    assert_page(&s, 0, "/", 0);
    assert_page(&s, 1, "/a", 0);
    assert_valid_answer(&s);
    summary_fini(&s);
    text_list_free(&l);
    redisFree(c);
}

static void of_a_site_without_meta_only_what_is_kept_comes_along(void **state)
{
    static const char *const keys[] = {"HSET hc:{shop}:o w 1", "HSET hc:{shop}:t pv 7",
                                       "HSET hc:{shop}:c badge 0", NULL};
    redisContext *c = redis_server_connect(*state);
    struct text_list l;

    write_keys(c, keys);
    l = snapshot(c, "2");
    assert_snapshot(&l, "M 0 O 0 A 1 pv 7 C 1 badge 0 R 0");
    text_list_free(&l);
    redisFree(c);
}

static void a_key_of_another_type_is_an_error(void **state)
{
    static const char *const keys[] = {"m", "o",          "t",          "c",
                                       "r", "b:68400000", "tr:68400000"};
    redisContext *c = redis_server_connect(*state);

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        redisReply *r;

        write_keys(c, hand_written);
        freeReplyObject(redisCommand(c, "SET hc:{shop}:%s text", keys[i]));
        r = redisCommand(c, "EVAL_RO %s 1 hc:{shop}:m hc:{shop}:b: hc:{shop}:r 2",
                         snapshot_lua);
        assert_int_equal(r->type, REDIS_REPLY_ERROR);
        assert_non_null(strstr(r->str, "WRONGTYPE"));
        freeReplyObject(r);
    }
    redisFree(c);
}

static void a_site_that_redis_does_not_know_has_only_a_clock(void **state)
{
    static const char *const orphan[] = {"HSET hc:{shop}:b:68400000 pv 4", NULL};
    redisContext *c = redis_server_connect(*state);
    struct text_list l;
    struct summary s;

    write_keys(c, orphan);
    l = snapshot(c, "5");
    assert_snapshot(&l, "M 0 O 0 A 0 C 0 R 0");
    assert_int_equal(summary_parse(&s, l.v, l.n, 5), 0);
    assert_false(s.known);
    assert_true(s.as_of > 1700000000000);
    assert_valid_answer(&s);
    summary_fini(&s);
    text_list_free(&l);
    redisFree(c);
}

static void of_0_minutes_there_are_only_the_numbers(void **state)
{
    static const char *const more[] = {
        "HSET hc:{shop}:o w 1 r 2 i 3 b 4 tabs 11 p:/ 10",
        "HSET hc:{shop}:ti / Start",
        "HSET hc:{shop}:r 9 {\"id\":9,\"type\":\"pageview\"}",
        "HSET hc:{shop}:b:68400000 pv 5 last 2 p:/ 1",
        "HSET hc:{shop}:tr:68400000 d:mobile 5",
        "HSET hc:{shop}:m e 7 q 3 t 4104000000000 v 1 W 30",
        NULL};
    redisContext *c = redis_server_connect(*state);
    struct text_list l;
    struct summary s;

    write_keys(c, more);
    l = snapshot(c, "0");
    assert_snapshot(&l, "M 5 e 7 q 3 t 4104000000000 v 1 W 30 "
                        "O 5 w 1 r 2 i 3 b 4 tabs 11 A 0 C 0 "
                        "B 68400000 2 pv 5 last 2 R 0");
    assert_int_equal(summary_parse(&s, l.v, l.n, MINUTES_DEFAULT), 0);
    assert_int_equal(online_total(&s.online), 10);
    assert_int_equal(summary_window(&s, 5).visitors, 2);
    assert_int_equal(s.at, 4104000000000);
    assert_int_equal(s.npages, 0);
    summary_fini(&s);
    text_list_free(&l);
    redisFree(c);
}

static void the_script_reads_no_further_than_the_window(void **state)
{
    static const struct {
        const char *meta, *minutes;
        int rows; /* of the 70 that are there */
    } rows[] = {
        {"HSET hc:{shop}:m q 1 t 4104000000000", "64", 30},
        {"HSET hc:{shop}:m q 1 t 4104000000000 W 3", "64", 3},
        {"HSET hc:{shop}:m q 1 t 4104000000000 W 64", "1", 64},
        {"HSET hc:{shop}:m q 1 t 4104000000000 W 1000", "1000", 64},
        {"HSET hc:{shop}:m q 1 t 4104000000000 W 0", "0", 1},
    };
    redisContext *c = redis_server_connect(*state);

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *commands[] = {rows[i].meta, NULL};
        struct text_list l;
        int found = 0;

        write_keys(c, commands);
        for (int back = 0; back < 70; back++)
            freeReplyObject(redisCommand(c, "HSET hc:{shop}:b:%d pv 1", FUTURE - back));
        l = snapshot(c, rows[i].minutes);
        for (size_t k = 0; k < l.n; k++)
            found += slice_eq(l.v[k], SLICE("B"));
        assert_int_equal(found, rows[i].rows);
        text_list_free(&l);
    }
    redisFree(c);
}

static void redis_own_clock_names_the_minute_of_a_quiet_site(void **state)
{
    static const char *const quiet[] = {"HSET hc:{shop}:m e 1 q 1 t 1000 W 2", NULL};
    redisContext *c = redis_server_connect(*state);
    struct text_list l;
    struct summary s;

    write_keys(c, quiet);
    l = snapshot(c, "2");
    assert_int_equal(summary_parse(&s, l.v, l.n, 2), 0);
    assert_int_equal(s.now, minute_of(s.as_of));
    freeReplyObject(redisCommand(c, "HSET hc:{shop}:b:%u last 3", s.now));
    summary_fini(&s);
    text_list_free(&l);

    l = snapshot(c, "2"); /* perhaps in the next minute, hence a window of 2 */
    assert_int_equal(summary_parse(&s, l.v, l.n, 2), 0);
    assert_int_equal(summary_window(&s, 2).visitors, 3);
    summary_fini(&s);
    text_list_free(&l);
    redisFree(c);
}

static void bytes_of_any_kind_come_through(void **state)
{
    static const char *const meta[] = {"HSET hc:{shop}:m q 1 t 4104000000000", NULL};
    static const char path[] = "p:/\0\xff\r\n\"<";
    size_t n = sizeof path - 1;
    redisContext *c = redis_server_connect(*state);
    struct text_list l;
    struct summary s;

    write_keys(c, meta);
    freeReplyObject(redisCommand(c, "HSET hc:{shop}:b:68400000 last 1 %b 1", path, n));
    l = snapshot(c, "1");
    assert_int_equal(summary_parse(&s, l.v, l.n, 1), 0);
    assert_int_equal(s.npages, 1);
    assert_true(slice_eq(s.pages[0].path, (struct slice){path + 2, n - 2}));
    assert_valid_answer(&s);
    summary_fini(&s);
    text_list_free(&l);
    redisFree(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_script_returns_what_the_header_says),
        cmocka_unit_test(a_site_that_was_only_claimed_is_unknown),
        cmocka_unit_test(only_fields_for_readers_come_along),
        cmocka_unit_test(of_goals_the_names_are_read_where_there_is_a_version),
        cmocka_unit_test(alerts_come_as_they_stand_if_they_are_defined),
        cmocka_unit_test(a_snapshot_becomes_the_right_answer),
        cmocka_unit_test(who_is_online_and_what_is_kept_come_along),
        cmocka_unit_test(of_a_site_without_meta_only_what_is_kept_comes_along),
        cmocka_unit_test(a_key_of_another_type_is_an_error),
        cmocka_unit_test(a_site_that_redis_does_not_know_has_only_a_clock),
        cmocka_unit_test(of_0_minutes_there_are_only_the_numbers),
        cmocka_unit_test(the_script_reads_no_further_than_the_window),
        cmocka_unit_test(redis_own_clock_names_the_minute_of_a_quiet_site),
        cmocka_unit_test(bytes_of_any_kind_come_through),
    };

    return cmocka_run_group_tests(tests, start_redis, stop_redis);
}
