/* claim: the reply of claim.lua, taken apart. Pure.
 *
 * Its shape is the script's; its contents are what lay in Redis and may be anything.
 * Slices point into the reply. */
#ifndef HC_CLAIM_H
#define HC_CLAIM_H

#include <hiredis/hiredis.h>
#include "../proto/delta.h"
#include "../proto/limits.h"
#include "../proto/slice.h"
#include "../proto/units.h"

/* What is left of the list. */
struct claim_reader {
    redisReply **next;
    size_t left;
};

struct claim {
    bool known;    /* there is a record: a `q` */
    bool doubtful; /* one of its numbers cannot be read and is 0 here */
    uint64_t commit, time, window, capped, last_event, cut; /* q t W c i x */
    uint64_t message;                                       /* n */
    uint64_t epoch, before; /* e: of the last to claim it, o: and of the one before */
    struct slice marks;
    struct claim_totals {
        uint64_t views, visits, since, peak, peak_at, day, day_peak, day_peak_at, life;
        uint64_t last_event, joins, counted;
    } totals;
    struct online online;
    struct claim_reader pages, feed, goals, alerts, titles, rows; /* where they begin */
    size_t npages, nfeed, ngoals, nalerts, ntitles;
};

/* Finds the parts of the reply. False when it is not of the script's shape. */
bool claim_parse(struct claim *c, const redisReply *reply);

/* Takes the next text: of pages id and path in turns, of titles path and title, of goals
 * field and value, of alerts name and state, of the feed an event. */
bool claim_text(struct claim_reader *r, struct slice *text);

/* Whether @text is a whole number up to @max, which is *@v then. */
bool claim_number(struct slice text, uint64_t max, uint64_t *v);

struct claim_row {
    minute_t minute;
    uint64_t views, events, uniques, last, n, engaged;
    struct slice log;
    bool readable;              /* else what cannot be read is 0 */
    bool inlined;               /* its log came along */
    struct claim_reader traits; /* name and value of what is none of these, in turns: */
    size_t ntraits;             /* traits, queries; and of these, which are passed over */
};

/* Takes the next row, newest first; false: there is no further one. */
bool claim_row(struct claim_reader *r, struct claim_row *row);

/* Whether the list ends here, behind the rows, and nothing was left out. */
bool claim_was_readable(const struct claim_reader *r);

#endif
