/* stop: SIGINT and SIGTERM -> one orderly end.
 *
 * The first signal calls the function once; a second one within the stop ends the process
 * at once with code 130, so that a person is never stuck. SIGPIPE is ignored.
 *
 * Does not keep the loop running: fn closes all the rest, uv_run returns, and then comes
 * stop_close. */
#ifndef HC_STOP_H
#define HC_STOP_H

#include <uv.h>

struct stop {
    uv_signal_t sigint, sigterm;
    void (*fn)(void *arg);
    void *arg;
    int signals; /* seen */
};

/* Returns 0 or a negative uv error; then too the loop must run once more before @s ends.
 */
int stop_open(struct stop *s, uv_loop_t *loop, void (*fn)(void *arg), void *arg);

/* Closes both handles; the memory is the caller's again when the loop has run once more.
 */
void stop_close(struct stop *s);

#endif
