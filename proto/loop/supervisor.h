/* supervisor: what systemd is told of a daemon (sd_notify(3)), and how it learns that the
 * daemon hangs.
 *
 * READY=1 is said once all ports are listened on, whether Redis is there or not: what
 * this daemon takes meanwhile is kept, and a unit must not fail because of another one.
 * Whether it is ready in the sense of /readyz stands in STATUS=, which systemctl shows.
 *
 * WATCHDOG=1 is said four times in WATCHDOG_USEC as long as everything turns: the loop of
 * this supervisor, or it could not speak, and what is_alive looks after. Without
 * NOTIFY_SOCKET nothing is ever done. */
#ifndef HC_SUPERVISOR_H
#define HC_SUPERVISOR_H

#include <stdbool.h>
#include <uv.h>
#include "../buf.h"

#define SUPERVISOR_STATUS_MS 2000 /* how often is looked whether the status changed */
#define SUPERVISOR_STATUS_MAX 256 /* bytes of it; more is cut */

/* The daemon's part; called on the loop's thread. */
struct supervisor_env {
    /* Appends a line for each reason why the daemon is not ready; nothing when it is. */
    void (*unready)(void *arg, struct buf *out);
    /* Whether all threads have turned since it was last asked, which it is four times in
     * WATCHDOG_USEC; NULL: there are no others. */
    bool (*is_alive)(void *arg);
    void *arg;
};

struct supervisor {
    struct supervisor_env env;
    int fd;          /* -1: nobody listens to us */
    bool owes_ready; /* READY=1 was not taken yet */
    bool stopping;
    uv_timer_t watchdog, status;
    char told[SUPERVISOR_STATUS_MAX]; /* the status */
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID; says nothing yet. @env is copied.
 * Best effort, like all of it: a supervisor that cannot be reached is told nothing. */
void supervisor_open(struct supervisor *s, uv_loop_t *loop,
                     const struct supervisor_env *env);

/* READY=1 with the status: the start, or the end of a reload. If it is not taken now, it
 * is said with each status until it is: a unit without it is ended. */
void supervisor_ready(struct supervisor *s);

/* RELOADING=1; supervisor_ready follows, however the reload went. */
void supervisor_reloading(struct supervisor *s);

/* STOPPING=1, and nothing of reloads any more. The watchdog is satisfied as before, until
 * supervisor_close. */
void supervisor_stopping(struct supervisor *s);

/* The memory is the caller's again when the loop has run once more. Twice is fine. */
void supervisor_close(struct supervisor *s);

#endif
