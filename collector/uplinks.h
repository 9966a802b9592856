/* uplinks: those of one worker: one that takes its hits, and one for each ring that an
 * earlier process left (uplink.h). */
#ifndef HC_UPLINKS_H
#define HC_UPLINKS_H

#include <stdbool.h>
#include <stddef.h>
#include "../proto/units.h"

struct spool;
struct worker;

/* Opens them for the rings that @spool has for the worker. Returns 0, or -1 with one
 * sentence in @err; then uplinks_close closes those that are open. */
int uplinks_open(struct worker *w, struct spool *spool, char *err, size_t err_n);

/* Lets every uplink do what is due, as uplink_turn, and the old ones go that have done.
 * Returns when to come again. */
mono_t uplinks_turn(struct worker *w, mono_t now, bool force);

/* Whether the aggregator still has to say something that is worth waiting for. */
bool uplinks_are_owed(const struct worker *w);

/* Their rings are of the worker's present secret. */
void uplinks_mark(struct worker *w);

/* Closes all, and notes what of their hits the aggregator has not confirmed. */
void uplinks_close(struct worker *w);

#endif
