/* aggregator: one thread, one loop.
 *
 * Datagrams and replies of Redis come in callbacks that change what the engine knows. At
 * the end of every turn of the loop, before it sleeps, engine_turn does what follows from
 * it and tells when to wake up of itself. Closing goes in the direction of the data: the
 * socket takes no more, then the final round, then the rest. */
#include "aggregator.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include "../proto/log.h"
#include "heap.h"

COUNTERS_ROWS(aggregator_counters, AGGREGATOR_COUNTERS);

#define NROWS COUNTERS_COUNT(AGGREGATOR_COUNTERS)

void aggregator_measure(struct aggregator *a)
{
    engine_measure(&a->engine);
    ingest_report(&a->ingest, &a->engine.counters);
}

static void report(struct aggregator *a)
{
    aggregator_measure(a);
    counters_log(&a->engine.counters, aggregator_counters_rows, NROWS);
}

static void on_report(uv_signal_t *handle, int signum)
{
    (void)signum;
    report(handle->data);
}

/* ---- the admin port ----------------------------------------------------- */

static size_t admin_tables(void *arg, struct counters_table *out)
{
    struct aggregator *a = arg;

    aggregator_measure(a);
    out[0] =
        (struct counters_table){&a->engine.counters, aggregator_counters_rows, NROWS};
    return 1;
}

/* Redis may answer and yet refuse what is asked of it: to a user without the permissions,
 * or because of foreign keys. A few such sites are no reason to call for an operator. */
static void unready_sites(const struct aggregator_counters *c, struct buf *out)
{
    if (c->quarantined > 0 && 2 * c->quarantined >= c->sites)
        buf_printf(out,
                   "redis: refuses the commits of %" PRIu64 " of %" PRIu64 " sites\n",
                   c->quarantined, c->sites);
}

static void admin_unready(void *arg, struct buf *out)
{
    struct aggregator *a = arg;

    aggregator_measure(a);
    if (a->stopping)
        buf_str(out, "stopping\n");
    if (!a->engine.counters.redis_up)
        buf_str(out, "redis: commits cannot be made\n");
    if (!redis_link_is_up(a->loads))
        buf_str(out, "redis: sites cannot be read back\n");
    unready_sites(&a->engine.counters, out);
}

/* And the stats port. */
static int open_ports(struct aggregator *a, uv_loop_t *loop, char *err, size_t err_n)
{
    const struct admin_env env = {"headcount-aggregator", admin_tables, admin_unready, a};
    const struct stats_env stats = {&a->engine.store, &clock_host, &a->engine.counters,
                                    a->config->clean_ms};

    if (admin_open(&a->admin, loop, &a->config->admin, &env, err, err_n) < 0)
        return -1;
    return stats_port_open(&a->stats, loop, &a->config->stats, &stats, err, err_n);
}

/* ---- the end ------------------------------------------------------------ */

/* What Redis did not take, or did not give to be added to, in time. */
static void log_left(struct aggregator *a)
{
    const struct engine *e = &a->engine;

    a->unsaved = e->store.nloads > 0 || !writer_is_idle(&e->writer, e->clock.now);
    if (a->unsaved)
        log_line("event=unsaved sites=%zu hint=\"Redis did not take the last changes in "
                 "time; collectors that still run will send them again\"",
                 e->store.ndirty + e->store.nloads);
    else if (e->drain && !writer_is_durable(&e->writer, e->clock.now))
        log_line("event=undrained hint=\"the collectors will send their last hits "
                 "again\"");
}

/* uv_run returns when all of these are gone. */
static void end(struct aggregator *a)
{
    log_left(a);
    redis_link_close(a->commits, NULL, NULL);
    redis_link_close(a->loads, NULL, NULL);
    ingest_close(&a->ingest);
    admin_close(&a->admin);
    stats_port_close(&a->stats);
    supervisor_close(&a->supervisor);
    uv_close((uv_handle_t *)&a->turn, NULL);
    uv_close((uv_handle_t *)&a->timer, NULL);
    uv_close((uv_handle_t *)&a->report, NULL);
}

void aggregator_stop(struct aggregator *a)
{
    log_line("event=stopping");
    supervisor_stopping(&a->supervisor);
    a->stopping = true;
    ingest_stop(&a->ingest);
    engine_finish(&a->engine,
                  a->config->drain ? AGGREGATOR_DRAIN_MS : AGGREGATOR_FINISH_MS,
                  a->config->drain);
}

static void on_stop(void *arg)
{
    aggregator_stop(arg);
}

/* ---- turns -------------------------------------------------------------- */

/* The turn that follows does the work. */
static void on_timer(uv_timer_t *timer)
{
    (void)timer;
}

static void sleep_until(struct aggregator *a, mono_t due)
{
    mono_t wait = due - clock_mono(&a->engine.clock);

    if (due == INT64_MAX)
        uv_timer_stop(&a->timer);
    else
        uv_timer_start(&a->timer, on_timer, wait > 0 ? (uint64_t)wait : 0, 0);
}

static void on_turn(uv_prepare_t *turn)
{
    struct aggregator *a = turn->data;
    mono_t due = engine_turn(&a->engine);

    heap_follow();
    if (engine_is_finished(&a->engine))
        end(a);
    else
        sleep_until(a, due);
}

static void on_ack(void *arg, const struct peer *to, const uint8_t *bytes, size_t n)
{
    struct aggregator *a = arg;

    ingest_send(&a->ingest, to, bytes, n);
}

/* ---- Redis; the links log what befalls them ----------------------------- */

/* When one of them finds Redis there again, the other need not wait any longer. */
static void on_commits_up(void *arg)
{
    struct aggregator *a = arg;

    redis_link_hurry(a->loads);
    engine_commits_up(&a->engine);
}

static void on_commits_down(void *arg, const char *why)
{
    struct aggregator *a = arg;

    (void)why;
    engine_commits_down(&a->engine);
}

static void on_loads_up(void *arg)
{
    struct aggregator *a = arg;

    redis_link_hurry(a->commits);
    engine_loads_up(&a->engine);
}

static void on_loads_down(void *arg, const char *why)
{
    struct aggregator *a = arg;

    (void)why;
    engine_loads_down(&a->engine);
}

static const struct redis_link_events commit_events = {
    .up = on_commits_up,
    .down = on_commits_down,
};

static const struct redis_link_events load_events = {
    .up = on_loads_up,
    .down = on_loads_down,
};

/* Returns 0 or a negative uv error. */
static int open_links(struct aggregator *a, uv_loop_t *loop)
{
    const struct redis_addr *addr = &a->config->redis;

    a->commits = redis_link_open(loop, addr, "headcount-aggregator", &commit_events, a);
    a->loads = redis_link_open(loop, addr, "headcount-aggregator-loads", &load_events, a);
    if (!a->commits || !a->loads)
        return UV_ENOMEM;
    engine_links(&a->engine, a->commits, a->loads);
    return 0;
}

/* A link that was closed is NULL, or will be when the process ends. */
void aggregator_readdress(struct aggregator *a)
{
    if (a->stopping)
        return;
    redis_link_readdress(a->commits, &a->config->redis);
    redis_link_readdress(a->loads, &a->config->redis);
}

/* ---- opening ------------------------------------------------------------ */

static void log_opened(const struct aggregator *a)
{
    char udp[UDP_TEXT], redis[512];

    udp_local(&a->ingest.udp, udp);
    redis_addr_text(&a->config->redis, redis, sizeof redis);
    log_line("event=started version=" HC_VERSION " udp=%s redis=%s window=%u", udp, redis,
             a->config->window);
    log_line("event=rcvbuf asked=%d granted=%d%s", UDP_RCVBUF, a->ingest.udp.rcvbuf,
             a->ingest.udp.rcvbuf < UDP_RCVBUF
                 ? " hint=\"raise net.core.rmem_max, or datagrams are lost in bursts\""
                 : "");
}

static void open_engine(struct aggregator *a)
{
    a->engine_config = (struct engine_config){
        .secret = &a->config->secret,
        .window = a->config->window,
        .hold_ms = a->config->hold_ms,
        .socket_room = udp_room(&a->ingest.udp),
        .clock = &clock_host,
        .send = on_ack,
        .arg = a,
    };
    randombytes_buf(&a->engine_config.key, sizeof a->engine_config.key);
    engine_init(&a->engine, &a->engine_config);
}

static void open_turns(struct aggregator *a, uv_loop_t *loop)
{
    uv_prepare_init(loop, &a->turn);
    uv_timer_init(loop, &a->timer);
    a->turn.data = a;
    uv_prepare_start(&a->turn, on_turn);
}

/* Returns 0 or a negative uv error. */
static int open_signals(struct aggregator *a, uv_loop_t *loop)
{
    int r = uv_signal_init(loop, &a->report);

    if (r < 0)
        return r;
    a->report.data = a;
    r = uv_signal_start(&a->report, on_report, SIGUSR1);
    return r < 0 ? r : stop_open(&a->stop, loop, on_stop, a);
}

int aggregator_open(struct aggregator *a, uv_loop_t *loop,
                    const struct aggregator_config *config, char *err, size_t err_n)
{
    int r;

    a->config = config;
    a->stopping = false;
    if (ingest_open(&a->ingest, loop, &config->udp, &a->engine, err, err_n) < 0)
        return -1;
    if (open_ports(a, loop, err, err_n) < 0) {
        admin_close(&a->admin);
        ingest_close(&a->ingest);
        uv_run(loop, UV_RUN_DEFAULT); /* until its handles are gone */
        return -1;
    }
    open_engine(a);
    r = open_links(a, loop);
    if (r == 0)
        r = open_signals(a, loop);
    if (r < 0) {
        snprintf(err, err_n, "cannot start: %s", uv_strerror(r));
        return -1;
    }
    open_turns(a, loop);
    supervisor_open(&a->supervisor, loop,
                    &(struct supervisor_env){admin_unready, NULL, a});
    log_opened(a);
    return 0;
}

void aggregator_close(struct aggregator *a, uv_loop_t *loop)
{
    report(a);
    log_line("event=stopped");
    stop_close(&a->stop);
    uv_run(loop, UV_RUN_DEFAULT);
    engine_fini(&a->engine);
}

void aggregator_describe(struct buf *out)
{
    counters_markdown(out, aggregator_counters_rows, NROWS);
}
