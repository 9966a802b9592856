/* stats_port: whoever connects is told the stats of all sites and hung up on: `nc
 * localhost 1442`, as Audience Meter has it.
 *
 * Bounds: STATS_CONNS_MAX connections, the oldest closed for a newcomer; none lasts
 * longer than STATS_DEADLINE_MS. What a client sends is never read. */
#ifndef HC_STATS_PORT_H
#define HC_STATS_PORT_H

#include <uv.h>

#include "../proto/loop/listen_addr.h"
#include "clock.h"
#include "counters.h"
#include "store.h"

struct stats_conn;

/* What the port tells, and where it counts. All of it outlives the port. */
struct stats_env {
    const struct store *store;
    const struct clock_source *clock;
    struct aggregator_counters *counters;
    ms_t clean_ms; /* as in stats_json */
};

struct stats_port {
    struct stats_env env;
    uv_tcp_t listener;
    uv_timer_t deadline; /* of the oldest connection */
    struct stats_conn *oldest, *newest;
    unsigned nconns;
    bool is_open;
};

/* Listens; with addr->on false it does nothing. Returns 0, or -1 with a sentence in @err;
 * then too the loop must run once more before
 * @p ends. */
int stats_port_open(struct stats_port *p, uv_loop_t *loop, const struct listen_addr *addr,
                    const struct stats_env *env, char *err, size_t err_n);

/* Prints "event=listening program=... proto=stats addr=..." on stdout, if it listens. */
void stats_port_announce(const struct stats_port *p, const char *program);

/* Closes everything; the memory is the caller's again when the loop has run to its end. A
 * second call does nothing. */
void stats_port_close(struct stats_port *p);

#endif
