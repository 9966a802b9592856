/* aggregator: datagrams in, sites in memory, Redis out: the parts, and the order in which
 * they open and close. */
#ifndef HC_AGGREGATOR_H
#define HC_AGGREGATOR_H

#include "../proto/loop/stop.h"
#include "ingest.h"
#include "writer.h"

/* What a stopping aggregator grants to its final round. */
#define AGGREGATOR_FINISH_MS 5000

struct aggregator_config {
    struct udp_addr udp;
    struct redis_addr redis;
    struct secret secret;
    unsigned window; /* minutes, 1..WINDOW_MAX */
};

struct aggregator {
    const struct aggregator_config *config;
    struct clock clock;
    struct store store;
    struct intake intake; /* one datagram -> store */
    struct ingest ingest; /* the socket -> intake */
    struct writer writer; /* store -> Redis */
    uv_timer_t tick;      /* drives fold_tick */
    uv_signal_t report;   /* SIGUSR1: print the counters */
    struct stop stop;
    struct aggregator_counters counters;
};

/* Binds, starts dialling Redis and listens to signals; does not wait for Redis. The
 * memory is large, static is best; @config must outlive it. Returns 0, or -1 with a
 * sentence that names the option to change in @err; then the process had better end. */
int aggregator_open(struct aggregator *a, uv_loop_t *loop,
                    const struct aggregator_config *config, char *err, size_t err_n);

/* Brings the gauges up to date. */
void aggregator_measure(struct aggregator *a);

/* Begins the end, as SIGTERM does: takes what the socket holds, closes it, makes a final
 * round, closes the rest, and uv_run returns. */
void aggregator_stop(struct aggregator *a);

/* After uv_run has returned: frees the store, closes the last handles. */
void aggregator_close(struct aggregator *a, uv_loop_t *loop);

/* The table of counters as Markdown, for the manuals. */
void aggregator_describe(struct buf *out);

#endif
