/* writer: sets up a connection, runs rounds, and answers what they come to.
 *
 * On every connection the setup comes first. The epoch is kept over reconnects; what may
 * have been lost with the connection, or with a Redis that was restarted, shows when all
 * sites are committed once more: one that finds Redis behind is rewritten whole. If Redis
 * loses data without losing the connection, the first site to notice does the same for
 * all others; and so does every sign that it is another one than before, behind a proxy
 * or after a failover: a missing script, READONLY, LOADING and the like. Until all have
 * been looked at no round proves anything of datagrams: a site that was not touched may
 * be one that Redis has lost.
 *
 * Being fenced means that a later aggregator owns the site: everything is forgotten and a
 * higher epoch taken, as after a restart. */
#include "writer.h"

static void be(struct writer *w, enum writer_state state)
{
    w->state = state;
    w->counters->redis_up = state == WRITER_READY;
    w->counters->epoch = w->setup.epoch;
}

static mono_t sooner(mono_t a, mono_t b)
{
    return a < b ? a : b;
}

/* ---- setup -------------------------------------------------------------- */

/* Returns when to be called again. */
static mono_t begin_setup(struct writer *w, mono_t now)
{
    mono_t due = now + pace_wait(&w->pace, now);
    bool no_epoch = w->setup.epoch == 0;

    if (no_epoch && w->epoch_at > due)
        due = w->epoch_at;
    if (due > now)
        return due;
    if (!redis_setup_begin(&w->setup, w->link)) {
        pace_fail(&w->pace, now);
        return now + pace_wait(&w->pace, now);
    }
    be(w, WRITER_SETTING_UP);
    if (no_epoch)
        w->epoch_at = now + WRITER_EPOCH_MS;
    return INT64_MAX;
}

/* The epoch may have been given up meanwhile. */
static void on_setup(void *arg, bool ok)
{
    struct writer *w = arg;

    if (w->state != WRITER_SETTING_UP)
        return;
    if (!ok)
        pace_fail(&w->pace, clock_mono(w->clock));
    be(w, ok && w->setup.epoch > 0 ? WRITER_READY : WRITER_BARE);
}

/* ---- rounds ------------------------------------------------------------- */

/* Redis may have lost what it had. */
static void doubt(struct writer *w)
{
    w->recheck = true;
    durability_break(&w->durability);
}

/* What a round that is over has come to. */
static void settle(struct writer *w, mono_t now)
{
    const unsigned *outcomes = w->round.outcomes;
    bool failed = outcomes[COMMIT_TRANSIENT] || outcomes[COMMIT_UNKNOWN];

    w->in_round = false;
    if (outcomes[COMMIT_REGRESS] || outcomes[COMMIT_TRANSIENT] ||
        outcomes[COMMIT_NOSCRIPT])
        doubt(w);
    if (failed)
        pace_fail(&w->pace, now);
    else if (w->ahead)
        pace_end_ahead(&w->pace, now);
    else
        pace_end(&w->pace, now);
    if (outcomes[COMMIT_FENCED])
        w->fenced = true;
    else if (outcomes[COMMIT_NOSCRIPT])
        be(w, w->state == WRITER_READY ? WRITER_BARE : w->state);
    else if (!failed)
        w->round.check = false;
    if (!w->ahead)
        durability_end(&w->durability, round_is_confirmed(&w->round) && !w->recheck, now);
}

static void begin_round(struct writer *w, ms_t now, mono_t mono)
{
    pace_begin(&w->pace, mono);
    durability_begin(&w->durability, mono);
    w->in_round = true;
    w->ahead = false;
    round_begin(&w->round, slice_of(w->setup.commit_sha), w->setup.epoch, now);
    if (!w->round.active)
        settle(w, mono);
}

static void go_ahead(struct writer *w, ms_t now, mono_t mono)
{
    pace_begin_ahead(&w->pace, mono);
    w->in_round = w->ahead = true;
    round_begin_ahead(&w->round, slice_of(w->setup.commit_sha), w->setup.epoch, now);
    if (!w->round.active)
        settle(w, mono);
}

/* Lets sites go ahead of the next round if it is time. Returns when it is. Not while all
 * are to be looked at: then only a whole round says that it was done. */
static mono_t ahead(struct writer *w, ms_t now, mono_t mono)
{
    mono_t wait = pace_wait_ahead(&w->pace, mono);

    if (!round_may_go_ahead(&w->round) || w->recheck || w->round.check)
        return INT64_MAX;
    if (wait > 0)
        return mono + wait;
    go_ahead(w, now, mono);
    return mono + pace_wait_ahead(&w->pace, mono);
}

/* Everything is looked at again, if that is wanted and due. */
static void recheck(struct writer *w, mono_t now)
{
    if (!w->recheck || now < w->recheck_at)
        return;
    w->recheck = false;
    if (w->store->nsites > 0)
        w->recheck_at = now + WRITER_RECHECK_MS;
    w->round.check = true;
    store_recheck(w->store);
}

/* Nothing is to be committed before @retry: datagrams that changed nothing are safe with
 * what is. */
static mono_t idle(struct writer *w, ms_t retry, ms_t now, mono_t mono)
{
    mono_t due;

    if (!w->recheck && mono >= durability_idle_due(&w->durability)) {
        durability_begin(&w->durability, mono);
        durability_end(&w->durability, round_can_do_without(&w->round), mono);
    }
    due = w->recheck ? w->recheck_at : durability_idle_due(&w->durability);
    return retry == INT64_MAX ? due : sooner(due, mono + (retry - now));
}

/* Begins a round if one is due, or a part of one. Returns when to be called again. */
static mono_t go_on(struct writer *w, ms_t now, mono_t mono)
{
    mono_t soon = INT64_MAX;
    ms_t due;

    recheck(w, mono);
    due = round_due(&w->round, now);
    if (due > now) {
        w->round.check = false; /* there is no site */
        if (due == INT64_MAX)
            w->round.left_out = 0; /* those that were are gone */
        return idle(w, due, now, mono);
    }
    if (pace_wait(&w->pace, mono) == 0)
        begin_round(w, now, mono);
    else
        soon = ahead(w, now, mono);
    soon = sooner(soon, mono + pace_wait(&w->pace, mono));
    return w->round.active ? INT64_MAX : soon;
}

/* Once a minute. While the clock stands still no minute turns of which a commit would
 * come, and Redis would forget who is online: so all sites are told once more. Returns
 * when to be called again. */
static mono_t sweep(struct writer *w, ms_t now, mono_t mono)
{
    if (mono >= w->sweep_at && round_sweep(&w->round, now)) {
        w->sweep_at = mono + LIVE_EVERY_MS;
        if (w->clock->held)
            store_recheck(w->store);
    }
    return mono < w->sweep_at ? w->sweep_at : INT64_MAX; /* a reply comes */
}

mono_t writer_turn(struct writer *w, ms_t now, mono_t mono)
{
    mono_t due = INT64_MAX;

    round_turn(&w->round, now);
    if (w->in_round && !w->round.active)
        settle(w, mono);
    if (w->durability.doubted)
        doubt(w);
    w->durability.doubted = false;
    if (w->round.active || w->fenced)
        due = INT64_MAX;
    else if (w->state == WRITER_BARE)
        due = begin_setup(w, mono);
    else if (w->state == WRITER_READY)
        due = go_on(w, now, mono);
    if (w->state == WRITER_READY)
        due = sooner(due, sweep(w, now, mono));
    if (w->state == WRITER_READY)
        due = sooner(due, durability_turn(&w->durability, w->link, w->round.answered,
                                          round_sent(&w->round), mono));
    return due;
}

/* ---- life --------------------------------------------------------------- */

void writer_init(struct writer *w, struct store *store, struct clock *clock,
                 struct receiver *receiver, struct aggregator_counters *counters,
                 mono_t hold_ms)
{
    *w = (struct writer){.store = store, .clock = clock, .counters = counters};
    redis_setup_init(&w->setup, clock, counters, on_setup, w);
    round_init(&w->round, store, clock, counters);
    durability_init(&w->durability, receiver, store, clock, counters, hold_ms);
}

void writer_fini(struct writer *w)
{
    round_fini(&w->round);
    durability_fini(&w->durability);
}

void writer_up(struct writer *w, struct redis_link *link)
{
    w->link = w->round.link = link;
    w->pace = (struct pace){0};
    w->recheck = true;
    w->recheck_at = 0;
    be(w, WRITER_BARE);
}

void writer_down(struct writer *w)
{
    round_stop(&w->round);
    durability_break(&w->durability);
    be(w, WRITER_DOWN);
}

void writer_noscript(struct writer *w)
{
    if (w->state != WRITER_READY)
        return;
    pace_fail(&w->pace, clock_mono(w->clock));
    be(w, WRITER_BARE);
}

void writer_reboot(struct writer *w, uint64_t seen, mono_t at)
{
    if (w->epoch_at < at)
        w->epoch_at = at;
    w->counters->reboots++;
    round_forget(&w->round);
    durability_break(&w->durability);
    redis_setup_forget_epoch(&w->setup, seen);
    w->in_round = w->fenced = w->recheck = w->round.check = false;
    be(w, w->state == WRITER_READY ? WRITER_BARE : w->state);
}

bool writer_is_ready(const struct writer *w)
{
    return w->state == WRITER_READY;
}

bool writer_is_idle(const struct writer *w, ms_t now)
{
    return !w->round.active && round_due(&w->round, now) > now;
}

bool writer_is_durable(const struct writer *w, ms_t now)
{
    return writer_is_idle(w, now) && !w->recheck &&
           durability_is_complete(&w->durability);
}
