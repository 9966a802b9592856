/* Which hits reach a goal, and what settings make one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "../../aggregator/goals.h"
#include "../dice.h"
#include "../guard.h"

static struct slice guarded(const char *text)
{
    return (struct slice){guard_copy(text, strlen(text)), strlen(text)};
}

/* ---- patterns --------------------------------------------------------------- */

static void a_star_stands_for_any_text(void **state)
{
    static const struct {
        const char *pattern, *path;
        bool matches;
    } rows[] = {
        {"/thanks", "/thanks", true},
        {"/thanks", "/thanks/", false},
        {"/thanks", "/thank", false},
        {"/thanks", "/Thanks", false},
        {"/thanks", "", false},
        {"/thanks*", "/thanks", true},
        {"/thanks*", "/thanks/a/b?c", true},
        {"/thanks*", "/no/thanks", false},
        {"*", "/", true},
        {"*", "", true},
        {"**", "/", true},
        {"***", "", true},
        {"*/end", "/end", true},
        {"*/end", "/a/end", true},
        {"*/end", "/a/end/", false},
        {"*/end", "end", false},
        {"/a*z", "/az", true},
        {"/a*z", "/a/b/z", true},
        {"/a*z", "/a", false},
        {"/ab*bc", "/abc", false},
        {"/ab*bc", "/abbc", true},
        {"/a*b*c", "/a-b-c", true},
        {"/a*b*c", "/abcbc", true},
        {"/a*b*c", "/acb", false},
        {"*ab*ab", "ab", false},
        {"*ab*ab", "abab", true},
        {"*aab", "aaab", true},
        {"*aab*", "aaab", true},
        {"*a*a", "a", false},
        {"/shop/*/order/*", "/shop/7/order/", true},
        {"/shop/*/order/*", "/shop/order/", false},
        {"/caf\xc3\xa9*", "/caf\xc3\xa9/1", true},
        {"/*\xc3\xa9", "/a\xc3\xa9", true},
        {"/a?c", "/abc", false},
        {"/[ab]", "/a", false},
        {"/a\\*", "/a\\b", true},
        {"", "", true},
        {"", "/", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (goal_path_matches(guarded(rows[i].pattern), guarded(rows[i].path)) !=
            rows[i].matches)
            fail_msg("%s of %s", rows[i].pattern, rows[i].path);
}

/* The definition: a star takes no byte, or one and stays. */
static bool slow_match(const char *pattern, const char *path)
{
    if (*pattern == '*')
        return slow_match(pattern + 1, path) || (*path && slow_match(pattern, path + 1));
    return *path ? *pattern == *path && slow_match(pattern + 1, path + 1) : !*pattern;
}

static void any_pattern_matches_what_its_definition_says(void **state)
{
    struct dice dice = {7};
    unsigned matched = 0;

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        char pattern[9] = "", path[11] = "";
        size_t m = dice_below(&dice, sizeof pattern), n = dice_below(&dice, sizeof path);

        for (size_t k = 0; k < m; k++)
            pattern[k] = "ab*"[dice_below(&dice, 3)];
        for (size_t k = 0; k < n; k++)
            path[k] = "ab"[dice_below(&dice, 2)];
        if (goal_path_matches(guarded(pattern), guarded(path)) !=
            slow_match(pattern, path))
            fail_msg("%s of %s", pattern, path);
        matched += slow_match(pattern, path);
    }
    assert_in_range(matched, 1000, 199000);
}

static uint64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* A second is a thousand times what they take, even with sanitizers. */
static void no_pattern_takes_long(void **state)
{
    static const char *const units[] = {"*a", "a*", "*aa", "*ab", "**", "*aaaaaaab"};
    char pattern[PATH_MAX_BYTES], path[PATH_MAX_BYTES];
    uint64_t began = now_us();

    (void)state;
    memset(path, 'a', sizeof path);
    for (unsigned round = 0; round < 20; round++)
        for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
            for (size_t i = 0; i < sizeof pattern; i++)
                pattern[i] = units[u][i % strlen(units[u])];
            pattern[sizeof pattern - 1] = 'b';
            assert_false(goal_path_matches(
                (struct slice){guard_copy(pattern, sizeof pattern), sizeof pattern},
                (struct slice){guard_copy(path, sizeof path), sizeof path}));
        }
    assert_in_range(now_us() - began, 0, 1000000);
}

/* ---- settings --------------------------------------------------------------- */

static void a_goal_is_a_path_or_an_event(void **state)
{
    static const struct {
        const char *field, *value;
        bool good;
    } rows[] = {
        {"g:order", "path /thanks*", true},
        {"g:buy", "event buy it", true},
        {"g:A.z_0-9", "path *", true},
        {"g:x", "event path /", true},
        {"g:x", "path  /", true}, /* never matched, for no path has a blank there */
        {"g:x", "path ", false},
        {"g:x", "path", false},
        {"g:x", "event ", false},
        {"g:x", "event", false},
        {"g:x", "Event buy", false},
        {"g:x", "page /", false},
        {"g:x", " path /", false},
        {"g:x", "", false},
        {"g:", "path /", false},
        {"g", "path /", false},
        {"", "path /", false},
        {"t:x", "path /", false},
        {"g:a b", "path /", false},
        {"g:(other)", "path /", false},
        {"g:\xc3\xa4", "path /", false},
        {"g:\"", "path /", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct goals g;

        goals_init(&g);
        if (goals_add(&g, guarded(rows[i].field), guarded(rows[i].value)) != rows[i].good)
            fail_msg("%s: %s", rows[i].field, rows[i].value);
        assert_int_equal(g.n, rows[i].good);
        goals_fini(&g);
    }
}

static void lengths_have_bounds(void **state)
{
    static const struct {
        const char *kind;
        size_t name, what;
        bool good;
    } rows[] = {
        {"path ", SETTING_NAME_MAX, PATH_MAX_BYTES, true},
        {"path ", SETTING_NAME_MAX + 1, 1, false},
        {"path ", 1, PATH_MAX_BYTES + 1, false},
        {"event ", 1, EVENT_NAME_MAX, true},
        {"event ", 1, EVENT_NAME_MAX + 1, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char field[2 + SETTING_NAME_MAX + 1] = "g:", value[8 + PATH_MAX_BYTES + 1];
        size_t n = strlen(rows[i].kind);
        struct goals g;

        memset(field + 2, 'n', rows[i].name);
        memcpy(value, rows[i].kind, n);
        memset(value + n, '/', rows[i].what);
        goals_init(&g);
        assert_int_equal(
            goals_add(
                &g, (struct slice){guard_copy(field, 2 + rows[i].name), 2 + rows[i].name},
                (struct slice){guard_copy(value, n + rows[i].what), n + rows[i].what}),
            rows[i].good);
        goals_fini(&g);
    }
}

static void there_are_so_many_and_each_once_by_name(void **state)
{
    struct goals g;
    char field[16];

    (void)state;
    goals_init(&g);
    for (unsigned i = GOALS_MAX; i-- > 0;) {
        snprintf(field, sizeof field, "g:%02u", i * 7 % GOALS_MAX);
        assert_true(goals_add(&g, slice_of(field), SLICE("path /")));
        assert_false(goals_add(&g, slice_of(field), SLICE("event x")));
    }
    assert_false(goals_add(&g, SLICE("g:more"), SLICE("path /")));
    assert_int_equal(g.n, GOALS_MAX);
    for (size_t i = 1; i < g.n; i++)
        assert_true(slice_cmp(goal_name(g.goal[i - 1]), goal_name(g.goal[i])) < 0);
    assert_true(goals_bytes(&g) > GOALS_MAX * sizeof(struct goal));
    goals_fini(&g);
    assert_int_equal(goals_bytes(&g), 0);
}

static void another_version_begins_without_goals(void **state)
{
    struct goals g;

    (void)state;
    goals_init(&g);
    assert_int_equal(goals_version(&g).n, 0);
    goals_begin(&g, SLICE("1763812800123"));
    goals_add(&g, SLICE("g:a"), SLICE("path /"));
    goals_begin(&g, SLICE("1763812800124"));
    assert_int_equal(g.n, 0);
    assert_true(slice_eq(goals_version(&g), SLICE("1763812800124")));
    goals_begin(&g, SLICE("a version that is longer than any number"));
    assert_true(slice_eq(goals_version(&g), SLICE("a version that is lo")));
    goals_begin(&g, (struct slice){NULL, 0});
    assert_int_equal(goals_version(&g).n, 0);
    goals_fini(&g);
}

/* ---- hits ------------------------------------------------------------------- */

static void views_reach_paths_and_events_reach_names(void **state)
{
    static const struct {
        enum hit_kind kind;
        const char *path, *name;
        bool path_goal, event_goal;
    } rows[] = {
        {HIT_VIEW, "/buy", "", true, false},
        {HIT_VIEW, "/b", "buy", false, false}, /* that is a title */
        {HIT_VIEW, "", "", false, false},
        {HIT_EVENT, "/buy", "x", false, false},
        {HIT_EVENT, "/", "buy", false, true},
        {HIT_EVENT, "", "buy", false, true},
        {HIT_EVENT, "/", "Buy", false, false},
        {HIT_EVENT, "/", "buy it", false, false},
        {HIT_HEARTBEAT, "/buy", "", false, false},
        {HIT_LEAVE, "/buy", "", false, false},
        {HIT_JOIN, "/buy", "", false, false},
        {HIT_MESSAGE, "/buy", "buy", false, false},
        {HIT_QUERY, "/buy", "buy", false, false},
    };
    struct goals g;

    (void)state;
    goals_init(&g);
    assert_true(goals_add(&g, SLICE("g:path"), SLICE("path /buy*")));
    assert_true(goals_add(&g, SLICE("g:event"), SLICE("event buy")));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct hit h = {.kind = (uint8_t)rows[i].kind,
                        .path = slice_of(rows[i].path),
                        .name = slice_of(rows[i].name)};

        assert_int_equal(goal_is_reached(g.goal[0], &h), rows[i].event_goal);
        assert_int_equal(goal_is_reached(g.goal[1], &h), rows[i].path_goal);
    }
    goals_fini(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_star_stands_for_any_text),
        cmocka_unit_test(any_pattern_matches_what_its_definition_says),
        cmocka_unit_test(no_pattern_takes_long),
        cmocka_unit_test(a_goal_is_a_path_or_an_event),
        cmocka_unit_test(lengths_have_bounds),
        cmocka_unit_test(there_are_so_many_and_each_once_by_name),
        cmocka_unit_test(another_version_begins_without_goals),
        cmocka_unit_test(views_reach_paths_and_events_reach_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
