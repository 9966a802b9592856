/* fold: THE HEART. (store, hits, now) -> store. Pure: no clock, no I/O.
 *
 * What counts: a view is a pageview of its minute, an event an event; views, events and
 * heartbeats make the visitor seen in their minute, on their page. A leave makes nobody
 * seen. A hit is filed under the minute in which it happened (now less its age), in
 * whatever order hits come; one from before the window is counted as late and changes
 * nothing. */
#ifndef HC_FOLD_H
#define HC_FOLD_H

#include "../proto/hit.h"
#include "store.h"

/* What became of the hits; the caller adds them to its counters. */
struct fold_counts {
    uint64_t views, events, heartbeats, leaves;
    uint64_t unknown_kind;    /* of a later version: skipped */
    uint64_t late;            /* happened before the window */
    uint64_t capped_sites;    /* SITES_MAX: not counted at all */
    uint64_t capped_visitors; /* SITE_VISITORS_MAX or VISITORS_MAX: views count, the
                                 visitor not */
    uint64_t capped_pages;    /* PAGES_MAX: counted on "(other)" */
};

/* Folds the @n (<= DATAGRAM_HITS_MAX) hits of one datagram. @sent is the sender's clock
 * when it sent, @now the wall clock on arrival; a hit's time is @now - (@sent - hit.at),
 * and never after @now. Sites that changed are on the dirty list. Texts are copied. */
void fold_hits(struct store *st, const struct hit *hits, size_t n, mono_t sent, ms_t now,
               struct fold_counts *counts);

/* Does what time alone makes due: turns the minute, site by site spread over ten seconds,
 * marks those whose numbers changed, drops stale visitors and dead sites. Returns when it
 * wants to be called next (wall clock, > now). Call it with a clock that does not step
 * back. */
ms_t fold_tick(struct store *st, ms_t now);

#endif
