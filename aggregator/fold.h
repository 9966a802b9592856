/* fold: THE HEART. (store, hits, now) -> store. Pure: no clock, no I/O.
 *
 * What counts: a view is a pageview of its minute, an event an event; views, events and
 * heartbeats make the visitor seen in their minute, on their page. Heartbeats, and views
 * and events that name their tab, make the visitor present (presence.h); a leave ends its
 * tab and makes nobody seen. A view or event also counts for each goal of the site that
 * it reaches (goals.h). A join is a heartbeat that is counted as a connection. A message
 * goes to the feed; a reset begins the totals anew. A hit is filed under the minute in
 * which it happened (now less its age), in whatever order hits come; one from before the
 * window is counted as late and changes nothing. */
#ifndef HC_FOLD_H
#define HC_FOLD_H

#include "../proto/hit.h"
#include "dating.h"
#include "store.h"

/* What became of the hits; the caller adds them to its counters. */
struct fold_counts {
    uint64_t views, events, heartbeats, leaves, joins, messages, resets, queries;
    uint64_t unknown_kind; /* of a later version: skipped */
    uint64_t late;         /* happened before the window */
    uint64_t capped_sites; /* SITES_MAX, or no memory for the site: not counted at all */
    uint64_t capped_visitors;  /* SITE_VISITORS_MAX or VISITORS_MAX: views count, the
                                  visitor not */
    uint64_t capped_pages;     /* PAGES_MAX: counted on "(other)" */
    uint64_t capped_referrers; /* REFERRERS_MAX and its like: counted on "(other)" */
    uint64_t capped_tabs;      /* SITE_TABS_MAX or TABS_MAX: counted, but not present */
    uint64_t tabs_displaced;   /* VISITOR_TABS_MAX: another tab of the visitor went */
    uint64_t parked;           /* their site was being read back; folded later */
    uint64_t repeated;         /* were in what was read back */
    uint64_t marks_evicted;    /* SITE_MARKS_MAX */
    uint64_t goals;            /* reached; a hit may reach several */
    uint64_t capped_goals;     /* GOALS_COUNTED_MAX: counted on "(other)" */
};

/* A datagram's number, and the clocks its hits are dated by. */
struct fold_origin {
    uint64_t stream, seq;  /* stream 0: of none, no marks are kept */
    mono_t sent;           /* the sender's clock when it sent */
    ms_t at;               /* the wall clock when it came */
    struct dating *dating; /* the stream's, NULL: hits are dated one by one */
};

/* Folds the @n (<= DATAGRAM_HITS_MAX) hits of one datagram. Their times are those of
 * dating.h, which may change @from->dating. Sites that changed are on the dirty
 * list, those that must be read back first on the list of loads, and their hits are
 * parked. A hit that a site has by its marks is skipped. Texts are copied. */
void fold_hits(struct store *st, const struct hit *hits, size_t n,
               const struct fold_origin *from, struct fold_counts *counts);

/* ---- many datagrams together: the same, in less time --------------------- */

/* Hits that have been taken and are not in the store yet. */
struct fold_queue;

/* @st and @counts must outlive it. NULL when out of memory. */
struct fold_queue *fold_queue_new(struct store *st, struct fold_counts *counts);
void fold_queue_free(struct fold_queue *q);

/* Where the hits of the next datagram are to be put: DATAGRAM_HITS_MAX and one more.
 * Valid until the next call of any kind. May settle. */
struct hit *fold_queue_room(struct fold_queue *q);

/* Takes the @n hits that lie there, as fold_hits does, at once or later. Their texts, and
 * nothing else of @from, must stay until fold_queue_settle. */
void fold_queue_take(struct fold_queue *q, size_t n, const struct fold_origin *from);

/* Folds all that was taken. Call it before the store is used for anything else. */
void fold_queue_settle(struct fold_queue *q);

/* ---- time, and sites that come back --------------------------------------- */

/* @s, LOADING, has been read back: folds what was parked for it, at most @max hits.
 * Returns whether that was all: then call store_loaded at once, which makes the site
 * live. If not, call it again; what comes meanwhile is parked. */
bool fold_parked(struct store *st, struct site *s, size_t max,
                 struct fold_counts *counts);

/* Does what time alone makes due: ends tabs, at most PRESENCE_TABS_A_TICK a call; turns
 * the minute, site by site spread over ten seconds; marks the sites whose numbers
 * changed; drops stale visitors and dead sites. Returns when it wants to be called next
 * (wall clock, > now). Call it with a clock that does not step back. */
ms_t fold_tick(struct store *st, ms_t now);

#endif
