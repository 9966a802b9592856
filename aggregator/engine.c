/* engine: the parts, the order of a turn, and beginning anew.
 *
 * Whoever finds that all is to be forgotten (a reply, a datagram, the clock) is deep
 * inside a part that would be pulled from under it. So it is only noted, the receiver
 * takes nothing from that instant on, and the next turn does the rest. */
#include "engine.h"

#include <inttypes.h>
#include <stdlib.h>
#include "../proto/log.h"

/* The turn of the minute is told by the wall clock, which may be set: it is looked at no
 * less often than this. */
#define TICK_MAX_MS 1000

/* A process that was stopped for so long (SIGSTOP, a suspended host) finds datagrams in
 * its socket whose hits are older than they say, and of sites that another aggregator may
 * have taken over, counted and forgotten meanwhile. */
#define FROZEN_MS SENDER_SILENCE_MS

/* Two aggregators that both get hits of the same sites fence each other. Whoever is
 * fenced rests, longer each time, so that the other's rounds mature and senders who know
 * both settle. After RIVAL_CALM_MS without it the first rest is short again. */
#define RIVAL_REST_MIN_MS 1000
#define RIVAL_REST_MAX_MS 16000
#define RIVAL_CALM_MS 60000

/* Who finishes owes nobody an ACK that might come too late. */
#define ALL_ACKS (INT64_MAX - 1)

static mono_t sooner(mono_t a, mono_t b)
{
    return a < b ? a : b;
}

/* ---- beginning anew ----------------------------------------------------- */

/* May be called from anywhere. */
static void want_reboot(struct engine *e)
{
    e->reboot = true;
    e->epoch = 0;
    receiver_reset(e->intake.receiver, 0);
}

static void on_clock_reset(void *arg, ms_t now)
{
    (void)now;
    log_line("event=clock_reset hint=\"the wall clock was set back by more than ten "
             "minutes; counting begins anew\"");
    want_reboot(arg);
}

static void on_fenced(void *arg, uint64_t by)
{
    struct engine *e = arg;

    if (by > e->seen)
        e->seen = by;
    if (seldom(&e->fenced, clock_mono(&e->clock)))
        log_line("event=fenced epoch=%" PRIu64
                 " hint=\"another aggregator writes to this Redis\"",
                 e->writer.setup.epoch);
    e->rivalled = true;
    want_reboot(e);
}

/* Something comes, or time: was this process stopped since the last time? Whatever it
 * finds first when it goes on, this is looked at before. */
static void notice_time(struct engine *e, mono_t now)
{
    mono_t gone = now - e->noticed;

    e->noticed = now;
    if (gone <= FROZEN_MS || e->reboot)
        return;
    log_line("event=frozen ms=%" PRId64 " hint=\"the process was stopped; counting goes "
             "on from what Redis holds\"",
             gone);
    e->counters.frozen++;
    want_reboot(e);
}

/* How long to rest: doubled, and a quarter more or less, lest both rest alike. */
static mono_t rivalry(struct engine *e, mono_t now)
{
    struct key key = e->config->key;
    mono_t rest;

    if (e->rest == 0 || now - e->fenced_at > RIVAL_CALM_MS)
        e->rest = RIVAL_REST_MIN_MS;
    else if (e->rest < RIVAL_REST_MAX_MS)
        e->rest *= 2;
    e->fenced_at = now;
    rest = e->rest * 3 / 4;
    return rest + (mono_t)(siphash(&key, &now, sizeof now) % (uint64_t)(e->rest / 2));
}

static void on_noscript(void *arg)
{
    struct engine *e = arg;

    e->noscript = true;
}

static void stop_loads(struct engine *e)
{
    if (e->loading)
        loads_stop(e->loads);
    e->loading = false;
}

static void reboot(struct engine *e, ms_t now)
{
    mono_t mono = clock_mono(&e->clock);

    e->reboot = false;
    e->in_charge = false;
    roll_stop(&e->roll);
    stop_loads(e);
    loads_forget(e->loads);
    writer_reboot(&e->writer, e->seen, e->rivalled ? mono + rivalry(e, mono) : mono);
    e->rivalled = false;
    store_reset(&e->store, now);
    e->tick_due = 0;
}

/* ---- datagrams ---------------------------------------------------------- */

/* A sender has met a later aggregator. Only the datagram says which, and is authentic. */
static void superseded(struct engine *e, const uint8_t *bytes, size_t n)
{
    struct wire_head h;
    const uint8_t *body;
    size_t body_n;

    if (wire_open(bytes, n, NULL, &h, &body, &body_n) == WIRE_OK && h.epoch > e->seen)
        e->seen = h.epoch;
    want_reboot(e);
}

static void begin_batch(struct engine *e)
{
    e->batch.open = true;
    e->batch.now = clock_now(&e->clock);
    e->batch.mono = clock_mono(&e->clock);
    notice_time(e, e->batch.mono);
}

enum wire_verdict engine_take(struct engine *e, const uint8_t *bytes, size_t n,
                              const struct peer *from)
{
    enum receiver_verdict what = RECEIVER_TAKEN;
    enum wire_verdict v;

    if (!e->batch.open)
        begin_batch(e);
    v = intake_datagram(&e->intake, bytes, n, from, e->batch.now, e->batch.mono, &what);
    if (v == WIRE_OK)
        durability_moved(&e->writer.durability);
    if (what == RECEIVER_SUPERSEDED) {
        superseded(e, bytes, n);
    } else if (what == RECEIVER_FULL) {
        e->counters.streams_full++;
        want_reboot(e);
    }
    return v;
}

void engine_settle(struct engine *e)
{
    e->batch.open = false;
    intake_settle(&e->intake);
}

/* ---- a turn ------------------------------------------------------------- */

static mono_t tick(struct engine *e, ms_t now, mono_t mono)
{
    if (mono >= e->tick_due) {
        ms_t wait = fold_tick(&e->store, now) - now;

        e->tick_due = mono + (wait < TICK_MAX_MS ? wait : TICK_MAX_MS);
    }
    return e->tick_due;
}

/* Sites are read back while commits can be made: what a site was read from before the
 * other connection broke may be from before Redis went back in time. */
static void follow_writer(struct engine *e)
{
    bool ready = writer_is_ready(&e->writer) && !e->writer.fenced;

    if (e->noscript) {
        e->noscript = false;
        stop_loads(e);
        writer_noscript(&e->writer);
        return;
    }
    if (!ready || !e->loads_up)
        stop_loads(e);
    if (ready && e->loads_up && !e->loading) {
        e->loading = true;
        loads_start(e->loads, e->load_link, slice_of(e->writer.setup.claim_sha),
                    e->writer.setup.epoch);
    }
    if (ready && e->epoch != e->writer.setup.epoch) {
        e->epoch = e->writer.setup.epoch;
        receiver_reset(e->intake.receiver, e->epoch);
        e->in_charge = false;
    }
}

/* This is the aggregator that senders mean: one with nothing to say pings each second. */
static void follow_senders(struct engine *e, mono_t now)
{
    bool heard = receiver_heard(e->intake.receiver) > now - SENDER_SILENCE_MS;

    if (heard && !e->in_charge)
        roll_begin(&e->roll, now);
    e->in_charge = heard;
}

/* While parked hits fill their memory data waits with its senders. */
static void limit(struct engine *e)
{
    receiver_limit(e->intake.receiver,
                   e->store.parked >= PARKED_MAX ? 0 : e->config->socket_room);
}

mono_t engine_turn(struct engine *e)
{
    ms_t now = clock_now(&e->clock);
    mono_t mono = clock_mono(&e->clock), due;

    notice_time(e, mono);
    if (e->reboot)
        reboot(e, now);
    follow_writer(e);
    follow_senders(e, mono);
    due = tick(e, now, mono);
    if (e->loading && e->in_charge)
        due = sooner(due, roll_turn(&e->roll, e->load_link, mono));
    due = sooner(due, loads_turn(e->loads, mono));
    due = sooner(due, writer_turn(&e->writer, now, mono));
    if (e->writer.fenced)
        on_fenced(e, e->writer.round.fenced_by);
    limit(e);
    e->acks_due = receiver_acks(e->intake.receiver, e->finishing ? ALL_ACKS : mono);
    due = sooner(due, e->acks_due);
    if (e->finishing)
        due = sooner(due, e->deadline);
    return e->reboot || e->noscript ? mono : due;
}

/* ---- life --------------------------------------------------------------- */

static uint64_t base_of(void *arg, uint64_t stream)
{
    const struct engine *e = arg;

    return receiver_base(e->intake.receiver, stream);
}

void engine_init(struct engine *e, const struct engine_config *config)
{
    *e = (struct engine){.config = config, .acks_due = INT64_MAX};
    e->load_events = (struct loads_events){on_fenced, on_noscript, e};
    clock_init(&e->clock, config->clock, on_clock_reset, e);
    e->noticed = clock_mono(&e->clock);
    store_init(&e->store, config->window, &config->key, e->clock.now);
    e->store.lazy = true;
    e->store.base = base_of;
    e->store.base_arg = e;
    intake_init(&e->intake, config->secret, &e->store, &e->counters, config->send,
                config->arg);
    e->loads =
        loads_new(&e->store, &e->clock, &e->counters, &e->intake.folded, &e->load_events);
    if (!e->loads)
        abort();
    roll_init(&e->roll, &e->store, &e->counters);
    writer_init(&e->writer, &e->store, &e->clock, e->intake.receiver, &e->counters,
                config->hold_ms);
    limit(e);
}

void engine_fini(struct engine *e)
{
    writer_fini(&e->writer);
    loads_free(e->loads);
    intake_fini(&e->intake);
    store_fini(&e->store);
}

void engine_links(struct engine *e, struct redis_link *commits, struct redis_link *loads)
{
    e->commit_link = commits;
    e->load_link = loads;
}

void engine_commits_up(struct engine *e)
{
    writer_up(&e->writer, e->commit_link);
}

/* A site that has been read back, but is not live yet since its parked hits are still
 * being folded, would not be looked at when the connection is there again: and Redis may
 * have gone back to before it was read. It will be written whole. */
static void distrust_loaded(struct store *st)
{
    for (size_t i = 0; i < st->nsites; i++)
        if (st->site[i]->state == SITE_LOADING)
            st->site[i]->full = st->site[i]->log.rewrite = true;
}

void engine_commits_down(struct engine *e)
{
    writer_down(&e->writer);
    stop_loads(e);
    distrust_loaded(&e->store);
}

void engine_loads_up(struct engine *e)
{
    e->loads_up = true;
}

void engine_loads_down(struct engine *e)
{
    e->loads_up = false;
    stop_loads(e);
}

void engine_finish(struct engine *e, mono_t ms, bool drain)
{
    e->finishing = true;
    e->drain = drain;
    e->deadline = clock_mono(&e->clock) + ms;
}

bool engine_is_finished(struct engine *e)
{
    ms_t now = e->clock.now;

    if (!e->finishing || clock_mono(&e->clock) >= e->deadline)
        return e->finishing;
    if (e->store.nloads > 0)
        return false;
    if (!e->drain)
        return writer_is_idle(&e->writer, now);
    return writer_is_durable(&e->writer, now) && e->acks_due == INT64_MAX;
}
