/* stats: every site in one JSON object, for scripts and monitors: what Audience Meter's
 * stats port says, and more.
 *
 *   {"shop":{"created":1763000000,"members":3,"connections":567,"modified":1763776800,
 *            "online":4,"active":2,"current":5,"views":1234,"visits":890},...}
 *
 * created: since when counting goes on; members: connections open now; connections: ever;
 * modified: when its latest hit happened, 0: not known; online: visitors; active: of them
 * those not in the background; current: visitors of the last five minutes; views,
 * visits: ever. Times are seconds since 1970. Sites that are being read back are left
 * out, and those that have been empty for long. Pure. */
#ifndef HC_STATS_H
#define HC_STATS_H

#include "../proto/buf.h"
#include "store.h"

/* Appends the object, as of @now. A site where nobody is online and nothing has happened
 * for @clean_ms is left out; 0: none is. The ceiling STATS_MAX of @out is enough for all
 * sites. */
void stats_json(const struct store *st, ms_t now, ms_t clean_ms, struct buf *out);

#endif
