/* sites: GET /sites, which sites there are and how many are on each.
 *
 * Those that were live within their window (hc:live) and those that an operator has named
 * (hc:sites). However many ask, each worker reads them at most once in SITES_LIST_MS, one
 * reading at a time: who asks meanwhile waits for it, and afterwards is given the same.
 */
#ifndef HC_SITES_H
#define HC_SITES_H

#include "../proto/buf.h"
#include "exchange.h"
#include "waiter.h"

/* Of one worker. */
struct sites {
    struct worker *worker;
    bool reading;           /* is under way, */
    struct waiter *waiters; /* for which these wait; `wish`: a face */
    bool ready;             /* `body` is an answer, */
    mono_t ready_at;        /* since then */
    struct buf body;        /* JSON, ends in a newline */
    uint64_t online;        /* on all that are in it, added */
};

/* Makes an answer of the list; @s NULL: Redis did not give it. What it points to stays
 * until the next one is made. */
typedef struct reply sites_face(struct worker *w, const struct sites *s);

void sites_init(struct sites *s, struct worker *w);

/* Nobody may wait any more, and the worker's link is closed. */
void sites_fini(struct sites *s);

/* The handler: 200, 503 while Redis is away, 404 with --no-overview or
 * --no-dashboard. */
enum handled sites_show(struct exchange *x);

/* Answers the request, now or later, with what @face makes of the list. */
enum handled sites_answer(struct exchange *x, sites_face *face);

#endif
