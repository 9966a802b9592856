/* notify: the notification port: whoever asks it for /SITE/SERVICE/TEXT, by any method,
 * has put a message into the feed of a site, as Audience Meter has it.
 *
 * It asks for no token, for it is there for programs of the same host. */
#ifndef HC_NOTIFY_H
#define HC_NOTIFY_H

#include "messages.h"
#include "route.h"

/* Takes an address's path apart: "/shop/ci/v2%20is%20out". Returns whether it names a
 * site and says something; @site points into @path. Pure. */
bool notify_parse(struct slice path, struct slice *site, struct posted *m);

/* The only route of the port, whatever the path: always 200 and nothing. */
extern const struct route notify_route;

#endif
