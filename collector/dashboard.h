/* dashboard: the pages that people look at, with their first numbers already in them.
 *
 * One template (web/dashboard.html) for all sites and for each one; its marks are in
 * dashboard_fill.h. The numbers are those of /sites and /sites/:id/realtime, byte for
 * byte. Where Redis does not give them the page comes all the same: its data is null, and
 * its script asks again. */
#ifndef HC_DASHBOARD_H
#define HC_DASHBOARD_H

#include "exchange.h"

/* GET /site/:id: always 200 for what may be a site's id, else 400. 404 with
 * --no-dashboard. */
enum handled dashboard_site(struct exchange *x);

/* GET /: the overview of all sites, or the way to the demo with --no-overview or
 * --no-dashboard. */
enum handled dashboard_home(struct exchange *x);

#endif
