/* A day of the demo: the same for the same seed, believable in its numbers, and told as
 * hc.js would tell it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../cli/demo_day.h"
#include "../../cli/demo_text.h"
#include "../../collector/agent.h"
#include "../../proto/secret.h"

#define HOUR (60 * MS_PER_MINUTE)
#define TELLERS_MAX 32768

static const struct demo_plan whole_day = {
    .seed = 1, .speed = 1, .from = 0, .visitors = 10000};

static struct demo_day *opened(const struct demo_plan *plan)
{
    struct demo_day *d = calloc(1, sizeof *d);

    assert_non_null(d);
    demo_day_open(d, plan);
    return d;
}

static uint64_t hash_of(uint64_t before, const struct demo_beacon *b)
{
    struct key key = {{0}};
    struct buf text;

    buf_init(&text, 8192);
    buf_printf(&text, "%llx %lld ", (unsigned long long)before, (long long)b->at);
    demo_query(b, SLICE("shop"), &text);
    demo_headers(b, &text);
    before = siphash(&key, text.p, text.n);
    buf_fini(&text);
    return before;
}

/* Of all beacons of the first hour of a day. */
static uint64_t hash_of_hour(const struct demo_plan *plan)
{
    struct demo_day *d = opened(plan);
    struct demo_beacon b;
    uint64_t hash = 0;

    while (demo_day_due(d) < HOUR) {
        demo_day_take(d, &b);
        hash = hash_of(hash, &b);
    }
    free(d);
    return hash;
}

static void the_same_seed_gives_the_same_day(void **state)
{
    struct demo_plan plan = whole_day;
    uint64_t hash;

    (void)state;
    plan.from = 9 * HOUR;
    hash = hash_of_hour(&plan);
    assert_int_equal(hash_of_hour(&plan), hash);
    plan.seed++;
    assert_int_not_equal(hash_of_hour(&plan), hash);
}

/* What was last told of a visitor. */
struct tab {
    uint64_t who;
    unsigned view;
    bool open;
    size_t page;
    char state;
    ms_t shown, told;
};

static struct tab *tab_of(struct tab *tabs, uint64_t who)
{
    size_t i = who % TELLERS_MAX;

    while (tabs[i].who != 0 && tabs[i].who != who)
        i = (i + 1) % TELLERS_MAX;
    tabs[i].who = who;
    return &tabs[i];
}

static void note_tab(struct tab *t, const struct demo_beacon *b)
{
    *t = (struct tab){.who = b->who,
                      .view = b->view,
                      .open = b->kind != 'l',
                      .page = b->page,
                      .state = b->state,
                      .shown = b->kind == 'v' ? b->at : t->shown,
                      .told = b->at};
}

/* ---- a whole day --------------------------------------------------------- */

struct seen {
    unsigned views_at[24], visitors, views, events, beats, leaves;
    unsigned newsletter, unknown, internal, from[4], phones, germans, writing, idle;
    unsigned background, carts, thanks;
    size_t most_here;
};

static void note_view(struct seen *s, const struct demo_beacon *b)
{
    enum shop_kind kind = shop_page(b->page)->kind;

    s->views++;
    s->views_at[b->at / HOUR]++;
    s->carts += kind == SHOP_CART;
    s->thanks += kind == SHOP_THANKS;
    s->internal += b->from != NULL;
    if (b->view > 1)
        return;
    s->visitors++;
    s->newsletter += strstr(b->query, "newsletter") != NULL;
    s->unknown += b->referrer == NULL;
    s->phones += agent_read(slice_of(b->agent)).device == DEVICE_MOBILE;
    s->germans += strcmp(b->country, "DE") == 0;
}

static void note(struct seen *s, const struct demo_beacon *b)
{
    s->writing += b->state == 'w';
    s->idle += b->state == 'i';
    s->background += b->state == 'b';
    switch (b->kind) {
    case 'v':
        note_view(s, b);
        return;
    case 'h':
        s->beats++;
        return;
    case 'e':
        s->events++;
        return;
    default:
        s->leaves++;
    }
}

static struct seen seen_until(const struct demo_plan *plan, ms_t end)
{
    struct demo_day *d = opened(plan);
    struct demo_beacon b;
    struct seen s = {0};

    while (demo_day_due(d) < end) {
        demo_day_take(d, &b);
        note(&s, &b);
        if (d->here > s.most_here)
            s.most_here = d->here;
    }
    assert_int_equal(d->turned_away, 0);
    free(d);
    return s;
}

static struct seen seen_in_a_day(void)
{
    return seen_until(&whole_day, MS_PER_DAY);
}

static void assert_share(unsigned part, unsigned all, unsigned from, unsigned to)
{
    assert_in_range(100 * (uint64_t)part / all, from, to);
}

static void a_day_has_the_visitors_that_were_asked_for(void **state)
{
    struct seen s = seen_in_a_day();

    (void)state;
    assert_in_range(s.visitors, 9600, 10400);
    assert_in_range(s.most_here, 30, 150);
    assert_in_range(s.views / s.visitors, 2, 4);
}

static void the_night_is_quiet_and_the_newsletter_is_seen(void **state)
{
    struct seen s = seen_in_a_day();

    (void)state;
    assert_true(s.views_at[3] * 10 < s.views_at[20]);
    assert_true(s.views_at[10] > s.views_at[9] * 3 / 2);
    assert_true(s.views_at[10] > s.views_at[11] * 3 / 2);
    assert_share(s.newsletter, s.visitors, 4, 6);
}

static void people_come_from_everywhere_with_everything(void **state)
{
    struct seen s = seen_in_a_day();

    (void)state;
    assert_share(s.unknown, s.visitors, 25, 40);
    assert_share(s.phones, s.visitors, 42, 56);
    assert_share(s.germans, s.visitors, 22, 32);
    assert_share(s.internal, s.views, 50, 75);
    assert_true(s.carts > 100 && s.thanks > 20 && s.thanks < s.carts);
}

static void all_states_are_seen(void **state)
{
    struct seen s = seen_in_a_day();
    unsigned all = s.views + s.beats + s.events + s.leaves;

    (void)state;
    assert_share(s.writing, all, 1, 15);
    assert_share(s.idle, all, 1, 20);
    assert_share(s.background, all, 2, 25);
    assert_true(s.events > s.visitors / 20);
}

/* The time that a page was in the state it told, until it told again. */
static void most_read_and_some_write_rest_or_are_elsewhere(void **state)
{
    struct demo_day *d = opened(&whole_day);
    struct tab *tabs = calloc(TELLERS_MAX, sizeof *tabs);
    unsigned ms[256] = {0}, all;
    struct demo_beacon b;

    (void)state;
    while (demo_day_due(d) < MS_PER_DAY) {
        struct tab *t;

        demo_day_take(d, &b);
        t = tab_of(tabs, b.who);
        if (t->open)
            ms[(unsigned char)t->state] += (unsigned)(b.at - t->told);
        note_tab(t, &b);
    }
    all = ms['w'] + ms['r'] + ms['i'] + ms['b'];
    assert_share(ms['w'], all, 7, 13);
    assert_share(ms['r'], all, 55, 75);
    assert_share(ms['i'], all, 7, 14);
    assert_share(ms['b'], all, 9, 18);
    free(tabs);
    free(d);
}

static void the_clock_of_the_day_does_not_make_people_hurry(void **state)
{
    struct demo_plan plan = whole_day;
    struct seen s;

    (void)state;
    plan.speed = 60;
    s = seen_until(&plan, MS_PER_DAY / 60);
    assert_in_range(s.visitors, 10000 / 60 * 8 / 10, 10000 / 60 * 12 / 10);
    assert_in_range(s.most_here, 15, 100);
    assert_in_range(s.beats / s.visitors, 3, 20);
}

static void the_clock_of_the_day_goes_round(void **state)
{
    struct demo_plan plan = {.speed = 60, .from = 23 * HOUR, .visitors = 1};
    struct demo_day *d = opened(&plan);

    (void)state;
    assert_int_equal(demo_day_clock(d, 0), 23 * HOUR);
    assert_int_equal(demo_day_clock(d, HOUR / 60), 0);
    assert_int_equal(demo_day_clock(d, HOUR / 60 + 500), 30000);
    free(d);
}

/* ---- one page after the other -------------------------------------------- */

static void check_view(const struct tab *t, const struct demo_beacon *b)
{
    assert_false(t->open);
    assert_int_equal(b->view, t->view + 1);
    assert_true(b->view <= DEMO_VIEWS_MAX);
    assert_int_equal(b->engaged, 0);
    assert_true(b->state == 'r' || b->state == 'w');
}

/* A visible page is heard of every 16.5 s at least, a hidden one every 61 s: the
 * collector counts them for 44 s and 150 s. */
static void check_later(const struct tab *t, const struct demo_beacon *b)
{
    assert_true(t->open);
    assert_int_equal(b->view, t->view);
    assert_int_equal(b->page, t->page);
    assert_true(b->at - t->told <= (t->state == 'b' ? 61000 : 16500));
    assert_true(b->at - t->shown <= DEMO_STAY_MAX_MS);
    assert_in_range(b->engaged, 0, (uint64_t)(b->at - t->told));
    if (t->state == 'b' || t->state == 'i')
        assert_int_equal(b->engaged, 0);
    assert_true((b->kind == 'e') == (b->event != NULL));
}

static void check(struct tab *tabs, const struct demo_beacon *b)
{
    struct tab *t = tab_of(tabs, b->who);

    assert_non_null(strchr("vhle", b->kind));
    assert_non_null(strchr("wrib", b->state));
    if (b->kind == 'v')
        check_view(t, b);
    else
        check_later(t, b);
    note_tab(t, b);
}

static void every_page_is_told_as_a_browser_tells_it(void **state)
{
    struct tab *tabs = calloc(TELLERS_MAX, sizeof *tabs);
    struct demo_day *d = opened(&whole_day);
    struct demo_beacon b;
    ms_t last = 0;

    (void)state;
    while (demo_day_due(d) < MS_PER_DAY) {
        ms_t due = demo_day_due(d);

        demo_day_take(d, &b);
        assert_int_equal(b.at, due);
        assert_true(b.at >= last);
        last = b.at;
        check(tabs, &b);
    }
    demo_day_close(d, MS_PER_DAY);
    while (demo_day_due(d) != DEMO_NEVER) {
        assert_int_equal(demo_day_due(d), MS_PER_DAY);
        demo_day_take(d, &b);
        assert_int_equal(b.kind, 'l');
        check(tabs, &b);
    }
    for (size_t i = 0; i < TELLERS_MAX; i++)
        assert_false(tabs[i].open);
    free(d);
    free(tabs);
}

static void every_visitor_goes_in_the_end(void **state)
{
    struct chance c = {7};

    (void)state;
    for (int i = 0; i < 2000; i++) {
        struct demo_visitor v;
        struct demo_beacon b;
        unsigned n = 1;

        demo_visitor_arrive(&v, &c, 0, shop_pick_source(&c), i % 2);
        while (demo_visitor_step(&v, &c, &b))
            assert_true(++n < DEMO_VIEWS_MAX * 100);
        assert_int_equal(b.kind, 'l');
    }
}

static void nobody_looks_at_more_pages_than_the_bound(void **state)
{
    struct chance c = {8};

    (void)state;
    for (int i = 0; i < 500; i++) {
        struct demo_visitor v;
        struct demo_beacon b;

        demo_visitor_arrive(&v, &c, 0, shop_pick_source(&c), false);
        v.views = DEMO_VIEWS_MAX - 1;
        assert_true(demo_visitor_step(&v, &c, &b));
        assert_int_equal(b.kind, 'v');
        while (demo_visitor_step(&v, &c, &b))
            assert_int_not_equal(b.kind, 'v');
    }
}

static void who_finds_no_room_is_turned_away(void **state)
{
    struct demo_plan plan = {
        .seed = 1, .speed = 1, .from = 20 * HOUR, .visitors = 100000000};
    struct demo_day *d = opened(&plan);
    struct demo_beacon b;

    (void)state;
    assert_int_equal(d->here, DEMO_PEOPLE_MAX);
    while (demo_day_due(d) < 1000)
        demo_day_take(d, &b);
    assert_true(d->here <= DEMO_PEOPLE_MAX);
    assert_true(d->turned_away > 0);
    free(d);
}

/* ---- texts --------------------------------------------------------------- */

static struct demo_beacon longest(size_t page, const char *event)
{
    return (struct demo_beacon){
        .who = UINT64_MAX,
        .view = DEMO_VIEWS_MAX,
        .kind = event ? 'e' : 'v',
        .state = 'b',
        .engaged = DEMO_STAY_MAX_MS,
        .page = page,
        .event = event,
        .from = shop_page(page)->path,
        .query = shop_newsletter()->query,
        .agent = "",
        .country = "DE",
    };
}

static void every_text_fits(void **state)
{
    char site[SITE_MAX];

    (void)state;
    memset(site, 'x', sizeof site);
    for (size_t i = 0; i < shop_pages(); i++) {
        const char *event = shop_habit(shop_page(i)->kind)->event;
        struct demo_beacon b = longest(i, event);
        struct buf out;

        buf_init(&out, DEMO_TEXT_MAX);
        demo_query(&b, (struct slice){site, sizeof site}, &out);
        assert_false(out.full);
        assert_true(out.n < DEMO_TEXT_MAX / 2);
        for (size_t k = 0; k < out.n; k++)
            assert_in_range(out.p[k], '!', '~');
        buf_fini(&out);
    }
}

static void a_view_says_all_that_a_page_knows(void **state)
{
    struct demo_beacon b = {.who = 0x12,
                            .view = 1,
                            .kind = 'v',
                            .state = 'r',
                            .referrer = "https://www.google.com/",
                            .query = "?utm_campaign=x&utm_term=a+b",
                            .agent = "Agent/1",
                            .country = "AT"};
    struct buf out;

    (void)state;
    buf_init(&out, DEMO_TEXT_MAX);
    demo_query(&b, SLICE("shop"), &out);
    buf_str(&out, "");
    buf_add(&out, "", 1);
    assert_string_equal(
        out.p, "i=shop&k=v&a=r&u=0000000000000012&v=0000000000000012.1&d=0"
               "&p=https%3A%2F%2Ftea.example%2F%3Futm_campaign%3Dx%26utm_term%3Da%2Bb"
               "&t=Fine%20tea%2C%20slowly%20%E2%80%93%20Leaf%20%26%20Kettle"
               "&r=https%3A%2F%2Fwww.google.com%2F");
    buf_clear(&out);
    demo_headers(&b, &out);
    buf_add(&out, "", 1);
    assert_string_equal(out.p, "User-Agent: Agent/1\r\nCF-IPCountry: AT\r\n");
    buf_fini(&out);
}

/* ---- chance -------------------------------------------------------------- */

static void waits_have_their_mean_and_no_memory(void **state)
{
    struct chance c = {3};
    uint64_t sum = 0, above = 0;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        ms_t wait = chance_wait(&c, 1000);

        assert_in_range(wait, 0, 10000);
        sum += (uint64_t)wait;
        above += wait > 1000;
    }
    assert_in_range(sum / 100000, 985, 1015);
    assert_in_range(above, 36000, 37600); /* 1/e of them: 36,788 */
}

static void picks_follow_their_weights(void **state)
{
    static const uint16_t weight[] = {0, 10, 30, 0, 60};
    unsigned n[5] = {0};
    struct chance c = {4};

    (void)state;
    for (int i = 0; i < 100000; i++)
        n[chance_pick(&c, weight, 5)]++;
    assert_int_equal(n[0] + n[3], 0);
    assert_in_range(n[1], 9600, 10400);
    assert_in_range(n[2], 29400, 30600);
    assert_in_range(n[4], 59400, 60600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_day),
        cmocka_unit_test(a_day_has_the_visitors_that_were_asked_for),
        cmocka_unit_test(the_night_is_quiet_and_the_newsletter_is_seen),
        cmocka_unit_test(people_come_from_everywhere_with_everything),
        cmocka_unit_test(all_states_are_seen),
        cmocka_unit_test(most_read_and_some_write_rest_or_are_elsewhere),
        cmocka_unit_test(the_clock_of_the_day_does_not_make_people_hurry),
        cmocka_unit_test(the_clock_of_the_day_goes_round),
        cmocka_unit_test(every_page_is_told_as_a_browser_tells_it),
        cmocka_unit_test(every_visitor_goes_in_the_end),
        cmocka_unit_test(nobody_looks_at_more_pages_than_the_bound),
        cmocka_unit_test(who_finds_no_room_is_turned_away),
        cmocka_unit_test(every_text_fits),
        cmocka_unit_test(a_view_says_all_that_a_page_knows),
        cmocka_unit_test(waits_have_their_mean_and_no_memory),
        cmocka_unit_test(picks_follow_their_weights),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
