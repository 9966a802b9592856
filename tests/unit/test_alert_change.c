/* What is told of alerts is taken apart or refused, and told on once; what an operator
 * asks for becomes a rule or a sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../cli/alert_change.h"
#include "../../cli/site_alert.h"
#include "../guard.h"

static struct slice guarded(const char *text)
{
    return (struct slice){guard_copy(text, strlen(text)), strlen(text)};
}

#define HEAD "{\"site\":\"shop\",\"name\":\"busy\",\"kind\":"
#define TAIL ",\"value\":57,\"limit\":50,\"since\":7,\"at\":9}"

static void a_message_is_what_the_aggregator_writes(void **state)
{
    struct alert_state s = {
        .on = true, .below = true, .what = ALERT_VIEWS, .limit = 5, .since = 1, .at = 2};
    struct alert_change c;
    struct buf text;

    (void)state;
    buf_init(&text, MESSAGE_MAX);
    alert_json(&text, SLICE("shop"), SLICE("few"), &s);
    assert_int_equal(alert_change_parse(&c, buf_get(&text)), 0);
    assert_string_equal(c.site, "shop");
    assert_string_equal(c.name, "few");
    assert_true(c.state.on && c.state.below && c.state.what == ALERT_VIEWS);
    assert_true(c.state.limit == 5 && c.state.since == 1 && c.state.at == 2);
    buf_fini(&text);
}

static void messages_of_later_versions_pass_and_others_do_not(void **state)
{
    static const struct {
        const char *text;
        int result;
    } rows[] = {
        {HEAD "\"above\",\"of\":\"online\",\"on\":true" TAIL, 0},
        {HEAD "\"below\",\"of\":\"views\",\"more\":[1],\"on\":false" TAIL, 0},
        {HEAD "\"beside\",\"of\":\"online\",\"on\":true" TAIL, -1},
        {HEAD "\"above\",\"of\":\"tabs\",\"on\":true" TAIL, -1},
        {HEAD "\"above\",\"of\":\"online\",\"on\":1" TAIL, -1},
        {HEAD "\"above\",\"of\":\"online\"" TAIL, -1},
        {HEAD "\"above\",\"of\":\"online\",\"on\":true,\"value\":-1" TAIL, -1},
        {HEAD "\"above\",\"of\":\"online\",\"on\":true}", -1},
        {"{\"site\":\"a "
         "b\",\"name\":\"x\",\"kind\":\"above\",\"of\":\"online\",\"on\":true" TAIL,
         -1},
        {"{\"site\":\"a\",\"name\":\"\\u001b[2J\",\"kind\":\"above\",\"of\":\"online\","
         "\"on\":true" TAIL,
         -1},
        {"[]", -1},
        {"1", -1},
        {"", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct alert_change c;

        if (alert_change_parse(&c, guarded(rows[i].text)) != rows[i].result)
            fail_msg("%s", rows[i].text);
    }
}

static struct alert_change change(const char *site, const char *name, bool on, ms_t at)
{
    struct alert_change c = {.state = {.on = on, .limit = 5, .at = at, .value = 6}};

    snprintf(c.site, sizeof c.site, "%s", site);
    snprintf(c.name, sizeof c.name, "%s", name);
    return c;
}

static void a_change_is_news_once_and_only_if_it_is_later(void **state)
{
    static const struct {
        const char *site, *name;
        bool on;
        ms_t at;
        bool news;
    } rows[] = {
        {"shop", "b", true, 10, true},   {"shop", "b", true, 10, false},
        {"shop", "b", false, 20, true},  {"shop", "b", true, 15, false},
        {"shop", "a", true, 5, true},    {"blog", "b", true, 5, true},
        {"shop", "b", false, 20, false}, {"shop", "b", true, 21, true},
        {"blog", "b", true, 5, false},   {"shop", "a", false, 6, true},
    };
    struct alert_book b = {0};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct alert_change c =
            change(rows[i].site, rows[i].name, rows[i].on, rows[i].at);

        assert_int_equal(alert_book_hear(&b, &c), rows[i].news);
    }
    assert_int_equal(b.n, 3);
    alert_book_fini(&b);
}

static void a_reading_tells_what_was_missed(void **state)
{
    struct alert_change on = change("shop", "on", true, 10);
    struct alert_change off = change("shop", "off", false, 10);
    struct alert_change gone = change("shop", "gone", true, 10);
    struct alert_change other = change("blog", "other", true, 10), c;
    struct alert_book b = {0};

    (void)state;
    alert_book_begin(&b);
    assert_true(alert_book_found(&b, &on));
    assert_false(alert_book_found(&b, &off)); /* nobody was told that it was on */
    assert_true(alert_book_found(&b, &gone));
    assert_true(alert_book_found(&b, &other));
    assert_false(alert_book_missing(&b, SLICE("shop"), 50, &c));

    alert_book_begin(&b);
    assert_false(alert_book_found(&b, &on));
    off.state.on = true;
    off.state.at = 40;
    assert_true(alert_book_found(&b, &off));
    assert_false(alert_book_missing(&b, SLICE("shop"), 50, &c));
    assert_false(alert_book_missing(&b, SLICE("blog"), 50, &c));
    assert_true(b.doubtful);

    alert_book_begin(&b);
    assert_false(alert_book_found(&b, &on));
    assert_false(alert_book_found(&b, &off));
    assert_true(alert_book_missing(&b, SLICE("shop"), 50, &c));
    assert_string_equal(c.name, "gone");
    assert_false(c.state.on);
    assert_int_equal(c.state.at, 50);
    assert_false(alert_book_missing(&b, SLICE("shop"), 50, &c));
    assert_true(alert_book_missing(&b, SLICE("blog"), 5, &c));
    assert_int_equal(c.state.at, 11); /* of a clock that is behind */
    assert_false(b.doubtful);
    alert_book_fini(&b);
}

static void what_a_redis_that_went_back_in_time_lacks_for_a_moment_is_not_off(
    void **state)
{
    struct alert_change on = change("shop", "on", true, 10), c;
    struct alert_book b = {0};

    (void)state;
    alert_book_hear(&b, &on);
    for (int i = 0; i < 3; i++) {
        alert_book_begin(&b);
        assert_false(alert_book_missing(&b, SLICE("shop"), 50, &c));
        assert_true(b.doubtful);
        alert_book_begin(&b);
        assert_false(i == 2 ? alert_book_hear(&b, &on) : alert_book_found(&b, &on));
        assert_false(alert_book_missing(&b, SLICE("shop"), 50, &c));
        assert_false(b.doubtful);
    }
    alert_book_fini(&b);
}

static void an_alert_that_was_taken_for_off_is_on_when_it_is_told_again(void **state)
{
    struct alert_change on = change("shop", "on", true, 10), c;
    struct alert_change off = change("shop", "on", false, 20);
    struct alert_book b = {0};

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_true(i ? alert_book_found(&b, &on) : alert_book_hear(&b, &on));
        alert_book_begin(&b);
        assert_false(alert_book_missing(&b, SLICE("shop"), 50, &c));
        alert_book_begin(&b);
        assert_true(alert_book_missing(&b, SLICE("shop"), 50, &c));
    }
    assert_false(alert_book_hear(&b, &off)); /* it is known */
    assert_false(alert_book_hear(&b, &on));
    alert_book_fini(&b);
}

static void options_become_a_rule(void **state)
{
    static const struct {
        struct site_alert_opts opts;
        const char *rule; /* NULL: a sentence */
    } rows[] = {
        {{.above = "50"}, "above online 50 45 0"},
        {{.below = "5"}, "below online 5 6 0"},
        {{.below = "0"}, "below online 0 1 0"},
        {{.above = "1"}, "above online 1 0 0"},
        {{.above = "50", .of = "current", .back = "10", .hold = "60"},
         "above current 50 10 60"},
        {{.below = "5", .of = "views", .back = "50"}, "below views 5 50 0"},
        {{.above = "0"}, NULL},
        {{.above = "50", .below = "5"}, NULL},
        {{.back = "5"}, NULL},
        {{.above = "50", .back = "50"}, NULL},
        {{.below = "50", .back = "50"}, NULL},
        {{.above = "1000000001"}, NULL},
        {{.above = "-1"}, NULL},
        {{.above = ""}, NULL},
        {{.above = "50", .of = "visitors"}, NULL},
        {{.above = "50", .hold = "1m"}, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char err[512] = "", text[ALERT_RULE_TEXT_MAX];
        struct alert_rule r;
        int result = site_alert_rule(&rows[i].opts, &r, err, sizeof err);

        assert_int_equal(result, rows[i].rule ? 0 : -1);
        assert_true((err[0] != '\0') == (result < 0));
        if (result < 0)
            continue;
        alert_rule_text(&r, text);
        assert_string_equal(text, rows[i].rule);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_what_the_aggregator_writes),
        cmocka_unit_test(messages_of_later_versions_pass_and_others_do_not),
        cmocka_unit_test(a_change_is_news_once_and_only_if_it_is_later),
        cmocka_unit_test(a_reading_tells_what_was_missed),
        cmocka_unit_test(
            what_a_redis_that_went_back_in_time_lacks_for_a_moment_is_not_off),
        cmocka_unit_test(an_alert_that_was_taken_for_off_is_on_when_it_is_told_again),
        cmocka_unit_test(options_become_a_rule),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
