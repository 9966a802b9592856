/* conns: all connections of one worker: how many, how much they hold, who must go. */
#ifndef HC_CONNS_H
#define HC_CONNS_H

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
    struct conn *closed;  /* in this turn of the loop; linked by next, as are */
    struct conn *spare;   /* those that are kept for newcomers */
    unsigned spares;
    int reserve; /* a file to give up when there are no others, -1: there is none */
};

/* @max: connections at the same time, at least 1. */
void conns_init(struct conns *cs, unsigned max);

/* Frees the closed and the spare ones; all must be closed. */
void conns_fini(struct conns *cs);

/* Takes @fd, a connection of @from that came to @listener. At the cap the one that is
 * idle longest makes room, else the one that takes longest to send a request; if there is
 * none the newcomer is closed, as it is at the cap of the feed port, and when its address
 * has too many
 * (--conns-per-address). */
struct address;
struct listener;
void conns_accept(struct listener *listener, int fd, const struct address *from);

/* When the process has no files left: gives the one up that is kept in reserve, so that
 * something can be done that needs one. */
void conns_give_reserve(struct conns *cs);

/* Keeps one in reserve again, if there is one. */
void conns_keep_reserve(struct conns *cs);

/* The same some time later: if the process still has none left, the connection makes room
 * that is idle longest, if its file is one that can be opened again. */
void conns_regain_reserve(struct worker *w);

/* Dismisses those that no answer is under way to, or closes, with @all, every one. */
void conns_close(struct worker *w, bool all);

/* To be called at the end of each turn of the loop: takes the structs back of those that
 * were closed in it, and gives memory back to the system when much was held and is not
 * any more. */
void conns_turn(struct conns *cs, mono_t now);

/* For conn.c, when it is known who the peer is: whether its address has too many
 * connections already (--conns-per-address). Then it was counted and closed. */
bool conns_crowded(struct conn *c);

/* For conn.c: @c is closed and stops counting; its memory lasts until the turn ends. */
void conns_forget(struct conn *c);

#endif
