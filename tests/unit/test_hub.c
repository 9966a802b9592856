/* The hub's table of sites, on a loop that turns for mail only and a link that just
 * notes what is asked of it: which sites are subscribed, let go, and made room for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../collector/hub.h"
#include "../../collector/joined.h"
#include "../../collector/worker.h"
#include "../../proto/log.h"

/* ---- the link ---- */

struct redis_link {
    const struct redis_link_events *events;
    void *arg;
    bool up;
    bool hears_settings; /* it has subscribed them; of that no command is kept */
    char last[128];      /* the newest command */
    unsigned calls, first;
    struct {
        redis_reply_fn fn;
        void *arg;
    } call[3 * WATCHED_SITES_MAX]; /* those from `first` on wait for a reply */
};

static struct redis_link wire;

struct redis_link *redis_link_open(uv_loop_t *loop, const struct redis_addr *addr,
                                   const char *client_name,
                                   const struct redis_link_events *events, void *arg)
{
    (void)loop;
    (void)addr;
    (void)client_name;
    memset(&wire, 0, sizeof wire);
    wire.events = events;
    wire.arg = arg;
    return &wire;
}

int redis_link_call(struct redis_link *l, int argc, const char **argv, const size_t *lens,
                    redis_reply_fn fn, void *arg)
{
    (void)lens;
    assert_int_equal(argc, 2);
    l->hears_settings |= strcmp(argv[1], "hc:!settings") == 0;
    if (strcmp(argv[1], "hc:!settings") == 0)
        return 0;
    assert_true(l->up && l->calls < sizeof l->call / sizeof l->call[0]);
    snprintf(l->last, sizeof l->last, "%s %s", argv[0], argv[1]);
    l->call[l->calls].fn = fn;
    l->call[l->calls++].arg = arg;
    return 0;
}

uint64_t redis_link_generation(const struct redis_link *l)
{
    (void)l;
    return 1;
}

bool redis_link_is_up(const struct redis_link *l)
{
    return l->up;
}

void redis_link_readdress(struct redis_link *l, const struct redis_addr *addr)
{
    (void)l;
    (void)addr;
}

static void reply_to_all(const redisReply *reply)
{
    while (wire.first < wire.calls) {
        unsigned n = wire.first++;

        wire.call[n].fn(wire.call[n].arg, reply);
    }
}

static void confirm_all(void)
{
    reply_to_all(&(redisReply){.type = REDIS_REPLY_ARRAY});
}

static void refuse_all(void)
{
    char why[] = "NOPERM no";

    reply_to_all(
        &(redisReply){.type = REDIS_REPLY_ERROR, .str = why, .len = sizeof why - 1});
}

static void go_up(void)
{
    wire.up = true;
    wire.events->up(wire.arg);
}

static void go_down(void)
{
    wire.up = false;
    reply_to_all(NULL);
    wire.events->down(wire.arg, "gone");
}

void redis_link_close(struct redis_link *l, void (*closed)(void *arg), void *arg)
{
    (void)closed;
    (void)arg;
    l->up = false;
    reply_to_all(NULL);
}

/* ---- the hub and its workers ---- */

struct stage {
    struct setup setup;
    struct worker host, other; /* whose thread this is, and one on another */
    struct hub hub;
};

/* Notes that the other worker has been sent. */
static unsigned told, joined, changed, mails;

static void note_mail(void *arg, const struct mail *m)
{
    (void)arg;
    mails++;
    told += m->kind == MAIL_CONFIRMED;
    changed += m->kind == MAIL_SETTINGS && slice_eq(m->site, SLICE("site1"));
    joined += m->kind == MAIL_JOINED && slice_eq(m->bytes, SLICE("somebody"));
}

static void stage_open(struct stage *s)
{
    char err[256];

    memset(s, 0, sizeof *s);
    for (int i = 0; i < DEADLINE_CLASSES; i++)
        s->setup.deadline_ms[i] = HUB_RELEASE_MS;
    s->host.setup = s->other.setup = &s->setup;
    s->host.hub = s->other.hub = &s->hub;
    s->other.n = 1;
    s->host.moment = (struct moment){true, 1000, 1000};
    deadlines_init(&s->host.deadlines, s->setup.deadline_ms);
    watches_init(&s->host.watches, &s->host);
    members_init(&s->host.members, &s->host);
    uv_loop_init(&s->host.loop);
    assert_int_equal(hub_open(&s->hub, &s->host, err, sizeof err), 0);
    assert_int_equal(mailbox_open(&s->other.inbox, &s->host.loop, note_mail, NULL, NULL),
                     0);
    hub_add_worker(&s->hub, &s->other);
    told = joined = changed = mails = 0;
}

static void stage_close(struct stage *s)
{
    hub_close(&s->hub);
    mailbox_close(&s->other.inbox);
    uv_run(&s->host.loop, UV_RUN_DEFAULT);
    hub_fini(&s->hub);
    mailbox_fini(&s->other.inbox);
    watches_fini(&s->host.watches);
    assert_int_equal(uv_loop_close(&s->host.loop), 0);
}

static struct slice site(unsigned n)
{
    static char name[16];

    return (struct slice){name, (size_t)snprintf(name, sizeof name, "site%u", n)};
}

static void watch(struct stage *s, unsigned n)
{
    hub_watch(&s->hub, &s->host, site(n));
}

static void unwatch(struct stage *s, unsigned n)
{
    hub_unwatch(&s->hub, &s->host, site(n));
}

static void pass(struct stage *s, ms_t ms)
{
    struct deadline *d;

    s->host.moment.mono += ms;
    while ((d = deadlines_take(&s->host.deadlines, s->host.moment.mono)))
        hub_released(d);
}

static bool knows(const struct stage *s, unsigned n)
{
    return site_map_find(&s->hub.sites, site(n)) != NULL;
}

static void last_was(const char *command)
{
    assert_string_equal(wire.last, command);
}

/* ---- claims ---- */

static void a_site_is_subscribed_once_and_let_go_a_while_after_the_last_has_left(
    void **state)
{
    struct stage *s = *state;

    go_up();
    watch(s, 1);
    last_was("SUBSCRIBE hc:site1");
    assert_int_equal(wire.calls, 1);
    confirm_all();
    unwatch(s, 1);
    pass(s, HUB_RELEASE_MS - 1);
    watch(s, 1); /* again */
    pass(s, HUB_RELEASE_MS);
    assert_int_equal(wire.calls, 1);
    unwatch(s, 1);
    pass(s, HUB_RELEASE_MS);
    last_was("UNSUBSCRIBE hc:site1");
    assert_false(knows(s, 1));
}

static void what_is_asked_for_stays_until_it_is_answered(void **state)
{
    struct stage *s = *state;

    go_up();
    watch(s, 1);
    unwatch(s, 1);
    pass(s, 10 * HUB_RELEASE_MS);
    assert_true(knows(s, 1));
    confirm_all();
    pass(s, HUB_RELEASE_MS);
    assert_false(knows(s, 1));
    watch(s, 2);
    unwatch(s, 2);
    watch(s, 2);
    confirm_all();
    pass(s, HUB_RELEASE_MS);
    assert_true(knows(s, 2));
    watch(s, 3);
    unwatch(s, 3);
    go_down(); /* which is an answer, too */
    pass(s, HUB_RELEASE_MS);
    assert_false(knows(s, 3));
}

static void a_new_connection_asks_for_what_is_watched_only(void **state)
{
    struct stage *s = *state;

    watch(s, 1);
    watch(s, 2);
    unwatch(s, 2);
    assert_int_equal(wire.calls, 0);
    go_up();
    assert_int_equal(wire.calls, 1);
    last_was("SUBSCRIBE hc:site1");
    pass(s, HUB_RELEASE_MS);
    assert_false(knows(s, 2));
    assert_true(knows(s, 1));
    confirm_all();
    go_down();
    go_up();
    assert_int_equal(wire.calls, 2);
}

static void sites_that_nobody_watches_make_room_the_longest_unwatched_first(void **state)
{
    struct stage *s = *state;

    go_up();
    watch(s, 0); /* and somebody stays */
    for (unsigned n = 1; n < WATCHED_SITES_MAX; n++) {
        watch(s, n);
        confirm_all();
        unwatch(s, n);
        assert_false(hub_is_full(&s->hub));
    }
    watch(s, 1); /* and another comes back */
    watch(s, WATCHED_SITES_MAX);
    last_was("SUBSCRIBE hc:site10000");
    assert_int_equal(s->hub.sites.n, WATCHED_SITES_MAX);
    assert_true(knows(s, 0) && knows(s, 1) && knows(s, 3));
    assert_false(knows(s, 2));
    assert_false(hub_is_full(&s->hub));
}

static void only_those_who_watch_fill_the_hub(void **state)
{
    struct stage *s = *state;

    go_up();
    for (unsigned n = 0; n < WATCHED_SITES_MAX; n++)
        watch(s, n);
    assert_true(hub_is_full(&s->hub));
    confirm_all();
    assert_true(hub_is_full(&s->hub));
    unwatch(s, 7);
    assert_false(hub_is_full(&s->hub));
    watch(s, 7);
    assert_true(hub_is_full(&s->hub));
    unwatch(s, 7);
    pass(s, HUB_RELEASE_MS);
    assert_false(hub_is_full(&s->hub));
}

static void a_refusal_is_told_like_a_confirmation_and_logged_once(void **state)
{
    struct stage *s = *state;

    go_up();
    for (unsigned n = 0; n < 3; n++) {
        struct mail m = {.kind = MAIL_WATCH, .from = 1, .site = site(n)};

        s->hub.inbox.take(s->hub.inbox.arg, &m);
    }
    refuse_all();
    uv_run(&s->host.loop, UV_RUN_NOWAIT);
    assert_int_equal(told, 3);
    assert_int_equal(s->host.counters.subscribes_refused, 3);
    assert_true(s->hub.refused);
    watch(s, 1); /* whoever comes asks again */
    last_was("SUBSCRIBE hc:site1");
    confirm_all();
    uv_run(&s->host.loop, UV_RUN_NOWAIT);
    assert_int_equal(told, 4);
}

static void push(const char *channel, const char *text)
{
    char word[] = "message", copy[2][JOINED_MAX + 2];
    redisReply part[3] = {{.type = REDIS_REPLY_STRING, .str = word, .len = 7}};
    redisReply *parts[3] = {&part[0], &part[1], &part[2]};

    part[1] = part[2] = part[0];
    part[1].str = strcpy(copy[0], channel);
    part[1].len = strlen(channel);
    part[2].str = strcpy(copy[1], text);
    part[2].len = strlen(text);
    wire.events->push(
        wire.arg,
        &(redisReply){.type = REDIS_REPLY_ARRAY, .elements = 3, .element = parts});
}

static void that_readers_may_be_others_now_is_told_to_those_who_watch_the_site(
    void **state)
{
    struct stage *s = *state;
    struct mail m = {.kind = MAIL_WATCH, .from = 1, .site = site(1)};

    go_up();
    assert_true(wire.hears_settings);
    s->hub.inbox.take(s->hub.inbox.arg, &m);
    confirm_all();
    push("hc:!settings", "site1");
    push("hc:!settings", "site2");
    push("hc:!settings", "");
    uv_run(&s->host.loop, UV_RUN_NOWAIT);
    assert_int_equal(told, 1);
    assert_int_equal(changed, 1);
    assert_int_equal(mails, 2);
    assert_int_equal(s->host.counters.messages_received, 0);
}

static void where_dialects_are_spoken_joins_are_heard_by_every_worker(void **state)
{
    struct stage *s = *state;

    go_up();
    assert_int_equal(wire.calls, 0);
    go_down();
    s->setup.routing.dialects = 1;
    go_up();
    last_was("SUBSCRIBE hc:!joined");
    confirm_all();
    push("hc:!joined", "somebody");
    assert_int_equal(s->host.counters.messages_bad, 1); /* it is none */
    push("hc:!other", "somebody");
    uv_run(&s->host.loop, UV_RUN_NOWAIT);
    assert_int_equal(joined, 1);
    assert_int_equal(s->host.counters.messages_bad, 1);
}

static void what_is_too_long_to_be_a_join_goes_no_further(void **state)
{
    struct stage *s = *state;
    char text[JOINED_MAX + 2];

    go_up();
    memset(text, 'x', sizeof text);
    text[JOINED_MAX + 1] = '\0';
    push("hc:!joined", text);
    uv_run(&s->host.loop, UV_RUN_NOWAIT);
    assert_int_equal(mails, 0);
    assert_int_equal(s->host.counters.messages_bad, 1);
    text[JOINED_MAX] = '\0';
    push("hc:!joined", text);
    uv_run(&s->host.loop, UV_RUN_NOWAIT);
    assert_int_equal(mails, 1);
}

static void a_worker_tells_all_others_who_joined(void **state)
{
    struct stage *s = *state;

    hub_tell_joined(&s->hub, &s->host, SLICE("somebody"));
    uv_run(&s->host.loop, UV_RUN_NOWAIT);
    assert_int_equal(joined, 1);
    assert_int_equal(s->host.counters.messages_bad, 0);
    hub_tell_joined(&s->hub, &s->other, SLICE("somebody"));
    uv_run(&s->host.loop, UV_RUN_NOWAIT);
    assert_int_equal(joined, 1);
    assert_int_equal(s->host.counters.messages_bad, 1);
}

static void joins_that_are_refused_are_logged_once(void **state)
{
    struct stage *s = *state;

    s->setup.routing.dialects = 1;
    for (int i = 1; i <= 2; i++) {
        go_up();
        refuse_all();
        assert_int_equal(s->host.counters.joins_refused, i);
        assert_true(s->hub.joins_refused);
        go_down();
    }
    assert_false(s->hub.refused);
}

static int begin(void **state)
{
    static struct stage stage;

    stage_open(&stage);
    *state = &stage;
    return 0;
}

static int end(void **state)
{
    stage_close(*state);
    return 0;
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_site_is_subscribed_once_and_let_go_a_while_after_the_last_has_left),
        TEST(what_is_asked_for_stays_until_it_is_answered),
        TEST(a_new_connection_asks_for_what_is_watched_only),
        TEST(sites_that_nobody_watches_make_room_the_longest_unwatched_first),
        TEST(only_those_who_watch_fill_the_hub),
        TEST(a_refusal_is_told_like_a_confirmation_and_logged_once),
        TEST(that_readers_may_be_others_now_is_told_to_those_who_watch_the_site),
        TEST(where_dialects_are_spoken_joins_are_heard_by_every_worker),
        TEST(what_is_too_long_to_be_a_join_goes_no_further),
        TEST(a_worker_tells_all_others_who_joined),
        TEST(joins_that_are_refused_are_logged_once),
    };

    log_open("test");
    return cmocka_run_group_tests_name("hub", tests, NULL, NULL);
}
