/* hooks: programs that are run for changes of alerts.
 *
 * Each gets the change on its standard input, one line of JSON, and in its environment.
 * Of one alert one runs at a time, in order; in all HOOKS_RUNNING_MAX. One that takes too
 * long is killed, with all that it has started. While HOOKS_MAX wait, the one that has
 * waited longest gives way: the newest change is what counts. */
#ifndef HC_HOOKS_H
#define HC_HOOKS_H

#include <sys/types.h>
#include "../proto/units.h"
#include "alert_change.h"

struct hook {
    struct alert_change change;
    bool posts; /* by curl(1), else the program */
    bool killed;
    pid_t pid; /* 0: it waits */
    mono_t deadline;
};

struct hooks {
    const char *program, *url; /* NULL: none */
    mono_t timeout;
    struct hook hook[HOOKS_MAX]; /* n of them, in order of arrival */
    size_t n, running;
    uint64_t dropped, failed;
};

/* The change is due for the program and for the URL. */
void hooks_add(struct hooks *h, const struct alert_change *c);

/* Starts what can be, ends what has taken too long, and says what failed. Returns how
 * many ms to wait for a child at most, negative: for ever. */
mono_t hooks_tend(struct hooks *h);

/* Kills what runs, and forgets what waits. */
void hooks_kill(struct hooks *h);

#endif
