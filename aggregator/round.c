/* round: builds commits part by part, keeps the replies' order, passes outcomes on.
 *
 * As long as the window has room, parts of the present site are sent, then the next site
 * is taken. When Redis cannot take commits at all (fenced, loading, gone) no further site
 * is taken and the round runs out; when it refuses a single site the round goes on. A
 * commit in parts that fails in the middle is not sent to its end. */
#include "round.h"

#include <assert.h>
#include "../proto/log.h"

void round_init(struct round *r, struct store *store, struct clock *clock,
                struct aggregator_counters *counters, void (*ended)(void *arg), void *arg)
{
    *r = (struct round){
        .store = store, .clock = clock, .counters = counters, .ended = ended, .arg = arg};
    command_init(&r->part, COMMIT_BYTES_MAX);
    buf_init(&r->message, MESSAGE_MAX);
}

void round_fini(struct round *r)
{
    command_fini(&r->part);
    buf_fini(&r->message);
}

static bool has_room(const struct round *r)
{
    return r->n < COMMITS_IN_FLIGHT_MAX && r->bytes < ROUND_BYTES_MAX;
}

static struct round_call *newest(struct round *r)
{
    return &r->call[(r->first + r->n - 1) % COMMITS_IN_FLIGHT_MAX];
}

static void count(struct aggregator_counters *c, enum commit_outcome o)
{
    uint64_t *const counter[] = {
        [COMMIT_OK] = &c->commits,
        [COMMIT_FENCED] = &c->fenced,
        [COMMIT_REGRESS] = &c->regress,
        [COMMIT_TRANSIENT] = &c->retries,
        [COMMIT_NOSCRIPT] = &c->noscript,
        [COMMIT_UNKNOWN] = &c->unknown,
        [COMMIT_ERROR] = &c->site_unprotected,
    };

    ++*counter[o];
}

/* Whether the next commit would fare the same. */
static bool concerns_all(enum commit_outcome o)
{
    return o == COMMIT_FENCED || o == COMMIT_TRANSIENT || o == COMMIT_NOSCRIPT ||
           o == COMMIT_UNKNOWN;
}

static void end_commit(struct round *r, struct site *s, enum commit_outcome o,
                       uint64_t began)
{
    if (o == COMMIT_OK) {
        uint64_t us = (uv_hrtime() - began) / 1000;

        r->counters->commit_us = us;
        if (us > r->counters->commit_us_max)
            r->counters->commit_us_max = us;
    }
    count(r->counters, o);
    r->outcomes[o]++;
    if (concerns_all(o))
        r->todo = 0;
    commit_end(r->store, s, o, o == COMMIT_ERROR ? r->clock->now + ROUND_PARK_MS : 0);
}

static void on_reply(void *arg, const redisReply *reply);

/* Sends what is in r->part. */
static bool send_call(struct round *r, struct site *s, bool last)
{
    if (redis_link_call(r->link, (int)r->part.n, command_argv(&r->part), r->part.len,
                        on_reply, r) < 0)
        return false;
    r->n++;
    r->bytes += r->part.text.n;
    *newest(r) = (struct round_call){
        .site = s, .bytes = r->part.text.n, .last = last, .began = r->began};
    return true;
}

/* The link takes no more parts. Those that are out are answered first. */
static void stop_building(struct round *r)
{
    r->building = false;
    if (r->n > 0 && newest(r)->site == r->commit.site)
        newest(r)->last = newest(r)->cut = true;
    else
        end_commit(r, r->commit.site, COMMIT_UNKNOWN, r->began);
}

static void send_part(struct round *r)
{
    bool last = commit_next(&r->commit, r->sha, &r->part, &r->message);

    if (!send_call(r, r->commit.site, last))
        stop_building(r);
    else if (last)
        r->building = false;
}

/* Best effort: the numbers are in Redis, and the next message has them too. */
static void send_tick(struct round *r, struct site *s, ms_t now)
{
    commit_tick(s, r->epoch, now, &r->part, &r->message);
    if (send_call(r, NULL, true))
        r->counters->ticks++;
}

/* Only the minute turned: nothing is there to be written. */
static bool is_tick(const struct round *r, const struct site *s)
{
    return s->tick && !r->check && !s->dirty && !s->full &&
           s->recent_done == s->recent.last;
}

static void park(struct round *r, struct site *s)
{
    store_mark_dirty(r->store, s);
    if (r->parked++ == 0 || s->retry_at < r->parked_until)
        r->parked_until = s->retry_at;
}

static void take_site(struct round *r, ms_t now)
{
    struct site *s = store_take_dirty(r->store);

    r->todo--;
    if (s->retry_at > now) {
        park(r, s);
    } else if (is_tick(r, s)) {
        send_tick(r, s, now);
    } else {
        r->building = true;
        r->began = uv_hrtime();
        commit_begin(&r->commit, r->store, s, r->epoch, now);
    }
}

static void go_on(struct round *r, ms_t now)
{
    while (has_room(r) && (r->building || r->todo > 0))
        if (r->building)
            send_part(r);
        else
            take_site(r, now);
    r->active = r->n > 0;
}

static enum commit_outcome outcome_of(const redisReply *reply)
{
    if (!reply || !reply->str)
        return COMMIT_UNKNOWN;
    return commit_outcome(reply->str, (size_t)reply->len,
                          reply->type == REDIS_REPLY_ERROR);
}

static void complain(struct round *r, const struct site *s, const redisReply *reply)
{
    char site[SITE_MAX + 1], text[200];

    if (seldom(&r->complained, (mono_t)(uv_hrtime() / 1000000)))
        log_line("event=site_unprotected site=%s reply=\"%s\"",
                 log_safe(site, sizeof site, s->id, s->id_n),
                 log_safe(text, sizeof text, reply->str, (unsigned long)reply->len));
}

static void take_reply(struct round *r, struct round_call *call, const redisReply *reply)
{
    enum commit_outcome o = outcome_of(reply);

    if (o == COMMIT_OK && call->cut)
        o = COMMIT_UNKNOWN;
    if (o == COMMIT_ERROR)
        complain(r, call->site, reply);
    if (r->outcome == COMMIT_OK)
        r->outcome = o;
    if (o != COMMIT_OK && r->building && r->commit.site == call->site) {
        r->building = false;
        if (r->n > 0)
            newest(r)->last = true;
        else
            call->last = true;
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
    ms_t now = clock_now(r->clock); /* may forget all sites */
    struct round_call call = r->call[r->first];

    assert(r->n > 0);
    r->first = (r->first + 1) % COMMITS_IN_FLIGHT_MAX;
    r->n--;
    r->bytes -= call.bytes;
    if (call.site)
        take_reply(r, &call, reply);
    go_on(r, now);
    if (!r->active)
        r->ended(r->arg);
}

bool round_has_work(const struct round *r, ms_t now)
{
    return r->store->ndirty > r->parked || (r->parked > 0 && now >= r->parked_until);
}

void round_begin(struct round *r, struct slice sha, uint64_t epoch, ms_t now)
{
    assert(!r->active && !r->building);
    r->sha = sha;
    r->epoch = epoch;
    r->todo = r->store->ndirty;
    r->parked = 0;
    memset(r->outcomes, 0, sizeof r->outcomes);
    go_on(r, now);
    r->counters->rounds += r->active;
}

void round_forget(struct round *r)
{
    for (unsigned i = 0; i < r->n; i++)
        r->call[(r->first + i) % COMMITS_IN_FLIGHT_MAX].site = NULL;
    r->building = false;
    r->outcome = COMMIT_OK;
    r->todo = 0;
    r->parked = 0;
    memset(r->outcomes, 0, sizeof r->outcomes);
}
