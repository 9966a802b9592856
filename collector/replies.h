/* replies: those of the requests that the poller told of together, on their way out
 * together.
 *
 * A request is read, served and answered in three walks through much code of the kernel
 * and of ours; a processor that does one of them sixty times and then the next has more
 * of it at hand. (Redis writes to its clients before it sleeps, too.) Only small answers
 * to short requests of connections that wait for nothing else are kept, and none longer
 * than it takes to serve what was told of with it; whatever may take long lets those go
 * that were there before it. */
#ifndef HC_REPLIES_H
#define HC_REPLIES_H

#include <stdbool.h>
#include "../proto/buf.h"
#include "../proto/limits.h"
#include "poller.h"

struct conn;

struct replies {
    unsigned n;
    struct conn *of[POLLER_EVENTS_MAX]; /* each once: it is told of once */
    size_t end[POLLER_EVENTS_MAX];      /* of its answer in `bytes` */
    struct buf bytes;
};

/* All that it ever keeps fits: one answer for each socket of a wait. */
void replies_init(struct replies *rs);
void replies_fini(struct replies *rs);

/* Keeps @n bytes, at least one, for @c, an open connection that was told of and has none
 * here yet, and marks it `answered`; copies them. Returns false if they are more than
 * REPLY_KEPT_MAX: nothing is kept. */
bool replies_keep(struct replies *rs, struct conn *c, const char *bytes, size_t n);

/* Writes all of them, and keeps none any more. Any of their connections may be closed by
 * it. */
void replies_release(struct replies *rs);

#endif
