/* headcount-collector: open, run, close.
 *
 * The main thread only listens to signals; the workers do the work. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include "../proto/log.h"
#include "../proto/loop/stop.h"
#include "collector.h"

#define PROGRAM "headcount-collector"

enum { EXIT_OK = 0, EXIT_BUSY = 1, EXIT_OPTIONS = 2 };

struct program {
    uv_loop_t loop;
    struct stop stop;
    uv_signal_t report; /* SIGUSR1 */
    uv_async_t ended;   /* the last worker's thread ended */
    struct setup setup;
    struct collector collector;
};

static void on_stop(void *arg)
{
    struct program *p = arg;

    log_line("event=stopping");
    collector_stop(&p->collector);
}

static void on_report(uv_signal_t *signal, int signum)
{
    struct program *p = signal->data;

    (void)signum;
    collector_log_counters(&p->collector);
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

    stop_close(&p->stop);
    uv_close((uv_handle_t *)&p->report, NULL);
    uv_close((uv_handle_t *)&p->ended, NULL);
}

/* The one line on stdout: a script that started us with port 0 reads where we are. */
static void announce(const struct collector *c)
{
    char text[ADDRESS_TEXT_MAX];

    printf("event=listening program=" PROGRAM " proto=http addr=%s\n",
           address_text(&c->bound, text));
    fflush(stdout);
    log_line("event=started addr=%s workers=%u conns_max=%u", text, c->workers,
             c->setup->conns_max);
}

static int fail(const char *why, int code)
{
    fprintf(stderr, PROGRAM ": %s\n", why);
    return code;
}

static void open_handles(struct program *p)
{
    uv_loop_init(&p->loop);
    stop_open(&p->stop, &p->loop, on_stop, p);
    uv_async_init(&p->loop, &p->ended, on_ended);
    uv_signal_init(&p->loop, &p->report);
    p->report.data = p->ended.data = p;
    uv_signal_start(&p->report, on_report, SIGUSR1);
}

static int run(struct program *p)
{
    char err[512];

    open_handles(p);
    if (collector_open(&p->collector, &p->setup, on_last_worker, p, err, sizeof err) <
            0 ||
        collector_start(&p->collector, err, sizeof err) < 0)
        return fail(err, EXIT_BUSY);
    announce(&p->collector);
    uv_run(&p->loop, UV_RUN_DEFAULT);
    collector_join(&p->collector);
    collector_log_counters(&p->collector);
    collector_close(&p->collector);
    uv_loop_close(&p->loop);
    log_line("event=stopped");
    return EXIT_OK;
}

int main(int argc, char **argv)
{
    static struct program program;
    struct options options = {0};
    char err[512];

    log_open(PROGRAM);
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
