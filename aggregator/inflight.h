/* inflight: what of a site is on its way to Redis: marked when a commit begins, settled
 * when it ends. Pure. */
#ifndef HC_INFLIGHT_H
#define HC_INFLIGHT_H

#include "store.h"

/* Marks dirty what a whole rewrite has to write: every row and page that is not zero, and
 * the ids of all pages. */
void inflight_mark_all(struct site *s);

/* Marks dirty every page that somebody has open, and no other: who is online is written
 * whole. */
void inflight_mark_online(struct site *s);

/* Moves dirty to in flight. */
void inflight_send(struct site *s);

/* Ends what is in flight; unless it is @done, it is dirty again. */
void inflight_end(struct site *s, bool done);

/* The log records that were sent are valid, or unless it is @done wait as before. */
void inflight_end_records(struct store *st, struct site *s, bool done);

/* Drops the records that wait: the log is to be written from the visitors. */
void inflight_drop_records(struct store *st, struct site *s);

#endif
