/* delta: the message published on hc:SITE at every change, and at each minute's turn.
 *
 *   {"v":1,"site":"shop","e":1763776800123,"q":17,"n":21,"t":1763776801456,
 *    "d":{"pv":1,"ev":0,"new":1},
 *    "visitors":{"1":3,"5":3,"30":4},"pv":{"1":3,"5":5,"30":9},
 *    "pages":[{"path":"/","visitors":2},...],
 *    "events":[{"id":9,"type":"pageview","timestamp":1763776801450,"path":"/"},...],
 *    "flags":["capped"]}
 *
 * Numbers are absolute, so a message that a subscriber missed heals with the next; "d" is
 * what came since the message before. (e, n) grows with every message: a jump of n or a
 * new e means a gap. (e, q) is the commit whose state it shows. */
#ifndef HC_DELTA_H
#define HC_DELTA_H

#include "buf.h"
#include "json.h"
#include "limits.h"
#include "units.h"

#define DELTA_WINDOWS 3

enum delta_flag {
    DELTA_TICK = 1,    /* only time went by */
    DELTA_CAPPED = 2,  /* a bound was met: numbers are lower bounds */
    DELTA_LOADING = 4, /* the site is being read back: no pages yet, hits are waiting */
    DELTA_WARMING = 8, /* it was read back just now; who is on it shows with heartbeats */
};

struct page_count {
    struct slice path;
    uint64_t visitors;
};

struct recent_event {
    uint64_t id;  /* per site, from 1, in order of arrival */
    uint8_t kind; /* HIT_VIEW or HIT_EVENT */
    ms_t at;
    struct slice path, name;
};

struct delta {
    struct slice site;
    uint64_t epoch, commit, n;
    ms_t at;
    uint64_t new_views, new_events, new_visitors;
    struct {
        unsigned minutes;
        uint64_t visitors, views;
    } window[DELTA_WINDOWS]; /* ascending; equal ones are written once */
    const struct page_count *pages;
    size_t npages; /* by visitors, the most first */
    const struct recent_event *events;
    size_t nevents; /* oldest first */
    unsigned flags; /* enum delta_flag, or'ed */
};

/* Writes the message into @out (cleared first), at most MESSAGE_MAX bytes: of the first
 * MESSAGE_PAGES_MAX pages and the last MESSAGE_EVENTS_MAX events, pages from the tail,
 * then events from the head, are left out until it fits. The ceiling of @out must be at
 * least MESSAGE_MAX. */
void delta_encode(const struct delta *d, struct buf *out);

/* One element of "events" / "recentEvents"; also the value kept in hc:{S}:r. */
void recent_event_json(struct json *j, const struct recent_event *e);

/* Whether @json is an event such as recent_event_json writes: a flat object of texts and
 * whole numbers that begins with "id", "type" and "timestamp"; members unknown to this
 * version may follow. Then sets @id and @at, and @json may go through json_raw. */
bool recent_event_check(struct slice json, uint64_t *id, ms_t *at);

/* Takes such an event apart. Texts of @e point into @text, which is cleared first.
 * Returns whether it is one that recent_event_json may have written, within all bounds.
 */
bool recent_event_parse(struct slice json, struct recent_event *e, struct buf *text);

#endif
