/* summary: the answer to the byte, every rule of it on small lists, and lists of every
 * wrong shape. The script that makes the lists has test_snapshot.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "../../proto/summary.h"
#include "../aborts.h"
#include "../dice.h"
#include "../guard.h"
#include "../text_list.h"

#define NOW 29396280 /* 1763776800 s */
#define CLOCK "T 1763776800 123456 "
#define META "M 4 e 7 q 3 t 1763776800000 v 1 "
#define EVENT(id, at) \
    "{\"id\":" #id ",\"type\":\"pageview\",\"timestamp\":" #at ",\"path\":\"/\"} "

/* @text separated by blanks; "_" is the empty string. */
static struct text_list list_of(const char *text)
{
    struct text_list l = {NULL, 0};

    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        size_t n = strcspn(text, " ");

        text_list_add(&l, text, n == 1 && *text == '_' ? 0 : n);
        text += n;
    }
    return l;
}

/* The array ends at a guard page: one string too far faults. */
static int parse(struct summary *s, const struct slice *v, size_t n, unsigned minutes)
{
    return summary_parse(s, guard_copy(v, n * sizeof *v), n, minutes);
}

/* A good list, parsed. It stays valid until taken_free. */
struct taken {
    struct text_list list;
    struct summary s;
};

static void take(struct taken *t, unsigned minutes, const char *text)
{
    t->list = list_of(text);
    assert_int_equal(parse(&t->s, t->list.v, t->list.n, minutes), 0);
}

static void taken_free(struct taken *t)
{
    summary_fini(&t->s);
    text_list_free(&t->list);
}

/* The answer, which must be valid JSON. */
static json_t *answer_of(const struct summary *s)
{
    struct buf out;
    json_t *parsed;

    buf_init(&out, 1 << 20);
    summary_json(s, SLICE("shop"), &out);
    assert_false(out.full);
    parsed = json_loadb(out.p, out.n, 0, NULL);
    assert_non_null(parsed);
    buf_fini(&out);
    return parsed;
}

static void assert_answer(const struct summary *s, const char *expected)
{
    struct buf out;

    buf_init(&out, 1 << 20);
    buf_str(&out, "before:");
    summary_json(s, SLICE("shop"), &out);
    buf_add(&out, "", 1);
    assert_string_equal(out.p + strlen("before:"), expected);
    buf_fini(&out);
}

/* "path=visitors path=visitors", in order. */
static void assert_pages(const struct summary *s, const char *expected)
{
    char text[1000] = "";
    uint64_t sum = 0;

    for (size_t i = 0; i < s->npages; i++) {
        const struct page_count *p = &s->pages[i];
        size_t n = strlen(text);

        snprintf(text + n, sizeof text - n, "%s%.*s=%u", i ? " " : "", (int)p->path.n,
                 p->path.p, (unsigned)p->visitors);
        sum += p->visitors;
    }
    assert_string_equal(text, expected);
    assert_int_equal(sum, s->pages_visitors);
}

static void minutes_are_read_strictly(void **state)
{
    static const struct {
        const char *text;
        unsigned minutes;
    } rows[] = {
        {"", MINUTES_DEFAULT},
        {"1", 1},
        {"5", 5},
        {"05", 5},
        {"64", 64},
        {"65", 64},
        {"640", 64},
        {"4294967296", 64},
        {"4294967297", 64},
        {"99999999999999999999999999", 64},
        {"0", 0},
        {"000", 0},
        {"-1", 0},
        {"+1", 0},
        {" 1", 0},
        {"1 ", 0},
        {"1.5", 0},
        {"0x5", 0},
        {"5m", 0},
        {"five", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n = strlen(rows[i].text);

        assert_int_equal(minutes_parse((struct slice){guard_copy(rows[i].text, n), n}),
                         rows[i].minutes);
    }
}

static void an_answer_is_as_documented(void **state)
{
    struct taken t;

    (void)state;
    take(&t, 2,
         CLOCK "M 5 e 1763776700001 q 17 t 1763776790000 v 1 W 3 "
               "O 8 w 1 r 2 i 3 b 4 tabs 15 m 6 p:/ 5 p:/new 1 "
               "A 12 pv 1234 vis 567 con 89 cnt 7 since 1762000000000 peak 12 peak_at "
               "1763000000000 "
               "day 20414 dpeak 11 dpeak_at 1763776700000 life 1762000000001 i 9 "
               "C 4 badge 1 v 7 g:order _ g:call _ N 2 /old Old / Home "
               "B 29396280 20 pv 4 uniq 2 last 2 p:/ 1 p:/a<b 1 eng 61000 a:order 2 "
               "r:x.example 1 r:- 2 "
               "d:mobile 3 c:spring 2 k:red%shoes 1 k:shoes 2 w:Chrome 4 g:DE 1 g:AT 1 q "
               "2 q50 41 q95 41 qh 36:2 "
               "B 29396279 7 pv 5 ev 1 uniq 3 last 1 p:/ 1 eng 34300 a:order 1 "
               "B 29396278 3 pv 9 last 4 eng 7 "
               "R 2 " EVENT(8, 1763776700000) EVENT(9, 1763776790000));
    assert_answer(
        &t.s,
        "{\"site\":\"shop\",\"rev\":\"1763776700001.17\",\"asOf\":1763776800123,"
        "\"minutes\":2,\"window\":3,\"currentVisitors\":3,\"pageViews\":9,"
        "\"online\":{\"total\":10,\"active\":6,\"writing\":1,\"reading\":2,\"idle\":3,"
        "\"background\":4,\"tabs\":15,\"members\":6},"
        "\"peak\":{\"day\":11,\"dayAt\":1763776700000,\"all\":12,\"allAt\":1763000000000}"
        ","
        "\"total\":{\"views\":1234,\"visits\":567,\"connections\":89,\"counted\":7,"
        "\"since\":1762000000000},"
        "\"feed\":{\"life\":1762000000001,\"last\":9},\"engagedTime\":31.8,"
        "\"activePages\":[{\"path\":\"/"
        "\",\"visitors\":2,\"online\":5,\"title\":\"Home\"},"
        "{\"path\":\"/a\\u003cb\",\"visitors\":1,\"online\":0},"
        "{\"path\":\"/new\",\"visitors\":0,\"online\":1}],"
        "\"referrers\":[{\"name\":\"(direct)\",\"views\":6,\"class\":\"direct\"},"
        "{\"name\":\"(internal)\",\"views\":2,\"class\":\"internal\"},"
        "{\"name\":\"x.example\",\"views\":1,\"class\":\"link\"}],"
        "\"sources\":[{\"name\":\"direct\",\"views\":6},"
        "{\"name\":\"internal\",\"views\":2},{\"name\":\"link\",\"views\":1}],"
        "\"devices\":[{\"name\":\"mobile\",\"views\":3}],"
        "\"browsers\":[{\"name\":\"Chrome\",\"views\":4}],"
        "\"countries\":[{\"name\":\"AT\",\"views\":1},{\"name\":\"DE\",\"views\":1}],"
        "\"campaigns\":[{\"name\":\"spring\",\"views\":2}],"
        "\"terms\":[{\"name\":\"shoes\",\"views\":2},"
        "{\"name\":\"red%shoes\",\"views\":1}],"
        "\"goals\":[{\"name\":\"order\",\"count\":3},{\"name\":\"call\",\"count\":0}],"
        "\"queries\":{\"count\":2,\"p50\":41,\"p95\":41},"
        "\"recentEvents\":["
        "{\"id\":9,\"type\":\"pageview\",\"timestamp\":1763776790000,\"path\":\"/\"},"
        "{\"id\":8,\"type\":\"pageview\",\"timestamp\":1763776700000,\"path\":\"/\"}],"
        "\"windows\":[{\"minutes\":1,\"visitors\":2,\"pageViews\":4,\"events\":0,"
        "\"engagedMs\":61000},"
        "{\"minutes\":2,\"visitors\":3,\"pageViews\":9,\"events\":1,\"engagedMs\":95300},"
        "{\"minutes\":3,\"visitors\":7,\"pageViews\":18,\"events\":1,\"engagedMs\":95307}"
        "],"
        "\"series\":[{\"minute\":1763776680000,\"visitors\":0,\"pageViews\":9,\"events\":"
        "0},"
        "{\"minute\":1763776740000,\"visitors\":3,\"pageViews\":5,\"events\":1},"
        "{\"minute\":1763776800000,\"visitors\":2,\"pageViews\":4,\"events\":0,"
        "\"queries\":2,\"queryP50\":41,\"queryP95\":41,\"partial\":true}],\"timestamp\":"
        "\"2025-11-22T02:00:00.123Z\","
        "\"pageViewsLastHour\":18,"
        "\"topActivePages\":[{\"name\":\"/\",\"value\":2,\"percentage\":67},"
        "{\"name\":\"/a\\u003cb\",\"value\":1,\"percentage\":33}],"
        "\"locations\":[{\"country\":\"AT\",\"visitors\":1},{\"country\":\"DE\","
        "\"visitors\":1}],\"alerts\":[],\"flags\":[]}");
    taken_free(&t);
}

static void who_is_fresh_is_told_where_not_all_are(void **state)
{
    static const struct {
        const char *list;
        bool told;
        unsigned reading, idle;
    } rows[] = {
        {CLOCK META "O 2 r 5 i 2 R 0", false, 5, 2},
        {CLOCK META "O 6 r 5 i 2 fw 0 fr 5 fi 2 fb 0 R 0", false, 5, 2},
        {CLOCK META "O 6 r 5 i 2 fw 0 fr 4 fi 2 fb 0 R 0", true, 4, 2},
        {CLOCK META "O 6 r 5 i 2 fw 0 fr 0 fi 0 fb 0 R 0", true, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *answer, *fresh;
        struct taken t;

        take(&t, 5, rows[i].list);
        assert_true(t.s.online.reading == 5 && t.s.online.idle == 2);
        assert_int_equal(t.s.online.fresh.reading, rows[i].reading);
        assert_int_equal(t.s.online.fresh.idle, rows[i].idle);
        answer = answer_of(&t.s);
        fresh = json_object_get(json_object_get(answer, "online"), "fresh");
        assert_int_equal(fresh != NULL, rows[i].told);
        if (fresh)
            assert_int_equal(json_integer_value(json_object_get(fresh, "total")),
                             rows[i].reading + rows[i].idle);
        json_decref(answer);
        taken_free(&t);
    }
}

static void clients_of_ts_analytics_find_what_they_read(void **state)
{
    json_t *answer, *pages, *places;
    struct taken t;

    (void)state;
    take(&t, 5,
         CLOCK "M 5 e 1 q 1 t 1763776790000 v 1 W 64 O 2 r 1 p:/open 1 "
               "B 29396280 5 pv 5 last 3 p:/a 2 p:/b 1 g:DE 4 "
               "B 29396279 2 pv 2 g:FR 1 B 29396221 1 pv 10 B 29396220 1 pv 100 R 0");
    answer = answer_of(&t.s);
    assert_int_equal(json_integer_value(json_object_get(answer, "pageViewsLastHour")),
                     17);
    pages = json_object_get(answer, "topActivePages");
    assert_int_equal(json_array_size(pages), 2); /* not the one that is only open */
    assert_int_equal(
        json_integer_value(json_object_get(json_array_get(pages, 0), "percentage")), 67);
    places = json_object_get(answer, "locations");
    assert_int_equal(json_array_size(places), 2);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(places, 0), "country")), "DE");
    assert_int_equal(
        json_integer_value(json_object_get(json_array_get(places, 0), "visitors")), 4);
    json_decref(answer);
    taken_free(&t);
}

static const struct trait_list *list_in(const struct taken *t, enum trait_kind kind)
{
    return &t->s.trait[kind];
}

static void views_are_told_apart_in_the_minutes_asked_for(void **state)
{
    static const struct {
        unsigned minutes;
        uint64_t direct, x, mobile, queries, p50;
    } rows[] = {{1, 1, 2, 3, 1, 10}, {2, 3, 3, 4, 4, 20}, {3, 6, 3, 4, 4, 20}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct taken t;
        uint64_t direct = 0, x = 0;

        take(&t, rows[i].minutes,
             CLOCK META "B 29396280 6 pv 3 r:x 2 d:mobile 3 q 1 q50 10 qh 10:1 "
                        "B 29396279 6 pv 3 r:x 1 d:mobile 1 q 3 q50 20 qh 20:3 "
                        "B 29396278 1 pv 3 R 0");
        for (size_t k = 0; k < list_in(&t, TRAIT_REFERRER)->n; k++) {
            const struct trait_count *c = &list_in(&t, TRAIT_REFERRER)->of[k];

            *(slice_eq(c->name, SLICE("x")) ? &x : &direct) += c->views;
        }
        assert_int_equal(direct, rows[i].direct);
        assert_int_equal(x, rows[i].x);
        assert_int_equal(list_in(&t, TRAIT_DEVICE)->of[0].views, rows[i].mobile);
        assert_int_equal(list_in(&t, TRAIT_COUNTRY)->n, 0);
        assert_int_equal(t.s.queries.count, rows[i].queries);
        assert_int_equal(t.s.queries.p50, rows[i].p50);
        assert_int_equal(t.s.row[1].queries, 3);
        taken_free(&t);
    }
}

static void traits_of_rows_that_are_not_wanted_are_checked_all_the_same(void **state)
{
    static const char *const rows[] = {
        "B 29396280 1 r:x -1 R 0",
        "B 29396280 1 d:mobile y R 0",
        "B 29396280 1 g:DE 4294967296 R 0",
        "B 29396280 1 qh x R 0",
        "B 29396279 1 qh 240:1 R 0",
        "B 29396279 1 w:x _ R 0",
        "B 29396280 1 q -1 R 0",
        "N 1 / R 0",
        "N x R 0",
        "N 9 / Home R 0",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[256];
        struct text_list list;
        struct summary s;

        snprintf(text, sizeof text, "%s%s", CLOCK META, rows[i]);
        list = list_of(text);
        if (parse(&s, list.v, list.n, 1) != -1)
            fail_msg("taken: %s", rows[i]);
        text_list_free(&list);
    }
}

static void more_referrers_than_views_are_no_harm(void **state)
{
    struct taken t;

    (void)state;
    take(&t, 1, CLOCK META "B 29396280 2 pv 1 r:x 2 R 0");
    assert_int_equal(list_in(&t, TRAIT_REFERRER)->n, 1);
    taken_free(&t);
}

static void source_is(const struct taken *t, size_t i, enum referrer_class class,
                      uint64_t views)
{
    assert_int_equal(t->s.source[i].class, class);
    assert_int_equal(t->s.source[i].views, views);
}

static void sources_add_up_to_the_views_and_count_hosts_beyond_the_list(void **state)
{
    struct buf text;
    struct taken t;
    uint64_t sum = 0;

    (void)state;
    buf_init(&text, 16 * 1024);
    buf_str(&text, CLOCK META "B 29396280 206 pv 1000 r:google.de 300 r:t.co 1 r:- 300 "
                              "r:(other) 20 r:www.google.com.evil.example 1 ");
    for (unsigned i = 0; i < 200; i++)
        buf_printf(&text, "r:%u.reddit.com 1 ", i);
    buf_str(&text, "R 0");
    buf_add(&text, "", 1);
    take(&t, 1, buf_get(&text).p);
    assert_int_equal(list_in(&t, TRAIT_REFERRER)->n, ANSWER_TRAITS_MAX + 1);
    for (size_t i = 0; i < t.s.nsources; i++)
        sum += t.s.source[i].views;
    assert_int_equal(sum, 1000);
    assert_int_equal(t.s.nsources, 5);
    source_is(&t, 0, CLASS_INTERNAL, 300);
    source_is(&t, 1, CLASS_SEARCH, 300);
    source_is(&t, 2, CLASS_SOCIAL, 201);
    source_is(&t, 3, CLASS_DIRECT, 178);
    source_is(&t, 4, CLASS_LINK, 21);
    taken_free(&t);
    buf_fini(&text);
}

static void an_unknown_site_is_all_zero(void **state)
{
    json_t *answer, *value;
    struct taken t;
    size_t i;

    (void)state;
    take(&t, 5,
         CLOCK "M 0 O 2 r 5 p:/ 5 B 29396280 3 last 5 p:/ 5 eng 9 R 1 " EVENT(
             1, 1763776790000));
    assert_int_equal(online_total(&t.s.online), 0);
    assert_false(t.s.known);
    assert_int_equal(t.s.window, WINDOW_DEFAULT);
    answer = answer_of(&t.s);
    assert_string_equal(json_string_value(json_object_get(answer, "rev")), "0.0");
    assert_int_equal(json_integer_value(json_object_get(answer, "currentVisitors")), 0);
    assert_int_equal(json_array_size(json_object_get(answer, "activePages")), 0);
    assert_int_equal(json_array_size(json_object_get(answer, "recentEvents")), 0);
    assert_int_equal(json_array_size(json_object_get(answer, "series")), WINDOW_DEFAULT);
    json_array_foreach(json_object_get(answer, "windows"), i, value)
        assert_int_equal(json_integer_value(json_object_get(value, "visitors")), 0);
    value = json_object_get(answer, "flags");
    assert_int_equal(json_array_size(value), 1);
    assert_string_equal(json_string_value(json_array_get(value, 0)), "unknown");
    json_decref(answer);
    taken_free(&t);
}

/* A list whose newest row has @n pages /0, /1, ... of 1000, 999, ... visitors. */
static void take_pages(struct taken *t, unsigned n, const char *more)
{
    static char text[100000];
    size_t used = (size_t)sprintf(text, CLOCK META "B %d %u ", NOW, n);

    for (unsigned i = 0; i < n; i++)
        used += (size_t)sprintf(text + used, "p:/%u %u ", i, 1000 - i);
    sprintf(text + used, "%s R 0", more);
    take(t, 2, text);
}

static void what_is_kept_for_ever_is_told_of_unknown_sites_too(void **state)
{
    struct taken t;

    (void)state;
    take(&t, 5, CLOCK "M 0 O 0 A 5 pv 7 vis 3 peak 2 life 8 i 9 C 1 badge 1 R 0");
    assert_false(t.s.known);
    assert_true(t.s.total.views == 7 && t.s.total.visits == 3 && t.s.peaks.all == 2);
    assert_true(t.s.life == 8 && t.s.last == 9 && t.s.badge);
    taken_free(&t);
}

static void entries_that_an_older_script_does_not_return_read_as_nothing(void **state)
{
    static const char *const rows[] = {
        CLOCK META "R 0",         CLOCK META "O 0 A 0 C 0 R 0",
        CLOCK META "A 0 R 0",     CLOCK META "C 0 B 29396280 0 R 0",
        CLOCK META "O 0 C 0 R 0",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct taken t;

        take(&t, 5, rows[i]);
        assert_int_equal(online_total(&t.s.online), 0);
        assert_true(t.s.peaks.all == 0 && t.s.total.since == 0 && t.s.last == 0);
        assert_false(t.s.badge);
        taken_free(&t);
    }
}

/* Day 20413 of UTC begins at 1763683200, in seconds. */
static void the_peak_of_a_day_that_is_over_is_0(void **state)
{
    static const struct {
        const char *list;
        unsigned day;
    } rows[] = {
        {"T 1763769600 0 M 0 A 4 day 20413 dpeak 5 dpeak_at 9 peak 7 R 0", 0},
        {"T 1763769599 999999 M 0 A 4 day 20413 dpeak 5 dpeak_at 9 peak 7 R 0", 5},
        {"T 1763769600 0 M 0 A 4 day 20414 dpeak 5 dpeak_at 9 peak 7 R 0", 5},
        {"T 1763683200 0 M 0 A 4 day 20413 dpeak 5 dpeak_at 9 peak 7 R 0", 5},
        {"T 1763683200 0 M 0 A 4 day 20412 dpeak 5 dpeak_at 9 peak 7 R 0", 0},
        {"T 1763683200 0 M 0 A 3 dpeak 5 dpeak_at 9 peak 7 R 0", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct taken t;

        take(&t, 5, rows[i].list);
        assert_int_equal(t.s.peaks.day, rows[i].day);
        assert_int_equal(t.s.peaks.day_at, rows[i].day ? 9 : 0);
        assert_int_equal(t.s.peaks.all, 7);
        taken_free(&t);
    }
}

static void only_a_1_lets_the_badge_be_shown(void **state)
{
    static const struct {
        const char *list;
        bool badge;
    } rows[] = {
        {CLOCK META "C 1 badge 1 R 0", true},
        {CLOCK META "C 1 badge 0 R 0", false},
        {CLOCK META "C 1 badge yes R 0", false},
        {CLOCK META "C 1 badge _ R 0", false},
        {CLOCK META "C 1 badger 1 R 0", false},
        {CLOCK META "C 1 badge 11 R 0", false},
        {CLOCK META "C 2 t:x y badge 1 R 0", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct taken t;

        take(&t, 5, rows[i].list);
        assert_int_equal(t.s.badge, rows[i].badge);
        taken_free(&t);
    }
}

static void who_reads_needs_a_token_unless_the_site_is_public(void **state)
{
    static const struct {
        const char *list;
        bool closed;
    } rows[] = {
        {CLOCK META "C 0 R 0", false},
        {CLOCK META "C 1 badge 1 R 0", false},
        {CLOCK META "C 1 read public R 0", false},
        {CLOCK META "C 1 read token R 0", true},
        {CLOCK "M 0 C 1 read token R 0", true},
        {CLOCK META "C 1 read Public R 0", true},
        {CLOCK META "C 1 read _ R 0", true},
        {CLOCK META "C 1 reader token R 0", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct taken t;

        take(&t, 5, rows[i].list);
        assert_int_equal(t.s.closed, rows[i].closed);
        taken_free(&t);
    }
}

static void only_a_1_makes_a_site_a_demo(void **state)
{
    static const struct {
        const char *list, *flags;
    } rows[] = {
        {CLOCK META "C 1 demo 1 R 0", "\"flags\":[\"demo\"]"},
        {CLOCK META "C 1 demo 0 R 0", "\"flags\":[]"},
        {CLOCK META "C 1 demonstration 1 R 0", "\"flags\":[]"},
        {CLOCK "M 0 C 2 badge 1 demo 1 R 0", "\"flags\":[\"unknown\",\"demo\"]"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct taken t;
        struct buf out;

        take(&t, 5, rows[i].list);
        buf_init(&out, 1 << 16);
        summary_json(&t.s, SLICE("shop"), &out);
        if (!slice_has(buf_get(&out), slice_of(rows[i].flags)))
            fail_msg("no %s in %.*s", rows[i].flags, (int)out.n, out.p);
        buf_fini(&out);
        taken_free(&t);
    }
}

static void pages_that_are_open_are_listed_with_those_visited(void **state)
{
    struct taken t;

    (void)state;
    take(&t, 5,
         CLOCK META "O 6 r 9 p:/b 2 p:/c 7 p:/d 7 p:/gone 0 p:(other) 3 "
                    "B 29396280 3 p:/a 2 p:/b 1 p:(other) 1 R 0");
    assert_pages(&t.s, "/a=2 /b=1 /c=0 /d=0 (other)=1");
    assert_int_equal(t.s.pages[0].online, 0);
    assert_int_equal(t.s.pages[1].online, 2);
    assert_int_equal(t.s.pages[2].online, 7);
    assert_int_equal(t.s.pages[4].online, 3);
    taken_free(&t);
    take(&t, 5, CLOCK META "O 3 p:/a 1 p:/b 3 p:/c 2 R 0");
    assert_pages(&t.s, "/b=0 /c=0 /a=0");
    taken_free(&t);
    take(&t, 5, CLOCK META "O 1 p:(other) 3 R 0");
    assert_pages(&t.s, "(other)=0");
    taken_free(&t);
}

static void open_pages_beyond_the_bound_are_folded_into_other(void **state)
{
    static char text[20000];
    struct taken t;
    size_t used = (size_t)sprintf(text, CLOCK META "O %d ", ANSWER_PAGES_MAX + 1);

    (void)state;
    for (unsigned i = 0; i <= ANSWER_PAGES_MAX; i++)
        used += (size_t)sprintf(text + used, "p:/%u %u ", i, 1000 - i);
    sprintf(text + used, "B 29396280 1 p:/100 1 R 0");
    take(&t, 5, text);
    assert_int_equal(t.s.npages, ANSWER_PAGES_MAX + 1);
    assert_true(slice_eq(t.s.pages[0].path, SLICE("/100"))); /* it had a visitor */
    assert_true(slice_eq(t.s.pages[1].path, SLICE("/0")));
    assert_true(slice_eq(t.s.pages[ANSWER_PAGES_MAX].path, SLICE("(other)")));
    assert_int_equal(t.s.pages[ANSWER_PAGES_MAX].online, 1001 - ANSWER_PAGES_MAX);
    assert_int_equal(t.s.pages[ANSWER_PAGES_MAX].visitors, 0);
    taken_free(&t);
}

static void attention_is_told_in_seconds_a_visitor(void **state)
{
    static const struct {
        const char *list, *told;
    } rows[] = {
        {CLOCK META "R 0", "\"engagedTime\":0.0,"},
        {CLOCK META "B 29396280 1 eng 5000 R 0", "\"engagedTime\":0.0,"},
        {CLOCK META "B 29396280 2 eng 5000 last 1 R 0", "\"engagedTime\":5.0,"},
        {CLOCK META "B 29396280 2 eng 95300 last 3 R 0", "\"engagedTime\":31.8,"},
        {CLOCK META "B 29396280 2 eng 49 last 1 R 0", "\"engagedTime\":0.0,"},
        {CLOCK META "B 29396280 2 eng 51 last 1 R 0", "\"engagedTime\":0.1,"},
        {CLOCK META "B 29396280 2 eng 140737488355327 last 1 R 0",
         "\"engagedTime\":140737488355.3,"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct taken t;
        struct buf out;

        take(&t, 5, rows[i].list);
        json_decref(answer_of(&t.s));
        buf_init(&out, 1 << 20);
        summary_json(&t.s, SLICE("shop"), &out);
        if (!memmem(out.p, out.n, rows[i].told, strlen(rows[i].told)))
            fail_msg("no %s of %s", rows[i].told, rows[i].list);
        buf_fini(&out);
        taken_free(&t);
    }
}

static void a_summary_is_told_as_a_message_would(void **state)
{
    struct taken t;
    struct delta d;

    (void)state;
    take_pages(&t, ANSWER_PAGES_MAX, "");
    d = summary_delta(&t.s, SLICE("shop"));
    assert_int_equal(d.npages, MESSAGE_PAGES_MAX);
    taken_free(&t);
    take(&t, 5,
         CLOCK "M 8 e 7 q 3 n 21 t 1763776800000 v 1 c 1 l 1 warm 1763776899999 "
               "O 3 b 2 tabs 3 m 1 A 6 pv 9 con 4 cnt 2 peak 8 life 5 i 6 "
               "B 29396280 4 last 1 pv 2 eng 3 p:/ 1 B 29396270 3 last 4 pv 5 eng 6 R 0");
    d = summary_delta(&t.s, SLICE("shop"));
    assert_true(slice_eq(d.site, SLICE("shop")));
    assert_true(d.epoch == 7 && d.commit == 3 && d.n == 21 && d.at == t.s.as_of);
    assert_true(d.online.background == 2 && d.online.tabs == 3 && d.peaks.all == 8);
    assert_true(d.online.members == 1 && d.total.joins == 4 && d.total.counted == 2);
    assert_true(d.total.views == 9 && d.life == 5 && d.last == 6);
    assert_true(d.window[0].minutes == 1 && d.window[1].minutes == 5);
    assert_true(d.window[1].visitors == 1 && d.window[1].views == 2);
    assert_int_equal(d.window[1].engaged, 3);
    assert_true(d.window[2].minutes == 30 && d.window[2].visitors == 5);
    assert_true(d.window[2].views == 7 && d.window[2].engaged == 9);
    assert_true(d.npages == 1 && d.nevents == 0);
    assert_true(d.new_views == 0 && d.new_events == 0 && d.new_visitors == 0);
    assert_int_equal(d.flags, DELTA_CAPPED | DELTA_LOADING | DELTA_WARMING);
    taken_free(&t);
    take(&t, 5, CLOCK "M 1 W 3 R 0");
    d = summary_delta(&t.s, SLICE("shop"));
    assert_true(d.window[0].minutes == 1 && d.window[1].minutes == 3);
    assert_int_equal(d.window[2].minutes, 3);
    taken_free(&t);
}

static void a_capped_site_says_so(void **state)
{
    json_t *answer, *flags;
    struct taken t;

    (void)state;
    take(&t, 5, CLOCK "M 1 c 1 R 0");
    answer = answer_of(&t.s);
    flags = json_object_get(answer, "flags");
    assert_int_equal(json_array_size(flags), 1);
    assert_string_equal(json_string_value(json_array_get(flags, 0)), "capped");
    json_decref(answer);
    taken_free(&t);
    take(&t, 5, CLOCK "M 1 c 0 R 0");
    assert_false(t.s.capped);
    taken_free(&t);
}

/* CLOCK says 1763776800123. */
static void a_site_that_is_or_was_just_read_back_says_so(void **state)
{
    static const struct {
        const char *list;
        bool loading, warming;
    } table[] = {
        {CLOCK "M 2 q 1 l 1 R 0", true, false},
        {CLOCK "M 2 l 0 warm 0 R 0", false, false},
        {CLOCK "M 2 l 0 warm 1763776800123 R 0", false, false},
        {CLOCK "M 2 l 0 warm 1763776800124 R 0", false, true},
    };
    struct taken t;

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        json_t *answer, *flags;
        size_t n = 0;

        take(&t, 5, table[i].list);
        assert_int_equal(t.s.loading, table[i].loading);
        assert_int_equal(t.s.warming, table[i].warming);
        answer = answer_of(&t.s);
        flags = json_object_get(answer, "flags");
        if (table[i].loading)
            assert_string_equal(json_string_value(json_array_get(flags, n++)), "loading");
        if (table[i].warming)
            assert_string_equal(json_string_value(json_array_get(flags, n++)), "warming");
        assert_int_equal(json_array_size(flags), n);
        json_decref(answer);
        taken_free(&t);
    }
}

static void the_running_minute_is_the_later_of_both_clocks(void **state)
{
    struct taken t;

    (void)state;
    take(&t, 5, CLOCK "M 1 t 1763776740000 R 0");
    assert_int_equal(t.s.now, NOW);
    taken_free(&t);
    take(&t, 5, CLOCK "M 1 t 1763776919999 B 29396281 1 last 3 R 0");
    assert_int_equal(t.s.now, NOW + 1);
    assert_int_equal(t.s.as_of, 1763776800123);
    assert_int_equal(t.s.row[0].last, 3);
    taken_free(&t);
}

static void a_window_is_the_sum_of_its_newest_rows(void **state)
{
    static const struct {
        unsigned minutes, visitors, views, events;
    } rows[] = {
        {1, 1, 10, 100},  {2, 1, 10, 100},  {3, 3, 30, 300},    {29, 3, 30, 300},
        {30, 7, 70, 700}, {31, 7, 70, 700}, {1000, 7, 70, 700},
    };
    struct taken t;

    (void)state;
    take(&t, 5,
         CLOCK META "B 29396280 3 last 1 pv 10 ev 100 B 29396278 3 last 2 pv 20 ev 200 "
                    "B 29396251 3 last 4 pv 40 ev 400 B 29396250 3 last 8 pv 80 ev 800 "
                    "R 0");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct summary_window w = summary_window(&t.s, rows[i].minutes);

        assert_int_equal(w.visitors, rows[i].visitors);
        assert_int_equal(w.views, rows[i].views);
        assert_int_equal(w.events, rows[i].events);
    }
    taken_free(&t);
}

static void the_window_asked_for_is_cut_to_the_sites(void **state)
{
    static const struct {
        const char *meta;
        unsigned asked, window, minutes;
    } rows[] = {
        {"W 30", 5, 30, 5},
        {"W 30", 64, 30, 30},
        {"W 3", 5, 3, 3},
        {"W 1", 1, 1, 1},
        {"W 0", 5, 1, 1},
        {"W 64", 1000, 64, 64},
        {"W 4000000000", 64, 64, 64},
        {"v 1", 60, 30, 30},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[200];
        struct taken t;

        snprintf(text, sizeof text, CLOCK "M 1 %s R 0", rows[i].meta);
        take(&t, rows[i].asked, text);
        assert_int_equal(t.s.window, rows[i].window);
        assert_int_equal(t.s.minutes, rows[i].minutes);
        assert_int_equal(t.s.row[t.s.window - 1].minute, NOW + 1 - t.s.window);
        taken_free(&t);
    }
}

static void each_window_is_listed_once_and_ascending(void **state)
{
    static const struct {
        unsigned window, asked;
        const char *listed;
    } rows[] = {
        {30, 5, "1 5 30"},  {30, 10, "1 5 10 30"}, {30, 2, "1 2 5 30"},
        {30, 30, "1 5 30"}, {30, 1, "1 5 30"},     {5, 5, "1 5"},
        {3, 2, "1 2 3"},    {3, 5, "1 3"},         {1, 1, "1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[200], listed[100] = "";
        json_t *answer, *window;
        struct taken t;
        size_t k;

        snprintf(text, sizeof text, CLOCK "M 1 W %u R 0", rows[i].window);
        take(&t, rows[i].asked, text);
        answer = answer_of(&t.s);
        json_array_foreach(json_object_get(answer, "windows"), k, window)
        {
            size_t n = strlen(listed);

            snprintf(listed + n, sizeof listed - n, "%s%d", k ? " " : "",
                     (int)json_integer_value(json_object_get(window, "minutes")));
        }
        assert_string_equal(listed, rows[i].listed);
        json_decref(answer);
        taken_free(&t);
    }
}

static void pages_add_up_over_the_minutes_asked_for(void **state)
{
    static const char list[] = CLOCK META "B 29396280 3 p:/b 1 p:/a 2 p:/zero 0 "
                                          "B 29396279 3 p:/c 3 p:/b 2 p:/a 1 "
                                          "B 29396277 2 p: 1 p:/a 7 R 0";
    static const struct {
        unsigned minutes;
        const char *pages;
    } rows[] = {
        {1, "/a=2 /b=1"},
        {2, "/a=3 /b=3 /c=3"},
        {3, "/a=3 /b=3 /c=3"},
        {4, "/a=10 /b=3 /c=3 =1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct taken t;

        take(&t, rows[i].minutes, list);
        assert_pages(&t.s, rows[i].pages);
        taken_free(&t);
    }
}

static void other_pages_are_one_entry_and_the_last(void **state)
{
    struct taken t;

    (void)state;
    take(&t, 2,
         CLOCK META "B 29396280 2 p:(other) 9 p:/a 1 B 29396279 1 p:(other) 1 R 0");
    assert_pages(&t.s, "/a=1 (other)=10");
    taken_free(&t);
}

static void pages_beyond_the_bound_are_folded_into_other(void **state)
{
    struct taken t;

    (void)state;
    take_pages(&t, ANSWER_PAGES_MAX, "");
    assert_int_equal(t.s.npages, ANSWER_PAGES_MAX);
    assert_int_equal(t.s.pages[ANSWER_PAGES_MAX - 1].visitors, 1001 - ANSWER_PAGES_MAX);
    taken_free(&t);

    take_pages(&t, ANSWER_PAGES_MAX + 2, "B 29396279 1 p:(other) 7");
    assert_int_equal(t.s.npages, ANSWER_PAGES_MAX + 1);
    assert_int_equal(t.s.pages[0].visitors, 1000);
    assert_true(slice_eq(t.s.pages[ANSWER_PAGES_MAX].path, SLICE("(other)")));
    assert_int_equal(t.s.pages[ANSWER_PAGES_MAX].visitors,
                     1000 - ANSWER_PAGES_MAX + 999 - ANSWER_PAGES_MAX + 7);
    taken_free(&t);
}

static void recent_events_are_newest_first_and_of_this_window(void **state)
{
    struct taken t;

    (void)state;
    take(&t, 1,
         CLOCK "M 1 W 2 R 7 " EVENT(9, 1763776739999)
             EVENT(10, 1763776740000) "no-json "
                                      "{\"id\":99} " EVENT(7, 1763776800000)
                                          EVENT(11, 1763776900000) EVENT(8, 0));
    assert_int_equal(t.s.nrecent, 3);
    assert_true(slice_starts(t.s.recent[0], SLICE("{\"id\":11,")));
    assert_true(slice_starts(t.s.recent[1], SLICE("{\"id\":10,")));
    assert_true(slice_starts(t.s.recent[2], SLICE("{\"id\":7,")));
    taken_free(&t);
}

static void of_too_many_recent_events_the_newest_stay(void **state)
{
    struct text_list l = list_of(CLOCK META "R 250");
    struct summary s;
    char text[200];

    (void)state;
    for (unsigned i = 0; i < 250; i++) {
        int n = snprintf(text, sizeof text,
                         "{\"id\":%u,\"type\":\"pageview\",\"timestamp\":1763776800000}",
                         i * 101 % 250 + 1);
        text_list_add(&l, text, (size_t)n);
    }
    assert_int_equal(parse(&s, l.v, l.n, 5), 0);
    assert_int_equal(s.nrecent, RECENT_MAX);
    for (unsigned i = 0; i < RECENT_MAX; i++) {
        snprintf(text, sizeof text, "{\"id\":%u,", 250 - i);
        assert_true(slice_starts(s.recent[i], slice_of(text)));
    }
    summary_fini(&s);
    text_list_free(&l);
}

static void fields_of_later_versions_pass(void **state)
{
    struct taken t;

    (void)state;
    take(&t, 5, CLOCK "M 2 later x W 30 B 29396280 3 online many last 2 _ _ R 0");
    assert_int_equal(t.s.row[0].last, 2);
    assert_int_equal(t.s.npages, 0);
    taken_free(&t);
}

static void what_is_not_of_this_shape_is_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "_",
        "X 1763776800 0 M 0 R 0",
        "T x 0 M 0 R 0",
        "T -1 0 M 0 R 0",
        "T _ 0 M 0 R 0",
        "T 1763776800 1000000 M 0 R 0",
        "T 99999999999999999999 0 M 0 R 0",
        "T 257698037760 0 M 0 R 0",
        "T 0 0 M 0 R 0",
        "T 3839 0 M 0 R 0",
        CLOCK,
        CLOCK "B 29396280 0 R 0",
        CLOCK "M",
        CLOCK "M x R 0",
        CLOCK "M 1 R 0",
        CLOCK "M 18446744073709551615 R 0",
        CLOCK "M 9223372036854775808 W 30 R 0",
        CLOCK "M 1 W R 0",
        CLOCK "M 1 e x R 0",
        CLOCK "M 1 e _ R 0",
        CLOCK "M 1 e 9007199254740992 R 0",
        CLOCK "M 1 q 1e5 R 0",
        CLOCK "M 1 t -5 R 0",
        CLOCK "M 1 t 257698037760000 R 0",
        CLOCK "M 1 W 30.0 R 0",
        CLOCK "M 1 c yes R 0",
        CLOCK "M 1 v 2 R 0",
        CLOCK "M 1 v 0 R 0",
        CLOCK META,
        CLOCK META "O",
        CLOCK META "O x R 0",
        CLOCK META "O 1 R 0",
        CLOCK META "O 1 r x R 0",
        CLOCK META "O 1 tabs -1 R 0",
        CLOCK META "O 1 w 4294967296 R 0",
        CLOCK META "O 1 p:/ x R 0",
        CLOCK META "O 1 p:/ 4294967296 R 0",
        CLOCK META "O 0 O 0 R 0",
        CLOCK META "A 0 O 0 R 0",
        CLOCK META "C 0 A 0 R 0",
        CLOCK META "B 29396280 0 O 0 R 0",
        CLOCK META "A",
        CLOCK META "A 1 R 0",
        CLOCK META "A 1 pv x R 0",
        CLOCK META "A 1 vis 9007199254740992 R 0",
        CLOCK META "A 1 since 257698037760000 R 0",
        CLOCK META "A 1 day 2982617 R 0",
        CLOCK META "C",
        CLOCK META "C x R 0",
        CLOCK META "C 1 badge R 0",
        CLOCK META "C 18446744073709551615 R 0",
        CLOCK META "B 29396280 1 eng -1 R 0",
        CLOCK META "B 29396280 1 eng 140737488355328 R 0",
        CLOCK META "R",
        CLOCK META "R x",
        CLOCK META "R 1",
        CLOCK META "R 0 more",
        CLOCK META "R 2 a",
        CLOCK META "B",
        CLOCK META "B 29396280",
        CLOCK META "B 29396280 0",
        CLOCK META "B x 0 R 0",
        CLOCK META "B 29396281 0 R 0",
        CLOCK META "B 29396280 0 B 29396280 0 R 0",
        CLOCK META "B 29396279 0 B 29396280 0 R 0",
        CLOCK META "B 0 0 B 0 0 R 0",
        CLOCK META "B 29396280 1 R 0",
        CLOCK META "B 29396280 1 pv R 0",
        CLOCK META "B 29396280 1 pv x R 0",
        CLOCK META "B 29396280 1 pv _ R 0",
        CLOCK META "B 29396280 1 pv 4294967296 R 0",
        CLOCK META "B 29396280 1 pv 18446744073709551617 R 0",
        CLOCK META "B 29396280 1 p:/ -1 R 0",
        CLOCK META "B 29396280 1 p:/ 4294967296 R 0",
        CLOCK META "B 29396280 2 p:/ 1 R 0",
        CLOCK META "B 1 1 pv x R 0",
        CLOCK "R 0 " META,
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct text_list l = list_of(rows[i]);
        struct summary s;

        print_message("\"%s\"\n", rows[i]);
        assert_int_equal(parse(&s, l.v, l.n, 5), -1);
        assert_null(s.pages);
        text_list_free(&l);
    }
}

static const char rich[] = CLOCK "M 6 e 7 q 3 t 1763776800000 v 1 W 30 c 1 "
                                 "O 4 w 1 r 2 tabs 3 p:/ 3 "
                                 "A 5 pv 9 vis 8 day 20414 dpeak 7 i 6 "
                                 "C 1 badge 1 "
                                 "B 29396280 6 pv 4 ev 1 uniq 2 last 2 p:/ 1 p:/a 1 "
                                 "B 29396279 5 pv 5 ev 1 uniq 3 last 1 p:/ 1 "
                                 "B 29396251 2 pv 9 last 4 "
                                 "R 2 " EVENT(8, 1763776700000) EVENT(9, 1763776790000);

static void a_list_cut_anywhere_is_refused(void **state)
{
    struct text_list l = list_of(rich);
    struct summary s;

    (void)state;
    assert_int_equal(parse(&s, l.v, l.n, 5), 0);
    summary_fini(&s);
    for (size_t n = 0; n < l.n; n++)
        assert_int_equal(parse(&s, l.v, n, 5), -1);
    text_list_free(&l);
}

/* Exchanges, cuts and doubles strings: refused or not, nothing is read that is not there
 * and what is taken makes a valid answer. */
static void a_list_shaken_up_does_no_harm(void **state)
{
    struct text_list l = list_of(rich);
    struct dice dice = {7};
    unsigned good = 0;

    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        struct slice *v = malloc(l.n * sizeof *v);
        struct slice *one = &v[dice_below(&dice, l.n)];
        struct summary s;

        memcpy(v, l.v, l.n * sizeof *v);
        if (round % 2)
            *one = l.v[dice_below(&dice, l.n)];
        else
            one->n = dice_below(&dice, one->n + 1);
        if (parse(&s, v, l.n, 1 + round % 64) == 0) {
            json_decref(answer_of(&s));
            summary_fini(&s);
            good++;
        }
        free(v);
    }
    assert_in_range(good, 100, 19900);
    text_list_free(&l);
}

static void the_largest_figures_still_make_an_answer(void **state)
{
    static char text[20000];
    size_t n =
        (size_t)sprintf(text, CLOCK "M 3 e 9007199254740991 q 9007199254740991 W 64 ");
    struct taken t;

    (void)state;
    for (int i = 0; i < WINDOW_MAX; i++)
        n += (size_t)sprintf(text + n,
                             "B %d 6 pv 4294967295 ev 4294967295 uniq 4294967295 "
                             "last 4294967295 p:/ 4294967295 p:(other) 4294967295 ",
                             NOW - i);
    sprintf(text + n, "R 0");
    take(&t, WINDOW_MAX, text);
    assert_int_equal(t.s.pages[0].visitors, 64 * (uint64_t)UINT32_MAX);
    json_decref(answer_of(&t.s));
    taken_free(&t);
}

static void a_list_that_is_too_long_is_refused(void **state)
{
    struct text_list l = list_of(CLOCK META "R");
    size_t n = (1u << 21) + 1;
    struct slice *v = calloc(n, sizeof *v);
    struct summary s;
    char count[16];

    (void)state;
    snprintf(count, sizeof count, "%zu", n - l.n - 1);
    text_list_add(&l, count, strlen(count));
    memcpy(v, l.v, l.n * sizeof *v);
    assert_int_equal(summary_parse(&s, v, n, 5), -1);
    snprintf(count, sizeof count, "%zu", n - l.n - 1);
    v[l.n - 1] = slice_of(count); /* one less is taken */
    assert_int_equal(summary_parse(&s, v, n - 1, 5), 0);
    summary_fini(&s);
    free(v);
    text_list_free(&l);
}

static void parse_no_minutes(void)
{
    struct summary s;

    summary_parse(&s, NULL, 0, 0);
}

static void asking_for_no_minutes_is_misuse(void **state)
{
    (void)state;
    assert_true(aborts(parse_no_minutes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(minutes_are_read_strictly),
        cmocka_unit_test(an_answer_is_as_documented),
        cmocka_unit_test(who_is_fresh_is_told_where_not_all_are),
        cmocka_unit_test(clients_of_ts_analytics_find_what_they_read),
        cmocka_unit_test(views_are_told_apart_in_the_minutes_asked_for),
        cmocka_unit_test(traits_of_rows_that_are_not_wanted_are_checked_all_the_same),
        cmocka_unit_test(more_referrers_than_views_are_no_harm),
        cmocka_unit_test(sources_add_up_to_the_views_and_count_hosts_beyond_the_list),
        cmocka_unit_test(an_unknown_site_is_all_zero),
        cmocka_unit_test(what_is_kept_for_ever_is_told_of_unknown_sites_too),
        cmocka_unit_test(entries_that_an_older_script_does_not_return_read_as_nothing),
        cmocka_unit_test(the_peak_of_a_day_that_is_over_is_0),
        cmocka_unit_test(only_a_1_lets_the_badge_be_shown),
        cmocka_unit_test(who_reads_needs_a_token_unless_the_site_is_public),
        cmocka_unit_test(only_a_1_makes_a_site_a_demo),
        cmocka_unit_test(pages_that_are_open_are_listed_with_those_visited),
        cmocka_unit_test(open_pages_beyond_the_bound_are_folded_into_other),
        cmocka_unit_test(attention_is_told_in_seconds_a_visitor),
        cmocka_unit_test(a_summary_is_told_as_a_message_would),
        cmocka_unit_test(a_capped_site_says_so),
        cmocka_unit_test(a_site_that_is_or_was_just_read_back_says_so),
        cmocka_unit_test(the_running_minute_is_the_later_of_both_clocks),
        cmocka_unit_test(a_window_is_the_sum_of_its_newest_rows),
        cmocka_unit_test(the_window_asked_for_is_cut_to_the_sites),
        cmocka_unit_test(each_window_is_listed_once_and_ascending),
        cmocka_unit_test(pages_add_up_over_the_minutes_asked_for),
        cmocka_unit_test(other_pages_are_one_entry_and_the_last),
        cmocka_unit_test(pages_beyond_the_bound_are_folded_into_other),
        cmocka_unit_test(recent_events_are_newest_first_and_of_this_window),
        cmocka_unit_test(of_too_many_recent_events_the_newest_stay),
        cmocka_unit_test(fields_of_later_versions_pass),
        cmocka_unit_test(what_is_not_of_this_shape_is_refused),
        cmocka_unit_test(a_list_cut_anywhere_is_refused),
        cmocka_unit_test(a_list_shaken_up_does_no_harm),
        cmocka_unit_test(the_largest_figures_still_make_an_answer),
        cmocka_unit_test(a_list_that_is_too_long_is_refused),
        cmocka_unit_test(asking_for_no_minutes_is_misuse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
