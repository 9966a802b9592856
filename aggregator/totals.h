/* totals: what is counted of a site for ever: views, visits, connections, the most that
 * were online at once, and where the feed's numbering began. Pure.
 *
 * Kept in hc:{S}:t, which does not expire. A site that is read back goes on from it. */
#ifndef HC_TOTALS_H
#define HC_TOTALS_H

#include <stdbool.h>

#include "../proto/delta.h"

struct totals {
    struct total total;
    ms_t life;          /* when the feed's ids began */
    bool dirty;         /* Redis does not have it as it is */
    bool inflight;      /* but with the commit that is out it will */
    int64_t day;        /* UTC days since 1970 that peaks.day is of */
    struct peaks peaks; /* day: of `day`, all: ever */
};

/* One view, or one visit, at @at. */
void totals_view(struct totals *t, ms_t at);
void totals_visit(struct totals *t, ms_t at);

/* One connection; @counted: it asked to be counted. */
void totals_join(struct totals *t, ms_t at, bool counted);

/* The site's first event for the feed came. */
void totals_begin_feed(struct totals *t, ms_t at);

/* Whether nobody was online yet on the day of @now; and when that day began (UTC). */
bool totals_is_new_day(const struct totals *t, ms_t now);
ms_t totals_day_start(ms_t now);

/* So many are online at @now. */
void totals_online(struct totals *t, uint64_t online, ms_t now);

/* Views, visits and connections begin anew at @at. Peaks stay. */
void totals_reset(struct totals *t, ms_t at);

/* The peaks as they are to be told at @now: of a day that is over 0. */
struct peaks totals_peaks(const struct totals *t, ms_t now);

#endif
