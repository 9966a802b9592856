/* Connections that stand for presence, of two workers of one collector: the hits that are
 * sent for them, and who lets go of a tab when another has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../collector/hub.h"
#include "../../collector/member.h"
#include "../../collector/worker.h"
#include "../../proto/keys.h"
#include "../guard.h"

#define NOON (20000 * 86400000LL + 43200000)
#define TIMEOUT_S 15
#define DELAY_MS 2000
#define JOINS_A_MINUTE 3

static struct setup setup;
static struct commons *commons;
static struct worker *worker[2];
static struct hit sent[64];
static char sent_path[64][PATH_MAX_BYTES];
static unsigned nsent, nreplaced, npublished;
static char published[256]; /* the newest */
static redis_reply_fn on_reply;
static void *reply_arg;

/* ---- what members use ---- */

const struct moment *worker_now(struct worker *w)
{
    return &w->moment;
}

void uplink_add(struct uplink *u, const struct hit *h, mono_t now)
{
    (void)u;
    assert_true(nsent < 64 && h->at == now);
    memcpy(sent_path[nsent], h->path.p ? h->path.p : "", h->path.n);
    sent[nsent] = *h;
    sent[nsent].path.p = sent_path[nsent];
    nsent++;
}

int redis_link_call(struct redis_link *l, int argc, const char **argv, const size_t *lens,
                    redis_reply_fn fn, void *arg)
{
    (void)l;
    assert_int_equal(argc, 3);
    assert_string_equal(argv[0], "PUBLISH");
    assert_string_equal(argv[1], CHANNEL_JOINED);
    snprintf(published, sizeof published, "%.*s", (int)lens[2], argv[2]);
    npublished++;
    on_reply = fn;
    reply_arg = arg;
    return 0;
}

void hub_tell_joined(struct hub *h, struct worker *w, struct slice message)
{
    (void)h;
    for (int i = 0; i < 2; i++)
        if (worker[i] != w)
            members_told(&worker[i]->members, message);
}

/* ---- helpers ---- */

static int set_up(void **state)
{
    (void)state;
    memset(&setup, 0, sizeof setup);
    secret_init(&setup.files.secret, "a secret of the tests", 21);
    setup.member_timeout_s = TIMEOUT_S;
    setup.deadline_ms[DEADLINE_JOIN] = DELAY_MS;
    setup.deadline_ms[DEADLINE_BEAT] = TIMEOUT_S * 1000 / 3;
    setup.quota_rates.visitors = rate_of(JOINS_A_MINUTE, MS_PER_MINUTE, JOINS_A_MINUTE);
    commons = commons_new(&setup);
    nsent = nreplaced = npublished = 0;
    for (int i = 0; i < 2; i++) {
        worker[i] = calloc(1, sizeof **worker);
        worker[i]->setup = &setup;
        worker[i]->files = setup.files;
        worker[i]->commons = commons;
        worker[i]->moment = (struct moment){true, NOON, 1000};
        worker[i]->day_keys.day = -1;
        deadlines_init(&worker[i]->deadlines, setup.deadline_ms);
        members_init(&worker[i]->members, worker[i]);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    commons_free(commons);
    for (int i = 0; i < 2; i++) {
        members_fini(&worker[i]->members);
        free(worker[i]);
    }
    return 0;
}

static void on_replaced(struct member *m, void *arg)
{
    (void)m;
    nreplaced++;
    *(bool *)arg = true;
}

static bool gone; /* where those that do not care are told */

static struct member_intent somebody(const char *name)
{
    return (struct member_intent){
        .site = SLICE("shop"),
        .user = slice_of(name),
        .tab = slice_of(name),
        .family = MEMBERS_OF_AUDIENCE,
        .from = {.ip = {.n = 4, .b = {127, 0, 0, 1}}, .user_agent = SLICE("a browser")},
        .replaced = on_replaced,
        .arg = &gone};
}

static struct member *join(struct worker *w, const char *name)
{
    struct member_intent in = somebody(name);

    return member_join(w, &in);
}

/* Time goes by, for one worker. */
static void pass(struct worker *w, int ms)
{
    struct deadline *d;

    w->moment.wall += ms;
    w->moment.mono += ms;
    while ((d = deadlines_take(&w->deadlines, w->moment.mono)))
        member_due(d);
}

static void must_be(unsigned i, enum hit_kind kind)
{
    assert_true(i < nsent);
    assert_int_equal(sent[i].kind, kind);
    assert_true(sent[i].marks & HIT_HELD);
}

/* The message of somebody else, elsewhere. */
static void tell(struct worker *w, uint64_t tab, uint64_t visitor, uint64_t instance)
{
    char text[256];
    int n =
        snprintf(text, sizeof text, "shop %016lx %016lx %016lx", tab, visitor, instance);

    members_told(&w->members, (struct slice){guard_copy(text, (size_t)n), (size_t)n});
}

static uint64_t instance_of(const char *text)
{
    return strtoull(text + strlen(text) - 16, NULL, 16);
}

/* ---- tests ---- */

static void it_joins_beats_three_times_in_its_timeout_and_leaves(void **state)
{
    struct member *m = join(worker[0], "");

    (void)state;
    assert_int_equal(nsent, 1);
    must_be(0, HIT_JOIN);
    assert_int_equal(sent[0].lasts, TIMEOUT_S);
    assert_int_equal(sent[0].marks, HIT_HELD);
    for (int i = 0; i < 3; i++)
        pass(worker[0], TIMEOUT_S * 1000 / 3);
    assert_int_equal(nsent, 4);
    must_be(3, HIT_HEARTBEAT);
    assert_int_equal(sent[3].lasts, TIMEOUT_S);
    member_leave(m);
    must_be(4, HIT_LEAVE);
    for (int i = 1; i < 5; i++) {
        assert_int_equal(sent[i].tab, sent[0].tab);
        assert_int_equal(sent[i].visitor, sent[0].visitor);
    }
    pass(worker[0], 60000);
    assert_int_equal(nsent, 5);
    assert_int_equal(npublished, 0); /* it has no name */
}

static void those_without_a_name_are_tabs_of_one_visitor(void **state)
{
    struct member *a = join(worker[0], ""), *b = join(worker[0], "");

    (void)state;
    assert_int_equal(sent[0].visitor, sent[1].visitor);
    assert_int_not_equal(sent[0].tab, sent[1].tab);
    assert_int_equal(worker[0]->members.open, 2);
    member_leave(a);
    member_leave(b);
    member_leave(NULL);
    assert_int_equal(nreplaced, 0);
}

static void one_that_is_delayed_and_gone_before_never_counts(void **state)
{
    struct member_intent in = somebody("");
    struct member *stays, *goes;

    (void)state;
    in.delayed = true;
    stays = member_join(worker[0], &in);
    goes = member_join(worker[0], &in);
    pass(worker[0], DELAY_MS - 1);
    member_leave(goes);
    assert_int_equal(nsent, 0);
    pass(worker[0], 1);
    assert_int_equal(nsent, 1);
    must_be(0, HIT_JOIN);
    member_leave(stays);
    assert_int_equal(nsent, 2);
}

static void what_was_asked_for_is_in_its_hits(void **state)
{
    struct member_intent in = somebody("");
    struct member *m;

    (void)state;
    in.counted = true;
    in.path = SLICE("https://example.org/a?b");
    m = member_join(worker[0], &in);
    assert_int_equal(sent[0].marks, HIT_HELD | HIT_COUNTED);
    assert_true(slice_eq(sent[0].path, SLICE("/a")));
    pass(worker[0], 5000);
    assert_int_equal(sent[1].marks, HIT_HELD);
    assert_true(slice_eq(sent[1].path, SLICE("/a")));
    member_leave(m);
}

static void at_midnight_its_visitor_has_a_new_id_and_the_old_one_is_told(void **state)
{
    struct member *m = join(worker[0], "");

    (void)state;
    pass(worker[0], 43200000);
    must_be(nsent - 1, HIT_HEARTBEAT);
    assert_int_not_equal(sent[nsent - 1].visitor, sent[0].visitor);
    assert_int_equal(sent[nsent - 1].previous, sent[0].visitor);
    member_leave(m);
}

static void a_name_is_taken_over_on_the_same_worker_without_a_leave(void **state)
{
    bool told = false;
    struct member_intent in = somebody("alice");
    struct member *old, *new;

    (void)state;
    in.arg = &told;
    old = member_join(worker[0], &in);
    new = join(worker[0], "alice");
    assert_true(told);
    assert_int_equal(nreplaced, 1);
    assert_int_equal(nsent, 2);
    must_be(1, HIT_JOIN);
    assert_int_equal(sent[0].tab, sent[1].tab);
    member_leave(old);
    assert_int_equal(nsent, 2);
    member_leave(new);
    must_be(2, HIT_LEAVE);
}

static void a_name_is_taken_over_from_another_worker(void **state)
{
    struct member *old = join(worker[0], "alice"), *new = join(worker[1], "alice");

    (void)state;
    assert_int_equal(nreplaced, 1);
    assert_int_equal(nsent, 2);
    member_leave(old);
    pass(worker[0], 60000);
    assert_int_equal(nsent, 2);
    member_leave(new);
}

static void names_of_other_sites_are_others(void **state)
{
    struct member_intent in = somebody("alice");
    struct member *a = member_join(worker[0], &in), *b, *c;

    (void)state;
    in.site = SLICE("blog");
    b = member_join(worker[0], &in);
    c = join(worker[1], "bob");
    assert_int_equal(nreplaced, 0);
    member_leave(a);
    member_leave(b);
    member_leave(c);
}

static void names_of_other_dialects_and_page_views_are_others(void **state)
{
    struct member_intent in = somebody("alice");
    struct member *a = join(worker[0], "alice"), *b;

    (void)state;
    in.family = MEMBERS_OF_LIVEUSER;
    b = member_join(worker[1], &in);
    assert_int_equal(nreplaced, 0);
    assert_int_not_equal(sent[0].tab, sent[1].tab);
    for (int i = 0; i < 2; i++) /* not that of a beacon with v=alice */
        assert_true(sent[i].tab !=
                    beacon_tab(&setup.files.secret, NOON / MS_PER_DAY, SLICE("alice")));
    members_evict(worker[0], SLICE("shop"), MEMBERS_OF_LIVEUSER, SLICE("alice"));
    assert_int_equal(nreplaced, 1);
    must_be(2, HIT_LEAVE);
    assert_int_equal(sent[2].tab, sent[1].tab);
    member_leave(a);
    member_leave(b);
}

static void what_is_told_is_site_tab_visitor_and_instance(void **state)
{
    struct member *m = join(worker[0], "alice");
    char expected[256];

    (void)state;
    snprintf(expected, sizeof expected, "shop %016lx %016lx %016lx", sent[0].tab,
             sent[0].visitor, instance_of(published));
    assert_string_equal(published, expected);
    assert_int_equal(instance_of(published) >> 16, NOON);
    /* heard again through Redis */
    members_told(&worker[0]->members, slice_of(published));
    members_told(&worker[1]->members, slice_of(published));
    assert_int_equal(nreplaced, 0);
    member_leave(m);
}

static void who_joins_at_another_collector_takes_the_name(void **state)
{
    struct member *m = join(worker[0], "alice");

    (void)state;
    tell(worker[0], sent[0].tab, sent[0].visitor, instance_of(published) + 1);
    assert_int_equal(nreplaced, 1);
    assert_int_equal(nsent, 1);
    pass(worker[0], 60000);
    member_leave(m);
    assert_int_equal(nsent, 1);
}

static void a_name_that_another_visitor_has_now_is_left(void **state)
{
    struct member *m = join(worker[0], "alice");

    (void)state;
    tell(worker[0], sent[0].tab, sent[0].visitor + 1, instance_of(published) + 1);
    assert_int_equal(nreplaced, 1);
    must_be(1, HIT_LEAVE);
    member_leave(m);
    assert_int_equal(nsent, 2);
}

/* It was under way while the newer one joined. */
static void what_was_told_before_it_joined_ends_nobody(void **state)
{
    struct member *m = join(worker[0], "alice");

    (void)state;
    tell(worker[0], sent[0].tab, sent[0].visitor, instance_of(published) - 1);
    assert_int_equal(nreplaced, 0);
    member_leave(m);
}

/* The other collector's clock is ahead by a minute. */
static void who_joins_later_wins_though_its_clock_is_behind(void **state)
{
    uint64_t ahead = (uint64_t)(NOON + 60000) << 16;
    struct member *m;

    (void)state;
    tell(worker[0], 7, 7, ahead);
    m = join(worker[0], "alice");
    assert_int_equal(instance_of(published), ahead + 1);
    member_leave(m);
}

/* Nobody could outdo it. */
static void what_is_told_of_a_time_far_ahead_ends_nobody(void **state)
{
    struct member *m = join(worker[0], "alice");
    uint64_t tab = sent[0].tab, day = 86400000;

    (void)state;
    tell(worker[0], tab, 0, (NOON + day + 1) << 16);
    tell(worker[0], tab, 0, INT64_MAX);
    assert_int_equal(nreplaced, 0);
    assert_int_equal(worker[0]->counters.messages_bad, 2);
    tell(worker[0], tab, 0, (NOON + day) << 16);
    assert_int_equal(nreplaced, 1);
    member_leave(m);
}

static void who_is_evicted_leaves(void **state)
{
    struct member *m = join(worker[0], "alice");

    (void)state;
    members_evict(worker[1], SLICE("shop"), MEMBERS_OF_AUDIENCE, SLICE("bob"));
    assert_int_equal(nreplaced, 0);
    members_evict(worker[1], SLICE("shop"), MEMBERS_OF_AUDIENCE, SLICE("alice"));
    assert_int_equal(nreplaced, 1);
    must_be(1, HIT_LEAVE);
    assert_int_equal(npublished, 3);
    member_leave(m);
    assert_int_equal(nsent, 2);
}

static void what_is_no_message_is_counted(void **state)
{
    static const char *const bad[] = {
        "",
        "shop",
        "shop 1 2 3",
        "0000000000000001 0000000000000002 0000000000000003",
        " 0000000000000001 0000000000000002 0000000000000003",
        "a/b 0000000000000001 0000000000000002 0000000000000003",
        "shop 000000000000000g 0000000000000002 0000000000000003",
        "shop 0000000000000001 0000000000000002 000000000000000-",
        "shop 0000000000000001 0000000000000002 8000000000000000",
        "shop  000000000000001 0000000000000002 0000000000000003",
        "shop 0000000000000001 0000000000000002 0000000000000003 ",
    };
    size_t n = sizeof bad / sizeof *bad;

    (void)state;
    for (size_t i = 0; i < n; i++)
        members_told(&worker[0]->members,
                     (struct slice){guard_copy(bad[i], strlen(bad[i])), strlen(bad[i])});
    assert_int_equal(worker[0]->counters.messages_bad, n);
}

static void a_refusal_of_redis_is_counted_and_told_once(void **state)
{
    struct member *m = join(worker[0], "alice");
    char why[] = "NOPERM no";
    redisReply refused = {.type = REDIS_REPLY_ERROR, .str = why, .len = sizeof why - 1};

    (void)state;
    on_reply(reply_arg, &refused);
    assert_true(worker[0]->members.holds.refused);
    on_reply(reply_arg, &refused);
    assert_int_equal(worker[0]->counters.joins_refused, 2);
    on_reply(reply_arg, NULL); /* the connection broke */
    assert_true(worker[0]->members.holds.refused);
    on_reply(reply_arg, &(redisReply){.type = REDIS_REPLY_INTEGER});
    assert_false(worker[0]->members.holds.refused);
    member_leave(m);
}

static void beyond_the_bound_there_are_none(void **state)
{
    (void)state;
    worker[0]->members.open = MEMBERS_MAX;
    assert_null(join(worker[0], ""));
    assert_int_equal(worker[0]->counters.members_full, 1);
    worker[0]->members.open = 0;
}

static void so_many_of_one_address_join_in_a_minute_and_others_all_the_same(void **state)
{
    struct member_intent in = somebody("");
    struct member *m[JOINS_A_MINUTE + 1];

    (void)state;
    in.from.ip = (struct ip){.n = 4, .b = {192, 0, 2, 1}};
    for (int i = 0; i < JOINS_A_MINUTE; i++)
        assert_non_null(m[i] = member_join(worker[i % 2], &in));
    assert_null(member_join(worker[0], &in));
    assert_null(member_join(worker[1], &in));
    assert_int_equal(worker[0]->counters.members_limited, 1);
    assert_int_equal(worker[1]->counters.members_limited, 1);
    assert_int_equal(worker[0]->members.open + worker[1]->members.open, JOINS_A_MINUTE);
    in.from.ip.b[3] = 2;
    assert_non_null(m[JOINS_A_MINUTE] = member_join(worker[0], &in));
    for (int i = 0; i <= JOINS_A_MINUTE; i++)
        member_leave(m[i]);
}

static void a_long_user_agent_is_cut(void **state)
{
    char agent[MEMBER_AGENT_MAX + 100];
    struct member_intent in = somebody("");
    struct member *a, *b;

    (void)state;
    memset(agent, 'x', sizeof agent);
    in.from.user_agent = (struct slice){agent, sizeof agent};
    a = member_join(worker[0], &in);
    in.from.user_agent.n = MEMBER_AGENT_MAX;
    b = member_join(worker[0], &in);
    assert_int_equal(sent[0].visitor, sent[1].visitor);
    member_leave(a);
    member_leave(b);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_joins_beats_three_times_in_its_timeout_and_leaves),
        TEST(those_without_a_name_are_tabs_of_one_visitor),
        TEST(one_that_is_delayed_and_gone_before_never_counts),
        TEST(what_was_asked_for_is_in_its_hits),
        TEST(at_midnight_its_visitor_has_a_new_id_and_the_old_one_is_told),
        TEST(a_name_is_taken_over_on_the_same_worker_without_a_leave),
        TEST(a_name_is_taken_over_from_another_worker),
        TEST(names_of_other_sites_are_others),
        TEST(names_of_other_dialects_and_page_views_are_others),
        TEST(what_is_told_is_site_tab_visitor_and_instance),
        TEST(who_joins_at_another_collector_takes_the_name),
        TEST(a_name_that_another_visitor_has_now_is_left),
        TEST(what_was_told_before_it_joined_ends_nobody),
        TEST(who_joins_later_wins_though_its_clock_is_behind),
        TEST(what_is_told_of_a_time_far_ahead_ends_nobody),
        TEST(who_is_evicted_leaves),
        TEST(what_is_no_message_is_counted),
        TEST(a_refusal_of_redis_is_counted_and_told_once),
        TEST(beyond_the_bound_there_are_none),
        TEST(so_many_of_one_address_join_in_a_minute_and_others_all_the_same),
        TEST(a_long_user_agent_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
