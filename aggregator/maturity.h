/* maturity: what Redis has confirmed, waiting until it is safe there. Pure.
 *
 * A barrier says: every datagram up to these numbers is in Redis, or in a site that is
 * left out (quarantined, counted). It is made when a round of commits begins and enters
 * the queue when all of them are confirmed. It is mature, and its datagrams may be
 * forgotten by their senders, when HOLD_MS later the same connection still answers: then
 * Redis has lived through the time in which `appendfsync everysec` may lose what it had
 * confirmed. When the connection breaks, whatever waits is given up: nobody knows what
 * Redis has kept. */
#ifndef HC_MATURITY_H
#define HC_MATURITY_H

#include <stdbool.h>
#include <stddef.h>
#include "../proto/limits.h"
#include "../proto/units.h"

/* All datagrams of the stream at place @stream (receiver.h) up to @seq. */
struct barrier_mark {
    uint32_t stream;
    uint64_t id, seq;
};

struct barrier {
    mono_t at; /* confirmed */
    struct barrier_mark *mark;
    size_t n, cap;
};

/* Out of memory they abort, as buf does: a mark left out would never be made again. */
void barrier_init(struct barrier *b);
void barrier_fini(struct barrier *b);
void barrier_add(struct barrier *b, uint32_t stream, uint64_t id, uint64_t seq);

struct maturity {
    struct barrier queue[MATURITY_MAX]; /* oldest first, a ring */
    unsigned first, n;
    mono_t opened; /* when the newest's first part was confirmed */
    mono_t hold;   /* HOLD_MS; may be changed while the queue is empty */
};

void maturity_init(struct maturity *m);
void maturity_fini(struct maturity *m);

/* Takes over @b, confirmed at @now (never less than before), and leaves it empty. While
 * the newest began less than a thirty-second part of the hold ago, or no place is left,
 * @b is joined to it; a joined one counts from its last part. An empty one is nothing. */
void maturity_push(struct maturity *m, struct barrier *b, mono_t now);

/* Gives up all. */
void maturity_clear(struct maturity *m);

/* When a call should be sent whose reply lets the oldest mature; INT64_MAX: none waits.
 */
mono_t maturity_due(const struct maturity *m);

/* A call sent at @sent on the connection that confirmed all of this has been answered:
 * moves the oldest barrier into @out if it is mature by that, else returns false. Call
 * it until it does. @out is cleared first. */
bool maturity_take(struct maturity *m, mono_t sent, struct barrier *out);

#endif
