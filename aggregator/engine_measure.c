/* What the parts have counted, and how large they are, into the counters that are told.
 */
#include "engine.h"

static void measure_folded(struct aggregator_counters *c, const struct fold_counts *f)
{
    c->views = f->views;
    c->events = f->events;
    c->heartbeats = f->heartbeats;
    c->leaves = f->leaves;
    c->joins = f->joins;
    c->messages = f->messages;
    c->queries = f->queries;
    c->resets = f->resets;
    c->unknown_kind = f->unknown_kind;
    c->late = f->late;
    c->capped_sites = f->capped_sites;
    c->capped_visitors = f->capped_visitors;
    c->capped_pages = f->capped_pages;
    c->capped_referrers = f->capped_referrers;
    c->capped_tabs = f->capped_tabs;
    c->tabs_displaced = f->tabs_displaced;
    c->parked = f->parked;
    c->repeated = f->repeated;
    c->marks_evicted = f->marks_evicted;
    c->goals = f->goals;
    c->capped_goals = f->capped_goals;
}

static void measure_receiver(struct aggregator_counters *c, struct receiver *r)
{
    const struct receiver_counts *n = receiver_counts(r);

    c->early = n->early;
    c->duplicate = n->duplicate;
    c->skipped = n->skipped;
    c->stale_epoch = n->stale_epoch;
    c->not_ready = n->not_ready;
    c->window_drops = n->window_drops;
    c->pings = n->pings;
    c->acks = n->acks;
    c->missing = receiver_missing(r);
    c->streams = receiver_streams(r);
}

static void measure_store(struct aggregator_counters *c, const struct store *st, ms_t now)
{
    c->sites = st->nsites;
    c->visitors = st->visitors;
    c->tabs = st->tabs;
    c->dirty = st->ndirty;
    c->loading = st->nloads;
    c->parked_bytes = st->parked;
    c->memory = c->quarantined = c->alerts = 0;
    for (size_t i = 0; i < st->nsites; i++) {
        struct alert_on on[ALERTS_MAX];

        c->memory += site_bytes(st->site[i]);
        c->alerts += alerts_on(&st->site[i]->alerts, on);
        c->quarantined += st->site[i]->failures > 0 && st->site[i]->retry_at > now;
    }
}

void engine_measure(struct engine *e)
{
    struct aggregator_counters *c = &e->counters;

    measure_folded(c, &e->intake.folded);
    measure_receiver(c, e->intake.receiver);
    measure_store(c, &e->store, e->clock.now);
    c->hold_us =
        1000 * (uint64_t)durability_age(&e->writer.durability, clock_mono(&e->clock));
    c->clock_held = e->clock.holds;
    c->clock_resets = e->clock.resets;
}
