/* message: the published message of a site as it stands now. Pure. */
#ifndef HC_AGGREGATOR_MESSAGE_H
#define HC_AGGREGATOR_MESSAGE_H

#include "site.h"

/* Writes the site's next message (proto/delta.h) into @out, of site_time at @now, with
 * the events that came after id @events_after; @online are those who have it open. The
 * flags tell of a site that is LOADING, whose pages are not known yet, and until
 * s->warming that it was read back just now. Counts the site's messages; what was news is
 * moved to news_sent; a pending tick is done with it. */
void message_encode(struct site *s, uint64_t epoch, ms_t now, const struct online *online,
                    uint64_t events_after, struct buf *out);

/* The same, of events whose JSON is there already: of all from message_first_event on.
 * NULL: it is not. */
void message_encode_told(struct site *s, uint64_t epoch, ms_t now,
                         const struct online *online, uint64_t events_after,
                         const struct slice *event_json, struct buf *out);

/* The id of the first event that it has. */
uint64_t message_first_event(const struct site *s, uint64_t events_after);

#endif
