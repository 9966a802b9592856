/* liveuser_total: how often somebody was counted, over HTTP. */
#ifndef HC_DIALECTS_LIVEUSER_TOTAL_H
#define HC_DIALECTS_LIVEUSER_TOTAL_H

#include "../exchange.h"

/* GET /api/total/:siteId: {"siteId","totalCount","timestamp"}. */
enum handled liveuser_total(struct exchange *x);

/* POST /api/reset/:siteId: {"siteId","message","timestamp"}. All totals of the site begin
 * anew, those of views and visits, too: as POST /sites/:id/reset, and for the same
 * tokens. */
enum handled liveuser_reset(struct exchange *x);

#endif
