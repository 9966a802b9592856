/* worker_stop: how a worker stops, step by step; for worker.c. */
#ifndef HC_WORKER_STOP_H
#define HC_WORKER_STOP_H

#include "../proto/units.h"

struct worker;

/* At the end of every turn of a worker that was asked to stop: takes the step that is
 * due. Returns when to come again at the latest, INT64_MAX once all is closing. */
mono_t worker_stop_turn(struct worker *w, mono_t now);

/* The last step, or the only one of a worker that never ran: closes every handle; the
 * loop ends when they are gone. */
void worker_close(struct worker *w);

#endif
