/* engine: what becomes durable when, and what makes it begin anew; in virtual time, with
 * a Redis that says what the test wants to hear.
 *
 * Replaced at link time: redis_link_call. Everything else is the aggregator's own.
 * Whether the numbers are right is the business of test_round and tests/sim. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../aggregator/engine.h"
#include "../written_call.h"

#define MORNING INT64_C(1763812800000)
#define ROOM 1000      /* datagrams in the socket's buffer */
#define LATENCY_MS 1   /* of Redis */
#define CALLS 4096     /* waiting for a reply */
#define STREAMS 4      /* senders, numbered from 1 */
#define TURNS_MAX 5000 /* in one stretch of time: more is a loop that never sleeps */

struct call {
    char verb[16], key[80];
    redis_reply_fn fn;
    void *arg;
};

struct redis_link {
    struct call call[CALLS];
    unsigned first, n;
    bool up;
};

struct sender {
    uint64_t seq, epoch;
    struct wire_ack ack; /* the latest */
    unsigned acks;
};

static struct engine e;
static struct engine_config config;
static struct secret secret;
static struct redis_link commits, loads;
static struct sender sender[STREAMS + 1];
static ms_t wall;
static mono_t mono;
static uint64_t given;          /* the epoch given last */
static bool frozen;             /* Redis does not answer */
static const char *next_commit; /* the answer to the next commit, once */
static const char *bad_commit;  /* and to each of sites "bad..." */
static unsigned pings, committed, scripts, sweeps, lists;

/* ---- the world ---------------------------------------------------------- */

static ms_t read_wall(void *arg)
{
    (void)arg;
    return wall;
}

static uint64_t read_mono_us(void *arg)
{
    (void)arg;
    return (uint64_t)mono * 1000;
}

static const struct clock_source virtual = {.wall = read_wall, .mono_us = read_mono_us};

int redis_link_call(struct redis_link *l, int argc, const char **argv, const size_t *lens,
                    redis_reply_fn fn, void *arg)
{
    struct call *c = &l->call[(l->first + l->n) % CALLS];

    if (!l->up)
        return -1;
    assert_true(l->n++ < CALLS);
    *c = (struct call){.fn = fn, .arg = arg};
    snprintf(c->verb, sizeof c->verb, "%.*s", lens ? (int)lens[0] : 15, argv[0]);
    if (argc > 3)
        snprintf(c->key, sizeof c->key, "%.*s", lens ? (int)lens[3] : 79, argv[3]);
    pings += strcmp(c->verb, "PING") == 0;
    scripts += strcmp(c->verb, "SCRIPT") == 0;
    sweeps += strcmp(c->verb, "ZREMRANGEBYSCOR") == 0; /* as much as there is room for */
    lists += strcmp(c->verb, "ZADD") == 0;
    return 0;
}

static void say(const struct call *c, int type, const char *text)
{
    redisReply reply = {
        .type = type, .str = (char *)(uintptr_t)text, .len = strlen(text)};

    c->fn(c->arg, &reply);
}

static void answer_commit(const struct call *c)
{
    const char *text = next_commit ? next_commit : "OK";
    bool status;

    if (bad_commit && strncmp(c->key, "hc:{bad", 7) == 0)
        text = bad_commit;
    else
        next_commit = NULL;
    status = strcmp(text, "OK") == 0 || strncmp(text, "FENCED", 6) == 0 ||
             strcmp(text, "REGRESS") == 0;
    committed += strcmp(text, "OK") == 0;
    say(c, status ? REDIS_REPLY_STATUS : REDIS_REPLY_ERROR, text);
}

static void answer(const struct call *c)
{
    char epoch[24];

    if (strcmp(c->verb, "INFO") == 0) {
        say(c, REDIS_REPLY_STRING, "maxmemory:0\r\n");
    } else if (strcmp(c->verb, "SCRIPT") == 0) {
        say(c, REDIS_REPLY_STRING, "sha");
    } else if (strcmp(c->verb, "EVAL") == 0) {
        snprintf(epoch, sizeof epoch, "%llu", (unsigned long long)++given);
        say(c, REDIS_REPLY_STRING, epoch);
    } else if (strcmp(c->verb, "EVALSHA") == 0) {
        answer_commit(c);
    } else {
        say(c, REDIS_REPLY_STATUS, "PONG");
    }
}

static struct call take_call(struct redis_link *l)
{
    struct call c = l->call[l->first];

    l->first = (l->first + 1) % CALLS;
    l->n--;
    return c;
}

static void pass(mono_t ms)
{
    mono += ms;
    wall += ms;
}

static void answer_all(void)
{
    for (unsigned n = commits.n; n > 0; n--) {
        struct call c = take_call(&commits);

        answer(&c);
    }
}

/* Lives through @ms as a loop would: sleeps as long as the engine said. Returns how often
 * it woke up. */
static unsigned live(mono_t ms)
{
    mono_t until = mono + ms;
    unsigned turns = 0;

    for (;; turns++) {
        mono_t due = engine_turn(&e);

        assert_true(turns < TURNS_MAX);
        if (commits.n > 0 && !frozen && mono < until) {
            pass(LATENCY_MS);
            answer_all();
        } else if (due >= until) {
            pass(until - mono);
            return turns;
        } else {
            pass(due > mono ? due - mono : 0);
        }
    }
}

static void disconnect(void)
{
    commits.up = false;
    while (commits.n > 0) {
        struct call c = take_call(&commits);

        c.fn(c.arg, NULL);
    }
    engine_commits_down(&e);
}

static void reconnect(void)
{
    commits.up = true;
    engine_commits_up(&e);
}

/* ---- senders ------------------------------------------------------------ */

static void on_ack(void *arg, const struct peer *to, const uint8_t *bytes, size_t n)
{
    struct wire_ack ack;

    (void)arg;
    assert_int_equal(wire_ack_open(bytes, n, &secret, &ack), WIRE_OK);
    assert_in_range(ack.stream, 1, STREAMS);
    assert_int_equal(ntohs(to->in.sin_port), ack.stream);
    sender[ack.stream].ack = ack;
    sender[ack.stream].epoch = ack.epoch;
    sender[ack.stream].acks++;
}

static void deliver(unsigned stream, uint8_t type, const void *body, size_t n)
{
    struct sender *s = &sender[stream];
    struct peer from = {
        .in = {.sin_family = AF_INET, .sin_port = htons((in_port_t)stream)}};
    struct wire_head h = {.type = type,
                          .nshards = 1,
                          .stream = stream,
                          .epoch = s->epoch,
                          .seq = type == WIRE_PING ? s->seq + 1 : s->seq,
                          .base = 1,
                          .ts_us = (uint64_t)mono * 1000};
    uint8_t out[DATAGRAM_MAX];

    engine_take(&e, out, wire_frame(out, &h, body, n, &secret), &from);
    engine_settle(&e);
}

static void hit(unsigned stream, const char *site, unsigned kind)
{
    struct hit h = {.site = slice_of(site),
                    .path = SLICE("/a"),
                    .visitor = 7,
                    .at = mono,
                    .kind = (uint8_t)kind};
    struct body_writer w;

    body_begin(&w, mono);
    assert_true(body_add(&w, &h));
    sender[stream].seq++;
    deliver(stream, WIRE_DATA, w.bytes, w.n);
}

static void view(unsigned stream, const char *site)
{
    hit(stream, site, HIT_VIEW);
}

/* Sends all that its stream has sent before again, as a sender does after a new epoch. */
static void begin_stream_anew(unsigned stream)
{
    sender[stream].seq = 0;
    deliver(stream, WIRE_PING, NULL, 0);
    live(RECEIVER_ACK_DELAY_MS + 1);
}

static uint64_t durable(unsigned stream)
{
    return sender[stream].ack.durable;
}

/* ---- set up ------------------------------------------------------------- */

/* Sites that nobody has heard of are live at once: what is read back is none of the
 * claims here but one. */
static int begin(void **state)
{
    (void)state;
    memset(sender, 0, sizeof sender);
    commits = loads = (struct redis_link){.up = false};
    wall = MORNING + 5000;
    mono = 1000000;
    given = 100;
    pings = committed = scripts = sweeps = lists = 0;
    frozen = false;
    next_commit = bad_commit = NULL;
    secret_init(&secret, "sixteen bytes, or more", 22);
    config = (struct engine_config){.secret = &secret,
                                    .window = 30,
                                    .key = {{9}},
                                    .hold_ms = HOLD_MS,
                                    .socket_room = ROOM,
                                    .clock = &virtual,
                                    .send = on_ack};
    engine_init(&e, &config);
    e.store.lazy = false;
    engine_links(&e, &commits, &loads);
    reconnect();
    live(10);
    for (unsigned i = 1; i <= STREAMS; i++)
        begin_stream_anew(i);
    return 0;
}

static int end(void **state)
{
    (void)state;
    engine_fini(&e);
    return 0;
}

/* ---- claims ------------------------------------------------------------- */

static void a_datagram_is_told_received_soon_and_durable_a_hold_later(void **state)
{
    (void)state;
    view(1, "shop");
    live(RECEIVER_ACK_DELAY_MS + 5);
    assert_int_equal(sender[1].ack.cum, 1);
    assert_int_equal(committed, 1);
    live(HOLD_MS - RECEIVER_ACK_DELAY_MS - 10);
    assert_int_equal(durable(1), 0);
    live(50);
    assert_int_equal(durable(1), 1);
}

static void without_an_answer_after_the_hold_nothing_is_durable(void **state)
{
    (void)state;
    view(1, "shop");
    live(100);
    frozen = true;
    live(HOLD_MS + 1000);
    assert_int_equal(pings, 1); /* it asks once and waits */
    assert_int_equal(durable(1), 0);
    frozen = false;
    live(50);
    assert_int_equal(durable(1), 1);
}

static void an_error_instead_of_a_pong_starts_the_hold_again(void **state)
{
    (void)state;
    view(1, "shop");
    live(100);
    frozen = true;
    live(HOLD_MS);
    while (commits.n > 0) {
        struct call c = take_call(&commits);

        say(&c, REDIS_REPLY_ERROR, "LOADING");
    }
    frozen = false;
    live(HOLD_MS - 200);
    assert_int_equal(durable(1), 0);
    live(400); /* all was looked at, and held anew */
    assert_int_equal(durable(1), 1);
    assert_int_equal(committed, 2);
}

static void a_commit_on_its_way_makes_a_ping_needless(void **state)
{
    (void)state;
    view(1, "shop");
    live(100);
    live(maturity_due(&e.writer.durability.maturity) - mono);
    view(1, "shop");
    live(20);
    assert_int_equal(durable(1), 1);
    assert_int_equal(pings, 0);
}

static void a_steady_stream_becomes_durable_as_steadily(void **state)
{
    uint64_t behind;

    (void)state;
    for (int i = 0; i < 3 * HOLD_MS / 10; i++) {
        view(1, "shop");
        live(10);
        behind = sender[1].seq - durable(1);
        assert_true(behind <= (HOLD_MS + HOLD_MS / 16) / 10);
    }
    assert_true(pings <= 2 * MATURITY_MAX);
}

static void a_broken_connection_starts_the_hold_again(void **state)
{
    unsigned before;

    (void)state;
    view(1, "shop");
    live(HOLD_MS - 100);
    disconnect();
    live(100);
    before = committed;
    reconnect();
    live(HOLD_MS - 200);
    assert_int_equal(committed, before + 1); /* the site was looked at again */
    assert_int_equal(durable(1), 0);
    live(300);
    assert_int_equal(durable(1), 1);
}

static void after_a_break_nothing_is_durable_before_all_was_looked_at(void **state)
{
    (void)state;
    view(1, "shop");
    view(2, "quiet");
    live(HOLD_MS - 100);
    disconnect();
    reconnect();
    for (int i = 0; i < 40; i++) { /* for as long as Redis is full */
        next_commit = "OOM no memory";
        live(100);
    }
    assert_int_equal(durable(1) + durable(2), 0);
    next_commit = NULL;
    live(5000);
    live(HOLD_MS + 100);
    assert_int_equal(durable(1), 1);
    assert_int_equal(durable(2), 1);
}

static void a_redis_that_went_back_is_looked_at_as_a_whole(void **state)
{
    unsigned before;

    (void)state;
    view(1, "shop");
    view(2, "quiet");
    live(HOLD_MS - 500);
    next_commit = "REGRESS";
    view(1, "shop");
    before = committed;
    live(200);
    assert_int_equal(committed, before + 2); /* shop whole, and quiet */
    assert_int_equal(durable(1) + durable(2), 0);
    live(1000);
    assert_int_equal(durable(2), 0); /* what waited was given up */
    live(HOLD_MS);
    assert_int_equal(durable(1), 2);
    assert_int_equal(durable(2), 1);
    assert_int_equal(e.counters.regress, 1);
}

static void what_redis_cannot_take_now_waits_and_is_not_durable(void **state)
{
    (void)state;
    next_commit = "MISCONF no disk";
    view(1, "shop");
    live(50);
    assert_int_equal(committed, 0);
    live(HOLD_MS);
    assert_int_equal(committed, 1);
    assert_int_equal(durable(1), 0);
    live(200);
    assert_int_equal(durable(1), 1);
    assert_int_equal(e.counters.retries, 1);
}

/* After a failover it may be one with older data. */
static void a_redis_that_was_read_only_is_looked_at_as_a_whole(void **state)
{
    (void)state;
    view(1, "shop");
    view(2, "quiet");
    live(HOLD_MS - 500);
    next_commit = "READONLY x";
    view(1, "shop");
    live(1000);
    assert_int_equal(committed, 4);
    assert_int_equal(durable(2), 0);
    live(HOLD_MS);
    assert_int_equal(durable(1), 2);
    assert_int_equal(durable(2), 1);
}

static void all_sites_are_looked_at_no_more_often_than_every_five_seconds(void **state)
{
    (void)state;
    view(1, "quiet");
    live(100);
    for (int i = 0; i < 100; i++) {
        next_commit = "REGRESS";
        view(1, "shop");
        live(100);
    }
    assert_in_range(committed, 100, 112); /* quiet once in five seconds */
}

static void until_all_were_looked_at_no_round_proves_anything(void **state)
{
    (void)state;
    view(1, "shop");
    for (int i = 0; i < 2; i++) {
        live(100);
        next_commit = "REGRESS";
        view(1, "shop");
    }
    live(100);
    view(2, "blog");
    live(WRITER_RECHECK_MS - 400);
    assert_true(e.writer.recheck);
    live(HOLD_MS - 100);
    assert_int_equal(durable(1) + durable(2), 0);
    live(500);
    assert_int_equal(durable(1), 3);
    assert_int_equal(durable(2), 1);
}

static void a_missing_script_is_loaded_and_the_epoch_kept(void **state)
{
    uint64_t epoch = given;

    (void)state;
    next_commit = "NOSCRIPT none";
    scripts = 0;
    view(1, "shop");
    live(HOLD_MS + 200);
    assert_int_equal(scripts, 2);
    assert_int_equal(given, epoch);
    assert_int_equal(durable(1), 1);
}

static void being_fenced_forgets_all_and_takes_a_higher_epoch(void **state)
{
    uint64_t epoch = given;

    (void)state;
    view(1, "shop");
    live(100);
    next_commit = "FENCED";
    view(1, "shop");
    live(WRITER_EPOCH_MS + 100);
    assert_int_equal(given, epoch + 1);
    assert_int_equal(e.counters.epoch, given);
    assert_int_equal(e.store.nsites, 0);
    deliver(1, WIRE_PING, NULL, 0); /* in the old epoch */
    live(10);
    assert_int_equal(sender[1].epoch, given);
    assert_int_equal(durable(1), 0);
    begin_stream_anew(1);
    view(1, "shop");
    live(HOLD_MS + 100);
    assert_int_equal(durable(1), 1);
}

/* Is fenced whenever it can be, for so long. Returns how many epochs it took. */
static uint64_t fenced_for(mono_t ms)
{
    uint64_t epoch = given;

    for (mono_t until = mono + ms; mono < until;) {
        next_commit = "FENCED";
        if (sender[1].epoch != e.epoch)
            begin_stream_anew(1);
        view(1, "shop");
        live(100);
    }
    next_commit = NULL;
    return given - epoch;
}

static void who_is_fenced_rests_longer_each_time(void **state)
{
    (void)state;
    assert_in_range(fenced_for(5000), 1, 3);
    assert_in_range(fenced_for(60000), 3, 7);
    begin_stream_anew(1);
    live(60000); /* the other one is gone */
    begin_stream_anew(1);
    view(1, "shop");
    live(HOLD_MS + 100);
    assert_int_equal(durable(1), 1);
    live(60000);
    assert_in_range(fenced_for(3000), 1, 3);
}

static void a_process_that_was_stopped_trusts_nothing_in_its_socket(void **state)
{
    uint64_t epoch = given;

    (void)state;
    view(1, "shop");
    live(1000);
    assert_int_equal(e.intake.folded.views, 1);
    pass(SENDER_SILENCE_MS + 1000); /* no turn meanwhile */
    view(1, "shop");
    view(2, "shop");
    assert_int_equal(e.intake.folded.views, 1);
    live(WRITER_EPOCH_MS + 100);
    assert_int_equal(given, epoch + 1);
    assert_int_equal(e.counters.frozen, 1);
    live(60000);
    assert_int_equal(e.counters.frozen, 1);
    pass(SENDER_SILENCE_MS + 1000);
    live(10); /* a turn comes first */
    sender[1].epoch = given;
    view(1, "shop");
    assert_int_equal(e.intake.folded.views, 1);
    assert_int_equal(e.counters.frozen, 2);
}

static void a_sender_that_met_a_later_one_makes_it_go_above(void **state)
{
    (void)state;
    sender[1].epoch = 5000;
    view(1, "shop");
    assert_int_equal(e.intake.folded.views, 0);
    live(WRITER_EPOCH_MS + 100);
    assert_int_equal(e.writer.setup.floor, 5000);
    assert_int_equal(e.counters.reboots, 1);
}

static void an_epoch_that_redis_names_makes_it_go_above(void **state)
{
    (void)state;
    next_commit = "FENCED 7000";
    view(1, "shop");
    live(WRITER_EPOCH_MS + 100);
    assert_int_equal(e.writer.setup.floor, 7000);
    next_commit = "FENCED 9007199254740993"; /* no script of ours says that */
    begin_stream_anew(1);
    view(1, "shop");
    live(2 * WRITER_EPOCH_MS);
    assert_int_equal(e.writer.setup.floor, 7000);
}

static void an_absurd_epoch_is_not_taken(void **state)
{
    (void)state;
    given = JSON_INTEGER_MAX;
    next_commit = "FENCED";
    view(1, "shop");
    live(4 * WRITER_EPOCH_MS);
    assert_int_equal(e.epoch, 0);
    given = 20000;
    live(4 * WRITER_EPOCH_MS);
    assert_in_range(e.epoch, 20000, 20010);
}

static void before_redis_gives_an_epoch_nobody_is_answered(void **state)
{
    unsigned before;

    (void)state;
    next_commit = "FENCED";
    view(1, "shop");
    live(5);
    frozen = true; /* the epoch does not come */
    live(WRITER_EPOCH_MS + 500);
    before = sender[1].acks;
    view(1, "shop");
    deliver(1, WIRE_PING, NULL, 0);
    live(100);
    assert_int_equal(sender[1].acks, before);
    assert_int_equal(receiver_counts(e.intake.receiver)->not_ready, 2);
}

static void an_epoch_outlives_a_broken_connection(void **state)
{
    uint64_t epoch = given;

    (void)state;
    view(1, "shop");
    live(50);
    disconnect();
    view(1, "shop");
    live(200);
    assert_int_equal(sender[1].ack.cum, 2); /* folding goes on */
    reconnect();
    live(HOLD_MS + 200);
    assert_int_equal(given, epoch);
    assert_int_equal(durable(1), 2);
}

static void a_clock_set_far_back_begins_anew(void **state)
{
    uint64_t epoch = given;

    (void)state;
    view(1, "shop");
    live(100);
    wall -= 11 * MS_PER_MINUTE;
    live(WRITER_EPOCH_MS + 2000);
    assert_int_equal(given, epoch + 1);
    assert_int_equal(e.store.nsites, 0);
    assert_int_equal(e.clock.resets, 1);
}

static void a_site_that_redis_refuses_holds_up_nobody_for_long(void **state)
{
    (void)state;
    bad_commit = "WRONGTYPE x";
    view(1, "bad");
    view(2, "good");
    live(200);
    assert_int_equal(e.counters.refused, 1 + ROUND_REWRITES);
    assert_int_equal(e.counters.site_unprotected, 1);
    engine_measure(&e);
    assert_int_equal(e.counters.quarantined, 1);
    view(2, "good");
    live(HOLD_MS + 200);
    assert_int_equal(durable(2), 2);
    assert_int_equal(durable(1), 1); /* left out, and counted */
    view(1, "bad");
    view(1, "good");
    live(HOLD_MS + 200);
    assert_int_equal(durable(1), 3);
    assert_int_equal(e.counters.refused, 1 + ROUND_REWRITES);
    live(ROUND_PARK_MS);
    assert_int_equal(e.counters.refused, 2 + ROUND_REWRITES); /* tried again */
    assert_int_equal(e.counters.site_unprotected, 2);
    bad_commit = NULL;
    live(ROUND_PARK_MS);
    engine_measure(&e);
    assert_int_equal(e.counters.quarantined, 0);
    assert_int_equal(e.store.ndirty, 0);
}

/* Its record is one that no commit ever fits. */
static void a_site_that_regresses_for_ever_is_left_out_too(void **state)
{
    (void)state;
    bad_commit = "REGRESS";
    view(1, "bad");
    view(2, "good");
    live(ROUND_REWRITES * WRITER_RECHECK_MS + HOLD_MS);
    assert_int_equal(e.counters.regress, 1 + ROUND_REWRITES);
    assert_int_equal(e.counters.site_unprotected, 1);
    view(1, "good");
    view(2, "good");
    live(2 * WRITER_RECHECK_MS + HOLD_MS);
    assert_int_equal(durable(1), 2);
    assert_int_equal(durable(2), 2);
    assert_int_equal(e.counters.regress, 1 + ROUND_REWRITES);
    live(ROUND_PARK_MS);
    assert_int_equal(e.counters.regress, 2 + ROUND_REWRITES); /* tried again */
    bad_commit = NULL;
    live(ROUND_PARK_MS + HOLD_MS);
    engine_measure(&e);
    assert_int_equal(e.counters.quarantined, 0);
    assert_int_equal(e.store.ndirty, 0);
}

static void when_redis_refuses_most_sites_none_is_left_out(void **state)
{
    (void)state;
    bad_commit = "NOPERM x";
    view(1, "bad");
    live(2 * HOLD_MS);
    hit(1, "bad", HIT_LEAVE);
    live(2 * HOLD_MS);
    assert_int_equal(e.counters.site_unprotected, 1);
    assert_int_equal(durable(1), 0);
    bad_commit = NULL;
    live(ROUND_PARK_MS + HOLD_MS);
    assert_int_equal(durable(1), 2);
}

static void datagrams_that_change_nothing_become_durable_too(void **state)
{
    unsigned rounds;

    (void)state;
    view(1, "shop");
    live(HOLD_MS + 200);
    rounds = (unsigned)e.counters.rounds;
    hit(1, "shop", HIT_LEAVE);
    hit(1, "shop", HIT_LEAVE);
    live(HOLD_MS + 200);
    assert_int_equal(durable(1), 3);
    assert_int_equal(e.counters.rounds, rounds);
}

static void barriers_of_idle_datagrams_are_made_ten_times_a_second(void **state)
{
    uint64_t before;

    (void)state;
    view(1, "shop");
    live(HOLD_MS + 200);
    before = e.counters.barriers;
    for (int i = 0; i < 1000; i++) {
        hit(1, "shop", HIT_LEAVE);
        live(1);
    }
    assert_in_range(e.counters.barriers - before, 8, 12);
}

/* The connection that reads sites back is not there. */
static void what_is_parked_holds_up_its_own_stream_and_no_other(void **state)
{
    (void)state;
    view(1, "live");
    view(2, "live");
    live(50);
    e.store.lazy = true;
    view(1, "waiting");
    view(1, "live");
    view(2, "live");
    live(HOLD_MS + 500);
    assert_int_equal(sender[1].ack.cum, 3); /* it was received */
    assert_int_equal(durable(1), 1);
    assert_int_equal(durable(2), 2);
}

static void while_parked_hits_fill_their_memory_nothing_is_taken(void **state)
{
    (void)state;
    view(1, "shop");
    live(20);
    assert_in_range(sender[1].ack.window, SENDER_CWND_MIN, SENDER_WINDOW);
    e.store.parked += PARKED_MAX;
    live(2);
    view(1, "shop");
    live(200);
    assert_int_equal(sender[1].ack.cum, 1);
    assert_int_equal(sender[1].ack.window, 0);
    e.store.parked -= PARKED_MAX;
    live(2);
    deliver(1, WIRE_PING, NULL, 0);
    live(20);
    assert_true(sender[1].ack.window > 0);
}

static void an_engine_with_nothing_to_do_wakes_once_a_second(void **state)
{
    (void)state;
    view(1, "shop");
    live(HOLD_MS + 1000);
    assert_in_range(live(600000), 500, 1000); /* ticks, and the site's end */
}

/* Else its sender would take for lost what is in Redis, if it ends as well. */
static void what_came_last_is_acknowledged_before_it_finishes(void **state)
{
    (void)state;
    view(1, "shop");
    live(1000);
    view(1, "shop");
    engine_turn(&e);
    assert_int_equal(sender[1].ack.cum, 1); /* it has time */
    engine_finish(&e, 10000, false);
    engine_turn(&e);
    assert_int_equal(sender[1].ack.cum, 2);
}

static void it_finishes_when_all_is_in_redis(void **state)
{
    (void)state;
    view(1, "shop");
    assert_false(engine_is_finished(&e));
    engine_finish(&e, 5000, false);
    engine_turn(&e);
    assert_false(engine_is_finished(&e));
    live(50);
    assert_int_equal(committed, 1);
    assert_true(engine_is_finished(&e));
    assert_int_equal(durable(1), 0);
}

static void with_drain_it_finishes_when_the_senders_know(void **state)
{
    (void)state;
    view(1, "shop");
    hit(2, "shop", HIT_LEAVE);
    engine_finish(&e, 10000, true);
    for (mono_t until = mono + 10000; mono < until && !engine_is_finished(&e);)
        live(10);
    assert_true(mono < e.deadline);
    assert_int_equal(durable(1), 1);
    assert_int_equal(durable(2), 1);
}

static void it_finishes_in_time_whatever_redis_does(void **state)
{
    (void)state;
    frozen = true;
    view(1, "shop");
    engine_finish(&e, 5000, true);
    live(4999);
    assert_false(engine_is_finished(&e));
    live(1);
    assert_true(engine_is_finished(&e));
}

static void without_a_hold_the_next_answer_is_enough(void **state)
{
    (void)state;
    engine_fini(&e);
    begin(state);
    e.writer.durability.maturity.hold = 0;
    view(1, "shop");
    live(20);
    assert_int_equal(durable(1), 1);
}

static void the_list_of_sites_is_tidied_once_a_minute(void **state)
{
    (void)state;
    assert_int_equal(sweeps, 1);
    live(59000);
    assert_int_equal(sweeps, 1);
    live(10 * MS_PER_MINUTE);
    assert_int_equal(sweeps, 11);
    disconnect();
    live(5 * MS_PER_MINUTE);
    assert_int_equal(sweeps, 11);
    reconnect();
    live(1000);
    assert_int_equal(sweeps, 12);
}

static void a_site_is_put_on_it_once_a_minute_at_most(void **state)
{
    (void)state;
    for (int i = 0; i < 150; i++) {
        view(1, "shop");
        live(1000);
    }
    assert_true(committed >= 150);
    assert_int_equal(lists, 3);
}

/* Redis forgets who is online unless it is told now and then (ONLINE_TTL_S). */
static void while_the_clock_stands_still_all_is_told_once_a_minute(void **state)
{
    unsigned before;

    (void)state;
    view(1, "shop");
    live(1000);
    before = committed;
    wall -= 5 * MS_PER_MINUTE;
    live(4 * MS_PER_MINUTE);
    assert_true(e.clock.held);
    assert_int_equal(committed, before + 4);
}

static void a_quiet_site_goes_ahead_of_the_next_round_and_a_busy_one_waits(void **state)
{
    (void)state;
    view(1, "shop");
    live(LATENCY_MS + PACE_AHEAD_MS + 1);
    assert_int_equal(committed, 1);
    view(1, "shop");
    view(2, "blog");
    live(LATENCY_MS + 1);
    assert_int_equal(committed, 2);
    live(PACE_GAP_MIN_MS / 2 - 2); /* still before the next round */
    assert_int_equal(committed, 2);
    live(PACE_GAP_MIN_MS / 2);
    assert_int_equal(committed, 3);
}

static void who_went_ahead_waits_for_its_rest_like_all_others(void **state)
{
    (void)state;
    view(1, "shop");
    live(LATENCY_MS + PACE_AHEAD_MS + 1);
    view(1, "blog");
    live(LATENCY_MS + PACE_AHEAD_MS + 1);
    assert_int_equal(committed, 2);
    view(1, "blog");
    live(LATENCY_MS + 1);
    assert_int_equal(committed, 2);
    live(PACE_GAP_MIN_MS);
    assert_int_equal(committed, 3);
}

/* The barrier of a round says of all datagrams before it that they are in Redis. */
static void who_goes_ahead_proves_nothing_of_those_that_are_left(void **state)
{
    (void)state;
    view(1, "shop");
    live(LATENCY_MS + PACE_AHEAD_MS + 1);
    assert_int_equal(e.counters.barriers, 1);
    view(1, "shop");
    view(2, "blog");
    live(LATENCY_MS + 1);
    assert_int_equal(committed, 2);
    assert_int_equal(e.counters.barriers, 1);
    live(PACE_GAP_MIN_MS);
    assert_int_equal(committed, 3);
    assert_int_equal(e.counters.barriers, 2);
}

/* Else what is left of their datagrams would be taken for idle, and be forgotten. */
static void who_goes_ahead_does_not_make_up_for_those_that_redis_refuses(void **state)
{
    (void)state;
    bad_commit = "NOPERM x";
    view(1, "bad1");
    view(1, "bad2");
    view(1, "bad3");
    live(2 * HOLD_MS);
    bad_commit = NULL;
    view(2, "shop");
    live(LATENCY_MS + PACE_AHEAD_MS + 1);
    view(2, "quiet");
    live(LATENCY_MS + 1);
    assert_int_equal(committed, 2);
    live(2 * HOLD_MS);
    assert_int_equal(durable(1), 0);
    live(ROUND_PARK_MS + HOLD_MS);
    assert_int_equal(durable(1), 3);
}

static void of_many_a_few_go_ahead_at_a_time(void **state)
{
    char site[8];

    (void)state;
    view(1, "shop");
    live(LATENCY_MS + PACE_AHEAD_MS + 1);
    for (int i = 0; i <= ROUND_AHEAD_SITES; i++) {
        snprintf(site, sizeof site, "s%d", i);
        view(1, site);
    }
    live(LATENCY_MS + 1);
    assert_int_equal(committed, 1 + ROUND_AHEAD_SITES);
    live(PACE_AHEAD_MS);
    assert_int_equal(committed, 2 + ROUND_AHEAD_SITES);
}

static void while_many_are_dirty_a_quiet_one_goes_ahead_all_the_same(void **state)
{
    enum { MANY = 3 * ROUND_AHEAD_SITES };
    char site[8];

    (void)state;
    for (int twice = 0; twice < 2; twice++) {
        for (int i = 0; i < MANY; i++) {
            snprintf(site, sizeof site, "s%d", i);
            view(1, site);
        }
        if (twice == 0)
            live(LATENCY_MS + PACE_AHEAD_MS + 1);
    }
    view(1, "quiet");
    assert_int_equal(committed, MANY);
    live(LATENCY_MS + 1);
    assert_int_equal(committed, MANY + 1);
    live(PACE_GAP_MIN_MS);
    assert_int_equal(committed, 2 * MANY + 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_datagram_is_told_received_soon_and_durable_a_hold_later),
        T(without_an_answer_after_the_hold_nothing_is_durable),
        T(an_error_instead_of_a_pong_starts_the_hold_again),
        T(a_commit_on_its_way_makes_a_ping_needless),
        T(a_steady_stream_becomes_durable_as_steadily),
        T(a_broken_connection_starts_the_hold_again),
        T(after_a_break_nothing_is_durable_before_all_was_looked_at),
        T(a_redis_that_went_back_is_looked_at_as_a_whole),
        T(what_redis_cannot_take_now_waits_and_is_not_durable),
        T(a_redis_that_was_read_only_is_looked_at_as_a_whole),
        T(all_sites_are_looked_at_no_more_often_than_every_five_seconds),
        T(until_all_were_looked_at_no_round_proves_anything),
        T(a_missing_script_is_loaded_and_the_epoch_kept),
        T(being_fenced_forgets_all_and_takes_a_higher_epoch),
        T(who_is_fenced_rests_longer_each_time),
        T(a_process_that_was_stopped_trusts_nothing_in_its_socket),
        T(a_sender_that_met_a_later_one_makes_it_go_above),
        T(an_epoch_that_redis_names_makes_it_go_above),
        T(an_absurd_epoch_is_not_taken),
        T(before_redis_gives_an_epoch_nobody_is_answered),
        T(an_epoch_outlives_a_broken_connection),
        T(a_clock_set_far_back_begins_anew),
        T(a_site_that_redis_refuses_holds_up_nobody_for_long),
        T(a_site_that_regresses_for_ever_is_left_out_too),
        T(when_redis_refuses_most_sites_none_is_left_out),
        T(datagrams_that_change_nothing_become_durable_too),
        T(barriers_of_idle_datagrams_are_made_ten_times_a_second),
        T(what_is_parked_holds_up_its_own_stream_and_no_other),
        T(while_parked_hits_fill_their_memory_nothing_is_taken),
        T(an_engine_with_nothing_to_do_wakes_once_a_second),
        T(what_came_last_is_acknowledged_before_it_finishes),
        T(it_finishes_when_all_is_in_redis),
        T(with_drain_it_finishes_when_the_senders_know),
        T(it_finishes_in_time_whatever_redis_does),
        T(without_a_hold_the_next_answer_is_enough),
        T(the_list_of_sites_is_tidied_once_a_minute),
        T(a_site_is_put_on_it_once_a_minute_at_most),
        T(while_the_clock_stands_still_all_is_told_once_a_minute),
        T(a_quiet_site_goes_ahead_of_the_next_round_and_a_busy_one_waits),
        T(who_went_ahead_waits_for_its_rest_like_all_others),
        T(who_goes_ahead_proves_nothing_of_those_that_are_left),
        T(who_goes_ahead_does_not_make_up_for_those_that_redis_refuses),
        T(of_many_a_few_go_ahead_at_a_time),
        T(while_many_are_dirty_a_quiet_one_goes_ahead_all_the_same),
    };

    return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
