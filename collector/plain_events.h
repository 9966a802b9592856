/* plain_events: events as pages send them, read out of their JSON where they stand.
 *
 * That is: objects of texts without a backslash, whole numbers, true, false and null, one
 * alone, or in an array, or in {"hits":[...]}. It refuses nothing: what is anything else,
 * be it wrong or only unusual, is not plain, and jansson judges it (batch.c). So whatever
 * it takes is what jansson would have taken, in a fifteenth of the time, and the bounds
 * and verdicts of JSON are written in one place. */
#ifndef HC_PLAIN_EVENTS_H
#define HC_PLAIN_EVENTS_H

#include "beacon.h"

struct plain_events;

/* Reads a copy of @text. Returns the events, to be freed, or NULL: they are not plain,
 * more than BATCH_MAX, or one has a site that is no text or is a program's query. */
struct plain_events *plain_events_read(struct slice text);
void plain_events_free(struct plain_events *e); /* NULL: does nothing */

size_t plain_events_count(const struct plain_events *e);

/* Fills the fields of event @i (< count) into @b, which was cleared, as batch.h says. The
 * slices point into the events. */
void plain_events_get(const struct plain_events *e, size_t i, struct beacon *b);

#endif
