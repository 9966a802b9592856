/* admin: how a daemon tells of itself: a small HTTP server for operators.
 *
 *   GET /metrics    the counters for Prometheus (metrics.h)
 *   GET /counters   the same as JSON: program, version, uptime_seconds, counters
 *   GET /livez      200
 *   GET /readyz     200, or 503 with a line for each reason
 *
 * One request a connection, GET and HEAD only, no CORS: browsers have no business here.
 * Bounds: ADMIN_* of limits.h. It knows no secrets and changes nothing, but who reads it
 * learns how much goes on, so it listens on the loopback unless told otherwise. */
#ifndef HC_ADMIN_H
#define HC_ADMIN_H

#include <uv.h>
#include "../buf.h"
#include "../counters.h"
#include "listen_addr.h"

#define ADMIN_COUNTERS(X)                                                         \
    X(admin_requests, COUNTER, "requests to the admin port answered",             \
      "admin_requests_total")                                                     \
    X(admin_refused, COUNTER, "of these with 400, 404, 405, 431 or 505",          \
      "admin_refused_total")                                                      \
    X(admin_displaced, COUNTER, "its oldest connection closed for a newcomer",    \
      "admin_connections_closed_total{reason=\"displaced\"}")                     \
    X(admin_timeouts, COUNTER, "its connections closed after ADMIN_DEADLINE_MS",  \
      "admin_connections_closed_total{reason=\"deadline\"}")                      \
    X(admin_broken, COUNTER, "its connections that ended before a whole request", \
      "admin_connections_closed_total{reason=\"broken\"}")

COUNTERS_STRUCT(admin_counters, ADMIN_COUNTERS);

/* The daemon's part; called on the loop's thread. */
struct admin_env {
    const char *program; /* a literal */
    /* Fills @out, at most ADMIN_TABLES_MAX - 2 tables, values up to date and valid until
     * the next call. Returns how many. */
    size_t (*tables)(void *arg, struct counters_table *out);
    /* Appends a line for each reason why the daemon is not ready; nothing when it is. */
    void (*unready)(void *arg, struct buf *out);
    void *arg;
};

struct admin_conn;

struct admin {
    struct admin_env env;
    uv_tcp_t listener;
    uv_timer_t deadline; /* of the oldest connection */
    struct admin_conn *oldest, *newest;
    unsigned nconns;
    bool is_open;
    uint64_t opened;      /* uv_now */
    uint64_t deadline_ms; /* ADMIN_DEADLINE_MS; tests have less patience */
    struct admin_counters counters;
};

/* Listens. With addr->on false it does nothing. @env is copied. Returns 0, or -1 with a
 * sentence that names
 * --admin-listen in @err; then too the loop must run once more before @a ends, or the
 * process ends. */
int admin_open(struct admin *a, uv_loop_t *loop, const struct listen_addr *addr,
               const struct admin_env *env, char *err, size_t err_n);

/* Prints "event=listening program=... proto=admin addr=..." on stdout, if it listens. */
void admin_announce(const struct admin *a);

/* Closes everything, answers under way too; the memory is the caller's again when the
 * loop has run to its end. A second call, or one without admin_open having succeeded,
 * does nothing (@a zeroed). */
void admin_close(struct admin *a);

/* The table of its own counters, for the manuals. */
struct counters_table admin_table(const struct admin *a);

#endif
