/* round: builds commits part by part, keeps the replies' order, notes outcomes.
 *
 * As long as the window has room, parts of the present site are sent, then the next site
 * is taken. When Redis cannot take commits at all (fenced, loading, gone) no further site
 * is taken and the round runs out; when it refuses a single site the round goes on. A
 * commit in parts that fails in the middle is not sent to its end. */
#include "round.h"

#include <assert.h>
#include "../proto/log.h"
#include "commit_prefetch.h"

void round_init(struct round *r, struct store *store, struct clock *clock,
                struct aggregator_counters *counters)
{
    *r = (struct round){
        .store = store, .clock = clock, .counters = counters, .answered = INT64_MIN};
    command_init(&r->part, COMMIT_BYTES_MAX);
    buf_init(&r->message, MESSAGE_MAX);
    live_init(&r->live);
}

void round_fini(struct round *r)
{
    command_fini(&r->part);
    buf_fini(&r->message);
    live_fini(&r->live);
}

static void count(struct aggregator_counters *c, enum commit_outcome o)
{
    uint64_t *const counter[] = {
        [COMMIT_OK] = &c->commits,        [COMMIT_FENCED] = &c->fenced,
        [COMMIT_REGRESS] = &c->regress,   [COMMIT_TRANSIENT] = &c->retries,
        [COMMIT_NOSCRIPT] = &c->noscript, [COMMIT_UNKNOWN] = &c->unknown,
        [COMMIT_ERROR] = &c->refused,
    };

    ++*counter[o];
}

/* Whether the next commit would fare the same. */
static bool concerns_all(enum commit_outcome o)
{
    return o == COMMIT_FENCED || o == COMMIT_TRANSIENT || o == COMMIT_NOSCRIPT ||
           o == COMMIT_UNKNOWN;
}

static void time_commit(struct round *r, uint64_t began)
{
    uint64_t us = clock_us(r->clock) - began;

    r->counters->commit_us = us;
    if (us > r->counters->commit_us_max)
        r->counters->commit_us_max = us;
}

/* Redis refused the site for reasons of its own. Returns when to try again, 0: at once.
 */
static ms_t refused(struct round *r, struct site *s)
{
    if (s->failures < ROUND_REWRITES) {
        s->failures++;
        return 0;
    }
    r->refused++;
    r->left_out++;
    r->counters->site_unprotected++;
    return r->clock->now + ROUND_PARK_MS;
}

static void end_commit(struct round *r, struct site *s, enum commit_outcome o,
                       uint64_t began)
{
    ms_t retry_at = 0;

    count(r->counters, o);
    r->outcomes[o]++;
    if (o != COMMIT_OK)
        s->live_at = 0; /* who knows */
    if (o == COMMIT_OK) {
        time_commit(r, began);
        s->failures = 0;
    } else if (o == COMMIT_ERROR || o == COMMIT_REGRESS) {
        retry_at = refused(r, s);
    } else if (concerns_all(o)) {
        r->todo = 0;
    }
    commit_end(r->store, s, o, retry_at);
}

static void on_reply(void *arg, const redisReply *reply);

static bool send_call(struct round *r, struct command *c, struct site *s, bool last)
{
    if (redis_link_write(r->link, command_resp(c), on_reply, r) < 0)
        return false;
    round_calls_add(&r->calls, &(struct round_call){.site = s,
                                                    .bytes = c->bytes,
                                                    .sent = clock_mono(r->clock),
                                                    .last = last,
                                                    .began = r->began});
    return true;
}

/* The link takes no more parts, or they come too late. Those that are out are answered
 * first. */
static void stop_building(struct round *r)
{
    struct round_call *newest = round_calls_newest(&r->calls);

    r->building = false;
    if (newest && newest->site == r->commit.site)
        newest->last = newest->cut = true;
    else
        end_commit(r, r->commit.site, COMMIT_UNKNOWN, r->began);
}

static void send_part(struct round *r, ms_t now)
{
    bool last;

    if (commit_is_late(&r->commit, now)) {
        stop_building(r);
        return;
    }
    last = commit_next(&r->commit, r->sha, &r->part, &r->message);
    if (!send_call(r, &r->part, r->commit.site, last)) {
        stop_building(r);
    } else if (last) {
        r->building = false;
        live_add(&r->live, r->commit.site, r->commit.now);
        r->counters->log_rewrites += r->commit.relog;
    }
}

/* Best effort: the numbers are in Redis, and the next message has them too. */
static void send_tick(struct round *r, struct site *s, ms_t now)
{
    commit_tick(s, r->epoch, now, &r->part, &r->message);
    if (send_call(r, &r->part, NULL, true))
        r->counters->ticks++;
}

/* Best effort, too: where there is no room for its expiry, that comes with the next
 * sweep. */
static void send_live(struct round *r)
{
    if (r->live.n > 0 && send_call(r, &r->live.command, NULL, true) &&
        round_calls_have_room(&r->calls)) {
        live_expiry(&r->live.command, r->store->window);
        send_call(r, &r->live.command, NULL, true);
    }
    live_clear(&r->live);
}

/* One that has rested takes nobody's place in a round. */
static struct site *next_site(struct round *r)
{
    struct site *s = NULL;

    if (!r->ahead && r->since_rested >= ROUND_AHEAD_EVERY)
        s = store_take_rested(r->store);
    if (s) {
        r->since_rested = 0;
        return s;
    }
    s = r->ahead ? store_take_rested(r->store) : store_take_dirty(r->store);
    r->todo = s ? r->todo - 1 : 0; /* some may have been dropped meanwhile */
    r->since_rested++;
    return s;
}

static void take_site(struct round *r, ms_t now)
{
    struct site *s = next_site(r);

    if (!s)
        return;
    if (s->retry_at > now) {
        r->left_out++;
        store_mark_dirty(r->store, s);
    } else if (!r->check && commit_is_tick(s)) {
        send_tick(r, s, now);
    } else {
        commit_prefetch(r->store->dirty.head);
        r->building = true;
        r->began = clock_us(r->clock);
        commit_begin(&r->commit, r->store, s, r->epoch, now);
    }
}

static void go_on(struct round *r, ms_t now)
{
    while (round_calls_have_room(&r->calls) && (r->building || r->todo > 0))
        if (live_is_full(&r->live))
            send_live(r);
        else if (r->building)
            send_part(r, now);
        else
            take_site(r, now);
    if (round_calls_have_room(&r->calls) && !r->building)
        send_live(r);
    r->active = r->calls.n > 0;
}

static enum commit_outcome outcome_of(struct round *r, struct site *s,
                                      const redisReply *reply)
{
    if (reply && commit_goals(s, reply, &r->counters->goals_bad))
        return COMMIT_OK;
    if (!reply || !reply->str)
        return COMMIT_UNKNOWN;
    return commit_outcome(reply->str, (size_t)reply->len,
                          reply->type == REDIS_REPLY_ERROR);
}

static void complain(struct round *r, const struct site *s, const redisReply *reply)
{
    char site[SITE_MAX + 1], text[200];

    if (seldom(&r->complained, clock_mono(r->clock)))
        log_line("event=site_refused site=%s reply=\"%s\"",
                 log_safe(site, sizeof site, s->id, s->id_n),
                 log_safe(text, sizeof text, reply->str, (unsigned long)reply->len));
}

static void note_fence(struct round *r, const redisReply *reply)
{
    uint64_t by = commit_fenced_by(reply->str, (size_t)reply->len);

    if (r->fenced_by < by)
        r->fenced_by = by;
}

static void take_reply(struct round *r, struct round_call *call, const redisReply *reply)
{
    enum commit_outcome o = outcome_of(r, call->site, reply);

    if (o == COMMIT_OK && call->cut)
        o = COMMIT_UNKNOWN;
    if (o == COMMIT_ERROR)
        complain(r, call->site, reply);
    if (o == COMMIT_FENCED)
        note_fence(r, reply);
    if (r->outcome == COMMIT_OK)
        r->outcome = o;
    if (o != COMMIT_OK && r->building && r->commit.site == call->site) {
        r->building = false;
        (r->calls.n > 0 ? round_calls_newest(&r->calls) : call)->last = true;
    }
    if (call->last) {
        o = r->outcome;
        r->outcome = COMMIT_OK;
        end_commit(r, call->site, o, call->began);
    }
}

static void on_reply(void *arg, const redisReply *reply)
{
    struct round *r = arg;
    struct round_call call = round_calls_take(&r->calls);

    if (reply && reply->type != REDIS_REPLY_ERROR)
        r->answered = call.sent;
    if (call.site)
        take_reply(r, &call, reply);
}

/* Those quarantined gather at the head, and are few. */
ms_t round_due(const struct round *r, ms_t now)
{
    ms_t due = r->store->rested.n > 0 ? now : INT64_MAX;

    for (const struct site *s = r->store->dirty.head; s && due > now; s = s->next_dirty)
        if (s->retry_at < due)
            due = s->retry_at;
    return due;
}

bool round_may_go_ahead(const struct round *r)
{
    return r->store->rested.n > 0;
}

static void begin(struct round *r, struct slice sha, uint64_t epoch, size_t todo,
                  ms_t now)
{
    assert(!r->active && !r->building);
    r->sha = sha;
    r->epoch = epoch;
    r->todo = todo;
    r->since_rested = ROUND_AHEAD_EVERY;
    r->refused = 0;
    r->fenced_by = 0;
    memset(r->outcomes, 0, sizeof r->outcomes);
    go_on(r, now);
    r->counters->rounds += r->active;
}

void round_begin(struct round *r, struct slice sha, uint64_t epoch, ms_t now)
{
    store_begin_round(r->store, now);
    r->ahead = false;
    r->left_out = 0;
    begin(r, sha, epoch, r->store->ndirty, now);
}

void round_begin_ahead(struct round *r, struct slice sha, uint64_t epoch, ms_t now)
{
    size_t rested = r->store->rested.n;

    r->ahead = true;
    begin(r, sha, epoch, rested < ROUND_AHEAD_SITES ? rested : ROUND_AHEAD_SITES, now);
}

void round_turn(struct round *r, ms_t now)
{
    if (r->active)
        go_on(r, now);
}

bool round_sweep(struct round *r, ms_t now)
{
    if (r->building || !round_calls_have_room(&r->calls))
        return false;
    live_sweep(&r->part, r->store->window, now);
    send_call(r, &r->part, NULL, true);
    if (round_calls_have_room(&r->calls)) {
        live_expiry(&r->part, r->store->window);
        send_call(r, &r->part, NULL, true);
    }
    return true;
}

void round_stop(struct round *r)
{
    r->todo = 0;
    live_clear(&r->live);
    if (r->building)
        stop_building(r);
    r->answered = INT64_MIN;
}

bool round_is_confirmed(const struct round *r)
{
    for (size_t o = 0; o < sizeof r->outcomes / sizeof *r->outcomes; o++)
        if (o != COMMIT_OK && o != COMMIT_ERROR && r->outcomes[o] > 0)
            return false;
    return r->outcomes[COMMIT_ERROR] == r->refused && round_can_do_without(r);
}

bool round_can_do_without(const struct round *r)
{
    return 2 * r->left_out <= r->store->nsites;
}

mono_t round_sent(const struct round *r)
{
    return round_calls_sent(&r->calls);
}

void round_forget(struct round *r)
{
    round_calls_forget(&r->calls);
    r->building = false;
    live_clear(&r->live);
    r->active = r->calls.n > 0;
    r->outcome = COMMIT_OK;
    r->todo = 0;
    r->refused = 0;
    r->left_out = 0;
    memset(r->outcomes, 0, sizeof r->outcomes);
}
