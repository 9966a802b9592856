/* The protocol is a datagram of VARIABLE=value lines to a Unix socket; it is documented
 * and stable, and a library for it would be larger than headcount's other ones together.
 *
 * The timers do not keep the loop running: it ends when the daemon has closed the rest.
 * Sending never waits; a status that the socket does not take is told the next time, and
 * so is READY=1. */
#include "supervisor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PETS_PER_TIMEOUT 4

/* Returns a socket connected to NOTIFY_SOCKET, a path or an abstract name after @; or -1.
 */
static int dial(void)
{
    const char *name = getenv("NOTIFY_SOCKET");
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    size_t n = name ? strlen(name) : 0;
    int fd;

    if (n < 2 || n >= sizeof sa.sun_path || (*name != '/' && *name != '@'))
        return -1;
    memcpy(sa.sun_path, name, n);
    if (*name == '@')
        sa.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&sa,
                           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Microseconds after which a silent process is killed; 0: never. */
static uint64_t patience_us(void)
{
    const char *pid = getenv("WATCHDOG_PID"), *us = getenv("WATCHDOG_USEC");

    if (us == NULL || (pid && strtol(pid, NULL, 10) != (long)getpid()))
        return 0;
    return strtoull(us, NULL, 10);
}

static bool say(struct supervisor *s, const char *text)
{
    return s->fd >= 0 && send(s->fd, text, strlen(text), MSG_NOSIGNAL) >= 0;
}

/* The reasons, in one line. */
static void write_status(struct supervisor *s, char out[SUPERVISOR_STATUS_MAX])
{
    struct buf why;
    int n = 0;

    buf_init(&why, 4096);
    s->env.unready(s->env.arg, &why);
    n = why.n > 0 ? (int)why.n - 1 : 0; /* without the last line end */
    snprintf(out, SUPERVISOR_STATUS_MAX, n ? "not ready: %.*s" : "ready", n, why.p);
    for (char *c = out; *c; c++)
        if (*c == '\n')
            *c = ';';
    buf_fini(&why);
}

/* Sends the status, if it is another one or READY=1 must go before it. */
static void tell(struct supervisor *s)
{
    char now[SUPERVISOR_STATUS_MAX], text[SUPERVISOR_STATUS_MAX + 32];

    if (s->fd < 0)
        return;
    write_status(s, now);
    if (!s->owes_ready && strcmp(now, s->told) == 0)
        return;
    snprintf(text, sizeof text, "%sSTATUS=%s", s->owes_ready ? "READY=1\n" : "", now);
    if (!say(s, text))
        return;
    memcpy(s->told, now, sizeof now);
    s->owes_ready = false;
}

static void on_status(uv_timer_t *timer)
{
    tell(timer->data);
}

static void on_watchdog(uv_timer_t *timer)
{
    struct supervisor *s = timer->data;

    if (s->env.is_alive == NULL || s->env.is_alive(s->env.arg))
        say(s, "WATCHDOG=1");
}

static void start(struct supervisor *s, uv_loop_t *loop, uv_timer_t *timer,
                  uv_timer_cb cb, uint64_t ms)
{
    uv_timer_init(loop, timer);
    uv_unref((uv_handle_t *)timer);
    timer->data = s;
    if (ms > 0)
        uv_timer_start(timer, cb, ms, ms);
}

void supervisor_open(struct supervisor *s, uv_loop_t *loop,
                     const struct supervisor_env *env)
{
    *s = (struct supervisor){.env = *env, .fd = dial()};
    if (s->fd < 0)
        return;
    start(s, loop, &s->watchdog, on_watchdog, patience_us() / 1000 / PETS_PER_TIMEOUT);
    start(s, loop, &s->status, on_status, SUPERVISOR_STATUS_MS);
}

void supervisor_ready(struct supervisor *s)
{
    s->owes_ready = !s->stopping;
    if (s->owes_ready)
        tell(s);
}

/* The time lets systemd tell this reload from one that was begun before. */
void supervisor_reloading(struct supervisor *s)
{
    struct timespec t;
    char text[64];

    if (s->stopping)
        return;
    clock_gettime(CLOCK_MONOTONIC, &t);
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
             (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000);
    say(s, text);
}

void supervisor_stopping(struct supervisor *s)
{
    s->stopping = true;
    say(s, "STOPPING=1\nSTATUS=stopping");
    if (s->fd >= 0)
        uv_timer_stop(&s->status);
}

void supervisor_close(struct supervisor *s)
{
    if (s->fd < 0)
        return;
    close(s->fd);
    s->fd = -1;
    uv_close((uv_handle_t *)&s->watchdog, NULL);
    uv_close((uv_handle_t *)&s->status, NULL);
}
