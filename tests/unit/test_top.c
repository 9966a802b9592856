/* Screens: what is on them for a given model, and that they stay within their bounds
 * whatever the model holds. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#include <cmocka.h>

#include "../../cli/keystroke.h"
#include "../../cli/top_print.h"
#include "../../cli/top_screen.h"
#include "../../proto/utf8.h"
#include "../dice.h"

#define WALL 1795336721000 /* 08:38:41 UTC */

static const struct term plain = {.utf8 = false};
static const struct term bare_tty = {.tty = true, .utf8 = true};
static const struct term full = {.tty = true, .colors = true, .utf8 = true};

static struct top_model m; /* large */

static int set_up(void **state)
{
    (void)state;
    top_model_init(&m, TOP_BY_ONLINE, NULL);
    top_model_time(&m, WALL, 1000);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    top_model_fini(&m);
    return 0;
}

/* What Redis would say of a site with so many online, and visitors and views of now. */
static struct summary summary_of(uint64_t online, uint64_t visitors, uint64_t views)
{
    struct summary s = {.as_of = WALL,
                        .now = minute_of(WALL),
                        .window = 30,
                        .minutes = 5,
                        .epoch = 1,
                        .n = 10,
                        .known = true,
                        .online = {.reading = online}};

    for (unsigned i = 0; i < s.window; i++)
        s.row[i].minute = s.now - i;
    s.row[0].views = views;
    s.row[0].uniques = s.row[0].last = visitors;
    return s;
}

static int add(const char *site, uint64_t online, uint64_t visitors, uint64_t views)
{
    struct summary s = summary_of(online, visitors, views);
    int number = top_model_site(&m, slice_of(site)), asked;
    unsigned minutes;

    assert_true(top_model_next_read(&m, &asked, &minutes));
    assert_int_equal(asked, number);
    assert_int_equal(minutes, 1);
    top_model_read(&m, number, &s);
    return number;
}

/* A message about @site: n, and who reads. */
static void say(const char *site, uint64_t n, uint64_t online, uint64_t visitors,
                const char *events)
{
    char text[4096];
    struct news news;

    snprintf(text, sizeof text,
             "{\"v\":1,\"site\":\"%s\",\"e\":1,\"n\":%d,\"t\":%lld,"
             "\"online\":{\"reading\":%d},\"visitors\":{\"1\":%d,\"5\":%d,\"30\":%d},"
             "\"pv\":{\"1\":%d,\"5\":%d,\"30\":%d},"
             "\"pages\":[{\"path\":\"/cart\",\"visitors\":2,\"online\":1}],"
             "\"events\":[%s]}",
             site, (int)n, (long long)WALL, (int)online, (int)visitors, (int)visitors,
             (int)visitors, (int)visitors, (int)visitors, (int)visitors, events);
    assert_int_equal(news_parse(&news, slice_of(text)), 0);
    top_model_message(&m, slice_of(site), &news);
    news_fini(&news);
}

static struct buf drawn;

static const char *draw(const struct term *term, unsigned width, unsigned height)
{
    buf_fini(&drawn);
    buf_init(&drawn, TOP_SCREEN_MAX);
    top_model_resize(&m, width, height);
    top_model_arrange(&m);
    top_screen(&m, term, &drawn);
    buf_add(&drawn, "", 1);
    return drawn.p;
}

/* Line @i of what was drawn, without blanks at its end. */
static const char *line(unsigned i)
{
    static char text[1024];
    const char *p = drawn.p;
    size_t n;

    for (; i > 0; i--) {
        p = strchr(p, '\n');
        if (p == NULL)
            return "(no line)";
        p++;
    }
    n = strcspn(p, "\n");
    while (n > 0 && p[n - 1] == ' ')
        n--;
    snprintf(text, sizeof text, "%.*s", (int)n, p);
    return text;
}

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, text);
}

static void sites_stand_in_their_order(void **state)
{
    (void)state;
    add("blog", 2, 5, 70);
    add("shop", 7, 4, 60);
    add("docs", 2, 9, 50);
    draw(&plain, 80, 7);
    assert_has(line(0), "3 sites, 11 online, by online");
    assert_string_equal(
        line(1), "site        online  active  visitors   views    peak  last 26 min");
    assert_string_equal(line(2), "shop             7       7         4      60       0"
                                 "                           #");
    assert_has(line(3), "blog ");
    assert_has(line(4), "docs ");
    assert_string_equal(line(5), "");
    assert_has(line(6), "q quit");
    top_model_key(&m, 's');
    draw(&plain, 80, 7);
    assert_has(line(2), "docs ");
    top_model_key(&m, 's');
    draw(&plain, 80, 7);
    assert_has(line(2), "blog ");
    top_model_key(&m, 's');
    draw(&plain, 80, 7);
    assert_has(line(4), "shop ");
}

static void a_site_that_was_not_read_has_no_numbers(void **state)
{
    (void)state;
    top_model_site(&m, SLICE("shop"));
    draw(&plain, 80, 5);
    assert_string_equal(line(2), "shop             ?       ?         ?       ?       ?");
}

static void columns_go_with_the_width(void **state)
{
    (void)state;
    add("a-name-that-is-longer-than-its-column", 1, 2, 3);
    draw(&plain, 40, 5);
    assert_string_equal(line(1), "site            online  active  visitors");
    assert_string_equal(line(2), "a-name-that-i~       1       1         2");
    draw(&plain, 20, 5);
    assert_string_equal(line(1), "site          online");
    draw(&bare_tty, 120, 5);
    assert_has(line(1), "last 30 min");
}

static void messages_change_numbers_and_old_ones_do_not(void **state)
{
    int shop = add("shop", 1, 2, 3);

    (void)state;
    say("shop", 11, 5, 6, "");
    assert_int_equal(m.site[shop].online.reading, 5);
    assert_int_equal(m.site[shop].visitors, 6);
    assert_int_equal(m.site[shop].bar[0].visitors, 6);
    say("shop", 11, 9, 9, "");
    say("shop", 4, 9, 9, "");
    assert_int_equal(m.site[shop].online.reading, 5);
    say("blog", 1, 1, 1, ""); /* nobody knew of it */
    assert_int_equal(m.roster.n, 2);
}

static void a_gap_asks_for_a_read(void **state)
{
    int shop = add("shop", 1, 2, 3), number;
    unsigned minutes;

    (void)state;
    say("shop", 11, 1, 2, "");
    assert_false(top_model_next_read(&m, &number, &minutes));
    say("shop", 13, 1, 2, "");
    assert_true(top_model_next_read(&m, &number, &minutes));
    assert_int_equal(number, shop);
    assert_false(top_model_next_read(&m, &number, &minutes));
    assert_false(top_model_is_complete(&m));
}

/* The read was made before the messages, and arrives behind them. */
static void a_read_that_was_overtaken_changes_nothing(void **state)
{
    int shop = add("shop", 1, 2, 3), number;
    struct summary old = summary_of(1, 2, 3);
    unsigned minutes;

    (void)state;
    say("shop", 13, 7, 2, "");
    assert_true(top_model_next_read(&m, &number, &minutes));
    say("shop", 14, 8, 2, "");
    top_model_read(&m, shop, &old);
    assert_int_equal(m.site[shop].online.reading, 8);
    assert_false(top_model_next_read(&m, &number, &minutes)); /* not at once */
    top_model_time(&m, WALL + TOP_AGAIN_MS, 1000 + TOP_AGAIN_MS);
    assert_true(top_model_next_read(&m, &number, &minutes));
}

/* Redis lost the site, say: what it says now is true now. */
static void a_read_behind_all_messages_is_believed(void **state)
{
    int shop = add("shop", 1, 2, 3), number;
    struct summary old = summary_of(1, 2, 3);
    unsigned minutes;

    (void)state;
    say("shop", 13, 7, 2, "");
    assert_true(top_model_next_read(&m, &number, &minutes));
    top_model_read(&m, shop, &old);
    assert_int_equal(m.site[shop].online.reading, 1);
}

static void silence_is_not_taken_for_peace(void **state)
{
    int number, shop = add("shop", 1, 2, 3);
    unsigned minutes;

    (void)state;
    add("empty", 0, 0, 0);
    top_model_time(&m, WALL + TOP_SILENT_MS, 1000 + TOP_SILENT_MS);
    assert_false(top_model_next_read(&m, &number, &minutes));
    top_model_time(&m, WALL + TOP_SILENT_MS + 1, 1000 + TOP_SILENT_MS + 1);
    assert_true(top_model_next_read(&m, &number, &minutes));
    assert_int_equal(number, shop);
    assert_false(top_model_next_read(&m, &number, &minutes));
}

static void bars_move_with_the_minute(void **state)
{
    int shop = add("shop", 1, 7, 3);

    (void)state;
    top_model_time(&m, WALL + MS_PER_MINUTE, 2000);
    assert_int_equal(m.site[shop].bar[0].visitors, 0);
    assert_int_equal(m.site[shop].bar[1].visitors, 7);
    top_model_time(&m, WALL + 100 * MS_PER_MINUTE, 3000);
    for (unsigned i = 0; i < TOP_MINUTES; i++)
        assert_int_equal(m.site[shop].bar[i].visitors, 0);
}

static void while_redis_is_away_the_header_says_since_when(void **state)
{
    int shop = add("shop", 1, 2, 3), number;
    unsigned minutes;

    (void)state;
    top_model_away(&m, "connection refused", 5000);
    top_model_time(&m, WALL + 60000, 61000);
    top_model_away(&m, "still refused", 0);
    draw(&plain, 80, 5);
    assert_has(line(0),
               "Redis is away since 08:38:36, numbers are of then: still refused");
    assert_int_equal(m.site[shop].bar[0].visitors, 2); /* nothing moves */
    assert_false(top_model_next_read(&m, &number, &minutes));
    draw(&plain, 40, 5);
    assert_has(line(0), "Redis is away since 08:38:36");
    top_model_here(&m);
    assert_true(top_model_next_read(&m, &number, &minutes));
    draw(&plain, 80, 5);
    assert_has(line(0), "1 site");
}

static void a_pause_holds_the_numbers_and_ends_with_a_read(void **state)
{
    int shop = add("shop", 1, 2, 3), number;
    unsigned minutes;

    (void)state;
    top_model_key(&m, 'p');
    say("shop", 11, 8, 8, "");
    assert_int_equal(m.site[shop].online.reading, 1);
    assert_false(top_model_next_read(&m, &number, &minutes));
    draw(&plain, 80, 5);
    assert_has(line(0), "paused, numbers are of 08:38:41");
    top_model_key(&m, 'p');
    assert_true(top_model_next_read(&m, &number, &minutes));
}

static void typed(const char *keys)
{
    for (; *keys; keys++) {
        top_model_arrange(&m);
        top_model_key(&m, *keys);
    }
}

static void a_filter_is_typed_kept_and_cleared(void **state)
{
    (void)state;
    add("shop", 1, 2, 3);
    add("blog", 1, 2, 3);
    typed("/shq");
    draw(&plain, 80, 5);
    assert_has(line(0), "0 sites");
    assert_has(line(4), "name has: shq_");
    top_model_key(&m, KEY_BACKSPACE);
    top_model_key(&m, KEY_ENTER);
    draw(&plain, 80, 5);
    assert_has(line(0), "1 site, 1 online, by online, names with \"sh\"");
    assert_has(line(2), "shop ");
    top_model_key(&m, KEY_ESCAPE);
    draw(&plain, 80, 5);
    assert_has(line(0), "2 sites");
    assert_false(m.quit);
    top_model_key(&m, KEY_ESCAPE);
    assert_true(m.quit);
}

static void the_chosen_site_stays_chosen(void **state)
{
    int b;

    (void)state;
    add("a", 9, 1, 1);
    b = add("b", 8, 1, 1);
    add("c", 7, 1, 1);
    typed("j");
    assert_int_equal(m.chosen, b);
    say("b", 11, 1, 1, ""); /* it falls to the last place */
    top_model_arrange(&m);
    assert_int_equal(m.chosen, b);
    assert_int_equal(m.position, 2);
    typed("jjjj");
    assert_int_equal(m.position, 2);
    typed("kkkkk");
    assert_int_equal(m.position, 0);
    typed("G");
    assert_int_equal(m.position, 2);
    typed("g");
    assert_int_equal(m.position, 0);
}

static void what_is_chosen_is_in_sight(void **state)
{
    char name[8];

    (void)state;
    for (int i = 0; i < 50; i++) {
        snprintf(name, sizeof name, "s%02d", i);
        add(name, 1, 1, 1);
    }
    typed("G");
    draw(&plain, 40, 10);
    assert_has(line(8), "s49 ");
    typed("g");
    draw(&plain, 40, 10);
    assert_has(line(2), "s00 ");
    top_model_key(&m, KEY_PAGE_DOWN);
    draw(&plain, 40, 10);
    assert_has(line(8), "s07 ");
    top_model_resize(&m, 40, 100);
    draw(&plain, 40, 100);
    assert_has(line(2), "s00 ");
}

static void open_site(const char *site)
{
    struct page_count pages[] = {{{"/a", 2}, 5, 2}, {{"/b\033[2J", 6}, 1, 0}};
    struct summary s = summary_of(3, 4, 6);
    unsigned minutes;
    int number;

    add(site, 3, 4, 6);
    top_model_arrange(&m);
    top_model_key(&m, KEY_ENTER);
    assert_true(m.opened >= 0);
    assert_true(top_model_next_read(&m, &number, &minutes));
    assert_int_equal(minutes, MINUTES_DEFAULT);
    s.pages = pages;
    s.npages = 2;
    s.peaks = (struct peaks){9, 12, WALL, WALL};
    s.row[1].uniques = 8;
    s.recent[0] =
        SLICE("{\"id\":2,\"type\":\"event\",\"timestamp\":1795336721000,\"path\":\"/a\","
              "\"name\":\"buy\"}");
    s.recent[1] =
        SLICE("{\"id\":1,\"type\":\"pageview\",\"timestamp\":1795336720000,\"path\":\"/"
              "b\"}");
    s.nrecent = 2;
    top_model_read(&m, number, &s);
}

static void an_open_site_shows_states_minutes_pages_and_feed(void **state)
{
    (void)state;
    open_site("shop");
    say("shop", 11, 3, 4,
        "{\"id\":3,\"type\":\"message\",\"timestamp\":1795336722000,\"text\":\"hi\","
        "\"name\":\"bot\"}");
    draw(&plain, 80, 24);
    assert_has(line(0), "shop");
    assert_string_equal(line(1),
                        "online 3  writing 0  reading 3  idle 0  background 0  tabs 0");
    assert_has(line(2), "5 min: visitors 4  views 4");
    assert_string_equal(line(3), "visitors a minute, at most 8, now 4");
    assert_string_equal(line(4),
                        "                                                        #");
    assert_string_equal(line(6),
                        "                                                        # #");
    assert_string_equal(line(7), "views a minute, at most 4, now 4");
    assert_string_equal(
        line(10), "08:09                                                 08:38+ running");
    assert_string_equal(line(11), "online  5 min  page                     feed");
    assert_string_equal(line(12),
                        "     1      2  /cart                    08:38:42 bot: hi");
    assert_has(line(13), "08:38:41 buy on /a");
    assert_has(line(14), "08:38:40 /b");
    top_model_key(&m, 'q');
    assert_false(m.quit);
    assert_int_equal(m.opened, -1);
}

static void a_small_screen_has_all_of_it_in_little(void **state)
{
    (void)state;
    open_site("shop");
    draw(&plain, 40, 10);
    assert_has(line(0), "shop");
    assert_has(line(1), "online 3");
    assert_string_equal(line(3), "visitors                             #:+");
    assert_string_equal(line(4), "views                                 #+");
    assert_string_equal(line(5), "online  5 min  page");
    assert_string_equal(line(6), "     2      5  /a");
    assert_string_equal(line(7), "feed");
    assert_string_equal(line(8), "08:38:41 buy on /a");
    assert_has(line(9), "q back");
}

static void a_minutes_turn_reads_the_open_site_again(void **state)
{
    int number;
    unsigned minutes;

    (void)state;
    open_site("shop");
    assert_false(top_model_next_read(&m, &number, &minutes));
    top_model_time(&m, WALL + MS_PER_MINUTE, 2000);
    assert_true(top_model_next_read(&m, &number, &minutes));
    assert_int_equal(minutes, MINUTES_DEFAULT);
}

static void the_feed_forgets_the_oldest(void **state)
{
    char event[128];

    (void)state;
    open_site("shop");
    for (int i = 0; i < RECENT_MAX + 5; i++) {
        snprintf(event, sizeof event,
                 "{\"id\":%d,\"type\":\"pageview\",\"timestamp\":1,\"path\":\"/%d\"}", i,
                 i);
        say("shop", (uint64_t)(11 + i), 1, 1, event);
    }
    assert_int_equal(m.open.nevents, RECENT_MAX);
    assert_string_equal(top_open_event(&m.open, 0)->path, "/104");
    assert_string_equal(top_open_event(&m.open, RECENT_MAX - 1)->path, "/5");
    assert_null(top_open_event(&m.open, RECENT_MAX));
}

/* Takes SGR sequences out and measures. Anything else below a blank fails. */
static void assert_bounded(const char *text, unsigned width, unsigned height)
{
    struct slice s = slice_of(text);
    unsigned column = 0, row = 1;
    uint32_t code;

    while (s.n > 0) {
        if (s.p[0] == '\033') {
            size_t n = strcspn(s.p, "m");

            assert_true(s.n > 2 && s.p[1] == '[' && n <= 4);
            s = slice_skip(s, n + 1);
            continue;
        }
        assert_true(utf8_next(&s, &code));
        if (code == '\n') {
            row++;
            column = 0;
            continue;
        }
        assert_true(code >= ' ' && code != 0x7f && !(code >= 0x80 && code < 0xa0));
        column += (unsigned)(wcwidth((wchar_t)code) > 0 ? wcwidth((wchar_t)code) : 0);
        if (column > width)
            fail_msg("line %u is wider than %u: %s", row, width, text);
    }
    assert_int_equal(row, height);
}

static void no_screen_leaves_its_bounds(void **state)
{
    static const struct term *const terms[] = {&plain, &bare_tty, &full};
    struct dice dice = {7};
    char event[512];

    (void)state;
    open_site("a-site-with-a-rather-long-name-that-goes-on-and-on-and-on");
    add("b", UINT32_MAX, UINT32_MAX, UINT32_MAX);
    for (int i = 0; i < 20; i++) {
        static const char *const nasty[] = {"\\u001b[2J",   "\\u202e\\u2066",
                                            "日本語日本語", "e\\u0301\\u0301\\u0301",
                                            "\\u009b31m",   "/plain"};

        snprintf(event, sizeof event,
                 "{\"id\":%d,\"type\":\"event\",\"timestamp\":%d,\"path\":\"%s\","
                 "\"name\":\"%s\"}",
                 i, i, nasty[i % 6], nasty[(i + 1) % 6]);
        say("a-site-with-a-rather-long-name-that-goes-on-and-on-and-on",
            (uint64_t)(11 + i), 1, 1, event);
    }
    for (int round = 0; round < 2000; round++) {
        unsigned width = 1 + (unsigned)dice_below(&dice, 130);
        unsigned height = 1 + (unsigned)dice_below(&dice, 40);
        static const int keys[] = {'j', 'k', KEY_ENTER,     KEY_BACKSPACE,
                                   's', '/', 'p',           KEY_ENTER,
                                   '?', 'x', KEY_PAGE_DOWN, 'G'};

        top_model_key(&m, keys[dice_below(&dice, sizeof keys / sizeof *keys)]);
        if (dice_below(&dice, 20) == 0)
            top_model_away(&m, "why\033[2J", 0);
        if (dice_below(&dice, 20) == 0)
            top_model_here(&m);
        draw(terms[dice_below(&dice, 3)], width, height);
        assert_bounded(drawn.p, width, height);
    }
}

static void nothing_but_the_marked_line_is_styled_without_colors(void **state)
{
    (void)state;
    add("shop", 1, 1, 1);
    assert_non_null(strstr(draw(&bare_tty, 80, 5), "\033[7mshop"));
    assert_null(strstr(drawn.p, "\033[1m"));
    assert_null(strstr(drawn.p, "\033[2m"));
    assert_null(strchr(draw(&plain, 80, 5), '\033'));
}

static void a_full_roster_says_so(void **state)
{
    char name[16];

    (void)state;
    for (int i = 0; i < ROSTER_MAX + 3; i++) {
        snprintf(name, sizeof name, "s%d", (i * 7919) % (ROSTER_MAX + 3));
        assert_int_equal(top_model_site(&m, slice_of(name)) < 0, i >= ROSTER_MAX);
    }
    assert_int_equal(roster_find(&m.roster, SLICE("s7919")), 1);
    assert_int_equal(roster_find(&m.roster, SLICE("t")), -1);
    assert_int_equal(top_model_site(&m, SLICE("no site")), -1);
    assert_int_equal(m.roster.refused, 3);
    draw(&plain, 80, 5);
    assert_has(line(0), "and more that are not shown");
}

static void tables_and_json_tell_the_same(void **state)
{
    struct buf out;
    struct term pipe = {0};

    (void)state;
    add("shop", 3, 4, 6);
    top_model_site(&m, SLICE("unread"));
    top_model_arrange(&m);
    buf_init(&out, TOP_PRINT_MAX);
    top_print_table(&m, &pipe, &out);
    assert_true(
        slice_eq(buf_get(&out),
                 SLICE("site    online  active  visitors/5m  views/5m  peak today\n"
                       "shop         3       3            4         6           0\n"
                       "unread       ?       ?            ?         ?           ?\n")));
    buf_clear(&out);
    top_print_json(&m, &out);
    buf_add(&out, "", 1);
    assert_has(out.p, "{\"site\":\"shop\",\"online\":{\"total\":3,\"active\":3,");
    assert_has(out.p, "\"visitors\":4,\"views\":6,");
    assert_has(out.p, ",4],\"views\":[0,0,");
    assert_has(out.p, "{\"site\":\"unread\"}]}\n");
    buf_fini(&out);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(sites_stand_in_their_order),
        T(a_site_that_was_not_read_has_no_numbers),
        T(columns_go_with_the_width),
        T(messages_change_numbers_and_old_ones_do_not),
        T(a_gap_asks_for_a_read),
        T(a_read_that_was_overtaken_changes_nothing),
        T(a_read_behind_all_messages_is_believed),
        T(silence_is_not_taken_for_peace),
        T(bars_move_with_the_minute),
        T(while_redis_is_away_the_header_says_since_when),
        T(a_pause_holds_the_numbers_and_ends_with_a_read),
        T(a_filter_is_typed_kept_and_cleared),
        T(the_chosen_site_stays_chosen),
        T(what_is_chosen_is_in_sight),
        T(an_open_site_shows_states_minutes_pages_and_feed),
        T(a_small_screen_has_all_of_it_in_little),
        T(a_minutes_turn_reads_the_open_site_again),
        T(the_feed_forgets_the_oldest),
        T(no_screen_leaves_its_bounds),
        T(nothing_but_the_marked_line_is_styled_without_colors),
        T(a_full_roster_says_so),
        T(tables_and_json_tell_the_same),
    };
    int failed;

    setlocale(LC_CTYPE, "C.UTF-8");
    setenv("TZ", "UTC", 1);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    buf_fini(&drawn);
    return failed;
}
