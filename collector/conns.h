/* conns: all connections of one worker: how many, how much they hold, who must go. */
#ifndef HC_CONNS_H
#define HC_CONNS_H

#include <uv.h>
#include "carry.h"

struct conn;
struct worker;

struct conns {
    unsigned open, max;
    struct budget budget; /* for all carries and unsent answers */
    struct conn *spare;   /* closed ones, kept for the next, linked by tcp.data */
    unsigned spares;
};

/* @max: connections at the same time, at least 1. */
void conns_init(struct conns *cs, unsigned max);

/* Frees the spare ones; all must be closed. */
void conns_fini(struct conns *cs);

/* Takes the next connection of @listener. At the cap the one that is idle longest makes
 * room; if none is idle the newcomer is closed. */
void conns_accept(struct worker *w, uv_stream_t *listener);

/* Closes those that wait for a request, or with @all every one. */
void conns_close(struct worker *w, bool all);

/* For conn.c: @c stops counting, and later its memory is given back. */
void conns_forget(struct worker *w);
void conns_put(struct conns *cs, struct conn *c);

#endif
