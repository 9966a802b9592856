/* report: GET /sites/:id/realtime: asks Redis for a site's minutes, answers the summary.
 *
 * Requests for the same site and window that come while it is being asked for wait for
 * that one answer, and for REPORT_CACHE_MS after it they are given it again: however many
 * pages watch a site, Redis is asked at most five times a second by each worker. */
#ifndef HC_REPORT_H
#define HC_REPORT_H

#include <hiredis/hiredis.h>
#include "../proto/buf.h"
#include "../proto/limits.h"
#include "deadlines.h"
#include "exchange.h"
#include "waiter.h"

enum report_state {
    REPORT_FREE,
    REPORT_ASKING, /* Redis has the question; `waiters` wait */
    REPORT_READY,  /* `body` is the answer */
};

struct report_entry {
    struct report *report;
    enum report_state state;
    bool in_full; /* asked with the script's text, not its hash */
    bool pinned;  /* being given to its waiters: not to be taken */
    char site[SITE_MAX];
    size_t site_n;
    unsigned minutes;
    struct waiter *waiters;
    struct deadline deadline; /* while ready: until when it is kept */
    struct buf body;
};

struct report {
    struct worker *worker;
    char sha[41]; /* of the script as Redis has it; "": not known to be there */
    struct report_entry entry[REPORTS_MAX];
};

void report_init(struct report *r, struct worker *w);

/* The connection to Redis was made: gives it the script. */
void report_redis_up(struct report *r);

/* The handler. */
enum handled report_realtime(struct exchange *x);

/* A kept report is too old. */
void report_expired(struct deadline *d);

/* Nobody may wait any more. */
void report_fini(struct report *r);

#endif
