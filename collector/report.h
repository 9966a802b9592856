/* report: GET /sites/:id/realtime, and what else is made of a site as it is now.
 *
 * Requests for the same site and window that come while it is being asked for wait for
 * that one answer, and for REPORT_CACHE_MS after it they are given it again: however many
 * pages watch a site, Redis is asked at most five times a second by each worker. Of a
 * site that is closed only those who brought a token of it (reading.h) are told. Badges
 * and totals are other faces of the same report; what is made of other parts of a site
 * than its numbers has a writer of its own. */
#ifndef HC_REPORT_H
#define HC_REPORT_H

#include "../proto/buf.h"
#include "../proto/limits.h"
#include "deadlines.h"
#include "exchange.h"
#include "snapshot.h"
#include "waiter.h"

enum report_state {
    REPORT_FREE,
    REPORT_ASKING, /* Redis has the question; `waiters` wait */
    REPORT_READY,  /* `numbers` and `body` are the answer */
};

/* Writes a body of the site as it is, all of it: its pages, events and minutes too. @how
 * is what report_written was given. @s ends with the call. More than ANSWER_MAX bytes are
 * answered 503. */
typedef void report_writer(const struct summary *s, struct slice site, unsigned how,
                           struct buf *out);

/* What small answers are made of. */
struct report_numbers {
    uint64_t epoch, commit;
    uint64_t online, current; /* now, and in the window asked for */
    struct total total;
    ms_t as_of;
    bool badge; /* it may be shown */
};

struct report_entry {
    struct report *report;
    enum report_state state;
    bool closed; /* while ready: for those who brought a token */
    bool pinned; /* being given to its waiters: not to be taken */
    struct snapshot question;
    report_writer *write;     /* of `body` */
    unsigned how;             /* and what it is told */
    struct waiter *waiters;   /* `wish`: a face and what it is to show, NULL: `body` */
    struct deadline deadline; /* while ready: until when it is kept */
    struct report_numbers numbers;
    struct buf body; /* by `write` */
};

struct report {
    struct worker *worker;
    struct report_entry entry[REPORTS_MAX];
};

/* An answer as a face makes it. `reply` is 200, JSON and what the writer wrote before,
 * and may point to the other two. */
struct report_answer {
    struct reply reply;
    char lines[512];
    struct buf *body; /* empty */
};

/* Makes another answer of the numbers; @wish is what report_answer was given. */
typedef void report_face(struct report_answer *a, struct slice site,
                         const struct report_numbers *n, const void *wish);

void report_init(struct report *r, struct worker *w);

/* The handler. */
enum handled report_realtime(struct exchange *x);

/* The ?minutes= of a request, see minutes_parse. */
unsigned report_minutes(const struct exchange *x);

/* Answers the request, now or later, with what @face makes of its site (x->at.id); @wish
 * is @n bytes, copied. A bad site id is answered 400, who may not read it 401 or 429, and
 * 503 if Redis does not give it. */
enum handled report_answer(struct exchange *x, report_face *face, const void *wish,
                           size_t n);

/* The same for those who bring no token, but @face makes the answer as well where Redis
 * does not give the site, or it is closed: of numbers that are NULL, and with a `reply`
 * that is 503 or 401 and says why. */
enum handled report_always(struct exchange *x, report_face *face, const void *wish,
                           size_t n);

/* As report_answer, with the numbers of @minutes, at least 1, and what @write writes of
 * them;
 * @face NULL: as it was written, as JSON. Those who ask for the same site, minutes,
 * writer and @how share one answer. */
enum handled report_written(struct exchange *x, unsigned minutes, report_writer *write,
                            unsigned how, report_face *face, const void *wish, size_t n);

/* A kept report is too old. */
void report_expired(struct deadline *d);

/* Nobody may wait any more. */
void report_fini(struct report *r);

#endif
