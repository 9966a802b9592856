/* writer: connects, sets up, runs rounds, and answers what they come to.
 *
 * On every connection the setup comes first. The epoch is kept over reconnects; what may
 * have been lost with the connection, or with a Redis that was restarted, shows when all
 * sites are committed once more: one that finds Redis behind is rewritten whole. If Redis
 * loses data without losing the connection, the first site to notice does the same for
 * all others.
 *
 * Being fenced means that a later aggregator owns the site: everything is forgotten and a
 * higher epoch taken, as after a restart. */
#include "writer.h"

#include <assert.h>
#include <inttypes.h>
#include "../proto/log.h"

static mono_t loop_now(const struct writer *w)
{
    return (mono_t)uv_now(w->loop);
}

static void on_timer(uv_timer_t *timer)
{
    writer_pump(timer->data);
}

static void arm(struct writer *w, mono_t wait)
{
    uv_timer_start(&w->timer, on_timer, (uint64_t)wait, 0);
}

static void be(struct writer *w, enum writer_state state)
{
    w->state = state;
    w->counters->redis_up = state == WRITER_READY;
    w->counters->epoch = w->setup.epoch;
}

/* ---- setup -------------------------------------------------------------- */

static void begin_setup(struct writer *w)
{
    mono_t wait = pace_wait(&w->pace, loop_now(w));
    bool no_epoch = w->setup.epoch == 0;

    if (no_epoch && w->epoch_at - loop_now(w) > wait)
        wait = w->epoch_at - loop_now(w);
    if (wait > 0) {
        arm(w, wait);
    } else if (redis_setup_begin(&w->setup, w->link)) {
        be(w, WRITER_SETTING_UP);
        if (no_epoch)
            w->epoch_at = loop_now(w) + WRITER_EPOCH_MS;
    }
}

static void on_setup(void *arg, bool ok)
{
    struct writer *w = arg;

    if (w->closing)
        return;
    if (!ok)
        pace_fail(&w->pace, loop_now(w));
    be(w, ok ? WRITER_READY : WRITER_BARE);
    if (ok && w->setup.epoch == 0)
        be(w, WRITER_BARE); /* given up meanwhile */
    writer_pump(w);
}

/* ---- rounds ------------------------------------------------------------- */

static void fenced(struct writer *w)
{
    if (seldom(&w->fenced, loop_now(w)))
        log_line("event=fenced epoch=%" PRIu64
                 " hint=\"another aggregator writes to this Redis\"",
                 w->setup.epoch);
    writer_reboot(w, clock_now(w->clock));
}

/* What a round that is over has come to. */
static void settle(struct writer *w)
{
    const unsigned *outcomes = w->round.outcomes;

    w->has_written |= outcomes[COMMIT_OK] > 0;
    w->recheck |= outcomes[COMMIT_REGRESS] > 0 && !w->round.check;
    if (outcomes[COMMIT_TRANSIENT] || outcomes[COMMIT_UNKNOWN]) {
        pace_fail(&w->pace, loop_now(w));
        return;
    }
    pace_end(&w->pace, loop_now(w));
    if (outcomes[COMMIT_FENCED])
        fenced(w);
    else if (outcomes[COMMIT_NOSCRIPT])
        be(w, WRITER_BARE);
    else
        w->round.check = false;
}

static void on_round_ended(void *arg)
{
    struct writer *w = arg;

    if (w->closing)
        return;
    settle(w);
    writer_pump(w);
}

static void begin_round(struct writer *w, ms_t now)
{
    pace_begin(&w->pace, loop_now(w));
    round_begin(&w->round, slice_of(w->setup.sha), w->setup.epoch, now);
    if (!w->round.active)
        settle(w);
}

/* Everything is looked at again, if that is wanted and due. */
static void recheck(struct writer *w)
{
    if (!w->recheck || loop_now(w) < w->recheck_at)
        return;
    w->recheck = false;
    w->recheck_at = loop_now(w) + WRITER_RECHECK_MS;
    w->round.check = true;
    store_recheck(w->store);
}

/* Begins a round, or sees to it that one begins in time. */
static void go_on(struct writer *w, ms_t now)
{
    mono_t wait = pace_wait(&w->pace, loop_now(w));

    recheck(w);
    if (round_has_work(&w->round, now)) {
        if (wait == 0)
            begin_round(w, now);
        else
            arm(w, wait);
    } else if (w->recheck) {
        arm(w, w->recheck_at - loop_now(w));
    } else if (w->round.parked > 0) {
        arm(w, w->round.parked_until - now);
    }
}

/* ---- the end ------------------------------------------------------------ */

static void finish(struct writer *w)
{
    if (!w->finishing)
        return;
    w->finishing = false;
    uv_timer_stop(&w->deadline);
    w->done(w->arg);
}

static void on_deadline(uv_timer_t *timer)
{
    struct writer *w = timer->data;

    log_line("event=unsaved sites=%zu hint=\"Redis did not take the last changes in "
             "time\"",
             w->store->ndirty);
    finish(w);
}

void writer_pump(struct writer *w)
{
    ms_t now;

    if (w->closing)
        return;
    now = clock_now(w->clock); /* may forget all sites */
    if (w->state == WRITER_BARE && !w->round.active)
        begin_setup(w);
    else if (w->state == WRITER_READY && !w->round.active)
        go_on(w, now);
    if (!w->round.active && !round_has_work(&w->round, now))
        finish(w);
}

/* ---- the connection ----------------------------------------------------- */

static void on_up(void *arg)
{
    struct writer *w = arg;

    w->pace = (struct pace){0};
    w->recheck = w->has_written;
    w->recheck_at = 0;
    be(w, WRITER_BARE);
    writer_pump(w);
}

/* The link has logged it. */
static void on_down(void *arg, const char *why)
{
    (void)why;
    be(arg, WRITER_DOWN);
}

static const struct redis_link_events link_events = {.up = on_up, .down = on_down};

int writer_open(struct writer *w, uv_loop_t *loop, const struct redis_addr *addr,
                struct store *store, struct clock *clock,
                struct aggregator_counters *counters)
{
    *w = (struct writer){
        .loop = loop, .store = store, .clock = clock, .counters = counters};
    w->link = redis_link_open(loop, addr, "headcount-aggregator", &link_events, w);
    if (!w->link)
        return UV_ENOMEM;
    redis_setup_init(&w->setup, loop, counters, on_setup, w);
    round_init(&w->round, store, clock, counters, on_round_ended, w);
    w->round.link = w->link;
    uv_timer_init(loop, &w->timer);
    uv_timer_init(loop, &w->deadline);
    w->timer.data = w->deadline.data = w;
    w->open = 3;
    return 0;
}

void writer_reboot(struct writer *w, ms_t now)
{
    w->counters->reboots++;
    round_forget(&w->round);
    store_reset(w->store, now);
    redis_setup_forget_epoch(&w->setup);
    w->has_written = w->recheck = false;
    if (w->state == WRITER_READY)
        be(w, WRITER_BARE);
}

void writer_finish(struct writer *w, uint64_t ms, void (*done)(void *arg), void *arg)
{
    assert(!w->finishing && !w->closing);
    w->finishing = true;
    w->done = done;
    w->arg = arg;
    uv_timer_start(&w->deadline, on_deadline, ms, 0);
    writer_pump(w);
}

static void closed_one(struct writer *w)
{
    if (--w->open > 0)
        return;
    round_fini(&w->round);
    w->done(w->arg);
}

static void on_timer_closed(uv_handle_t *handle)
{
    closed_one(handle->data);
}

static void on_link_closed(void *arg)
{
    closed_one(arg);
}

void writer_close(struct writer *w, void (*closed)(void *arg), void *arg)
{
    w->closing = true;
    w->done = closed;
    w->arg = arg;
    uv_close((uv_handle_t *)&w->timer, on_timer_closed);
    uv_close((uv_handle_t *)&w->deadline, on_timer_closed);
    redis_link_close(w->link, on_link_closed, w);
}
