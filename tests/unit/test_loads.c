/* loads: sites come back on a connection that may break, refuse and be slow; none is
 * forgotten, none is read twice at a time. The link is replaced here, at link time;
 * behind it stands redis_model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../aggregator/commit.h"
#include "../../aggregator/loads.h"
#include "../fake/redis_model.h"

#define NOON (1763812800000LL)
#define CALLS 256

/* ---- the link --------------------------------------------------------------- */

struct pending {
    redis_reply_fn fn;
    void *arg;
    struct command command;
};

struct redis_link {
    struct redis_model *redis;
    struct pending call[CALLS];
    size_t first, n;
    bool down;
    const char *error; /* what the next calls are answered */
    size_t calls;
};

int redis_link_call(struct redis_link *link, int argc, const char **argv,
                    const size_t *lens, redis_reply_fn fn, void *arg)
{
    struct pending *p = &link->call[(link->first + link->n) % CALLS];

    if (link->down)
        return -1;
    assert_true(link->n < CALLS);
    *p = (struct pending){.fn = fn, .arg = arg};
    command_init(&p->command, COMMIT_BYTES_MAX);
    for (int i = 0; i < argc; i++)
        command_arg(&p->command, (struct slice){argv[i], lens[i]});
    link->n++;
    link->calls++;
    return 0;
}

static redisReply *error_reply(const char *text)
{
    redisReply *r = calloc(1, sizeof *r);

    r->type = REDIS_REPLY_ERROR;
    r->str = strdup(text);
    r->len = strlen(text);
    return r;
}

/* Answers the oldest call; NULL if it is @broken. */
static void answer(struct redis_link *link, bool broken)
{
    struct pending p = link->call[link->first];
    redisReply *reply = NULL;

    link->first = (link->first + 1) % CALLS;
    link->n--;
    if (!broken)
        reply = link->error ? error_reply(link->error)
                            : redis_model_call(link->redis, &p.command);
    p.fn(p.arg, reply);
    if (reply)
        freeReplyObject(reply);
    command_fini(&p.command);
}

/* ---- the world -------------------------------------------------------------- */

struct world {
    struct store st;
    struct redis_model redis;
    struct redis_link link;
    struct clock clock;
    struct clock_source source;
    struct aggregator_counters counters;
    struct fold_counts folded;
    struct loads *loads;
    uint64_t epoch, seq;
    ms_t now;
    size_t fenced, noscript;
    uint64_t fenced_by;
};

static const struct key key = {{9}};

static ms_t wall(void *arg)
{
    return ((struct world *)arg)->now;
}

static uint64_t mono_us(void *arg)
{
    return (uint64_t)(((struct world *)arg)->now - NOON + 1000000) * 1000;
}

static void on_fenced(void *arg, uint64_t by)
{
    struct world *w = arg;

    w->fenced++;
    w->fenced_by = by;
}

static void on_noscript(void *arg)
{
    ((struct world *)arg)->noscript++;
}

static void new_store(struct world *w)
{
    store_init(&w->st, 30, &key, w->now);
    w->st.lazy = true;
    w->epoch++;
}

static int begin(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct loads_events events = {on_fenced, on_noscript, w};

    w->now = NOON;
    w->source = (struct clock_source){wall, mono_us, w};
    clock_init(&w->clock, &w->source, NULL, NULL);
    new_store(w);
    redis_model_init(&w->redis, NOON);
    w->link.redis = &w->redis;
    w->loads = loads_new(&w->st, &w->clock, &w->counters, &w->folded, &events);
    loads_start(w->loads, &w->link, SLICE("claim"), w->epoch);
    *state = w;
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;

    loads_stop(w->loads);
    while (w->link.n > 0)
        answer(&w->link, true);
    loads_free(w->loads);
    store_fini(&w->st);
    redis_model_fini(&w->redis);
    free(w);
    return 0;
}

static mono_t turn(struct world *w)
{
    clock_now(&w->clock);
    return loads_turn(w->loads, clock_mono(&w->clock));
}

static void hit(struct world *w, const char *site, uint64_t visitor)
{
    struct hit h = {
        .site = slice_of(site), .path = SLICE("/"), .visitor = visitor, .kind = HIT_VIEW};
    struct fold_origin from = {.stream = 1, .seq = ++w->seq, .at = w->now};

    fold_hits(&w->st, &h, 1, &from, &w->folded);
}

static void commit_all(struct world *w)
{
    struct command command;
    struct buf message;
    struct site *s;

    command_init(&command, COMMIT_BYTES_MAX);
    buf_init(&message, MESSAGE_MAX);
    while ((s = store_take_dirty(&w->st)) != NULL) {
        struct commit c;
        bool last = false;

        commit_begin(&c, &w->st, s, w->epoch, w->now);
        while (!last) {
            last = commit_next(&c, SLICE("sha"), &command, &message);
            assert_string_equal(redis_model_run(&w->redis, &command), "OK");
        }
        commit_end(&w->st, s, COMMIT_OK, 0);
    }
    command_fini(&command);
    buf_fini(&message);
}

/* Answers and turns until nothing is to be done. */
static void settle(struct world *w)
{
    for (int i = 0; i < 10000; i++) {
        mono_t again = turn(w);

        if (w->link.n > 0)
            answer(&w->link, false);
        else if (again > clock_mono(&w->clock))
            return;
    }
    fail_msg("it does not come to an end");
}

/* A site with @n visitors, committed, and then nobody knows it. */
static void leave_site(struct world *w, const char *id, unsigned n)
{
    for (unsigned i = 1; i <= n; i++)
        hit(w, id, i * UINT64_C(0x9e3779b97f4a7c15));
    settle(w);
    commit_all(w);
    loads_forget(w->loads);
    store_fini(&w->st);
    new_store(w);
    loads_start(w->loads, &w->link, SLICE("claim"), w->epoch);
    w->seq += 1000;
}

static struct site *site_of(struct world *w, const char *id)
{
    return store_find(&w->st, slice_of(id));
}

/* ---- tests ------------------------------------------------------------------ */

static void a_site_is_read_back_and_what_waited_is_folded(void **state)
{
    struct world *w = *state;
    struct site *s;

    leave_site(w, "shop", 9);
    hit(w, "shop", 77);
    s = site_of(w, "shop");
    assert_int_equal(s->state, SITE_WAITING);
    settle(w);
    assert_int_equal(s->state, SITE_LIVE);
    assert_int_equal(site_visitors(s, 1), 10);
    assert_int_equal(w->st.nloads, 0);
    assert_int_equal(w->st.parked, 0);
    assert_int_equal(s->warming, NOON + WARMING_MS);
    assert_int_equal(w->st.ndirty, 1);
    commit_all(w);
    assert_true(slice_eq(redis_model_get(&w->redis, "hc:{shop}:m", "l"), SLICE("0")));
    assert_non_null(strstr(w->redis.published.p, "\"flags\":[\"warming\"]"));
}

static void a_new_site_is_neither_warming_nor_loading(void **state)
{
    struct world *w = *state;

    hit(w, "shop", 77);
    settle(w);
    assert_int_equal(site_of(w, "shop")->warming, 0);
    assert_int_equal(w->redis.messages, 0);
    assert_int_equal(w->counters.loads, 1);
}

static void a_site_with_long_logs_says_that_it_is_loading(void **state)
{
    struct world *w = *state;
    struct site *s;

    leave_site(w, "shop", 40000);
    redis_model_say(&w->redis, "HSET hc:{shop}:o r 3 i 1 tabs 5");
    store_site(&w->st, SLICE("shop"));
    s = site_of(w, "shop");
    turn(w);
    answer(&w->link, false); /* the claim */
    answer(&w->link, false); /* the message */
    assert_non_null(strstr(w->redis.published.p, "\"flags\":[\"loading\"]"));
    assert_non_null(strstr(w->redis.published.p, "\"visitors\":{\"1\":40000"));
    assert_non_null(strstr(w->redis.published.p, "\"online\":{\"total\":4,"));
    assert_non_null(strstr(w->redis.published.p, "\"total\":{\"views\":40000,"));
    assert_true(slice_eq(redis_model_get(&w->redis, "hc:{shop}:m", "l"), SLICE("1")));
    assert_int_equal(s->state, SITE_LOADING);
    settle(w);
    assert_int_equal(s->state, SITE_LIVE);
    assert_int_equal(site_visitors(s, 1), 40000);
    assert_false(s->full);
}

static void at_most_so_many_sites_are_read_at_a_time(void **state)
{
    struct world *w = *state;

    for (unsigned i = 0; i < LOADS_MAX + 20; i++) {
        char id[16];

        snprintf(id, sizeof id, "site-%u", i);
        hit(w, id, 1);
    }
    turn(w);
    assert_int_equal(w->link.n, LOADS_MAX);
    settle(w);
    assert_int_equal(w->st.nloads, 0);
    assert_int_equal(w->counters.loads, LOADS_MAX + 20);
}

static void a_broken_connection_means_once_more(void **state)
{
    struct world *w = *state;

    leave_site(w, "shop", 40000);
    hit(w, "shop", 77);
    turn(w);
    answer(&w->link, false);
    answer(&w->link, false);
    loads_stop(w->loads);
    assert_int_equal(site_of(w, "shop")->state, SITE_WAITING);
    while (w->link.n > 0)
        answer(&w->link, true);
    assert_int_equal(turn(w), INT64_MAX); /* no link */
    loads_start(w->loads, &w->link, SLICE("claim"), w->epoch);
    settle(w);
    assert_int_equal(site_visitors(site_of(w, "shop"), 1), 40001);
    assert_int_equal(w->st.visitors, 40001);
}

static void after_a_failure_there_is_a_rest_that_grows(void **state)
{
    static const mono_t rests[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000};
    struct world *w = *state;

    hit(w, "shop", 77);
    w->link.error = "BUSY Redis is busy running a script.";
    for (size_t i = 0; i < sizeof rests / sizeof *rests; i++) {
        turn(w);
        assert_int_equal(w->link.n, 1);
        answer(&w->link, false);
        assert_int_equal(turn(w), clock_mono(&w->clock) + rests[i]);
        assert_int_equal(w->link.n, 0);
        w->now += rests[i];
    }
    w->link.error = NULL;
    settle(w);
    assert_int_equal(site_of(w, "shop")->state, SITE_LIVE);
}

static void a_full_link_means_once_more_too(void **state)
{
    struct world *w = *state;

    hit(w, "shop", 77);
    w->link.down = true;
    assert_int_equal(turn(w), clock_mono(&w->clock) + 100);
    w->link.down = false;
    w->now += 100;
    settle(w);
    assert_int_equal(site_of(w, "shop")->state, SITE_LIVE);
}

static void a_missing_script_is_asked_for(void **state)
{
    struct world *w = *state;

    hit(w, "shop", 77);
    w->link.error = "NOSCRIPT No matching script.";
    turn(w);
    answer(&w->link, false);
    assert_int_equal(w->noscript, 1);
    assert_int_equal(turn(w), INT64_MAX);
    w->link.error = NULL;
    loads_start(w->loads, &w->link, SLICE("claim"), w->epoch);
    settle(w);
    assert_int_equal(site_of(w, "shop")->state, SITE_LIVE);
}

static void a_later_aggregator_is_reported(void **state)
{
    struct world *w = *state;

    leave_site(w, "shop", 1);
    hit(w, "shop", 77);
    loads_start(w->loads, &w->link, SLICE("claim"), w->epoch - 2);
    turn(w);
    answer(&w->link, false);
    assert_int_equal(w->fenced, 1);
    assert_int_equal(w->fenced_by, w->epoch - 1);
    assert_int_equal(site_of(w, "shop")->state, SITE_WAITING);
    assert_true(w->st.parked > 0);
}

static void replies_for_sites_that_are_no_more_are_ignored(void **state)
{
    struct world *w = *state;

    leave_site(w, "shop", 5);
    hit(w, "shop", 77);
    turn(w);
    loads_forget(w->loads);
    store_fini(&w->st);
    new_store(w);
    loads_start(w->loads, &w->link, SLICE("claim"), w->epoch);
    hit(w, "shop", 78);
    turn(w);
    assert_int_equal(w->link.n, 2); /* in another place than the one still awaited */
    settle(w);
    assert_int_equal(site_visitors(site_of(w, "shop"), 1), 6);
}

static void a_host_whose_clock_was_a_little_ahead_moves_ours(void **state)
{
    struct world *w = *state;

    w->now += 3 * 60000;
    fold_tick(&w->st, w->now);
    clock_now(&w->clock);
    leave_site(w, "shop", 5);
    w->now -= 2 * 60000;
    clock_init(&w->clock, &w->source, NULL, NULL);
    loads_forget(w->loads);
    store_fini(&w->st);
    new_store(w);
    hit(w, "shop", 77);
    settle(w);
    assert_int_equal(w->clock.now, NOON + 3 * 60000);
    assert_int_equal(site_visitors(site_of(w, "shop"), 5), 6);
    assert_false(site_of(w, "shop")->full);
}

static void a_clock_that_was_far_ahead_is_not_followed(void **state)
{
    struct world *w = *state;

    w->now += 90 * 60000;
    fold_tick(&w->st, w->now);
    clock_now(&w->clock);
    leave_site(w, "shop", 5);
    w->now = NOON;
    clock_init(&w->clock, &w->source, NULL, NULL);
    loads_forget(w->loads);
    store_fini(&w->st);
    new_store(w);
    loads_start(w->loads, &w->link, SLICE("claim"), w->epoch);
    hit(w, "shop", 77);
    settle(w);
    assert_int_equal(w->clock.now, NOON);
    assert_int_equal(site_visitors(site_of(w, "shop"), 5), 1);
    commit_all(w);
    assert_int_equal(redis_model_count(&w->redis, "hc:{shop}:b:"), 1);
}

static void a_turn_folds_a_bounded_number_of_hits(void **state)
{
    struct world *w = *state;
    unsigned turns = 0;

    for (unsigned i = 1; i <= 3 * LOAD_FOLDS_MAX; i++)
        hit(w, "shop", i);
    turn(w);
    answer(&w->link, false);
    while (site_of(w, "shop")->state != SITE_LIVE && turns++ < 100)
        turn(w);
    assert_in_range(turns, 3, 5);
    assert_int_equal(site_views(site_of(w, "shop"), 1), 3 * LOAD_FOLDS_MAX);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_site_is_read_back_and_what_waited_is_folded),
        T(a_new_site_is_neither_warming_nor_loading),
        T(a_site_with_long_logs_says_that_it_is_loading),
        T(at_most_so_many_sites_are_read_at_a_time),
        T(a_broken_connection_means_once_more),
        T(after_a_failure_there_is_a_rest_that_grows),
        T(a_full_link_means_once_more_too),
        T(a_missing_script_is_asked_for),
        T(a_later_aggregator_is_reported),
        T(replies_for_sites_that_are_no_more_are_ignored),
        T(a_host_whose_clock_was_a_little_ahead_moves_ours),
        T(a_clock_that_was_far_ahead_is_not_followed),
        T(a_turn_folds_a_bounded_number_of_hits),
    };

    return cmocka_run_group_tests_name("loads", tests, NULL, NULL);
}
