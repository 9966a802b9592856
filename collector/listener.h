/* listener: the socket that connections come from. */
#ifndef HC_LISTENER_H
#define HC_LISTENER_H

#include <stdbool.h>
#include <uv.h>
#include "../proto/loop/listen_addr.h"
#include "address.h"

struct worker;

/* Connections taken in a turn of the loop. Others are served meanwhile: 64 and their
 * first requests take a millisecond or two. */
#define LISTENER_ACCEPTS_MAX 64

/* What it waits before it tries again, when there was no file for a newcomer and none to
 * give up; he waits in the kernel meanwhile. */
#define LISTENER_REST_MS 100

/* What is spoken there. */
enum port {
    PORT_HTTP,   /* the table of route.c */
    PORT_NOTIFY, /* HTTP with a table of its own: notify.h */
    PORT_FEED,   /* lines: feed_session.h */
};

struct listener {
    uv_poll_t poll;
    uv_timer_t rest;
    struct worker *worker; /* NULL: was never opened, or is closed */
    enum port port;
    int fd;
};

/* A TCP socket bound to @at and not listening yet, or a negative errno. With @shared
 * others may bind the same address so (SO_REUSEPORT); without, a second listener makes it
 * fail with -EADDRINUSE. */
int listener_bind(const struct address *at, bool shared);

/* Accepts connections of @fd, which is the listener's from now on, even if this fails.
 * Returns 0 or a negative uv error; close it in both cases. */
int listener_open(struct listener *l, struct worker *w, enum port port, int fd);

/* Binds and accepts at @at, unless that is off, with nobody else; or takes the socket
 * that was handed over for it. Writes the address with its real port to @bound. Returns
 * 0, or -1 with a sentence in @err; close it in both cases. */
int listener_open_at(struct listener *l, struct worker *w, enum port port,
                     const struct listen_addr *at, struct address *bound, char *err,
                     size_t err_n);

/* Takes nobody any more; what the kernel has queued is refused. One that was never opened
 * is left alone. */
void listener_close(struct listener *l);

#endif
