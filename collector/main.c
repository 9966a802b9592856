/* headcount-collector: open, run, close.
 *
 * The main thread only listens to signals and operators; the workers do the work. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../proto/log.h"
#include "../proto/loop/admin.h"
#include "../proto/loop/stop.h"
#include "../proto/loop/supervisor.h"
#include "../proto/reload.h"
#include "collector.h"
#include "worker.h"

#define PROGRAM "headcount-collector"

enum { EXIT_OK = 0, EXIT_BUSY = 1, EXIT_OPTIONS = 2, EXIT_UNRECEIVED = 3 };

struct program {
    uv_loop_t loop;
    struct stop stop;
    uv_signal_t report; /* SIGUSR1 */
    uv_signal_t hangup; /* SIGHUP */
    uv_async_t ended;   /* the last worker's thread ended */
    uv_timer_t leaving; /* --drain-delay */
    struct supervisor supervisor;
    struct setup setup;
    struct collector collector;
    struct admin admin;
    struct counters sum; /* what admin shows */
};

static void on_left(uv_timer_t *timer)
{
    struct program *p = timer->data;

    collector_stop(&p->collector);
}

static void on_stop(void *arg)
{
    struct program *p = arg;

    log_line("event=stopping");
    supervisor_stopping(&p->supervisor);
    collector_leave(&p->collector);
    uv_timer_start(&p->leaving, on_left, (uint64_t)p->setup.leave_ms, 0);
}

static void on_report(uv_signal_t *signal, int signum)
{
    struct program *p = signal->data;

    (void)signum;
    collector_log_counters(&p->collector);
}

static void on_hangup(uv_signal_t *signal, int signum)
{
    struct program *p = signal->data;

    (void)signum;
    supervisor_reloading(&p->supervisor);
    files_reload(&p->setup.files, &p->setup.names);
    collector_renew(&p->collector, &p->setup.files);
    supervisor_ready(&p->supervisor);
}

/* On a worker's thread. */
static void on_last_worker(void *arg)
{
    struct program *p = arg;

    uv_async_send(&p->ended);
}

static void on_ended(uv_async_t *ended)
{
    struct program *p = ended->data;

    admin_close(&p->admin);
    stop_close(&p->stop);
    uv_close((uv_handle_t *)&p->report, NULL);
    reload_hold(true);
    uv_close((uv_handle_t *)&p->hangup, NULL);
    uv_close((uv_handle_t *)&p->ended, NULL);
    uv_close((uv_handle_t *)&p->leaving, NULL);
    supervisor_close(&p->supervisor);
}

static size_t tables(void *arg, struct counters_table *out)
{
    struct program *p = arg;

    return collector_tables(&p->collector, &p->sum, out);
}

static void unready(void *arg, struct buf *out)
{
    const struct program *p = arg;

    collector_unready(&p->collector, out);
}

static bool is_turning(void *arg)
{
    struct program *p = arg;

    return collector_is_turning(&p->collector);
}

static int open_admin(struct program *p, char *err, size_t err_n)
{
    const struct admin_env env = {PROGRAM, tables, unready, p};

    return admin_open(&p->admin, &p->loop, &p->setup.admin, &env, err, err_n);
}

static void announce_port(const char *proto, const struct address *at)
{
    char text[ADDRESS_TEXT_MAX];

    if (at->n == 0)
        return;
    printf("event=listening program=" PROGRAM " proto=%s addr=%s\n", proto,
           address_text(at, text));
    fflush(stdout);
}

/* On stdout: a script that started us with port 0 reads where we are. */
static void announce(const struct program *p)
{
    const struct collector *c = &p->collector;
    char text[ADDRESS_TEXT_MAX];

    printf("event=listening program=" PROGRAM " proto=http addr=%s\n",
           address_text(&c->bound, text));
    fflush(stdout);
    admin_announce(&p->admin);
    announce_port("feed", &c->worker[0]->feed_at);
    announce_port("notify", &c->worker[0]->notify_at);
    announce_port("json-udp", &c->worker[0]->json_udp_at);
    log_line("event=started addr=%s workers=%u conns_max=%u streams_max=%u", text,
             c->workers, c->setup->conns_max, c->setup->streams_max);
}

static int fail(const char *why, int code)
{
    opts_complain(PROGRAM, why);
    return code;
}

static int fail_to_begin(int r)
{
    fprintf(stderr, PROGRAM ": no event loop: %s\n", uv_strerror(r));
    return EXIT_BUSY;
}

static int print_counters(void)
{
    struct buf text;

    buf_init(&text, 64 * 1024);
    collector_describe(&text);
    printf("%.*s", (int)text.n, text.p);
    buf_fini(&text);
    return EXIT_OK;
}

/* Signals and asyncs share descriptors that the loop has already: they cannot fail. */
static void open_handles(struct program *p)
{
    stop_open(&p->stop, &p->loop, on_stop, p);
    uv_async_init(&p->loop, &p->ended, on_ended);
    uv_signal_init(&p->loop, &p->report);
    uv_signal_init(&p->loop, &p->hangup);
    uv_timer_init(&p->loop, &p->leaving);
    p->report.data = p->hangup.data = p->ended.data = p->leaving.data = p;
    uv_signal_start(&p->report, on_report, SIGUSR1);
}

/* Says what becomes of hits that are left at the end. Returns the exit code. */
static int tell_leftover(const struct program *p)
{
    struct leftover left = collector_leftover(&p->collector);

    if (left.undurable == 0)
        return EXIT_OK;
    if (p->setup.spool) {
        log_line("event=hits_spooled hits=%" PRIu64 "; the next start delivers them",
                 left.undurable);
        return EXIT_OK;
    }
    if (left.unreceived == 0)
        return EXIT_OK; /* the aggregator has them */
    log_line("event=hits_lost hits=%" PRIu64 " why=not_received", left.unreceived);
    return EXIT_UNRECEIVED;
}

static int run(struct program *p)
{
    char err[512];
    int code, r;

    if ((r = uv_loop_init(&p->loop)) < 0)
        return fail_to_begin(r);
    open_handles(p);
    if (collector_open(&p->collector, &p->setup, on_last_worker, p, err, sizeof err) <
            0 ||
        open_admin(p, err, sizeof err) < 0 ||
        collector_start(&p->collector, err, sizeof err) < 0)
        return fail(err, EXIT_BUSY);
    supervisor_open(&p->supervisor, &p->loop,
                    &(struct supervisor_env){unready, is_turning, p});
    uv_signal_start(&p->hangup, on_hangup, SIGHUP); /* now that there are workers */
    reload_hold(false);
    announce(p);
    supervisor_ready(&p->supervisor);
    uv_run(&p->loop, UV_RUN_DEFAULT);
    collector_join(&p->collector);
    collector_log_counters(&p->collector);
    code = tell_leftover(p);
    collector_close(&p->collector);
    setup_fini(&p->setup);
    uv_loop_close(&p->loop);
    log_line("event=stopped");
    return code;
}

int main(int argc, char **argv)
{
    static struct program program;
    struct options options = {0};
    char err[512];

    if (argc == 2 && strcmp(argv[1], "--help-counters") == 0)
        return print_counters();
    log_open(PROGRAM);
    reload_hold(true);
    switch (opts_parse(&options_spec, &options, argc, argv, NULL)) {
    case OPTS_DONE:
        return EXIT_OK;
    case OPTS_ERROR:
        return EXIT_OPTIONS;
    case OPTS_CHECK:
        return setup_init(&program.setup, &options, err, sizeof err) < 0
                   ? fail(err, EXIT_OPTIONS)
                   : EXIT_OK;
    case OPTS_RUN:
        break;
    }
    if (setup_init(&program.setup, &options, err, sizeof err) < 0)
        return fail(err, EXIT_OPTIONS);
    return run(&program);
}
