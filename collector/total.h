/* total: a site's views and visits since they were begun to be counted, and their new
 * beginning. */
#ifndef HC_TOTAL_H
#define HC_TOTAL_H

#include "exchange.h"

/* GET /sites/:id/total: {"site","views","visits","since","asOf"}. */
enum handled total_show(struct exchange *x);

/* POST /sites/:id/reset: both begin anew at 0. For tokens of scope admin. */
enum handled total_reset(struct exchange *x);

/* For dialects: what it does when it may; an access_act. */
const char *total_act(struct worker *w, struct slice site, const void *wish);

#endif
