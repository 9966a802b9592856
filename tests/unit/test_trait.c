/* Traits of views, in fields, in lists and in a site's table; and how long queries took.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../aggregator/queries.h"
#include "../../aggregator/traits.h"
#include "../dice.h"
#include "../guard.h"

#define SLOTS 4

static const struct key key = {{7}};

/* ---- fields and lists ------------------------------------------------------ */

static void a_field_is_its_letter_and_the_value(void **state)
{
    static const struct {
        const char *field;
        int kind;
        const char *value;
    } rows[] = {
        {"r:news.example", TRAIT_REFERRER, "news.example"},
        {"r:-", TRAIT_REFERRER, "-"},
        {"d:mobile", TRAIT_DEVICE, "mobile"},
        {"w:Samsung Internet", TRAIT_BROWSER, "Samsung Internet"},
        {"g:DE", TRAIT_COUNTRY, "DE"},
        {"g:g:", TRAIT_COUNTRY, "g:"},
        {"c:Spring sale", TRAIT_CAMPAIGN, "Spring sale"},
        {"c:c:", TRAIT_CAMPAIGN, "c:"},
        {"k:red shoes", TRAIT_TERM, "red shoes"},
        {"c:", -1, ""},
        {"C:x", -1, ""},
        {"r:", -1, ""},
        {"r", -1, ""},
        {"", -1, ""},
        {"p:/", -1, ""},
        {"R:x", -1, ""},
        {"rx:y", -1, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n = strlen(rows[i].field);
        struct slice field = {guard_copy(rows[i].field, n), n}, value;
        enum trait_kind kind;

        assert_int_equal(trait_field(field, &kind, &value), rows[i].kind >= 0);
        if (rows[i].kind < 0)
            continue;
        assert_int_equal(kind, rows[i].kind);
        assert_true(slice_eq(value, slice_of(rows[i].value)));
        assert_true(slice_starts(field, slice_of(trait_prefix(kind))));
    }
}

static void entries_of_the_same_name_and_kind_are_merged(void **state)
{
    struct trait_count t[] = {
        {SLICE("x"), 1, TRAIT_TERM},
        {SLICE("x"), 2, TRAIT_CAMPAIGN},
        {SLICE("x"), 3, TRAIT_TERM},
        {SLICE("a"), 1, TRAIT_TERM},
    };

    (void)state;
    assert_int_equal(trait_merge(t, sizeof t / sizeof *t), 3);
    assert_true(t[0].kind == TRAIT_CAMPAIGN && t[0].views == 2);
    assert_true(slice_eq(t[1].name, SLICE("a")) && t[1].views == 1);
    assert_true(slice_eq(t[2].name, SLICE("x")) && t[2].views == 4);
    assert_int_equal(trait_merge(NULL, 0), 0);
}

static void a_list_is_added_up_and_ranked_kind_by_kind(void **state)
{
    struct trait_count t[] = {
        {SLICE("DE"), 1, TRAIT_COUNTRY},       {SLICE("b"), 2, TRAIT_REFERRER},
        {SLICE("a"), 2, TRAIT_REFERRER},       {SLICE("(other)"), 9, TRAIT_REFERRER},
        {SLICE("b"), 3, TRAIT_REFERRER},       {SLICE("AT"), 1, TRAIT_COUNTRY},
        {SLICE("mobile"), 4, TRAIT_DEVICE},    {SLICE("c"), 2, TRAIT_REFERRER},
        {SLICE("(other)"), 1, TRAIT_REFERRER},
    };
    static const struct trait_count want[] = {
        {SLICE("b"), 5, TRAIT_REFERRER},    {SLICE("a"), 2, TRAIT_REFERRER},
        {SLICE("c"), 2, TRAIT_REFERRER},    {SLICE("(other)"), 10, TRAIT_REFERRER},
        {SLICE("mobile"), 4, TRAIT_DEVICE}, {SLICE("AT"), 1, TRAIT_COUNTRY},
        {SLICE("DE"), 1, TRAIT_COUNTRY},
    };

    (void)state;
    assert_int_equal(trait_rank(t, sizeof t / sizeof *t), sizeof want / sizeof *want);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        assert_int_equal(t[i].kind, want[i].kind);
        assert_int_equal(t[i].views, want[i].views);
        assert_true(slice_eq(t[i].name, want[i].name));
    }
    assert_int_equal(trait_rank(NULL, 0), 0);
}

static void beyond_the_bound_of_a_list_the_rest_is_one_entry(void **state)
{
    struct trait_count t[2 * (ANSWER_TRAITS_MAX + 7)];
    char names[ANSWER_TRAITS_MAX + 7][4];
    size_t n = 0;

    (void)state;
    for (unsigned i = 0; i < ANSWER_TRAITS_MAX + 7; i++) {
        snprintf(names[i], sizeof names[i], "%03u", i);
        t[n++] = (struct trait_count){{names[i], 3}, 1 + i, TRAIT_REFERRER};
        t[n++] = (struct trait_count){{names[i], 3}, 5, TRAIT_COUNTRY};
    }
    assert_int_equal(trait_rank(t, n), 2 * (ANSWER_TRAITS_MAX + 1));
    assert_true(slice_eq(t[ANSWER_TRAITS_MAX].name, SLICE(TRAIT_OTHER)));
    assert_int_equal(t[ANSWER_TRAITS_MAX].views, 1 + 2 + 3 + 4 + 5 + 6 + 7);
    assert_int_equal(t[0].views, ANSWER_TRAITS_MAX + 7);
    assert_true(slice_eq(t[2 * ANSWER_TRAITS_MAX + 1].name, SLICE(TRAIT_OTHER)));
    assert_int_equal(t[2 * ANSWER_TRAITS_MAX + 1].views, 7 * 5);
}

/* ---- a site's table --------------------------------------------------------- */

static unsigned view(struct traits *t, unsigned slot, const char *referrer,
                     enum hit_device device, const char *country)
{
    struct hit h = {.referrer = slice_of(referrer), .device = (uint8_t)device};

    if (*country)
        memcpy(h.country, country, 2);
    return traits_view(t, slot, &h);
}

static const struct trait *find(const struct traits *t, enum trait_kind kind,
                                const char *name)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->trait[i]->kind == kind &&
            slice_eq(trait_name(t->trait[i]), slice_of(name)))
            return t->trait[i];
    return NULL;
}

static void a_view_that_tells_nothing_takes_no_memory(void **state)
{
    struct traits t;

    (void)state;
    traits_init(&t, SLOTS, &key, NULL);
    assert_int_equal(view(&t, 0, "", DEVICE_NONE, ""), 0);
    assert_int_equal(traits_bytes(&t), 0);
    traits_fini(&t);
}

static void views_are_counted_by_value_and_minute(void **state)
{
    struct traits t;

    (void)state;
    traits_init(&t, SLOTS, &key, NULL);
    view(&t, 0, "a", DEVICE_MOBILE, "DE");
    view(&t, 1, "a", DEVICE_DESKTOP, "DE");
    view(&t, 1, "-", DEVICE_MOBILE, "");
    view(&t, 1, "a", DEVICE_MOBILE, "NZ");
    assert_int_equal(find(&t, TRAIT_REFERRER, "a")->views, 3);
    assert_int_equal(find(&t, TRAIT_REFERRER, "a")->at[1], 2);
    assert_int_equal(find(&t, TRAIT_REFERRER, "-")->at[1], 1);
    assert_int_equal(find(&t, TRAIT_DEVICE, "mobile")->views, 3);
    assert_int_equal(find(&t, TRAIT_DEVICE, "desktop")->dirty, 2);
    assert_int_equal(find(&t, TRAIT_COUNTRY, "DE")->views, 2);
    traits_clear_slot(&t, 1);
    assert_int_equal(find(&t, TRAIT_REFERRER, "a")->views, 1);
    traits_drop_empty(&t);
    assert_null(find(&t, TRAIT_REFERRER, "-"));
    assert_null(find(&t, TRAIT_DEVICE, "desktop"));
    view(&t, 2, "-", DEVICE_DESKTOP, "NZ"); /* they may come again */
    assert_int_equal(find(&t, TRAIT_REFERRER, "-")->views, 1);
    assert_int_equal(find(&t, TRAIT_DEVICE, "desktop")->views, 1);
    traits_clear_slot(&t, 0);
    traits_clear_slot(&t, 2);
    traits_drop_empty(&t);
    assert_int_equal(traits_bytes(&t), 0);
    traits_fini(&t);
}

static void what_a_commit_has_to_write_stays(void **state)
{
    struct traits t;

    (void)state;
    traits_init(&t, SLOTS, &key, NULL);
    view(&t, 0, "a", DEVICE_NONE, "");
    t.trait[0]->views = t.trait[0]->at[0] = 0;
    traits_drop_empty(&t);
    assert_int_equal(t.n, 1);
    t.trait[0]->inflight = t.trait[0]->dirty;
    t.trait[0]->dirty = 0;
    traits_drop_empty(&t);
    assert_int_equal(t.n, 1);
    t.trait[0]->inflight = 0;
    traits_drop_empty(&t);
    assert_int_equal(t.n, 0);
    traits_fini(&t);
}

static void hosts_beyond_the_bound_are_others_until_there_is_room(void **state)
{
    struct traits t;
    unsigned capped = 0;
    char host[8];

    (void)state;
    traits_init(&t, SLOTS, &key, NULL);
    for (unsigned i = 0; i < REFERRERS_MAX + 50; i++) {
        snprintf(host, sizeof host, "h%u", i);
        capped += view(&t, i % 2, host, DEVICE_NONE, "DE");
    }
    assert_int_equal(capped, 51); /* one place is for the others */
    assert_int_equal(find(&t, TRAIT_REFERRER, TRAIT_OTHER)->views, 51);
    assert_int_equal(t.of[TRAIT_REFERRER], REFERRERS_MAX - 1);
    assert_int_equal(view(&t, 0, "h1", DEVICE_NONE, ""), 0);
    traits_clear_slot(&t, 0);
    traits_drop_empty(&t);
    assert_int_equal(view(&t, 2, "h249", DEVICE_NONE, ""), 0);
    assert_int_equal(find(&t, TRAIT_REFERRER, "h249")->views, 1);
    traits_fini(&t);
}

/* Of each its own bound; what is named like the others is one of them. */
static void campaigns_and_terms_beyond_the_bound_are_others(void **state)
{
    struct traits t;
    unsigned capped = 0;
    char name[CAMPAIGN_MAX + 1];

    (void)state;
    traits_init(&t, SLOTS, &key, NULL);
    for (unsigned i = 0; i < CAMPAIGNS_MAX + 10; i++) {
        struct hit h = {.campaign = {name, CAMPAIGN_MAX}, .term = SLICE("same")};

        snprintf(name, sizeof name, "%064u", i);
        capped += traits_view(&t, 1, &h);
    }
    assert_int_equal(capped, 11);
    assert_int_equal(t.of[TRAIT_CAMPAIGN], CAMPAIGNS_MAX - 1);
    assert_int_equal(find(&t, TRAIT_CAMPAIGN, TRAIT_OTHER)->views, 11);
    assert_int_equal(find(&t, TRAIT_TERM, "same")->views, CAMPAIGNS_MAX + 10);
    assert_null(find(&t, TRAIT_CAMPAIGN, "same"));
    traits_view(&t, 1, &(struct hit){.campaign = SLICE(TRAIT_OTHER)});
    assert_int_equal(find(&t, TRAIT_CAMPAIGN, TRAIT_OTHER)->views, 12);
    traits_fini(&t);
}

/* Redis tells them in any order, the others first, too. */
static void at_the_bound_all_that_was_kept_is_read_back(void **state)
{
    struct traits t;
    char host[8];

    (void)state;
    traits_init(&t, SLOTS, &key, NULL);
    assert_true(traits_restore(&t, TRAIT_REFERRER, SLICE(TRAIT_OTHER), 1, 7));
    for (unsigned i = 0; i < REFERRERS_MAX - 1; i++) {
        snprintf(host, sizeof host, "h%u", i);
        assert_true(traits_restore(&t, TRAIT_REFERRER, slice_of(host), 1, 1));
    }
    assert_int_equal(t.n, REFERRERS_MAX);
    assert_false(traits_restore(&t, TRAIT_REFERRER, SLICE("more"), 1, 1));
    traits_clear_slot(&t, 1);
    traits_drop_empty(&t);
    assert_int_equal(t.of[TRAIT_REFERRER], 0);
    traits_fini(&t);
}

static void what_redis_says_is_taken_once_and_if_it_can_be(void **state)
{
    char host[REFERRER_MAX + 1];
    struct traits t;

    (void)state;
    memset(host, 'x', sizeof host);
    traits_init(&t, SLOTS, &key, NULL);
    assert_true(
        traits_restore(&t, TRAIT_REFERRER, (struct slice){host, REFERRER_MAX}, 1, 5));
    assert_true(traits_restore(&t, TRAIT_REFERRER, SLICE(TRAIT_OTHER), 1, 2));
    assert_true(traits_restore(&t, TRAIT_BROWSER, SLICE("Samsung Internet"), 0, 2));
    assert_true(traits_restore(&t, TRAIT_COUNTRY, SLICE("DE"), 0, 2));
    assert_false(traits_restore(&t, TRAIT_COUNTRY, SLICE("DE"), 0, 2)); /* again */
    assert_false(
        traits_restore(&t, TRAIT_REFERRER, (struct slice){host, REFERRER_MAX + 1}, 1, 5));
    assert_true(
        traits_restore(&t, TRAIT_CAMPAIGN, (struct slice){host, CAMPAIGN_MAX}, 1, 5));
    assert_true(traits_restore(&t, TRAIT_TERM, SLICE("-"), 1, 5));
    assert_false(traits_restore(&t, TRAIT_TERM, SLICE("-"), 1, 5)); /* again */
    assert_false(
        traits_restore(&t, TRAIT_TERM, (struct slice){host, CAMPAIGN_MAX + 1}, 1, 5));
    assert_false(traits_restore(&t, TRAIT_CAMPAIGN, (struct slice){0}, 1, 5));
    assert_false(traits_restore(&t, TRAIT_DEVICE, SLICE("toaster"), 0, 2));
    assert_false(traits_restore(&t, TRAIT_BROWSER, SLICE("unknown"), 0, 2));
    assert_false(traits_restore(&t, TRAIT_COUNTRY, SLICE("DEU"), 0, 2));
    assert_int_equal(t.n, 6);
    assert_int_equal(find(&t, TRAIT_COUNTRY, "DE")->views, 2);
    for (size_t i = 0; i < t.n; i++)
        assert_int_equal(t.trait[i]->dirty, 0);
    traits_fini(&t);
}

/* ---- how long queries took ---------------------------------------------------- */

static void every_duration_has_a_bucket_near_it(void **state)
{
    unsigned before = 0;

    (void)state;
    for (uint32_t ms = 0; ms <= ENGAGED_MAX_MS; ms++) {
        unsigned bucket = spread_bucket(ms);
        double middle = spread_middle(bucket), off = middle - ms;

        assert_true(bucket == before || bucket == before + 1);
        assert_true(bucket < SPREAD_BUCKETS);
        assert_true(ms < 32 ? off == 0 : (off < 0 ? -off : off) <= ms / 32.0 + 0.5);
        assert_int_equal(spread_bucket(spread_middle(bucket)), bucket);
        before = bucket;
    }
    assert_int_equal(spread_bucket(UINT64_MAX), before);
}

static int by_number(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* Against sorting them. */
static void quantiles_are_within_five_percent(void **state)
{
    struct dice dice = {.state = 5};

    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        size_t n = 1 + dice_below(&dice, 300);
        uint32_t ms[300];
        struct spread s = {{0}};

        for (size_t i = 0; i < n; i++) {
            ms[i] = (uint32_t)dice_below(&dice, 1u << dice_below(&dice, 18));
            s.n[spread_bucket(ms[i])]++;
        }
        qsort(ms, n, sizeof *ms, by_number);
        assert_int_equal(spread_count(&s), n);
        for (unsigned percent = 5; percent <= 100; percent += 45) {
            double want = ms[(n * percent + 99) / 100 - 1];
            double off = spread_quantile(&s, percent) - want;

            assert_true((off < 0 ? -off : off) <= want * 0.05);
        }
    }
}

static void without_any_every_quantile_is_0(void **state)
{
    struct spread s = {{0}};

    (void)state;
    assert_int_equal(spread_quantile(&s, 50), 0);
    assert_int_equal(spread_quantile(&s, 100), 0);
}

static void a_histogram_goes_to_text_and_back(void **state)
{
    struct spread s = {{0}}, back = {{0}};
    struct buf text;

    (void)state;
    buf_init(&text, SPREAD_TEXT_MAX);
    spread_write(&s, &text);
    assert_int_equal(text.n, 0);
    s.n[0] = 1;
    s.n[12] = 34;
    s.n[239] = UINT32_MAX;
    spread_write(&s, &text);
    assert_true(slice_eq(buf_get(&text), SLICE("0:1 12:34 239:4294967295")));
    assert_true(spread_read(&back, (struct slice){guard_copy(text.p, text.n), text.n}));
    assert_memory_equal(&s, &back, sizeof s);
    for (unsigned i = 0; i < SPREAD_BUCKETS; i++)
        s.n[i] = UINT32_MAX;
    buf_clear(&text);
    spread_write(&s, &text);
    assert_false(text.full);
    memset(&back, 0, sizeof back);
    assert_true(spread_read(&back, buf_get(&text)));
    assert_memory_equal(&s, &back, sizeof s);
    buf_fini(&text);
}

static void what_is_no_histogram_changes_nothing(void **state)
{
    static const char *const rows[] = {
        " ",
        "1",
        "1:",
        ":1",
        "1:2 ",
        " 1:2",
        "1:2  3:4",
        "1:2,3:4",
        "-1:2",
        "240:1",
        "3:1 2:1",
        "3:1 3:1",
        "x",
        "1:-1",
        "1:2 x",
        "1:4294967296",
        "0x1:2",
        "1:2\n",
        "99999999999999999999:1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct spread s = {.n = {[7] = 1}}, was = s;
        size_t n = strlen(rows[i]);

        if (spread_read(&s, (struct slice){guard_copy(rows[i], n), n}))
            fail_msg("taken: \"%s\"", rows[i]);
        assert_memory_equal(&s, &was, sizeof s);
    }
}

static void sums_do_not_wrap(void **state)
{
    struct spread s = {.n = {[7] = UINT32_MAX}};

    (void)state;
    assert_false(spread_read(&s, SLICE("6:1 7:1")));
    assert_int_equal(s.n[6], 0);
    assert_true(spread_read(&s, SLICE("6:1")));
}

static void a_minute_without_queries_has_no_histogram(void **state)
{
    struct queries q;

    (void)state;
    queries_init(&q, SLOTS);
    assert_null(queries_at(&q, 1));
    assert_int_equal(queries_bytes(&q), 0);
    queries_add(&q, 1, 20);
    queries_add(&q, 1, 22);
    assert_null(queries_at(&q, 0));
    assert_int_equal(spread_count(queries_at(&q, 1)), 2);
    assert_int_equal(spread_quantile(queries_at(&q, 1), 50), 20);
    assert_int_equal(q.dirty, 2);
    queries_clear_slot(&q, 1);
    assert_null(queries_at(&q, 1));
    assert_int_equal(q.dirty, 0);
    assert_false(queries_restore(&q, 2, SLICE("")));
    assert_false(queries_restore(&q, 2, SLICE("x")));
    assert_null(queries_at(&q, 2));
    assert_true(queries_restore(&q, 2, SLICE("5:6")));
    assert_int_equal(spread_count(queries_at(&q, 2)), 6);
    assert_int_equal(q.dirty, 0);
    queries_fini(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_is_its_letter_and_the_value),
        cmocka_unit_test(entries_of_the_same_name_and_kind_are_merged),
        cmocka_unit_test(a_list_is_added_up_and_ranked_kind_by_kind),
        cmocka_unit_test(beyond_the_bound_of_a_list_the_rest_is_one_entry),
        cmocka_unit_test(a_view_that_tells_nothing_takes_no_memory),
        cmocka_unit_test(views_are_counted_by_value_and_minute),
        cmocka_unit_test(what_a_commit_has_to_write_stays),
        cmocka_unit_test(hosts_beyond_the_bound_are_others_until_there_is_room),
        cmocka_unit_test(campaigns_and_terms_beyond_the_bound_are_others),
        cmocka_unit_test(at_the_bound_all_that_was_kept_is_read_back),
        cmocka_unit_test(what_redis_says_is_taken_once_and_if_it_can_be),
        cmocka_unit_test(every_duration_has_a_bucket_near_it),
        cmocka_unit_test(quantiles_are_within_five_percent),
        cmocka_unit_test(without_any_every_quantile_is_0),
        cmocka_unit_test(a_histogram_goes_to_text_and_back),
        cmocka_unit_test(what_is_no_histogram_changes_nothing),
        cmocka_unit_test(sums_do_not_wrap),
        cmocka_unit_test(a_minute_without_queries_has_no_histogram),
    };

    return cmocka_run_group_tests_name("trait", tests, NULL, NULL);
}
