/* aggregator: one thread, one loop, one timer.
 *
 * ingest calls `folded` at the end of a turn in which datagrams came, and the timer calls
 * on_tick when the passing of time changes a number; both end in writer_pump. Closing
 * goes in the direction of the data: the socket, then the final round, then the rest. */
#include "aggregator.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include "../proto/log.h"

/* The timer follows the monotonic clock; when the wall clock is set, the minute's turn is
 * late by no more than this. */
#define TICK_MAX_MS 1000

/* Counters of one log line, bytes; a longer list takes several. */

COUNTERS_ROWS(aggregator_counters, AGGREGATOR_COUNTERS);

#define NROWS COUNTERS_COUNT(AGGREGATOR_COUNTERS)

static void on_folded(void *arg)
{
    struct aggregator *a = arg;

    writer_pump(&a->writer);
}

static void on_tick(uv_timer_t *timer)
{
    struct aggregator *a = timer->data;
    ms_t now = clock_now(&a->clock);
    ms_t wait = fold_tick(&a->store, now) - now;

    uv_timer_start(timer, on_tick, wait < TICK_MAX_MS ? (uint64_t)wait : TICK_MAX_MS, 0);
    writer_pump(&a->writer);
}

static void on_clock_reset(void *arg, ms_t now)
{
    struct aggregator *a = arg;

    log_line("event=clock_reset hint=\"the wall clock was set back by more than ten "
             "minutes; counting begins anew\"");
    writer_reboot(&a->writer, now);
}

static void measure_folded(struct aggregator_counters *c, const struct fold_counts *f)
{
    c->views = f->views;
    c->events = f->events;
    c->heartbeats = f->heartbeats;
    c->leaves = f->leaves;
    c->unknown_kind = f->unknown_kind;
    c->late = f->late;
    c->capped_sites = f->capped_sites;
    c->capped_visitors = f->capped_visitors;
    c->capped_pages = f->capped_pages;
}

void aggregator_measure(struct aggregator *a)
{
    struct aggregator_counters *c = &a->counters;

    measure_folded(c, &a->intake.folded);
    ingest_report(&a->ingest, c);
    c->missing = a->intake.streams.missing;
    c->streams = a->intake.streams.n;
    c->streams_evicted = a->intake.streams.evicted;
    c->sites = a->store.nsites;
    c->visitors = a->store.visitors;
    c->dirty = a->store.ndirty;
    c->memory = 0;
    for (size_t i = 0; i < a->store.nsites; i++)
        c->memory += site_bytes(a->store.site[i]);
    c->clock_held = a->clock.holds;
    c->clock_resets = a->clock.resets;
}

static void report(struct aggregator *a)
{
    aggregator_measure(a);
    counters_log(&a->counters, aggregator_counters_rows, NROWS);
}

static void on_report(uv_signal_t *handle, int signum)
{
    (void)signum;
    report(handle->data);
}

/* uv_run returns when these are gone, too. */
static void on_writer_closed(void *arg)
{
    struct aggregator *a = arg;

    uv_close((uv_handle_t *)&a->tick, NULL);
    uv_close((uv_handle_t *)&a->report, NULL);
}

static void on_finished(void *arg)
{
    struct aggregator *a = arg;

    writer_close(&a->writer, on_writer_closed, a);
}

void aggregator_stop(struct aggregator *a)
{
    log_line("event=stopping");
    ingest_close(&a->ingest);
    writer_finish(&a->writer, AGGREGATOR_FINISH_MS, on_finished, a);
}

static void on_stop(void *arg)
{
    aggregator_stop(arg);
}

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

static void open_timer(struct aggregator *a, uv_loop_t *loop)
{
    uv_timer_init(loop, &a->tick);
    a->tick.data = a;
    uv_timer_start(&a->tick, on_tick, 0, 0);
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
    struct key key;
    int r;

    a->config = config;
    a->counters = (struct aggregator_counters){0};
    randombytes_buf(&key, sizeof key);
    clock_init(&a->clock, on_clock_reset, a);
    store_init(&a->store, config->window, &key, a->clock.now);
    intake_init(&a->intake, &config->secret, &a->store, &a->counters);
    if (ingest_open(&a->ingest, loop, &config->udp, &a->intake, &a->clock, on_folded, a,
                    err, err_n) < 0)
        return -1;
    r = writer_open(&a->writer, loop, &config->redis, &a->store, &a->clock, &a->counters);
    if (r == 0)
        r = open_signals(a, loop);
    if (r < 0) {
        snprintf(err, err_n, "cannot start: %s", uv_strerror(r));
        return -1;
    }
    open_timer(a, loop);
    log_opened(a);
    return 0;
}

void aggregator_close(struct aggregator *a, uv_loop_t *loop)
{
    report(a);
    log_line("event=stopped");
    stop_close(&a->stop);
    uv_run(loop, UV_RUN_DEFAULT);
    store_fini(&a->store);
}

void aggregator_describe(struct buf *out)
{
    counters_markdown(out, aggregator_counters_rows, NROWS);
}
