/* listener: the socket that connections come from. */
#ifndef HC_LISTENER_H
#define HC_LISTENER_H

#include <stdbool.h>
#include <uv.h>
#include "address.h"

struct worker;

struct listener {
    uv_tcp_t tcp;
    struct worker *worker;
};

/* A TCP socket bound to @at and not listening yet, or a negative errno. With @shared
 * others may bind the same address so (SO_REUSEPORT); without, a second listener makes it
 * fail with -EADDRINUSE. */
int listener_bind(const struct address *at, bool shared);

/* Accepts connections of @fd, which is the listener's from now on, even if this fails.
 * Returns 0 or a negative uv error; close it in both cases. */
int listener_open(struct listener *l, struct worker *w, uv_loop_t *loop, int fd);

/* Takes nobody any more; what the kernel has queued is refused. */
void listener_close(struct listener *l);

#endif
