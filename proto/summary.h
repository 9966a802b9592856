/* summary: minute rows as they lie in Redis -> the realtime answer. One for HTTP and cli,
 * so that two screens cannot disagree.
 *
 * proto/snapshot.lua reads a site atomically and returns one flat list of strings:
 *
 *   "T" sec usec                          Redis' clock
 *   "M" n field value ...                 n pairs of the meta hash, 0 for an unknown
 * site, one without a commit "B" minute n field value ...          one per minute of the
 * window that exists, the newest first "R" n json ...                        recent
 * events, in any order
 *
 * The caller turns its Redis reply into slices and gives them to summary_parse. */
#ifndef HC_SUMMARY_H
#define HC_SUMMARY_H

#include "buf.h"
#include "delta.h"
#include "limits.h"
#include "units.h"

/* The script's text (proto/snapshot.lua, compiled in). KEYS[1] = hc:{S}:m.
 * ARGV = "hc:{S}:b:" prefix, hc:{S}:r, number of minutes whose pages are wanted. */
extern const char snapshot_lua[];

struct summary_row {
    minute_t minute;
    uint64_t views, events, uniques; /* in that minute */
    uint64_t last;                   /* visitors whose latest minute it is */
};

struct summary {
    ms_t as_of;   /* Redis' clock */
    minute_t now; /* the running minute: the later of Redis' clock and the last commit */
    unsigned window;  /* minutes kept, W */
    unsigned minutes; /* the window asked for, 1..W */
    uint64_t epoch, commit;
    bool known; /* the site has been seen inside its TTL */
    bool capped;
    bool
        loading; /* the aggregator is reading it back: what came since is not in it yet */
    bool warming; /* it was read back within the last heartbeat */
    struct summary_row
        row[WINDOW_MAX];      /* row[i] is minute now - i; zero where nothing was */
    struct page_count *pages; /* of the window asked for, most visitors first; those
                                 beyond ANSWER_PAGES_MAX are one last PAGE_OTHER */
    size_t npages;            /* at most ANSWER_PAGES_MAX + 1 */
    uint64_t pages_visitors;  /* sum over all of them */
    struct slice recent[RECENT_MAX]; /* JSON objects, newest first */
    size_t nrecent;
};

#define MINUTES_DEFAULT 5

/* Reads the value of ?minutes=. Empty gives MINUTES_DEFAULT. Returns the number, larger
 * ones cut to WINDOW_MAX (the answer says the minutes it used), or 0 when it is not a
 * whole number of at least 1: the caller refuses with 400. */
unsigned minutes_parse(struct slice text);

/* Merges the flat list. @minutes, at least 1, is cut to the site's window. Returns 0, or
 * -1 when the list is not of this shape or of another schema; then nothing is left to
 * free. Slices in @s point into @v's text, which must outlive it. summary_fini frees what
 * it allocated. */
int summary_parse(struct summary *s, const struct slice *v, size_t n, unsigned minutes);
void summary_fini(struct summary *s);

/* Visitors, views, events of the last @minutes rows (running minute included). */
struct summary_window {
    uint64_t visitors, views, events;
};
struct summary_window summary_window(const struct summary *s, unsigned minutes);

/* The answer of GET /sites/:id/realtime, as PROTOCOL.md gives it. Appends to @out. */
void summary_json(const struct summary *s, struct slice site, struct buf *out);

#endif
