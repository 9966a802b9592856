/* writer: brings what changed in the store to one Redis, round after round.
 *
 * A change after a pause goes out at once; in a stream of changes rounds follow each
 * other as fast as Redis takes them, within bounds (pace.h). Sites that rested go ahead
 * of the next round (round.h). While Redis is away folding goes on and the changes wait
 * in the store, whose size is bounded: nothing queues up here. What rounds prove of the
 * senders' datagrams is durability's. */
#ifndef HC_WRITER_H
#define HC_WRITER_H

#include "durability.h"
#include "pace.h"
#include "redis_setup.h"
#include "round.h"

/* How often at most all sites are looked at again because one found Redis behind. */
#define WRITER_RECHECK_MS 5000

/* How often at most an epoch is taken: two aggregators that share a Redis by mistake
 * fence each other without end. */
#define WRITER_EPOCH_MS 1000

enum writer_state {
    WRITER_DOWN, /* no connection */
    WRITER_BARE, /* connected, a setup is due */
    WRITER_SETTING_UP,
    WRITER_READY,
};

struct writer {
    struct store *store;
    struct clock *clock;
    struct aggregator_counters *counters;
    struct redis_link *link; /* NULL before the first writer_up */
    enum writer_state state;
    struct redis_setup setup;
    struct round round;
    struct pace pace;
    struct durability durability;
    bool in_round;
    bool ahead;        /* of some sites alone: it proves nothing */
    bool fenced;       /* a later aggregator owns a site: writer_reboot is due */
    bool recheck;      /* all sites are to be looked at again */
    mono_t recheck_at; /* no earlier */
    mono_t epoch_at;   /* no earlier is the next epoch taken */
    mono_t sweep_at;   /* when sites that died leave hc:live */
};

/* The pointers must outlive @w. */
void writer_init(struct writer *w, struct store *store, struct clock *clock,
                 struct receiver *receiver, struct aggregator_counters *counters,
                 mono_t hold_ms);
void writer_fini(struct writer *w);

/* The connection is there, or lost; then its pending calls have failed. */
void writer_up(struct writer *w, struct redis_link *link);
void writer_down(struct writer *w);

/* A script is missing that was loaded: sets up again. */
void writer_noscript(struct writer *w);

/* Does what is due. Returns when it wants to be called again (monotonic ms), INT64_MAX: a
 * reply will come first. Look at w->fenced after it. */
mono_t writer_turn(struct writer *w, ms_t now, mono_t mono);

/* The sites are about to be freed: takes a new epoch, above its own and @seen, as soon as
 * it can, but not before @at. */
void writer_reboot(struct writer *w, uint64_t seen, mono_t at);

/* The scripts are loaded and there is an epoch, w->setup.epoch. */
bool writer_is_ready(const struct writer *w);

/* All sites are in Redis but for those quarantined; and what is in Redis is safe. */
bool writer_is_idle(const struct writer *w, ms_t now);
bool writer_is_durable(const struct writer *w, ms_t now);

#endif
