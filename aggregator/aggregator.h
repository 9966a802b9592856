/* aggregator: the engine on a loop: its socket, its two connections to Redis, its timer,
 * signals; and the order in which they open and close. */
#ifndef HC_AGGREGATOR_H
#define HC_AGGREGATOR_H

#include "../proto/loop/admin.h"
#include "../proto/loop/stop.h"
#include "../proto/loop/supervisor.h"
#include "engine.h"
#include "ingest.h"
#include "stats_port.h"

/* What a stopping aggregator grants to its final round; and with --drain until all that
 * its senders have sent is safe. */
#define AGGREGATOR_FINISH_MS 5000
#define AGGREGATOR_DRAIN_MS 10000

struct aggregator_config {
    struct udp_addr udp;
    struct listen_addr admin, stats;
    struct redis_addr redis; /* this and the secret may become others while it runs */
    struct secret secret;
    unsigned window; /* minutes, 1..WINDOW_MAX */
    mono_t hold_ms;  /* HOLD_MS, or another: 0..60000 */
    ms_t clean_ms;   /* when the stats port leaves an empty site out, 0: never */
    bool drain;
};

struct aggregator {
    const struct aggregator_config *config;
    struct engine_config engine_config;
    struct engine engine;
    struct ingest ingest; /* the socket <-> engine */
    struct redis_link *commits, *loads;
    uv_prepare_t turn;  /* every turn of the loop ends in engine_turn */
    uv_timer_t timer;   /* or begins at the time that it named */
    uv_signal_t report; /* SIGUSR1: print the counters */
    struct stop stop;
    struct admin admin;
    struct stats_port stats;
    struct supervisor supervisor;
    bool stopping;
    bool unsaved; /* once it has ended: not everything is in Redis */
};

/* Binds, starts dialling Redis and listens to signals; does not wait for Redis. The
 * memory is large, static is best; @config must outlive it. Returns 0, or -1 with a
 * sentence that names the option to change in @err; then the process had better end. */
int aggregator_open(struct aggregator *a, uv_loop_t *loop,
                    const struct aggregator_config *config, char *err, size_t err_n);

/* The credentials in config->redis have become others: they are used from the next time
 * on that Redis is dialled. */
void aggregator_readdress(struct aggregator *a);

/* Brings the gauges of a->engine.counters up to date. */
void aggregator_measure(struct aggregator *a);

/* Begins the end, as SIGTERM does: takes what the socket holds, makes a final round,
 * waits with config->drain until all is durable, closes everything, and uv_run returns.
 */
void aggregator_stop(struct aggregator *a);

/* After uv_run has returned: frees the store, closes the last handles. */
void aggregator_close(struct aggregator *a, uv_loop_t *loop);

/* The table of counters as Markdown, for the manuals. */
void aggregator_describe(struct buf *out);

#endif
