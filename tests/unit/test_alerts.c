/* Which settings make an alert, what is told of it, and when it goes on and off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../aggregator/alerts.h"
#include "../dice.h"
#include "../guard.h"

#define BEGAN INT64_C(1763812800000)

static struct slice guarded(const char *text)
{
    return (struct slice){guard_copy(text, strlen(text)), strlen(text)};
}

/* ---- texts ---------------------------------------------------------------- */

struct text_row {
    const char *text;
    bool good;
};

/* What can be read is read, and is the same when it is @rewritten. */
static void expect_texts(const struct text_row *rows, size_t n,
                         bool (*rewritten)(struct slice text, char *out))
{
    for (size_t i = 0; i < n; i++) {
        char text[ALERT_STATE_TEXT_MAX];

        if (rewritten(guarded(rows[i].text), text) != rows[i].good)
            fail_msg("\"%s\"", rows[i].text);
        if (rows[i].good)
            assert_string_equal(text, rows[i].text);
    }
}

static bool rewritten_rule(struct slice text, char *out)
{
    struct alert_rule r;

    if (!alert_rule_read(&r, text))
        return false;
    alert_rule_text(&r, out);
    return true;
}

static bool rewritten_state(struct slice text, char *out)
{
    struct alert_state s;

    if (!alert_state_read(&s, text))
        return false;
    alert_state_text(&s, out);
    return true;
}

static void a_rule_is_read_if_its_numbers_make_sense(void **state)
{
    static const struct text_row rows[] = {
        {"above online 50 45 0", true},
        {"below online 5 6 60", true},
        {"above current 1 0 0", true},
        {"below views 0 1 86400", true},
        {"above views 1000000000 0 0", true},
        {"below views 1000000000 2000000000 0", true},
        {"above online 1000000001 0 0", false},
        {"above online 50 50 0", false},
        {"above online 50 51 0", false},
        {"above online 0 0 0", false},
        {"below online 5 5 0", false},
        {"below online 5 4 0", false},
        {"above online 50 45 86401", false},
        {"above online 50 45", false},
        {"above online 50 45 0 0", false},
        {"above online 50  0", false},
        {"above online 50 -1 0", false},
        {"above online 5e1 45 0", false},
        {"above online 50 45 99999999999999999999", false},
        {"above tabs 50 45 0", false},
        {"Above online 50 45 0", false},
        {" above online 50 45 0", false},
        {"over online 50 45 0", false},
        {"above", false},
        {"", false},
    };

    (void)state;
    expect_texts(rows, sizeof rows / sizeof *rows, rewritten_rule);
}

static void a_state_is_read_as_it_was_written(void **state)
{
    static const struct text_row rows[] = {
        {"on above online 50 1763812800000 1763812801000 57", true},
        {"off below views 0 1 2 0", true},
        {"on above online 50 1763812800000 0 57", false},
        {"on above online 50 1763812800000 57", false},
        {"on above online 50 1763812800000 1763812801000 57 1", false},
        {"on above online 50 1763812800000 4000000000000001 57", false},
        {"yes above online 50 1763812800000 1763812801000 57", false},
        {"on", false},
        {"", false},
    };

    (void)state;
    expect_texts(rows, sizeof rows / sizeof *rows, rewritten_state);
}

static void back_is_a_tenth_within_unless_told(void **state)
{
    static const struct {
        bool below;
        uint32_t limit, back;
    } rows[] = {
        {false, 50, 45}, {false, 9, 8},
        {false, 1, 0},   {false, 19, 18},
        {true, 50, 55},  {true, 5, 6},
        {true, 0, 1},    {true, ALERT_LIMIT_MAX, 1100000000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(alert_back(rows[i].below, rows[i].limit), rows[i].back);
}

static void a_change_is_one_line_of_json(void **state)
{
    struct alert_state s = {.on = true, .limit = 50, .since = 7, .at = 9, .value = 57};
    struct buf out;

    (void)state;
    buf_init(&out, MESSAGE_MAX);
    alert_json(&out, SLICE("shop"), SLICE("busy"), &s);
    assert_true(slice_eq(buf_get(&out),
                         SLICE("{\"site\":\"shop\",\"name\":\"busy\",\"kind\":\"above\","
                               "\"of\":\"online\",\"on\":true,\"value\":57,\"limit\":50,"
                               "\"since\":7,\"at\":9}")));
    buf_fini(&out);
}

/* ---- values -> changes ------------------------------------------------------ */

/* One value a second; + it goes on, - it goes off, . nothing. */
static void a_table_of_values_and_what_they_come_to(void **state)
{
    static const struct {
        const char *rule, *values, *changes;
    } rows[] = {
        {"above online 5 3 0", "0 4 5 6 5 4 3 4 5", "..+...-.+"},
        {"above online 5 4 0", "5 4 5 4 5", "+-+-+"},
        {"above online 5 3 0", "9 4 4 4 9 4 2", "+.....-"},
        {"above online 1 0 0", "0 1 1 0 1", ".+.-+"},
        {"below online 2 4 0", "9 3 2 1 3 4 3 2", "..+..-.+"},
        {"below online 0 1 0", "1 0 0 1", ".+.-"},
        /* --for: beyond all the time, the first second being the first value. */
        {"above online 5 3 1", "5 5 5 3 5 5", ".+.-.+"},
        {"above online 5 3 3", "5 5 5 4 5 5 5 5 5", ".......+."},
        {"above online 5 3 3", "9 9 9 2 9 9 9 9", ".......+"},
        /* Between limit and BACK an alert that is about to go on is not beyond. */
        {"above online 5 3 2", "5 4 5 4 5 4", "......"},
        {"below online 2 4 2", "0 0 0 9 0 0 3 0 0 0", "..+-.....+"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *p = rows[i].values, *want = rows[i].changes;
        ms_t now = BEGAN;
        struct alerts a;

        alerts_init(&a);
        alerts_begin(&a);
        assert_true(alerts_add(&a, SLICE("al:x"), guarded(rows[i].rule)));
        alerts_end(&a);
        for (size_t k = 0; *want; k++, want++, now += 1000) {
            char *end;
            const uint64_t value[ALERT_WHATS] = {strtoull(p, &end, 10)};
            bool changed = alerts_look(&a, value, now);
            bool on = a.alert[0].state.on;
            char got = !changed ? '.' : on ? '+' : '-';

            p = end;
            if (got != *want)
                fail_msg("%s: %c instead of %c at value %zu of %s", rows[i].rule, got,
                         *want, k, rows[i].values);
            if (!changed)
                continue;
            assert_true(a.alert[0].state.at == now);
            assert_int_equal(a.alert[0].state.value, value[0]);
            if (on)
                assert_true(now - a.alert[0].state.since ==
                            (ms_t)a.alert[0].rule.hold * 1000);
        }
        alerts_fini(&a);
    }
}

/* What hysteresis is for: whatever the values do, an alert that went on has been at N or
 * beyond, goes off only at BACK or within, and changes in turns. */
static void an_alert_never_flaps_between_its_bounds(void **state)
{
    struct dice dice = {11};
    unsigned changes = 0;

    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        bool below = dice_below(&dice, 2), on = false;
        uint32_t limit = 10, back = below ? limit + 1 + (uint32_t)dice_below(&dice, 5)
                                          : limit - 1 - (uint32_t)dice_below(&dice, 5);
        char rule[64];
        struct alerts a;

        snprintf(rule, sizeof rule, "%s current 10 %u 0", below ? "below" : "above",
                 back);
        alerts_init(&a);
        assert_true(alerts_add(&a, SLICE("al:x"), slice_of(rule)));
        for (unsigned k = 0; k < 200; k++) {
            uint64_t v = dice_below(&dice, 20);

            if (!alerts_look(&a, (const uint64_t[]){99, v, 99}, BEGAN + k * 1000))
                continue;
            assert_true(a.alert[0].state.on == !on);
            on = !on;
            if (on)
                assert_true(below ? v <= limit : v >= limit);
            else
                assert_true(below ? v >= back : v <= back);
            changes++;
        }
        alerts_fini(&a);
    }
    assert_in_range(changes, 1000, 40000);
}

/* ---- rules that come and go -------------------------------------------------- */

static const uint64_t many[ALERT_WHATS] = {100, 100, 100};
static const uint64_t few[ALERT_WHATS] = {0, 0, 0};

static void redefine(struct alerts *a, const char *rule)
{
    alerts_begin(a);
    if (rule)
        assert_true(alerts_add(a, SLICE("al:x"), slice_of(rule)));
    alerts_end(a);
}

/* Redis was told everything. */
static void tell(struct alerts *a)
{
    for (size_t i = 0; i < a->n; i++) {
        a->alert[i].inflight = a->alert[i].dirty;
        a->alert[i].dirty = false;
    }
    alerts_told(a, true);
}

static void a_rule_that_is_read_again_changes_nothing(void **state)
{
    struct alerts a;

    (void)state;
    alerts_init(&a);
    redefine(&a, "above online 50 45 0");
    assert_true(alerts_look(&a, many, BEGAN));
    tell(&a);
    redefine(&a, "above online 50 45 0");
    assert_false(alerts_look(&a, many, BEGAN + 1000));
    assert_false(alerts_dirty(&a));
    assert_true(a.alert[0].state.on);
    alerts_fini(&a);
}

static void another_rule_of_the_name_is_another_alert(void **state)
{
    struct alerts a;

    (void)state;
    alerts_init(&a);
    redefine(&a, "above online 50 45 0");
    assert_true(alerts_look(&a, many, BEGAN));
    redefine(&a, "above online 60 45 0");
    assert_true(alerts_look(&a, many, BEGAN + 1000));
    assert_false(a.alert[0].state.on);
    assert_int_equal(a.alert[0].state.limit, 50);
    assert_true(alerts_look(&a, many, BEGAN + 2000));
    assert_true(a.alert[0].state.on);
    assert_int_equal(a.alert[0].state.limit, 60);
    alerts_fini(&a);
}

static void a_rule_that_is_gone_is_told_to_be_off_and_forgotten(void **state)
{
    struct alert_on on[ALERTS_MAX];
    struct alerts a;

    (void)state;
    alerts_init(&a);
    redefine(&a, "above online 50 45 0");
    assert_true(alerts_look(&a, many, BEGAN));
    tell(&a);
    assert_int_equal(alerts_on(&a, on), 1);
    redefine(&a, NULL);
    assert_int_equal(alerts_on(&a, on), 0);
    assert_false(alerts_defined(&a));
    assert_true(alerts_look(&a, many, BEGAN + 1000));
    assert_false(a.alert[0].state.on);
    assert_true(alerts_dirty(&a));
    tell(&a);
    assert_int_equal(a.n, 0);
    assert_int_equal(alerts_bytes(&a), 0);
    alerts_fini(&a);
}

static void what_was_not_told_is_dirty_again(void **state)
{
    struct alerts a;

    (void)state;
    alerts_init(&a);
    redefine(&a, "above online 50 45 0");
    assert_false(alerts_wait(&a));
    assert_true(alerts_look(&a, many, BEGAN));
    a.alert[0].dirty = false;
    a.alert[0].inflight = true;
    assert_true(alerts_wait(&a));
    alerts_told(&a, false);
    assert_true(alerts_dirty(&a));
    tell(&a);
    assert_false(alerts_dirty(&a));
    assert_false(alerts_wait(&a));
    alerts_fini(&a);
}

static void an_alert_that_was_told_is_not_told_again_after_a_restart(void **state)
{
    struct alerts a;

    (void)state;
    alerts_init(&a);
    redefine(&a, "above online 50 45 0");
    alerts_restore(&a, SLICE("x"), SLICE("on above online 50 5 6 57"));
    assert_false(alerts_look(&a, many, BEGAN));
    assert_true(alerts_look(&a, few, BEGAN + 1000));
    assert_false(a.alert[0].state.on);
    assert_int_equal(a.alert[0].state.since, 5);
    alerts_fini(&a);
}

static void an_alert_whose_rule_went_meanwhile_goes_off(void **state)
{
    struct alerts a;

    (void)state;
    alerts_init(&a);
    redefine(&a, "above online 60 45 0");
    alerts_restore(&a, SLICE("x"), SLICE("on above online 50 5 6 57"));
    alerts_restore(&a, SLICE("y"), SLICE("on below views 50 5 6 57"));
    alerts_restore(&a, SLICE("z"), SLICE("off above views 50 5 6 57"));
    alerts_restore(&a, SLICE("a b"), SLICE("on above online 50 5 6 57"));
    alerts_restore(&a, SLICE("w"), SLICE("nonsense"));
    assert_int_equal(a.n, 3);
    assert_true(alerts_look(&a, few, BEGAN));
    for (size_t i = 0; i < a.n; i++)
        assert_false(a.alert[i].state.on);
    assert_false(alerts_look(&a, few, BEGAN + 1000));
    tell(&a);
    assert_int_equal(a.n, 1);
    alerts_fini(&a);
}

static void there_are_so_many_and_each_once_by_name(void **state)
{
    struct alerts a;
    char field[16];

    (void)state;
    alerts_init(&a);
    for (unsigned round = 0; round < 3; round++) {
        alerts_begin(&a);
        for (unsigned i = ALERTS_MAX; i-- > 0;) {
            snprintf(field, sizeof field, "al:%u-%02u", round, i * 7 % ALERTS_MAX);
            assert_true(alerts_add(&a, slice_of(field), SLICE("above online 50 45 0")));
            assert_false(alerts_add(&a, slice_of(field), SLICE("above online 5 4 0")));
        }
        assert_false(alerts_add(&a, SLICE("al:more"), SLICE("above online 50 45 0")));
        alerts_end(&a);
        for (size_t i = 1; i < a.n; i++)
            assert_true(slice_cmp(alert_name(&a.alert[i - 1]), alert_name(&a.alert[i])) <
                        0);
        alerts_look(&a, many, BEGAN + round * 1000);
    }
    assert_in_range(a.n, ALERTS_MAX, ALERTS_KEPT_MAX);
    assert_true(alerts_bytes(&a) > 0);
    alerts_fini(&a);
}

/* Those of ALERTS_MAX rules that begin with @letter. */
static void replace_all(struct alerts *a, char letter)
{
    char field[16];

    alerts_begin(a);
    for (unsigned i = 0; i < ALERTS_MAX; i++) {
        snprintf(field, sizeof field, "al:%c%u", letter, i);
        assert_true(alerts_add(a, slice_of(field), SLICE("above online 50 45 0")));
    }
    alerts_end(a);
}

static size_t count_on(const struct alerts *a, char letter)
{
    size_t n = 0;

    for (size_t i = 0; i < a->n; i++)
        n += a->alert[i].state.on && a->alert[i].name[0] == letter;
    return n;
}

/* Each time before Redis has confirmed that those of the time before are off. */
static void of_all_alerts_replaced_at_once_none_is_refused_or_left_on(void **state)
{
    static const char letters[] = "azbycxd"; /* the older ones first and last by name */
    struct alerts a;

    (void)state;
    alerts_init(&a);
    replace_all(&a, letters[0]);
    for (size_t k = 0; letters[k + 1]; k++) {
        assert_true(alerts_look(&a, many, BEGAN + (ms_t)k * 1000));
        assert_int_equal(count_on(&a, letters[k]), ALERTS_MAX);
        assert_int_equal(k ? count_on(&a, letters[k - 1]) : 0, 0);
        for (size_t i = 0; i < a.n; i++) {
            a.alert[i].inflight = a.alert[i].dirty;
            a.alert[i].dirty = false;
        }
        replace_all(&a, letters[k + 1]);
        assert_int_equal(count_on(&a, letters[k]), ALERTS_MAX); /* still to be told */
        alerts_told(&a, true);
    }
    alerts_fini(&a);
}

/* Of another host whose clock was ahead; changes are told apart by their times. */
static void a_change_is_later_than_the_one_before_whatever_the_clock_says(void **state)
{
    struct alerts a;

    (void)state;
    alerts_init(&a);
    redefine(&a, "above online 50 45 0");
    alerts_restore(&a, SLICE("x"),
                   SLICE("on above online 50 1763900000000 1763900000000 57"));
    assert_true(alerts_look(&a, few, BEGAN));
    assert_true(a.alert[0].state.at == INT64_C(1763900000001));
    assert_true(alerts_look(&a, many, BEGAN + 1000));
    assert_true(a.alert[0].state.at == INT64_C(1763900000002));
    assert_true(a.alert[0].state.since == BEGAN + 1000);
    alerts_fini(&a);
}

/* Which lies in Redis, and where no later one could be read. */
static void a_time_beyond_all_others_is_not_passed(void **state)
{
    char text[ALERT_STATE_TEXT_MAX];
    struct alert_state s;
    struct alerts a;

    (void)state;
    alerts_init(&a);
    redefine(&a, "above online 50 45 0");
    alerts_restore(&a, SLICE("x"), SLICE("on above online 50 5 4000000000000000 57"));
    assert_true(alerts_look(&a, few, BEGAN));
    alert_state_text(&a.alert[0].state, text);
    assert_true(alert_state_read(&s, slice_of(text)));
    alerts_fini(&a);
}

static void settings_that_are_no_alert_are_refused(void **state)
{
    static const struct {
        const char *field, *value;
    } rows[] = {
        {"g:x", "above online 50 45 0"},
        {"al:", "above online 50 45 0"},
        {"al:a b", "above online 50 45 0"},
        {"al:\xc3\xa4", "above online 50 45 0"},
        {"al", "above online 50 45 0"},
        {"", "above online 50 45 0"},
        {"al:x", "path /"},
    };
    char field[3 + SETTING_NAME_MAX + 1] = "al:";
    struct alerts a;

    (void)state;
    alerts_init(&a);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (alerts_add(&a, guarded(rows[i].field), guarded(rows[i].value)))
            fail_msg("%s: %s", rows[i].field, rows[i].value);
    memset(field + 3, 'n', SETTING_NAME_MAX + 1);
    assert_false(alerts_add(&a, (struct slice){field, sizeof field},
                            SLICE("above online 50 45 0")));
    assert_true(alerts_add(&a, (struct slice){field, sizeof field - 1},
                           SLICE("above online 50 45 0")));
    alerts_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_is_read_if_its_numbers_make_sense),
        cmocka_unit_test(a_state_is_read_as_it_was_written),
        cmocka_unit_test(back_is_a_tenth_within_unless_told),
        cmocka_unit_test(a_change_is_one_line_of_json),
        cmocka_unit_test(a_table_of_values_and_what_they_come_to),
        cmocka_unit_test(an_alert_never_flaps_between_its_bounds),
        cmocka_unit_test(a_rule_that_is_read_again_changes_nothing),
        cmocka_unit_test(another_rule_of_the_name_is_another_alert),
        cmocka_unit_test(a_rule_that_is_gone_is_told_to_be_off_and_forgotten),
        cmocka_unit_test(what_was_not_told_is_dirty_again),
        cmocka_unit_test(an_alert_that_was_told_is_not_told_again_after_a_restart),
        cmocka_unit_test(an_alert_whose_rule_went_meanwhile_goes_off),
        cmocka_unit_test(there_are_so_many_and_each_once_by_name),
        cmocka_unit_test(of_all_alerts_replaced_at_once_none_is_refused_or_left_on),
        cmocka_unit_test(a_change_is_later_than_the_one_before_whatever_the_clock_says),
        cmocka_unit_test(a_time_beyond_all_others_is_not_passed),
        cmocka_unit_test(settings_that_are_no_alert_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
