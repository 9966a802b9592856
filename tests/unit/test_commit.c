/* commit: what it writes is what a reader then sees, whatever went wrong on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../aggregator/commit.h"
#include "../../aggregator/fold.h"
#include "../fake/redis_model.h"
#include "../persisted.h"
#include "../told_apart.h"

#define NOON (1763812800000LL)
#define EPOCH 1000

struct world {
    struct store st;
    struct redis_model redis;
    struct command command;
    struct buf message;
    struct fold_counts counts;
    ms_t now, tick_at;
    uint64_t seq; /* of the latest datagram */
    size_t parts; /* of the latest commit */
    uint64_t goals_told, goals_bad;
};

static const struct key key = {{9}};

static int begin(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    w->now = w->tick_at = NOON;
    store_init(&w->st, 30, &key, NOON);
    redis_model_init(&w->redis, NOON);
    command_init(&w->command, COMMIT_BYTES_MAX);
    buf_init(&w->message, MESSAGE_MAX);
    *state = w;
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;

    store_fini(&w->st);
    redis_model_fini(&w->redis);
    command_fini(&w->command);
    buf_fini(&w->message);
    free(w);
    return 0;
}

static void at(struct world *w, ms_t now)
{
    while (w->tick_at <= now)
        w->tick_at = fold_tick(&w->st, w->tick_at);
    w->now = now;
    redis_model_at(&w->redis, now);
}

static void tell(struct world *w, const struct hit *h)
{
    struct fold_origin from = {.stream = 1, .seq = ++w->seq, .at = w->now};

    fold_hits(&w->st, h, 1, &from, &w->counts);
}

static void hit(struct world *w, const char *site, uint64_t visitor, const char *path)
{
    struct hit h = {.site = slice_of(site),
                    .path = slice_of(path),
                    .visitor = visitor,
                    .kind = HIT_VIEW};

    tell(w, &h);
}

/* A view in a tab of its own, or what else becomes of the tab. */
static void open_tab(struct world *w, uint64_t visitor, uint64_t tab, const char *path,
                     enum hit_kind kind, enum hit_state state)
{
    struct hit h = {.site = SLICE("shop"),
                    .path = slice_of(path),
                    .visitor = visitor,
                    .tab = tab,
                    .kind = (uint8_t)kind,
                    .state = (uint8_t)state};

    tell(w, &h);
}

/* Runs w->command and takes its reply: what it means. */
static enum commit_outcome run(struct world *w, struct site *s)
{
    redisReply *r = redis_model_call(&w->redis, &w->command);
    bool told = commit_goals(s, r, &w->goals_bad);
    enum commit_outcome o =
        told ? COMMIT_OK
             : commit_outcome(r->str, (size_t)r->len, r->type == REDIS_REPLY_ERROR);

    w->goals_told += told;
    freeReplyObject(r);
    return o;
}

/* One commit of @s; with @lost the commands vanish and its fate is unknown. */
static enum commit_outcome commit_site(struct world *w, struct site *s, uint64_t epoch,
                                       bool lost)
{
    enum commit_outcome worst = COMMIT_OK;
    struct commit c;
    bool last;

    if (commit_is_tick(s)) {
        commit_tick(s, epoch, w->now, &w->command, &w->message);
        redis_model_run(&w->redis, &w->command);
        return COMMIT_OK;
    }
    w->parts = 0;
    commit_begin(&c, &w->st, s, epoch, w->now);
    do {
        enum commit_outcome o;

        last = commit_next(&c, SLICE("sha"), &w->command, &w->message);
        w->parts++;
        o = lost ? commit_outcome(NULL, 0, false) : run(w, s);
        if (worst == COMMIT_OK)
            worst = o;
    } while (!last);
    commit_end(&w->st, s, worst, 0);
    return worst;
}

static void commit_all(struct world *w)
{
    struct site *s;

    for (int i = 0; i < 100000 && (s = store_take_dirty(&w->st)); i++)
        commit_site(w, s, EPOCH, false);
    assert_int_equal(w->st.ndirty, 0);
}

/* What a reader of Redis gets equals what the store has, for every window and page. */
static void expect_agreement(struct world *w, const char *id)
{
    struct site *s = store_find(&w->st, slice_of(id));

    assert_non_null(s);
    site_advance(s, minute_of(w->now)); /* a tick may not have come by yet */
    for (unsigned minutes = 1; minutes <= 30; minutes++) {
        static struct page_count top[PAGES_MAX];
        size_t n = site_top_pages(s, minutes, top, PAGES_MAX);
        struct model_list list;
        struct summary sum;
        struct summary_window win;

        assert_int_equal(
            redis_model_snapshot(&w->redis, slice_of(id), minutes, &sum, &list), 0);
        win = summary_window(&sum, minutes);
        assert_int_equal(win.visitors, site_visitors(s, minutes));
        assert_int_equal(win.views, site_views(s, minutes));
        if (n <= ANSWER_PAGES_MAX && sum.npages <= ANSWER_PAGES_MAX)
            expect_visited(&sum, top, n);
        summary_fini(&sum);
        redis_model_snapshot_fini(&list);
    }
    expect_online(&w->redis, s);
    expect_traits(&w->redis, s);
    expect_totals(&w->redis, s);
}

static void a_first_commit_makes_row_page_feed_record_and_message(void **state)
{
    struct world *w = *state;

    hit(w, "shop", 7, "/cart");
    commit_all(w);
    assert_int_equal(redis_model_count(&w->redis, "hc:{shop}:"), 5);
    assert_int_equal(redis_model_eternal(&w->redis, "hc:"), 0);
    assert_true(slice_eq(redis_model_get(&w->redis, "hc:{shop}:b:29396880", "p:/cart"),
                         SLICE("1")));
    assert_true(slice_eq(redis_model_get(&w->redis, "hc:{shop}:m", "q"), SLICE("1")));
    assert_int_equal(w->redis.messages, 1);
    assert_non_null(strstr(w->redis.published.p, "\"site\":\"shop\""));
    expect_agreement(w, "shop");
}

static void nothing_changed_writes_nothing(void **state)
{
    struct world *w = *state;

    hit(w, "shop", 7, "/cart");
    commit_all(w);
    assert_null(store_take_dirty(&w->st));
}

static void a_visitor_who_moves_leaves_no_trace_on_the_old_page(void **state)
{
    struct world *w = *state;

    hit(w, "shop", 7, "/a");
    commit_all(w);
    hit(w, "shop", 7, "/b");
    commit_all(w);
    assert_int_equal(redis_model_get(&w->redis, "hc:{shop}:b:29396880", "p:/a").n, 0);
    expect_agreement(w, "shop");
}

static void a_lost_commit_is_repeated_by_the_next(void **state)
{
    struct world *w = *state;

    hit(w, "shop", 7, "/a");
    commit_all(w);
    hit(w, "shop", 8, "/b");
    assert_int_equal(commit_site(w, store_take_dirty(&w->st), EPOCH, true),
                     COMMIT_UNKNOWN);
    hit(w, "shop", 9, "/c");
    commit_all(w);
    expect_agreement(w, "shop");
    assert_non_null(strstr(w->redis.published.p, "\"new\":2"));
}

static void a_redis_that_lost_everything_is_rewritten(void **state)
{
    struct world *w = *state;

    for (uint64_t i = 1; i <= 20; i++) {
        hit(w, "shop", i, i % 2 ? "/odd" : "/even");
        commit_all(w);
        at(w, w->now + 60000);
        commit_all(w);
    }
    redis_model_flush(&w->redis);
    hit(w, "shop", 1, "/new");
    commit_all(w);
    expect_agreement(w, "shop");
    assert_int_equal(redis_model_count(&w->redis, "hc:{shop}:r"), 1);
}

static void a_recheck_alone_finds_that_redis_went_back(void **state)
{
    struct world *w = *state;

    hit(w, "shop", 7, "/a");
    commit_all(w);
    redis_model_flush(&w->redis);
    store_recheck(&w->st);
    commit_all(w);
    expect_agreement(w, "shop");
}

static void what_an_earlier_aggregator_wrote_is_replaced(void **state)
{
    struct world *w = *state;
    struct site *s;

    for (uint64_t i = 1; i <= 5; i++)
        hit(w, "shop", i, "/old");
    commit_all(w);
    store_reset(&w->st, w->now);
    hit(w, "shop", 9, "/new");
    s = store_take_dirty(&w->st);
    assert_int_equal(commit_site(w, s, EPOCH + 1, false), COMMIT_OK);
    expect_agreement(w, "shop");
}

static void an_older_epoch_is_fenced_and_changes_nothing(void **state)
{
    struct world *w = *state;

    hit(w, "shop", 7, "/a");
    commit_all(w);
    hit(w, "shop", 8, "/a");
    assert_int_equal(commit_site(w, store_take_dirty(&w->st), EPOCH - 1, false),
                     COMMIT_FENCED);
    assert_true(
        slice_eq(redis_model_get(&w->redis, "hc:{shop}:b:29396880", "pv"), SLICE("1")));
}

static void a_huge_site_is_written_in_parts_each_within_the_bound(void **state)
{
    struct world *w = *state;
    char path[PATH_MAX_BYTES + 1];

    memset(path, 'x', sizeof path);
    path[0] = '/';
    path[PATH_MAX_BYTES] = 0;
    for (int m = 0; m < 10; m++) {
        for (int i = 0; i < PAGES_MAX - 1; i++) {
            path[1] = (char)('a' + i % 26);
            path[2] = (char)('a' + i / 26 % 26);
            path[3] = (char)('a' + i / 676);
            hit(w, "shop", (uint64_t)m * 10000 + (uint64_t)i + 1, path);
        }
        at(w, w->now + 60000);
    }
    commit_all(w);
    assert_true(w->parts > 15);
    expect_agreement(w, "shop");
    for (int i = 0; i < PAGES_MAX - 1; i++) /* everybody goes to one page: many HDEL */
        hit(w, "shop", (uint64_t)i + 1, "/");
    commit_all(w);
    expect_agreement(w, "shop");
}

/* A lazy store whose site "shop" has been found empty. */
static struct site *lazy_site(struct world *w, unsigned window, const char *id)
{
    struct site *s;

    store_fini(&w->st);
    store_init(&w->st, window, &key, w->now);
    w->st.lazy = true;
    store_site(&w->st, slice_of(id));
    s = store_take_load(&w->st);
    store_loaded(&w->st, s);
    return s;
}

/* All there can be of one site: rows, pages, records, events of the longest texts, each
 * byte of which takes six of JSON, marks. */
static void fill(struct world *w, const char *id)
{
    char path[PATH_MAX_BYTES + 1], name[EVENT_NAME_MAX + 1];
    struct hit h = {.site = slice_of(id), .name = {name, EVENT_NAME_MAX}};
    struct fold_origin from = {.at = w->now};

    memset(path, '<', sizeof path);
    memset(name, '<', sizeof name);
    path[0] = '/';
    h.path = (struct slice){path, PATH_MAX_BYTES};
    for (unsigned i = 0; i < 100000; i++) {
        h.tab = i;
        h.engaged = ENGAGED_MAX_MS;
        path[1] = (char)('a' + i % 26);
        path[2] = (char)('a' + i / 26 % 26);
        path[3] = (char)('a' + i / 676 % 2);
        h.kind = i > 99000 ? HIT_EVENT : HIT_HEARTBEAT;
        h.visitor = i * UINT64_C(0x9e3779b97f4a7c15) + 1;
        h.at = -(ms_t)(i % 64) * 60000;
        from.stream = i % SITE_MARKS_MAX + 1;
        from.seq = ++w->seq;
        fold_hits(&w->st, &h, 1, &from, &w->counts);
    }
}

/* All that its views can be told apart by, and queries that took all the times there are;
 * of people who were seen on their page in that minute already. */
static void fill_traits(struct world *w, const char *id)
{
    struct fold_origin from = {.stream = 1, .at = w->now};
    char host[REFERRER_MAX];
    struct hit h = {.site = slice_of(id), .referrer = {host, REFERRER_MAX}};

    memset(host, 'x', sizeof host);
    for (unsigned i = 0; i < 64 * 300; i++) {
        unsigned value = i / 64;

        host[0] = (char)('a' + value / 26);
        host[1] = (char)('a' + value % 26);
        h.country[0] = (char)('A' + value / 26);
        h.country[1] = (char)('A' + value % 26);
        h.device = (uint8_t)(value % HIT_DEVICES);
        h.browser = (uint8_t)(value % HIT_BROWSERS);
        h.visitor = i % 64 * UINT64_C(0x9e3779b97f4a7c15) + 1;
        h.at = -(ms_t)(i % 64) * 60000;
        from.seq = ++w->seq;
        h.kind = HIT_VIEW;
        fold_hits(&w->st, &h, 1, &from, &w->counts);
        h.kind = HIT_QUERY;
        h.engaged = spread_middle(value % SPREAD_BUCKETS);
        fold_hits(&w->st, &h, 1, &from, &w->counts);
        h.engaged = 0;
    }
}

static void every_part_of_the_largest_site_is_within_the_bound(void **state)
{
    struct world *w = *state;
    char id[SITE_MAX + 1], meta[SITE_MAX + 16];
    struct site *s;

    memset(id, 's', sizeof id);
    id[SITE_MAX] = 0;
    snprintf(meta, sizeof meta, "hc:{%s}:m", id);
    s = lazy_site(w, WINDOW_MAX, id);
    fill(w, id);
    fill_traits(w, id);
    assert_int_equal(s->log.n, 100000);
    assert_int_equal(s->traits.of[TRAIT_REFERRER], REFERRERS_MAX - 1);
    assert_int_equal(w->counts.capped_referrers,
                     (300 - REFERRERS_MAX + 1) * 64 * 2 -
                         (COUNTRIES_MAX - REFERRERS_MAX) * 64);
    for (int rewrite = 0; rewrite < 3; rewrite++) { /* not, of rows, of all */
        w->st.ahead = w->st.now + MINUTES_AHEAD_MAX;
        s->full = rewrite > 0;
        s->log.rewrite = rewrite > 1;
        s->dirty |= 1;
        s->recent_done = 0;
        store_mark_dirty(&w->st, s);
        commit_all(w);
        assert_true(rewrite == 1 || w->parts > 12);
        assert_int_equal(w->st.log_waits, 0);
        assert_int_equal(redis_model_get(&w->redis, meta, "w").n, SITE_MARKS_MAX * 16);
        assert_int_equal(redis_model_eternal(&w->redis, "hc:"), 0);
        assert_int_equal(redis_model_count(&w->redis, "hc:"), 6 + 3 * WINDOW_MAX);
        expect_online(&w->redis, s);
        expect_traits(&w->redis, s);
        expect_totals(&w->redis, s);
    }
}

/* A view, and what it tells. */
static void visit(struct world *w, uint64_t visitor, const char *path, const char *title,
                  const char *referrer)
{
    struct hit h = {.site = SLICE("shop"),
                    .path = slice_of(path),
                    .name = slice_of(title),
                    .referrer = slice_of(referrer),
                    .visitor = visitor,
                    .device = DEVICE_MOBILE,
                    .kind = HIT_VIEW};

    tell(w, &h);
}

static bool mentions(const struct world *w, struct slice text)
{
    return memmem(w->command.text.p, w->command.text.n, text.p, text.n);
}

static void expect_title(struct world *w, const char *path, const char *want)
{
    assert_true(
        slice_eq(redis_model_get(&w->redis, "hc:{shop}:ti", path), slice_of(want)));
}

static void a_title_is_written_when_it_is_another(void **state)
{
    struct world *w = *state;

    lazy_site(w, 30, "shop");
    visit(w, 1, "/", "Home", "");
    commit_all(w);
    expect_title(w, "/", "Home");
    visit(w, 2, "/", "Home", "");
    commit_all(w);
    assert_true(mentions(w, SLICE("hc:{shop}:b:")));
    assert_false(mentions(w, SLICE("Home")));
    visit(w, 1, "/", "", "");
    visit(w, 1, "/", "Shop", "");
    commit_all(w);
    expect_title(w, "/", "Shop");
    assert_int_equal(redis_model_eternal(&w->redis, "hc:{shop}:ti"), 0);
}

static void titles_of_a_lost_commit_are_written_with_the_next(void **state)
{
    struct world *w = *state;
    struct site *s = lazy_site(w, 30, "shop");

    visit(w, 1, "/", "Home", "");
    commit_all(w);
    visit(w, 1, "/a", "A", "");
    assert_ptr_equal(store_take_dirty(&w->st), s);
    commit_site(w, s, 1, true);
    expect_title(w, "/a", "");
    commit_all(w);
    expect_title(w, "/a", "A");
    expect_title(w, "/", "Home");
}

static void titles_of_pages_long_gone_are_not_kept_for_ever(void **state)
{
    struct world *w = *state;
    char path[16];

    lazy_site(w, 30, "shop");
    for (unsigned i = 0; i < 3 * PAGES_MAX; i++) {
        snprintf(path, sizeof path, "/%u", i);
        visit(w, 1, path, "Title", "");
        if (i % 200 == 0) {
            at(w, w->now + 60000);
            commit_all(w);
        }
    }
    at(w, w->now + 60000);
    visit(w, 1, "/last", "Last", "");
    commit_all(w);
    expect_title(w, "/last", "Last");
    assert_true(redis_model_fields(&w->redis, "hc:{shop}:ti") <= 2 * PAGES_MAX);
}

static void traits_too_many_for_one_part_make_a_rewrite(void **state)
{
    struct world *w = *state;
    struct site *s = lazy_site(w, WINDOW_MAX, "shop");
    struct model_list list;
    struct summary sum;
    char host[REFERRER_MAX];

    visit(w, 1, "/", "", "first.example");
    commit_all(w);
    assert_int_equal(w->parts, 1);
    for (unsigned m = 0; m < 20; m++) {
        for (unsigned i = 0; i < 99; i++) {
            snprintf(host, sizeof host, "a-host-with-a-long-name-%u.example", i);
            visit(w, i + 1, "/", "", host);
        }
        at(w, w->now + 60000);
    }
    commit_all(w);
    assert_true(w->parts > 2);
    assert_false(s->full);
    expect_agreement(w, "shop");
    assert_int_equal(
        redis_model_snapshot(&w->redis, SLICE("shop"), WINDOW_MAX, &sum, &list), 0);
    expect_told_apart(&sum, s, WINDOW_MAX);
    expect_referred(&sum, 1981);
    assert_int_equal(sum.trait[TRAIT_DEVICE].of[0].views, 1981);
    summary_fini(&sum);
    redis_model_snapshot_fini(&list);
}

static void traits_lie_beside_their_row_and_go_with_it(void **state)
{
    struct world *w = *state;

    visit(w, 1, "/", "", "news.example");
    commit_all(w);
    expect_field(&w->redis, "hc:{shop}:tr:29396880", "d:mobile", 1);
    expect_field(&w->redis, "hc:{shop}:tr:29396880", "r:news.example", 1);
    assert_int_equal(redis_model_get(&w->redis, "hc:{shop}:b:29396880", "d:mobile").n, 0);
    expect_agreement(w, "shop");
    assert_int_equal(redis_model_expiry(&w->redis, "hc:{shop}:tr:29396880"),
                     NOON + 31 * 60000);
    at(w, NOON + 2 * 60000);
    visit(w, 1, "/", "", "");
    commit_all(w);
    expect_agreement(w, "shop");
    assert_int_equal(redis_model_count(&w->redis, "hc:{shop}:tr:"), 2);
    at(w, NOON + 31 * 60000);
    assert_int_equal(redis_model_count(&w->redis, "hc:{shop}:tr:"), 1);
}

static void a_commit_of_other_things_does_not_touch_traits(void **state)
{
    struct world *w = *state;

    visit(w, 1, "/", "", "news.example");
    commit_all(w);
    assert_true(mentions(w, SLICE(":tr:")));
    open_tab(w, 2, 1, "/a", HIT_HEARTBEAT, STATE_READING);
    hit(w, "shop", 1, "/b");
    commit_all(w);
    assert_true(mentions(w, SLICE("hc:{shop}:b:")));
    assert_false(mentions(w, SLICE(":tr:")));
    expect_agreement(w, "shop");
}

/* Of another life of the site, and of a rewrite that was never finished. */
static void a_rewrite_leaves_no_traits_but_those_that_there_are(void **state)
{
    static const char *const stale[] = {
        "HSET hc:{shop}:tr:29396879 d:tablet 5",
        "HSET hc:{shop}:tr:29396880 d:tablet 5",
        "HSET hc:{shop}:tr:29396881 d:tablet 5",
        "HSET hc:{shop}:tr:29396880:new d:tablet 6",
        "HSET hc:{shop}:tr:29396881:new d:tablet 6",
    };
    struct world *w = *state;
    struct site *s = lazy_site(w, 30, "shop");

    hit(w, "shop", 1, "/"); /* which tells nothing */
    commit_all(w);
    at(w, NOON + 60000);
    visit(w, 1, "/", "", "news.example");
    commit_all(w);
    for (size_t i = 0; i < sizeof stale / sizeof *stale; i++)
        redis_model_say(&w->redis, stale[i]);
    s->full = true;
    store_mark_dirty(&w->st, s);
    commit_all(w);
    expect_agreement(w, "shop");
    assert_int_equal(redis_model_count(&w->redis, "hc:{shop}:tr:"), 1);
    assert_int_equal(redis_model_eternal(&w->redis, "hc:"), 0);
}

static void traits_of_a_lost_commit_are_written_with_the_next(void **state)
{
    struct world *w = *state;
    struct site *s = lazy_site(w, 30, "shop");

    for (int full = 0; full < 2; full++) {
        visit(w, 1, "/", "", "news.example");
        s->full = full;
        assert_ptr_equal(store_take_dirty(&w->st), s);
        commit_site(w, s, EPOCH, true);
        visit(w, 2, "/", "", "blog.example");
        commit_all(w);
        expect_agreement(w, "shop");
    }
    expect_field(&w->redis, "hc:{shop}:tr:29396880", "d:mobile", 4);
}

/* ---- goals ------------------------------------------------------------------ */

static void thank(struct world *w)
{
    hit(w, "shop", 1, "/thanks");
    commit_all(w);
}

static void expect_goal(struct world *w, const char *name, uint64_t n)
{
    char field[32];

    snprintf(field, sizeof field, "a:%s", name);
    expect_field(&w->redis, "hc:{shop}:tr:29396880", field, n);
    expect_agreement(w, "shop");
}

static void a_new_goal_counts_from_the_next_commit_on(void **state)
{
    struct world *w = *state;

    thank(w);
    assert_int_equal(w->goals_told, 0);
    redis_model_say(&w->redis, "HSET hc:{shop}:c g:a path_/ v 7 g:bad nonsense t:x y");
    command_clear(&w->command);
    for (const char *const *arg = (const char *const[]){"HSET", "hc:{shop}:c", "g:order",
                                                        "path /thanks", NULL};
         *arg; arg++)
        command_arg(&w->command, slice_of(*arg));
    redis_model_run(&w->redis, &w->command);
    thank(w); /* of which it is heard */
    assert_int_equal(w->goals_told, 1);
    assert_int_equal(w->goals_bad, 2);
    assert_int_equal(redis_model_count(&w->redis, "hc:{shop}:tr:"), 0);
    thank(w);
    expect_goal(w, "order", 1);
    assert_int_equal(w->goals_told, 1);
    assert_true(slice_has(redis_model_get(&w->redis, "hc:{shop}:r", "3"),
                          SLICE("\"goals\":[\"order\"]")));
    assert_true(slice_has(buf_get(&w->redis.published), SLICE("\"goals\":[\"order\"]")));
    assert_false(
        slice_has(redis_model_get(&w->redis, "hc:{shop}:r", "2"), SLICE("goals")));
}

static void goals_that_are_gone_count_no_more(void **state)
{
    static const char *const ends[] = {
        "HSET hc:{shop}:c v 8",      /* with HDEL before */
        "DEL hc:{shop}:c",           /* forgotten as a whole */
        "HDEL hc:{shop}:c v",        /* by hand */
        "SETRANGE hc:{shop}:c 0 no", /* of another type */
    };
    struct world *w = *state;
    uint64_t told = 0;

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct site *s;

        redis_model_say(&w->redis, "DEL hc:{shop}:c");
        redis_model_say(&w->redis, "HSET hc:{shop}:c g:all event_x v 7");
        thank(w);
        s = store_find(&w->st, SLICE("shop"));
        assert_true(slice_eq(goals_version(&s->goals), SLICE("7")));
        assert_true(goals_add(&s->goals, SLICE("g:order"), SLICE("path /thanks")));
        thank(w);
        expect_goal(w, "order", i + 1);
        assert_int_equal(w->goals_told, told += 1);
        if (i == 0)
            redis_model_say(&w->redis, "HDEL hc:{shop}:c g:all");
        if (i == 3)
            redis_model_say(&w->redis, "DEL hc:{shop}:c");
        redis_model_say(&w->redis, ends[i]);
        s->full = i == 2; /* whatever commit it is */
        store_mark_dirty(&w->st, s);
        commit_all(w);
        assert_int_equal(w->goals_told, told += 1);
        assert_int_equal(s->goals.n, 0);
        thank(w);
        expect_goal(w, "order", i + 1);
        assert_int_equal(w->goals_told, told);
    }
}

/* ---- alerts ----------------------------------------------------------------- */

static void set_alert(struct world *w, const char *rule, const char *version)
{
    command_clear(&w->command);
    for (const char *const *arg = (const char *const[]){"HSET", "hc:{shop}:c", "al:busy",
                                                        rule, "v", version, NULL};
         *arg; arg++)
        command_arg(&w->command, slice_of(*arg));
    redis_model_run(&w->redis, &w->command);
}

static struct slice busy(struct world *w)
{
    return redis_model_get(&w->redis, "hc:{shop}:al", "busy");
}

static bool was_told(struct world *w, const char *what)
{
    return slice_has(buf_get(&w->redis.alerts), slice_of(what));
}

/* Two visitors of the site, which has heard of an alert of one of them. */
static struct site *be_busy(struct world *w)
{
    set_alert(w, "above current 2 1 0", "1");
    hit(w, "shop", 1, "/");
    commit_all(w);
    hit(w, "shop", 2, "/");
    commit_all(w);
    assert_int_equal(busy(w).n, 0); /* nobody has looked */
    at(w, w->now + 1000);
    return store_find(&w->st, SLICE("shop"));
}

static void an_alert_is_written_and_told_with_its_commit(void **state)
{
    struct world *w = *state;
    struct site *s = be_busy(w);

    assert_true(site_has_news(s));
    commit_all(w);
    assert_true(slice_starts(busy(w), SLICE("on above current 2 ")));
    assert_true(was_told(w, "{\"site\":\"shop\",\"name\":\"busy\",\"kind\":\"above\","
                            "\"of\":\"current\",\"on\":true,\"value\":2,"));
    assert_true(slice_has(buf_get(&w->redis.published), SLICE("\"alerts\":[{\"name\":")));
    assert_false(site_has_news(s));
    hit(w, "shop", 3, "/");
    at(w, w->now + 1000);
    commit_all(w);
    assert_int_equal(w->redis.alerts.n, 0);
    at(w, w->now + 6 * 60000);
    commit_all(w);
    assert_true(slice_starts(busy(w), SLICE("off above current 2 ")));
    assert_true(was_told(w, "\"on\":false,\"value\":0,"));
    assert_true(slice_has(buf_get(&w->redis.published), SLICE("\"alerts\":[],")));
    expect_agreement(w, "shop");
}

static void a_commit_of_unknown_fate_tells_an_alert_once(void **state)
{
    for (int done = 0; done < 2; done++) {
        struct world *w = *state;
        struct site *s = be_busy(w);
        struct commit c;

        assert_ptr_equal(store_take_dirty(&w->st), s);
        commit_begin(&c, &w->st, s, EPOCH, w->now);
        assert_true(commit_next(&c, SLICE("sha"), &w->command, &w->message));
        if (done)
            redis_model_run(&w->redis, &w->command);
        assert_int_equal(was_told(w, "\"on\":true"), done);
        commit_end(&w->st, s, COMMIT_UNKNOWN, 0);
        assert_true(alerts_dirty(&s->alerts));
        commit_all(w);
        assert_int_equal(was_told(w, "\"on\":true"), !done);
        assert_true(slice_starts(busy(w), SLICE("on above current 2 ")));
        end(state);
        begin(state);
    }
}

static void a_redis_that_has_lost_alerts_is_told_again_how_they_stand(void **state)
{
    struct world *w = *state;
    struct site *s = be_busy(w);
    char before[ALERT_STATE_TEXT_MAX];

    commit_all(w);
    alert_state_text(&s->alerts.alert[0].state, before);
    assert_true(slice_eq(busy(w), slice_of(before)));
    redis_model_flush(&w->redis);
    set_alert(w, "above current 2 1 0", "1");
    store_recheck(&w->st);
    commit_all(w);
    assert_true(slice_eq(busy(w), slice_of(before)));
    assert_true(was_told(w, "\"on\":true")); /* who looked meanwhile took it for off */
    store_recheck(&w->st);
    s->full = true;
    commit_all(w);
    assert_int_equal(w->redis.alerts.n, 0); /* nothing has changed */
}

static void an_alert_that_is_removed_goes_off_and_is_forgotten(void **state)
{
    static const char *const ends[] = {"HDEL hc:{shop}:c al:busy", "DEL hc:{shop}:c"};

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct world *w = *state;
        struct site *s = be_busy(w);

        commit_all(w);
        redis_model_say(&w->redis, ends[i]);
        if (i == 0)
            redis_model_say(&w->redis, "HSET hc:{shop}:c v 2");
        hit(w, "shop", 4, "/");
        commit_all(w);
        at(w, w->now + 1000);
        assert_true(alerts_dirty(&s->alerts));
        commit_all(w);
        assert_true(was_told(w, "\"on\":false,\"value\":3,"));
        assert_int_equal(busy(w).n, 0);
        assert_int_equal(s->alerts.n, 0);
        assert_false(slice_has(buf_get(&w->redis.published), SLICE("alerts")));
        end(state);
        begin(state);
    }
}

static void a_key_of_another_type_is_no_alert(void **state)
{
    struct world *w = *state;

    be_busy(w);
    redis_model_say(&w->redis, "SETRANGE hc:{shop}:al 0 x");
    commit_all(w);
    assert_true(was_told(w, "\"on\":true"));
    assert_true(slice_starts(busy(w), SLICE("on above current 2 ")));
}

/* As a site would be dropped: nobody is there, and nothing of the window is left. */
static void a_site_with_an_alert_is_kept_and_it_goes_on_in_its_time(void **state)
{
    struct world *w = *state;

    set_alert(w, "below current 0 1 3600", "1");
    hit(w, "shop", 1, "/");
    commit_all(w);
    for (int i = 0; i < 64; i++) {
        at(w, w->now + 60000);
        commit_all(w);
    }
    assert_non_null(store_find(&w->st, SLICE("shop")));
    for (int i = 0; i < 4; i++) {
        at(w, w->now + 60000);
        commit_all(w);
    }
    assert_true(slice_starts(busy(w), SLICE("on below current 0 ")));
    at(w, w->now + 120000);
    assert_non_null(store_find(&w->st, SLICE("shop")));
}

/* It went back to when there was another one, which nobody knows any more. */
static void a_rewrite_leaves_no_alert_that_is_not_ours(void **state)
{
    struct world *w = *state;

    be_busy(w);
    commit_all(w);
    redis_model_say(&w->redis, "HSET hc:{shop}:al gone on");
    store_find(&w->st, SLICE("shop"))->full = true;
    hit(w, "shop", 1, "/");
    commit_all(w);
    assert_int_equal(redis_model_fields(&w->redis, "hc:{shop}:al"),
                     2);                                   /* never claimed: */
    store_find(&w->st, SLICE("shop"))->from_epoch = EPOCH; /* who knows what it has */
    store_find(&w->st, SLICE("shop"))->full = true;
    hit(w, "shop", 1, "/");
    commit_all(w);
    assert_int_equal(redis_model_fields(&w->redis, "hc:{shop}:al"), 1);
    assert_true(slice_starts(busy(w), SLICE("on above current 2 ")));
}

static void an_event_is_counted_and_a_lost_commit_repeats_it(void **state)
{
    struct world *w = *state;
    struct hit buy = {.site = SLICE("shop"),
                      .path = SLICE("/"),
                      .name = SLICE("buy"),
                      .visitor = 1,
                      .kind = HIT_EVENT};
    struct site *s = lazy_site(w, 30, "shop");

    assert_true(goals_add(&s->goals, SLICE("g:sale"), SLICE("event buy")));
    for (int full = 0; full < 2; full++) {
        tell(w, &buy);
        s->full = full;
        assert_ptr_equal(store_take_dirty(&w->st), s);
        commit_site(w, s, EPOCH, true);
        tell(w, &buy);
        commit_all(w);
        expect_goal(w, "sale", 2 * ((uint64_t)full + 1));
    }
    assert_int_equal(w->goals_told, 0);
}

static void a_row_says_how_many_records_are_valid(void **state)
{
    struct world *w = *state;
    struct site *s = lazy_site(w, 30, "shop");

    for (uint64_t i = 1; i <= 5; i++)
        hit(w, "shop", i, "/");
    commit_all(w);
    assert_true(
        slice_eq(redis_model_get(&w->redis, "hc:{shop}:b:29396880", "n"), SLICE("5")));
    assert_int_equal(redis_model_get(&w->redis, "hc:{shop}:l:29396880", NULL).n, 5 * 16);
    hit(w, "shop", 1, "/");
    hit(w, "shop", 2, "/moved");
    assert_int_equal(s->log.n, 1);
    commit_all(w);
    assert_true(
        slice_eq(redis_model_get(&w->redis, "hc:{shop}:b:29396880", "n"), SLICE("6")));
    assert_true(
        slice_eq(redis_model_get(&w->redis, "hc:{shop}:pg", "1"), SLICE("/moved")));
    expect_agreement(w, "shop");
}

static void a_site_heals_whatever_its_keys_were(void **state)
{
    static const char *const spoilt[] = {
        "SETRANGE hc:{shop}:m 0 x",           "SETRANGE hc:{shop}:r 0 x",
        "SETRANGE hc:{shop}:pg 0 x",          "SETRANGE hc:{shop}:b:29396880 0 x",
        "HSET hc:{shop}:l:29396880 a b",      "SETRANGE hc:{shop}:o 0 x",
        "SETRANGE hc:{shop}:t 0 x",           "SETRANGE hc:{shop}:o:new 0 x",
        "SETRANGE hc:{shop}:r:new 0 x",       "SETRANGE hc:{shop}:b:29396880:new 0 x",
        "SETRANGE hc:{shop}:tr:29396880 0 x", "SETRANGE hc:{shop}:tr:29396880:new 0 x",
    };
    struct world *w = *state;

    lazy_site(w, 30, "shop");
    for (size_t i = 0; i < sizeof spoilt / sizeof *spoilt; i++) {
        char line[80], key_text[64];

        sscanf(spoilt[i], "%*s %63s", key_text);
        snprintf(line, sizeof line, "DEL %s", key_text);
        open_tab(w, i + 1, i % 2, "/a", HIT_VIEW, STATE_READING);
        visit(w, i + 50, "/a", "", "news.example");
        redis_model_say(&w->redis, line);
        redis_model_say(&w->redis, spoilt[i]);
        commit_all(w);
        snprintf(line, sizeof line, "/new-%zu", i); /* whose id has to be told */
        hit(w, "shop", i + 100, line);
        commit_all(w);
        expect_agreement(w, "shop");
        assert_int_equal(redis_model_get(&w->redis, "hc:{shop}:r", "1").n > 0, 1);
        assert_int_equal(redis_model_get(&w->redis, "hc:{shop}:pg", "0").n > 0, 1);
    }
}

static void a_hit_of(struct world *w, unsigned kind, uint64_t visitor, ms_t ago)
{
    struct hit h = {.site = SLICE("shop"),
                    .path = SLICE("/a"),
                    .name = SLICE("buy"),
                    .visitor = visitor,
                    .device = DEVICE_MOBILE,
                    .kind = (uint8_t)kind,
                    .at = w->now - ago};
    struct fold_origin from = {
        .stream = 1, .seq = ++w->seq, .sent = w->now, .at = w->now};

    fold_hits(&w->st, &h, 1, &from, &w->counts);
}

static void a_view_at(struct world *w, ms_t ago)
{
    a_hit_of(w, HIT_VIEW, 1, ago);
}

static void view_both_minutes(struct world *w)
{
    a_view_at(w, 60000);
    a_view_at(w, 0);
}

/* Keys of heads, traits and totals, and a field of each that counts views. */
static const struct counting {
    const char *key, *field;
} counting[] = {
    {"hc:{shop}:b:29396880", "pv"},
    {"hc:{shop}:b:29396881", "pv"},
    {"hc:{shop}:tr:29396880", "d:mobile"},
    {"hc:{shop}:tr:29396881", "d:mobile"},
    {"hc:{shop}:t", "pv"},
};
#define COUNTING (sizeof counting / sizeof *counting)

/* Views of somebody who was there in both minutes: heads and traits change and nothing
 * else. If one were new while the marks are old, whoever read that would count it twice.
 */
static void a_row_of_another_type_keeps_all_heads_and_totals_from_being_written(
    void **state)
{
    struct world *w = *state;

    lazy_site(w, 30, "shop");
    at(w, NOON + 60000);
    for (unsigned spoilt = 0; spoilt < COUNTING; spoilt++) {
        char line[80];

        view_both_minutes(w);
        commit_all(w);
        snprintf(line, sizeof line, "DEL %s", counting[spoilt].key);
        redis_model_say(&w->redis, line);
        snprintf(line, sizeof line, "SETRANGE %s 0 x", counting[spoilt].key);
        redis_model_say(&w->redis, line);
        view_both_minutes(w);
        assert_int_equal(commit_site(w, store_take_dirty(&w->st), EPOCH, false),
                         COMMIT_ERROR);
        for (unsigned i = 0; i < COUNTING; i++) /* each time, two views of two minutes */
            if (i != spoilt)
                expect_field(&w->redis, counting[i].key, counting[i].field,
                             (spoilt * 2 + 1) * (i == COUNTING - 1 ? 2 : 1));
        commit_all(w);
        expect_agreement(w, "shop");
    }
}

/* A command of a broken connection arrives behind the commit that made up for it. */
static void what_arrives_too_late_changes_nothing(void **state)
{
    struct world *w = *state;
    struct command late;
    struct site *s;
    struct commit c;

    hit(w, "shop", 1, "/a");
    commit_all(w);
    hit(w, "shop", 2, "/a");
    s = store_take_dirty(&w->st);
    command_init(&late, COMMIT_BYTES_MAX);
    commit_begin(&c, &w->st, s, EPOCH, w->now);
    assert_true(commit_next(&c, SLICE("sha"), &late, &w->message));
    commit_end(&w->st, s, COMMIT_UNKNOWN, 0);
    hit(w, "shop", 3, "/a");
    commit_all(w);
    assert_string_equal(redis_model_run(&w->redis, &late), "REGRESS");
    expect_agreement(w, "shop");
    command_fini(&late);
}

static void a_tick_publishes_the_smaller_number_and_writes_nothing(void **state)
{
    struct world *w = *state;
    size_t keys;

    hit(w, "shop", 7, "/a");
    commit_all(w);
    keys = redis_model_count(&w->redis, "hc:");
    at(w, NOON + 5 * 60000 + 20000);
    commit_all(w);
    assert_int_equal(redis_model_count(&w->redis, "hc:"), keys);
    assert_int_equal(w->redis.messages, 2);
    assert_non_null(strstr(w->redis.published.p, "\"tick\""));
    assert_non_null(strstr(w->redis.published.p, "\"5\":0,\"30\":1"));
}

static void all_but_the_totals_expires_when_the_window_is_over(void **state)
{
    struct world *w = *state;

    open_tab(w, 7, 1, "/a", HIT_VIEW, STATE_READING);
    commit_all(w);
    for (int m = 1; m <= 33; m++) {
        at(w, NOON + m * 60000 + 15000);
        commit_all(w);
    }
    assert_int_equal(redis_model_count(&w->redis, "hc:"), 1);
    expect_field(&w->redis, "hc:{shop}:t", "pv", 1);
    assert_int_equal(w->st.nsites, 0);
}

static void numbers_grow_on_when_a_site_comes_back(void **state)
{
    struct world *w = *state;
    uint64_t commit, message;

    for (int i = 1; i <= 3; i++) {
        hit(w, "shop", (uint64_t)i, "/a");
        commit_all(w);
    }
    commit = store_find(&w->st, SLICE("shop"))->commit;
    message = store_find(&w->st, SLICE("shop"))->message;
    for (int m = 1; m <= 33; m++) {
        at(w, NOON + m * 60000 + 15000);
        commit_all(w);
    }
    assert_int_equal(w->st.nsites, 0);
    hit(w, "shop", 7, "/a");
    commit_all(w);
    assert_true(store_find(&w->st, SLICE("shop"))->commit > commit);
    assert_true(store_find(&w->st, SLICE("shop"))->message > message);
}

/* What is counted for ever would be lost with them. */
static void sites_that_died_while_redis_was_away_wait_for_it(void **state)
{
    struct world *w = *state;

    hit(w, "shop", 7, "/a");
    hit(w, "news", 7, "/a");
    at(w, NOON + 33 * 60000);
    assert_int_equal(w->st.nsites, 2);
    commit_all(w);
    expect_field(&w->redis, "hc:{news}:t", "pv", 1);
    at(w, NOON + 34 * 60000 + 15000);
    assert_int_equal(w->st.nsites, 0);
    assert_int_equal(w->st.ndirty, 0);
}

/* Redis' clock is far ahead: every row is over before it is written. */
static void no_key_is_left_without_an_expiry_when_the_clocks_disagree(void **state)
{
    struct world *w = *state;

    for (uint64_t i = 1; i <= 20; i++)
        hit(w, "shop", i, i % 2 ? "/odd" : "/even");
    redis_model_at(&w->redis, NOON + 40 * 60000);
    commit_all(w);
    assert_int_equal(redis_model_eternal(&w->redis, "hc:"), 0);
}

/* @n visitors on as many long paths, in this minute. */
static void crowd(struct world *w, int n)
{
    char path[PATH_MAX_BYTES + 1];

    memset(path, 'x', sizeof path);
    path[PATH_MAX_BYTES] = 0;
    for (int i = 0; i < n; i++) {
        path[snprintf(path, 16, "/%05d", i)] = 'x';
        hit(w, "shop", (uint64_t)i + 1, path);
    }
}

/* The first part of the commit that a crowd makes, and the rest of it after @between. */
static enum commit_outcome commit_in_two(struct world *w,
                                         void (*between)(struct world *w))
{
    enum commit_outcome worst = COMMIT_OK;
    struct site *s = store_take_dirty(&w->st);
    struct commit c;
    bool last = false;

    commit_begin(&c, &w->st, s, EPOCH, w->now);
    for (int part = 0; !last; part++) {
        const char *reply;
        enum commit_outcome o;

        if (part == 1)
            between(w);
        last = commit_next(&c, SLICE("sha"), &w->command, &w->message);
        assert_true(part > 0 || !last);
        reply = redis_model_run(&w->redis, &w->command);
        o = commit_outcome(reply, strlen(reply), false);
        if (worst == COMMIT_OK)
            worst = o;
    }
    commit_end(&w->st, s, worst, 0);
    return worst;
}

static void a_minute_passes(struct world *w)
{
    at(w, w->now + 75000);
}

static void a_row_that_leaves_between_two_parts_takes_no_other_with_it(void **state)
{
    struct world *w = *state;

    crowd(w, 900);
    at(w, NOON + 10 * 60000);
    for (uint64_t i = 2000; i < 2050; i++)
        hit(w, "shop", i, "/");
    at(w, NOON + 29 * 60000);
    assert_int_equal(commit_in_two(w, a_minute_passes), COMMIT_OK);
    commit_all(w);
    expect_agreement(w, "shop");
}

static void somebody_comes_a_minute_later(struct world *w)
{
    at(w, w->now + 60000);
    hit(w, "shop", 5000, "/");
}

static void a_message_is_of_the_newest_minute_that_it_counts(void **state)
{
    struct world *w = *state;
    char at[40];

    crowd(w, 900);
    assert_int_equal(commit_in_two(w, somebody_comes_a_minute_later), COMMIT_OK);
    assert_non_null(strstr(w->redis.published.p, "\"30\":901"));
    snprintf(at, sizeof at, "\"t\":%lld,", (long long)NOON + 60000);
    assert_non_null(strstr(w->redis.published.p, at));
    expect_field(&w->redis, "hc:{shop}:m", "t", NOON + 60000);
}

static void a_message_is_of_no_minute_that_it_does_not_count(void **state)
{
    struct world *w = *state;
    struct site *s;
    char told[40];

    hit(w, "shop", 1, "/");
    s = store_take_dirty(&w->st);
    at(w, NOON + 60003); /* no site has turned yet */
    assert_int_equal(commit_site(w, s, EPOCH, false), COMMIT_OK);
    assert_non_null(strstr(w->redis.published.p, "\"visitors\":{\"1\":1"));
    snprintf(told, sizeof told, "\"t\":%lld,", (long long)NOON + 59999);
    assert_non_null(strstr(w->redis.published.p, told));
    expect_field(&w->redis, "hc:{shop}:m", "t", NOON + 59999);
}

static void redis_forgets(struct world *w)
{
    redis_model_flush(&w->redis);
}

static void a_redis_that_forgets_between_two_parts_is_found_out(void **state)
{
    struct world *w = *state;

    crowd(w, 900);
    assert_int_equal(commit_in_two(w, redis_forgets), COMMIT_REGRESS);
    commit_all(w);
    expect_agreement(w, "shop");
}

static uint64_t fence(const char *reply)
{
    return commit_fenced_by(reply, strlen(reply));
}

static void somebody_older_writes(struct world *w)
{
    struct store other;
    struct hit h = {
        .site = SLICE("shop"), .path = SLICE("/"), .visitor = 5, .kind = HIT_VIEW};
    struct fold_origin from = {.stream = 1, .seq = 1, .at = w->now};
    struct commit c;

    store_init(&other, 30, &key, w->now);
    fold_hits(&other, &h, 1, &from, &w->counts);
    commit_begin(&c, &other, store_take_dirty(&other), EPOCH - 1, w->now);
    assert_true(commit_next(&c, SLICE("sha"), &w->command, &w->message));
    assert_int_equal(fence(redis_model_run(&w->redis, &w->command)), EPOCH);
    store_fini(&other);
}

static void a_rewrite_fences_older_writers_from_its_first_part_on(void **state)
{
    struct world *w = *state;

    crowd(w, 900);
    assert_int_equal(commit_in_two(w, somebody_older_writes), COMMIT_OK);
    expect_agreement(w, "shop");
}

static void a_clock_set_back_leaves_no_ghosts_ahead(void **state)
{
    struct world *w = *state;

    at(w, NOON + 60 * 60000);
    for (uint64_t i = 1; i <= 9; i++)
        visit(w, i, "/ghost", "", "");
    commit_all(w);
    store_reset(&w->st, NOON);
    w->now = w->tick_at = NOON;
    redis_model_at(&w->redis, NOON);
    hit(w, "shop", 1, "/a");
    assert_int_equal(commit_site(w, store_take_dirty(&w->st), EPOCH + 1, false),
                     COMMIT_OK);
    assert_int_equal(redis_model_count(&w->redis, "hc:{shop}:b:"), 1);
    assert_int_equal(redis_model_count(&w->redis, "hc:{shop}:tr:"), 0);
}

/* ---- who is online, and what stays --------------------------------------------- */

static void who_is_online_goes_with_the_record(void **state)
{
    struct world *w = *state;

    open_tab(w, 1, 1, "/a", HIT_VIEW, STATE_READING);
    open_tab(w, 2, 1, "/a", HIT_VIEW, STATE_WRITING);
    open_tab(w, 3, 1, "/b", HIT_HEARTBEAT, STATE_IDLE);
    open_tab(w, 4, 1, "/b", HIT_HEARTBEAT, STATE_BACKGROUND);
    open_tab(w, 4, 2, "/c", HIT_HEARTBEAT, STATE_BACKGROUND);
    commit_all(w);
    for (const char *state_field = "wrib"; *state_field; state_field++)
        expect_field(&w->redis, "hc:{shop}:o", (char[]){*state_field, 0}, 1);
    expect_field(&w->redis, "hc:{shop}:o", "tabs", 5);
    expect_field(&w->redis, "hc:{shop}:o", "p:/a", 2);
    expect_field(&w->redis, "hc:{shop}:o", "p:/b", 2);
    expect_field(&w->redis, "hc:{shop}:o", "p:/c", 1);
    assert_non_null(strstr(w->redis.published.p, "\"online\":{\"total\":4,"));
    expect_agreement(w, "shop");
}

static void whoever_leaves_is_taken_out_and_the_last_one_takes_the_key_along(void **state)
{
    struct world *w = *state;

    open_tab(w, 1, 1, "/a", HIT_VIEW, STATE_READING);
    open_tab(w, 2, 1, "/b", HIT_VIEW, STATE_READING);
    commit_all(w);
    open_tab(w, 2, 1, "", HIT_LEAVE, STATE_NONE);
    at(w, w->now + 2000);
    commit_all(w);
    expect_field(&w->redis, "hc:{shop}:o", "r", 1);
    assert_int_equal(redis_model_get(&w->redis, "hc:{shop}:o", "p:/b").n, 0);
    open_tab(w, 1, 1, "", HIT_LEAVE, STATE_NONE);
    at(w, w->now + 2000);
    commit_all(w);
    assert_int_equal(redis_model_count(&w->redis, "hc:{shop}:o"), 0);
    expect_agreement(w, "shop");
}

static void a_heartbeat_that_changes_nothing_writes_nothing(void **state)
{
    struct world *w = *state;

    open_tab(w, 1, 1, "/a", HIT_VIEW, STATE_READING);
    commit_all(w);
    at(w, w->now + 15000);
    open_tab(w, 1, 1, "/a", HIT_HEARTBEAT, STATE_READING);
    assert_null(store_take_dirty(&w->st));
    open_tab(w, 1, 1, "/a", HIT_HEARTBEAT, STATE_WRITING);
    commit_all(w);
    expect_agreement(w, "shop");
}

static void the_turn_of_a_minute_renews_who_is_online(void **state)
{
    struct world *w = *state;

    open_tab(w, 1, 1, "/a", HIT_VIEW, STATE_BACKGROUND);
    commit_all(w);
    at(w, NOON + 75000);
    commit_all(w);
    at(w, NOON + 149000);
    redis_model_at(&w->redis, NOON + 160000);
    expect_agreement(w, "shop");
}

/* Redis was away for so long that its hash has expired meanwhile. */
static void who_is_online_is_written_whole_when_it_may_have_expired(void **state)
{
    struct world *w = *state;

    open_tab(w, 1, 1, "/a", HIT_VIEW, STATE_BACKGROUND);
    commit_all(w);
    at(w, NOON + 125000);
    redis_model_at(&w->redis, NOON + 151000);
    assert_int_equal(redis_model_count(&w->redis, "hc:{shop}:o"), 0);
    open_tab(w, 2, 1, "/b", HIT_VIEW, STATE_READING);
    commit_all(w);
    expect_field(&w->redis, "hc:{shop}:o", "p:/a", 1);
    expect_agreement(w, "shop");
}

static void who_is_online_where_goes_ahead_when_it_is_long(void **state)
{
    struct world *w = *state;
    char path[PATH_MAX_BYTES + 1];

    memset(path, 'x', sizeof path);
    path[PATH_MAX_BYTES] = 0;
    for (uint64_t i = 0; i < PAGES_MAX - 2; i++) {
        path[snprintf(path, 16, "/%05d", (int)i)] = 'x';
        open_tab(w, i + 1, 1, path, HIT_HEARTBEAT, STATE_READING);
    }
    commit_all(w);
    assert_true(w->parts > 4);
    expect_agreement(w, "shop");
    for (uint64_t i = 0; i < PAGES_MAX - 2; i++)
        open_tab(w, i + 1, 1, "/", HIT_HEARTBEAT, STATE_READING);
    commit_all(w);
    assert_true(w->parts > 4);
    expect_field(&w->redis, "hc:{shop}:o", "p:/", PAGES_MAX - 2);
    expect_agreement(w, "shop");
}

static void a_lost_commit_gives_back_who_is_online_and_totals(void **state)
{
    struct world *w = *state;
    struct site *s;

    open_tab(w, 1, 1, "/a", HIT_VIEW, STATE_READING);
    commit_all(w);
    at(w, NOON + 5000);
    open_tab(w, 1, 1, "/b", HIT_HEARTBEAT, STATE_WRITING);
    open_tab(w, 2, 1, "/b", HIT_VIEW, STATE_READING);
    s = store_take_dirty(&w->st);
    assert_int_equal(commit_site(w, s, EPOCH, true), COMMIT_UNKNOWN);
    assert_true(s->presence.changed && s->totals.dirty);
    commit_all(w);
    assert_int_equal(redis_model_get(&w->redis, "hc:{shop}:o", "p:/a").n, 0);
    expect_agreement(w, "shop");
}

static void the_record_names_the_message_that_comes_with_it(void **state)
{
    struct world *w = *state;
    struct site *s;

    for (int m = 0; m < 3; m++) {
        hit(w, "shop", 7, "/a");
        commit_all(w);
        at(w, w->now + 61000); /* a tick has a number too */
        commit_all(w);
    }
    hit(w, "shop", 7, "/a");
    commit_all(w);
    s = store_find(&w->st, SLICE("shop"));
    assert_true(s->message > s->commit);
    expect_field(&w->redis, "hc:{shop}:m", "n", s->message);
}

static void rows_tell_of_the_attention_they_had(void **state)
{
    struct world *w = *state;
    struct hit h = {.site = SLICE("shop"),
                    .path = SLICE("/a"),
                    .visitor = 1,
                    .tab = 1,
                    .kind = HIT_HEARTBEAT,
                    .engaged = 15000};

    tell(w, &h);
    tell(w, &h);
    commit_all(w);
    expect_field(&w->redis, "hc:{shop}:b:29396880", "eng", 30000);
    assert_non_null(strstr(w->redis.published.p, "\"engaged\":{\"1\":30000,"));
}

static void a_message_is_written_though_it_comes_while_a_commit_is_out(void **state)
{
    struct world *w = *state;
    struct hit h = {.site = SLICE("shop"),
                    .path = SLICE("hello"),
                    .name = SLICE("ci"),
                    .visitor = VISITOR_NOBODY,
                    .kind = HIT_MESSAGE};
    struct commit c;
    struct site *s;

    hit(w, "shop", 1, "/a");
    s = store_take_dirty(&w->st);
    commit_begin(&c, &w->st, s, EPOCH, w->now);
    assert_true(commit_next(&c, SLICE("sha"), &w->command, &w->message));
    redis_model_run(&w->redis, &w->command);
    tell(w, &h);
    commit_end(&w->st, s, COMMIT_OK, 0);
    commit_all(w);
    expect_field(&w->redis, "hc:{shop}:t", "i", 2);
    assert_non_null(strstr(w->redis.published.p, "\"type\":\"message\""));
    assert_true(redis_model_get(&w->redis, "hc:{shop}:r", "2").n > 0);
}

static void a_reset_begins_the_totals_anew_and_is_a_commit(void **state)
{
    struct world *w = *state;
    struct hit h = {.site = SLICE("shop"), .visitor = VISITOR_NOBODY, .kind = HIT_RESET};

    open_tab(w, 1, 1, "/a", HIT_VIEW, STATE_READING);
    commit_all(w);
    at(w, NOON + 5000);
    tell(w, &h);
    commit_all(w);
    expect_field(&w->redis, "hc:{shop}:t", "pv", 0);
    expect_field(&w->redis, "hc:{shop}:t", "since", NOON + 5000);
    expect_field(&w->redis, "hc:{shop}:t", "peak", 1);
    expect_agreement(w, "shop");
}

static void random_tab(struct world *w, uint64_t r)
{
    static const enum hit_kind kind[] = {HIT_VIEW, HIT_HEARTBEAT, HIT_HEARTBEAT,
                                         HIT_LEAVE};
    char path[16];

    snprintf(path, sizeof path, "/%u", (unsigned)(r >> 60));
    open_tab(w, (r >> 52) % 20 + 1, (r >> 48) % 3, path, kind[(r >> 46) % 4],
             (r >> 40) % HIT_STATES);
}

/* A random life with lost commits and a forgetful Redis always ends in agreement. */
static void after_any_accident_the_next_good_commit_agrees(void **state)
{
    struct world *w = *state;
    uint64_t r = 5;

    for (int step = 0; step < 20000; step++) {
        struct site *s;
        char path[16];

        r = r * UINT64_C(6364136223846793005) + 1442695040888963407u;
        snprintf(path, sizeof path, "/%u", (unsigned)(r >> 40) % 30);
        visit(w, ((r >> 33) % 50) * UINT64_C(0x9e3779b97f4a7c15) + 1, path, "",
              (r >> 47) % 3 ? "" : "news.example");
        random_tab(w, r * UINT64_C(0xd1342543de82ef95));
        if ((r >> 50) % 4 == 0)
            at(w, w->now + (ms_t)((r >> 20) % 90000));
        if ((r >> 44) % 900 == 0)
            redis_model_flush(&w->redis);
        s = store_take_dirty(&w->st);
        if (s)
            commit_site(w, s, EPOCH, (r >> 52) % 5 == 0);
        if (step % 500 == 0) {
            commit_all(w);
            expect_agreement(w, "shop");
            assert_int_equal(redis_model_eternal(&w->redis, "hc:"), 0);
        }
    }
}

static void view_with_device(struct world *w, uint64_t visitor)
{
    struct hit h = {.site = SLICE("shop"),
                    .path = SLICE("/a"),
                    .visitor = visitor,
                    .tab = 1,
                    .device = DEVICE_MOBILE,
                    .state = STATE_READING};

    tell(w, &h);
}

/* The latest message tells @n events from that of @first on, as the feed has them. */
static void expect_message_events(struct world *w, uint64_t first, size_t n)
{
    struct delta_view v;

    assert_int_equal(delta_parse(buf_get(&w->redis.published), &v), 0);
    assert_int_equal(v.nevents, n);
    for (size_t i = 0; i < n; i++) {
        char field[8];

        snprintf(field, sizeof field, "%d", (int)((first + i) % RECENT_MAX));
        assert_int_equal(v.event_id[i], first + i);
        assert_true(
            slice_eq(v.event[i], redis_model_get(&w->redis, "hc:{shop}:r", field)));
    }
}

/* A commit of the site's next view: whether it said @what. */
static bool commit_says(struct world *w, uint64_t visitor, const char *what)
{
    open_tab(w, visitor, 1, "/a", HIT_VIEW, STATE_READING);
    commit_all(w);
    return mentions(w, slice_of(what));
}

static void a_commit_names_only_those_totals_that_are_others(void **state)
{
    struct world *w = *state;

    assert_true(commit_says(w, 1, "cnt"));
    assert_true(commit_says(w, 2, "dpeak"));
    assert_false(mentions(w, SLICE("cnt")));
    assert_false(commit_says(w, 2, "cnt"));
    assert_false(mentions(w, SLICE("dpeak")));
    expect_agreement(w, "shop");
}

static void after_a_lost_commit_all_of_the_record_and_totals_is_told(void **state)
{
    struct world *w = *state;

    commit_says(w, 1, "");
    assert_false(commit_says(w, 1, "cnt"));
    open_tab(w, 2, 1, "/a", HIT_VIEW, STATE_READING);
    commit_site(w, store_take_dirty(&w->st), EPOCH, true);
    assert_true(commit_says(w, 3, "cnt"));
    assert_true(mentions(w, SLICE("warm")));
    expect_agreement(w, "shop");
}

static void totals_that_are_gone_are_found_missing_and_written_again(void **state)
{
    static const char *const gone[] = {"DEL hc:{shop}:t", "HDEL hc:{shop}:t since"};
    struct world *w = *state;

    commit_says(w, 1, "");
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++) {
        struct site *s;

        redis_model_say(&w->redis, gone[i]);
        open_tab(w, 2, 1, "/b", HIT_VIEW, STATE_READING);
        s = store_take_dirty(&w->st);
        assert_int_equal(commit_site(w, s, EPOCH, false), COMMIT_REGRESS);
        expect_field(&w->redis, "hc:{shop}:b:29396880", "pv", i + 1); /* not ahead */
        commit_all(w);
        expect_agreement(w, "shop");
    }
}

/* As whoever evicts does, or an operator's hand. */
static void whatever_key_is_gone_comes_back_with_its_expiry(void **state)
{
    static const char *const keys[] = {"b:29396880", "tr:29396880", "o", "r", "pg"};
    struct world *w = *state;

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char line[64];

        view_with_device(w, 1 + i);
        commit_all(w);
        snprintf(line, sizeof line, "DEL hc:{shop}:%s", keys[i]);
        redis_model_say(&w->redis, line);
        view_with_device(w, 100 + i);
        commit_all(w);
        assert_int_equal(redis_model_eternal(&w->redis, "hc:{shop}:"), 0);
    }
}

/* Whether the commit of the visitor's view has an operation of one of these letters. */
static bool commit_does(struct world *w, uint64_t visitor, const char *letters)
{
    const struct buf *shape = &w->command.shape;

    commit_says(w, visitor, "");
    for (size_t i = 0; i < shape->n; i += 3)
        if (strchr(letters, shape->p[i]))
            return true;
    return false;
}

static const char expire_at[] = {OP_EXPIREAT, '\0'};
static const char expires[] = {OP_EXPIREAT, OP_EXPIRE, '\0'};

static void keys_are_told_once_a_minute_how_long_they_live(void **state)
{
    struct world *w = *state;
    ms_t lives;

    assert_true(commit_does(w, 1, expire_at));
    assert_false(commit_does(w, 2, expire_at));
    assert_false(commit_does(w, 3, expire_at));
    lives = redis_model_expiry(&w->redis, "hc:{shop}:r");
    at(w, NOON + MS_PER_MINUTE + 20000);
    commit_all(w);
    commit_says(w, 4, "");
    assert_int_equal(redis_model_expiry(&w->redis, "hc:{shop}:r"), lives + MS_PER_MINUTE);
    assert_true(redis_model_expiry(&w->redis, "hc:{shop}:m") >= lives + MS_PER_MINUTE);
    assert_false(commit_does(w, 5, expire_at));
}

/* Each was made by an aggregator of another window, and is added to after the minute's
 * first commit, by somebody else each time; by the last one without traits. */
static void a_row_that_is_met_later_in_the_minute_lives_as_long_as_its_traits(
    void **state)
{
    static const char *const keys[] = {"hc:{shop}:b:29396880", "hc:{shop}:tr:29396880"};
    static const struct {
        unsigned key, kind;
    } row[] = {{0, HIT_VIEW}, {1, HIT_VIEW}, {1, HIT_EVENT}};
    struct world *w = *state;
    char line[64];

    a_hit_of(w, HIT_VIEW, 1, 0);
    commit_all(w);
    for (unsigned i = 0; i < 3; i++) {
        ms_t later = MS_PER_MINUTE * (i + 1);

        at(w, NOON + later);
        a_hit_of(w, HIT_VIEW, 10 + i, 0);
        commit_all(w);
        snprintf(line, sizeof line, "EXPIREAT %s %lld", keys[row[i].key],
                 NOON / 1000 + 600);
        redis_model_say(&w->redis, line);
        a_hit_of(w, row[i].kind, 20 + i, later);
        commit_all(w);
        for (size_t k = 0; k < 2; k++)
            assert_int_equal(redis_model_expiry(&w->redis, keys[k]), NOON + 31 * 60000);
    }
}

/* The log's key is named again with the first commit of the next minute. */
static void a_log_that_was_gone_and_is_added_to_expires_as_before(void **state)
{
    struct world *w = *state;

    lazy_site(w, 30, "shop")->full = true;
    store_mark_dirty(&w->st, store_find(&w->st, SLICE("shop")));
    assert_true(commit_says(w, 1, ":l:29396880"));
    redis_model_say(&w->redis, "DEL hc:{shop}:l:29396880");
    commit_says(w, 2, "");
    assert_int_equal(redis_model_eternal(&w->redis, "hc:{shop}:l:"), 0);
}

/* While our clock is held, all sites are looked at once a minute, and Redis' goes on. */
static void a_recheck_says_again_how_long_keys_live(void **state)
{
    struct world *w = *state;

    assert_true(commit_does(w, 1, expires));
    assert_false(commit_does(w, 2, expires));
    redis_model_at(&w->redis, NOON + MS_PER_MINUTE);
    store_recheck(&w->st);
    commit_all(w);
    assert_int_equal(redis_model_expiry(&w->redis, "hc:{shop}:o"),
                     NOON + MS_PER_MINUTE + ONLINE_TTL_S * 1000);
    assert_int_equal(redis_model_expiry(&w->redis, "hc:{shop}:m"),
                     NOON + MS_PER_MINUTE + (30 * 60 + EXPIRY_SLACK_S) * 1000);
}

/* Twenty seconds a part. */
static void who_is_online_waits_for_the_end_of_a_slow_commit(void **state)
{
    struct world *w = *state;
    struct command part;
    struct commit c;
    struct site *s;
    char path[16];
    bool last;

    for (unsigned i = 0; i < 300; i++) {
        snprintf(path, sizeof path, "/page-%u", i);
        open_tab(w, 1 + i, 1, path, HIT_VIEW, STATE_READING);
    }
    w->st.part_bytes = 1000;
    command_init(&part, COMMIT_BYTES_MAX);
    s = store_take_dirty(&w->st);
    commit_begin(&c, &w->st, s, EPOCH, w->now);
    do {
        last = commit_next(&c, SLICE("sha"), &part, &w->message);
        assert_string_equal(redis_model_run(&w->redis, &part), "OK");
        redis_model_at(&w->redis, w->now += 20000);
    } while (!last);
    assert_true(c.part > 12);
    commit_end(&w->st, s, COMMIT_OK, 0);
    expect_field(&w->redis, "hc:{shop}:o", "p:/page-0", 1);
    expect_field(&w->redis, "hc:{shop}:o", "p:/page-299", 1);
    command_fini(&part);
}

static void who_is_online_is_renewed_every_ten_seconds(void **state)
{
    struct world *w = *state;

    assert_true(commit_does(w, 1, expires));
    at(w, NOON + 9000);
    assert_false(commit_does(w, 2, expires));
    at(w, NOON + 10000);
    assert_true(commit_does(w, 3, expires));
    assert_int_equal(redis_model_expiry(&w->redis, "hc:{shop}:o"),
                     NOON + 10000 + ONLINE_TTL_S * 1000);
}

static void a_message_has_the_events_of_the_feed(void **state)
{
    struct world *w = *state;

    for (unsigned i = 0; i < MESSAGE_EVENTS_MAX + 3; i++)
        open_tab(w, 1 + i, 1, i % 2 ? "/a" : "/\"b", HIT_VIEW, STATE_READING);
    commit_all(w);
    expect_message_events(w, 4, MESSAGE_EVENTS_MAX);
    open_tab(w, 1, 1, "/c", HIT_VIEW, STATE_READING);
    open_tab(w, 2, 1, "/d", HIT_VIEW, STATE_READING);
    commit_all(w);
    expect_message_events(w, MESSAGE_EVENTS_MAX + 4, 2);
}

static void outcomes_are_told_apart(void **state)
{
    static const struct {
        const char *text;
        bool is_error;
        enum commit_outcome o;
    } table[] = {
        {"OK", false, COMMIT_OK},
        {"FENCED", false, COMMIT_FENCED},
        {"FENCED 17", false, COMMIT_FENCED},
        {"REGRESS", false, COMMIT_REGRESS},
        {NULL, false, COMMIT_UNKNOWN},
        {"NOSCRIPT No matching script. Please use EVAL.", true, COMMIT_NOSCRIPT},
        {"LOADING Redis is loading the dataset in memory", true, COMMIT_TRANSIENT},
        {"OOM command not allowed when used memory > 'maxmemory'.", true,
         COMMIT_TRANSIENT},
        {"MISCONF Redis is configured to save RDB snapshots", true, COMMIT_TRANSIENT},
        {"READONLY You can't write against a read only replica.", true, COMMIT_TRANSIENT},
        {"BUSY Redis is busy running a script.", true, COMMIT_TRANSIENT},
        {"WRONGTYPE Operation against a key", true, COMMIT_ERROR},
        {"ERR unknown command", true, COMMIT_ERROR},
        {"OK", true, COMMIT_ERROR},
        {"LOADING", false, COMMIT_ERROR},
        {"", false, COMMIT_ERROR},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_int_equal(commit_outcome(table[i].text,
                                        table[i].text ? strlen(table[i].text) : 0,
                                        table[i].is_error),
                         table[i].o);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_first_commit_makes_row_page_feed_record_and_message),
        T(nothing_changed_writes_nothing),
        T(a_visitor_who_moves_leaves_no_trace_on_the_old_page),
        T(a_lost_commit_is_repeated_by_the_next),
        T(a_redis_that_lost_everything_is_rewritten),
        T(a_recheck_alone_finds_that_redis_went_back),
        T(what_an_earlier_aggregator_wrote_is_replaced),
        T(an_older_epoch_is_fenced_and_changes_nothing),
        T(a_huge_site_is_written_in_parts_each_within_the_bound),
        T(every_part_of_the_largest_site_is_within_the_bound),
        T(a_title_is_written_when_it_is_another),
        T(titles_of_a_lost_commit_are_written_with_the_next),
        T(titles_of_pages_long_gone_are_not_kept_for_ever),
        T(traits_too_many_for_one_part_make_a_rewrite),
        T(traits_lie_beside_their_row_and_go_with_it),
        T(a_commit_of_other_things_does_not_touch_traits),
        T(a_rewrite_leaves_no_traits_but_those_that_there_are),
        T(traits_of_a_lost_commit_are_written_with_the_next),
        T(a_new_goal_counts_from_the_next_commit_on),
        T(goals_that_are_gone_count_no_more),
        T(an_alert_is_written_and_told_with_its_commit),
        T(a_commit_of_unknown_fate_tells_an_alert_once),
        T(a_redis_that_has_lost_alerts_is_told_again_how_they_stand),
        T(an_alert_that_is_removed_goes_off_and_is_forgotten),
        T(a_key_of_another_type_is_no_alert),
        T(a_site_with_an_alert_is_kept_and_it_goes_on_in_its_time),
        T(a_rewrite_leaves_no_alert_that_is_not_ours),
        T(an_event_is_counted_and_a_lost_commit_repeats_it),
        T(a_row_says_how_many_records_are_valid),
        T(a_site_heals_whatever_its_keys_were),
        T(a_row_of_another_type_keeps_all_heads_and_totals_from_being_written),
        T(what_arrives_too_late_changes_nothing),
        T(a_tick_publishes_the_smaller_number_and_writes_nothing),
        T(all_but_the_totals_expires_when_the_window_is_over),
        T(numbers_grow_on_when_a_site_comes_back),
        T(sites_that_died_while_redis_was_away_wait_for_it),
        T(no_key_is_left_without_an_expiry_when_the_clocks_disagree),
        T(a_row_that_leaves_between_two_parts_takes_no_other_with_it),
        T(a_message_is_of_the_newest_minute_that_it_counts),
        T(a_message_is_of_no_minute_that_it_does_not_count),
        T(a_redis_that_forgets_between_two_parts_is_found_out),
        T(a_rewrite_fences_older_writers_from_its_first_part_on),
        T(a_clock_set_back_leaves_no_ghosts_ahead),
        T(after_any_accident_the_next_good_commit_agrees),
        T(who_is_online_goes_with_the_record),
        T(whoever_leaves_is_taken_out_and_the_last_one_takes_the_key_along),
        T(a_heartbeat_that_changes_nothing_writes_nothing),
        T(the_turn_of_a_minute_renews_who_is_online),
        T(who_is_online_is_written_whole_when_it_may_have_expired),
        T(who_is_online_where_goes_ahead_when_it_is_long),
        T(a_lost_commit_gives_back_who_is_online_and_totals),
        T(the_record_names_the_message_that_comes_with_it),
        T(rows_tell_of_the_attention_they_had),
        T(a_message_is_written_though_it_comes_while_a_commit_is_out),
        T(a_reset_begins_the_totals_anew_and_is_a_commit),
        T(a_commit_names_only_those_totals_that_are_others),
        T(after_a_lost_commit_all_of_the_record_and_totals_is_told),
        T(totals_that_are_gone_are_found_missing_and_written_again),
        T(whatever_key_is_gone_comes_back_with_its_expiry),
        T(keys_are_told_once_a_minute_how_long_they_live),
        T(a_row_that_is_met_later_in_the_minute_lives_as_long_as_its_traits),
        T(a_log_that_was_gone_and_is_added_to_expires_as_before),
        T(a_recheck_says_again_how_long_keys_live),
        T(who_is_online_waits_for_the_end_of_a_slow_commit),
        T(who_is_online_is_renewed_every_ten_seconds),
        T(a_message_has_the_events_of_the_feed),
        cmocka_unit_test(outcomes_are_told_apart),
    };

    return cmocka_run_group_tests_name("commit", tests, NULL, NULL);
}
