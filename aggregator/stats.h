/* stats: every site in one JSON object, for scripts and monitors: what Audience Meter's
 * stats port says, and more.
 *
 *   {"shop":{"created":1763000000,"members":3,"connections":567,"modified":1763776800,
 *            "active":2,"current":5,"views":1234},...}
 *
 * members: visitors online; connections: visits ever; created: when those began to be
 * counted; modified: the minute of its latest hit; active: online and not in the
 * background; current: visitors of the last five minutes; views: pageviews ever. Times
 * are seconds since 1970. Sites that are being read back are left out. Pure. */
#ifndef HC_STATS_H
#define HC_STATS_H

#include "../proto/buf.h"
#include "store.h"

/* Appends the object. The ceiling STATS_MAX of @out is enough for all sites. */
void stats_json(const struct store *st, struct buf *out);

#endif
