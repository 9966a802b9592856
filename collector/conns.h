/* conns: all connections of one worker: how many, how much they hold, who must go. */
#ifndef HC_CONNS_H
#define HC_CONNS_H

#include <uv.h>
#include "../proto/units.h"
#include "carry.h"

struct conn;
struct worker;

struct conns {
    unsigned open, max;
    unsigned feed;        /* of these, of the feed port; it has a bound of its own */
    struct budget budget; /* for all carries and unsent answers */
    size_t held_most;     /* of it since memory was last given back, */
    mono_t trimmed;       /* and when that was */
    struct conn *spare;   /* closed ones, kept for the next, linked by tcp.data */
    unsigned spares;
};

/* @max: connections at the same time, at least 1. */
void conns_init(struct conns *cs, unsigned max);

/* Frees the spare ones; all must be closed. */
void conns_fini(struct conns *cs);

/* Takes the next connection of @listener. At the cap the one that is idle longest makes
 * room, else the one that takes longest to send a request; if there is none the newcomer
 * is closed, as it is at the cap of the feed port, and when its address has too many
 * (--conns-per-address). */
struct listener;
void conns_accept(struct listener *listener);

/* Dismisses those that no answer is under way to, or closes, with @all, every one. */
void conns_close(struct worker *w, bool all);

/* Gives memory back to the system when much was held and is not any more. To be called in
 * each turn of the loop. */
void conns_trim(struct conns *cs, mono_t now);

/* For conn.c, when it is known who the peer is: whether its address has too many
 * connections already (--conns-per-address). Then it was counted and closed. */
bool conns_crowded(struct conn *c);

/* For conn.c: @c stops counting, and later its memory is given back. */
void conns_forget(struct conn *c);
void conns_put(struct conns *cs, struct conn *c);

#endif
