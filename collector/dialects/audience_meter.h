/* audience_meter: who holds a request open is there.
 *
 *   GET or any method  /NAMESPACE           joins, with Accept: text/event-stream
 *                      /NAMESPACE/UUID      the same, with --enable-uuid under a name
 *   without that Accept                     200 and nothing; ends the UUID's connection
 *   GET                /crossdomain.xml     for the Flash client
 *
 * Frames are "data: NUMBER", how many are there, "data: SERVICE=TEXT", a message, and
 * "retry: -1" for who was replaced and shall not come back. A namespace is a site. */
#ifndef HC_DIALECTS_AUDIENCE_METER_H
#define HC_DIALECTS_AUDIENCE_METER_H

#include "../deadlines.h"
#include "../stream.h"

extern const struct framing audience_framing;

/* --max-conn-duration is over. */
void audience_due(struct deadline *d);

#endif
