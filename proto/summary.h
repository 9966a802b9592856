/* summary: minute rows as they lie in Redis -> the realtime answer. One for HTTP and cli,
 * so that two screens cannot disagree.
 *
 * proto/snapshot.lua reads a site atomically and returns one flat list of strings:
 *
 *   "T" sec usec                          Redis' clock
 *   "M" n field value ...            n pairs of the meta hash, 0 for an unknown site
 *   "O" n field value ...            who is online
 *   "A" n field value ...            totals and peaks, for ever
 *   "C" n field value ...            settings
 *   "N" n path title ...             titles of pages
 *   "B" minute n field value ...     one per minute of the window that exists, the newest
 *                                    first
 *   "R" n json ...                   recent events, in any order
 *
 * The caller turns its Redis reply into slices and gives them to summary_parse. */
#ifndef HC_SUMMARY_H
#define HC_SUMMARY_H

#include "buf.h"
#include "delta.h"
#include "limits.h"
#include "referrer_class.h"
#include "spread.h"
#include "trait.h"
#include "units.h"

/* The script's text (proto/snapshot.lua, compiled in). KEYS[1] = hc:{S}:m, by which it
 * finds the site's other hashes. ARGV = "hc:{S}:b:" prefix, hc:{S}:r, number of minutes
 * whose pages are wanted; 0: neither those nor titles nor events, only numbers. */
extern const char snapshot_lua[];

struct summary_row {
    minute_t minute;
    uint64_t views, events, uniques; /* in that minute */
    uint64_t last;                   /* visitors whose latest minute it is */
    uint64_t engaged;                /* ms of attention in that minute */

    /* Queries in that minute, and how long half of them and 95 in 100 took at most, ms.
     */
    uint64_t queries, query_p50, query_p95;
};

/* The values of one kind, most views first, at most ANSWER_TRAITS_MAX + 1. */
struct trait_list {
    const struct trait_count *of;
    size_t n;
};

struct summary {
    ms_t as_of;   /* Redis' clock */
    ms_t at;      /* of the last commit, 0: none */
    minute_t now; /* the running minute: the later of Redis' clock and the last commit */
    unsigned window;  /* minutes kept, W */
    unsigned minutes; /* the window asked for, 1..W */
    uint64_t epoch, commit;
    uint64_t n;           /* of the message that the commit published */
    struct online online; /* all 0 when nobody told for ONLINE_TTL_S */
    struct peaks peaks;   /* of a day that is over 0 */
    struct total total;
    ms_t life; /* of the feed, and the id of its newest event */
    uint64_t last;
    bool badge;                        /* the site's badge may be shown */
    bool demo;                         /* its visitors are invented */
    bool closed;                       /* who reads it needs a token */
    bool known;                        /* the site has been seen inside its TTL */
    struct alert_on alert[ALERTS_MAX]; /* those that are on, by name */
    size_t nalerts;
    bool has_alerts; /* the site has some defined */
    bool capped;
    bool
        loading; /* the aggregator is reading it back: what came since is not in it yet */
    bool warming; /* it was read back within the last heartbeat */
    struct summary_row
        row[WINDOW_MAX];      /* row[i] is minute now - i; zero where nothing was */
    struct page_count *pages; /* of the window asked for or online, as page_list_rank
                                 leaves them */
    size_t npages;            /* at most ANSWER_PAGES_MAX + 1 */
    uint64_t pages_visitors;  /* sum over all of them */
    struct slice title[ANSWER_PAGES_MAX + 1]; /* of pages[i]; empty: not known */

    /* Of the views of the window asked for, by enum trait_kind: names as the answer has
     * them. Of referrers the numbers add up to the views; of the others to those of which
     * it is known. */
    struct trait_list trait[TRAIT_KINDS];
    struct trait_count *traits; /* all of them, behind the lists */
    size_t ntraits, traits_cap;

    /* The same views by the class of their referrer, also of those beyond the list: the
     * classes that have any, most views first, then in the order of the enum. */
    struct source_count {
        enum referrer_class class;
        uint64_t views;
    } source[REFERRER_CLASSES];
    size_t nsources;

    /* Of the queries of the window asked for; 0 without any. */
    struct {
        uint64_t count;
        uint32_t p50, p95; /* ms */
    } queries;
    struct spread spread;

    struct slice recent[RECENT_MAX]; /* JSON objects, newest first */
    size_t nrecent;
};

#define MINUTES_DEFAULT 5

/* Reads the value of ?minutes=. Empty gives MINUTES_DEFAULT. Returns the number, larger
 * ones cut to WINDOW_MAX (the answer says the minutes it used), or 0 when it is not a
 * whole number of at least 1: the caller refuses with 400. */
unsigned minutes_parse(struct slice text);

/* Merges the flat list, in which "O", "A", "C" and "N" may be missing: then nobody is
 * online, nothing was counted and no page has a title. @minutes, at least 1, is cut to
 * the site's window. Returns 0, or -1 when the list is not of this shape or of another
 * schema; then nothing is left to free. Slices in @s point into @v's text, which must
 * outlive it. summary_fini frees what it allocated. */
int summary_parse(struct summary *s, const struct slice *v, size_t n, unsigned minutes);
void summary_fini(struct summary *s);

/* Visitors, views, events and ms of attention of the last @minutes rows (running minute
 * included). */
struct summary_window {
    uint64_t visitors, views, events, engaged;
};
struct summary_window summary_window(const struct summary *s, unsigned minutes);

/* Seconds of attention a visitor, 0 without any. */
double summary_attention(const struct summary_window *w);

/* The message that would tell these numbers (delta.h): no change, no events, the
 * MESSAGE_PAGES_MAX first pages of the window asked for, which must be MINUTES_DEFAULT
 * for the numbers to be those of a message. Slices are borrowed from @s and @site. */
struct delta summary_delta(const struct summary *s, struct slice site);

/* The answer of GET /sites/:id/realtime, as PROTOCOL.md gives it. Appends to @out. */
void summary_json(const struct summary *s, struct slice site, struct buf *out);

#endif
