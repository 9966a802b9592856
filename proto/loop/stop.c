/* Counts signals: the first one asks for the orderly end, the second one stops asking.
 *
 * The handles do not keep the loop running: when everything else has closed, uv_run
 * returns although the signals are still listened to, so that a second one is heard as
 * long as the end takes. */
#include "stop.h"

#include <signal.h>
#include <unistd.h>

#define EXIT_AT_ONCE 130 /* what a shell reports for a program ended by SIGINT */

static void on_signal(uv_signal_t *handle, int signum)
{
    struct stop *s = handle->data;

    (void)signum;
    if (++s->signals > 1)
        _exit(EXIT_AT_ONCE);
    s->fn(s->arg);
}

static int listen_to(struct stop *s, uv_signal_t *handle, int signum)
{
    handle->data = s;
    uv_unref((uv_handle_t *)handle);
    return uv_signal_start(handle, on_signal, signum);
}

int stop_open(struct stop *s, uv_loop_t *loop, void (*fn)(void *arg), void *arg)
{
    int r;

    *s = (struct stop){.fn = fn, .arg = arg};
    signal(SIGPIPE, SIG_IGN);
    if ((r = uv_signal_init(loop, &s->sigint)) < 0)
        return r;
    uv_signal_init(loop, &s->sigterm); /* fails only where the first one did */
    r = listen_to(s, &s->sigint, SIGINT);
    if (r == 0)
        r = listen_to(s, &s->sigterm, SIGTERM);
    if (r < 0)
        stop_close(s);
    return r;
}

void stop_close(struct stop *s)
{
    uv_close((uv_handle_t *)&s->sigint, NULL);
    uv_close((uv_handle_t *)&s->sigterm, NULL);
}
