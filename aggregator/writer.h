/* writer: brings what changed in the store to one Redis, round after round.
 *
 * A change after a pause goes out at once; in a stream of changes rounds follow each
 * other as fast as Redis takes them, within bounds (pace.h). While Redis is away folding
 * goes on and the changes wait in the store, whose size is bounded: nothing queues up
 * here. */
#ifndef HC_WRITER_H
#define HC_WRITER_H

#include "pace.h"
#include "round.h"
#include "redis_setup.h"

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
    uv_loop_t *loop;
    struct store *store;
    struct clock *clock;
    struct aggregator_counters *counters;
    struct redis_link *link;
    enum writer_state state;
    struct redis_setup setup;
    struct round round;
    struct pace pace;
    bool has_written;  /* since then Redis may have gone back */
    bool recheck;      /* all sites are to be looked at again */
    mono_t recheck_at; /* no earlier */
    mono_t epoch_at;   /* no earlier is the next epoch taken */
    struct seldom fenced;
    uv_timer_t timer;    /* the next round or setup */
    uv_timer_t deadline; /* of writer_finish */
    void (*done)(void *arg);
    void *arg;
    bool finishing, closing;
    unsigned open; /* handles, the link one of them */
};

/* Starts dialling. The pointers must outlive the handles. Returns 0 or a negative uv
 * error. */
int writer_open(struct writer *w, uv_loop_t *loop, const struct redis_addr *addr,
                struct store *store, struct clock *clock,
                struct aggregator_counters *counters);

/* Something may have become dirty: begins a round if one is due. */
void writer_pump(struct writer *w);

/* Empties the store and takes a new epoch as soon as it can. */
void writer_reboot(struct writer *w, ms_t now);

/* Calls @done once, when everything is in Redis or after @ms; perhaps from inside. */
void writer_finish(struct writer *w, uint64_t ms, void (*done)(void *arg), void *arg);

/* Closes at once; replies still to come are not waited for. @closed may free @w. */
void writer_close(struct writer *w, void (*closed)(void *arg), void *arg);

#endif
