/* Happy path: a snapshot of the site, what its writer makes of it to everybody who waits
 * for that, and its numbers to the faces of the others.
 *
 * Failure modes: the link is down, breaks meanwhile, or answers an error or nonsense:
 * 503, and the next request asks anew. The site is closed: 401, or for who brought a
 * wrong token what reading.h says. Every entry of the table is being asked for: 503.
 * A client that goes away has taken its waiter out itself; the answer is kept for the
 * next one. */
#include "report.h"

#include <stdlib.h>
#include "../proto/hit.h"
#include "conn.h"
#include "container.h"
#include "query.h"
#include "reading.h"
#include "report_table.h"
#include "worker.h"

#define MINUTES_TEXT_MAX 32 /* bytes of ?minutes=; longer is no number of ours */

/* What is to be shown of a report: what its writer wrote, or what a face makes of its
 * numbers. */
struct shown {
    report_face *face; /* NULL: the body as it was written */
    bool always;       /* it makes the failures, too */
    bool granted;      /* also of a site that is closed */
    const void *wish;
    size_t n;
};

/* The same for somebody who waits; not there for who wants the body as it was written,
 * and has no token. */
struct wish {
    report_face *face;
    bool always, granted;
    _Alignas(max_align_t) char bytes[]; /* a struct of whoever asked */
};

/* The realtime answer. */
static void write_realtime(const struct summary *s, struct slice site, unsigned how,
                           struct buf *out)
{
    (void)how;
    summary_json(s, site, out);
    buf_slice(out, SLICE("\n"));
}

static const struct reply unavailable = {
    .status = 503,
    .type = "application/json",
    .headers = HEADER_OPEN HEADER_NO_STORE HEADER_NO_SNIFF "Retry-After: 1\r\n",
    .body = {"{\"error\":\"redis_unavailable\"}\n", 30},
};

static const struct reply busy = {
    .status = 503,
    .type = "application/json",
    .headers = HEADER_OPEN HEADER_NO_STORE HEADER_NO_SNIFF "Retry-After: 1\r\n",
    .body = {"{\"error\":\"busy\"}\n", 17},
};

static struct reply written_of(const struct report_entry *e)
{
    return (struct reply){.status = 200,
                          .type = "application/json",
                          .headers = HEADER_OPEN HEADER_NO_STORE HEADER_NO_SNIFF,
                          .body = buf_get(&e->body)};
}

static void put_on(struct report_answer *a, struct worker *w, const struct shown *s,
                   struct slice site, const struct report_numbers *n)
{
    a->body = &w->answer;
    buf_clear(a->body);
    s->face(a, site, n, s->wish);
}

/* The answer where there are no numbers. What it points to is @a's, the entry's and the
 * worker's, until the next one is made. */
static const struct reply *refusal_of(struct worker *w, struct slice site,
                                      const struct reply *failure, const struct shown *s,
                                      struct report_answer *a)
{
    a->reply = *failure;
    if (s->face && s->always)
        put_on(a, w, s, site, NULL);
    return &a->reply;
}

/* The answer for one. */
static const struct reply *answer_of(const struct report_entry *e, const struct shown *s,
                                     struct report_answer *a)
{
    struct worker *w = e->report->worker;

    if (e->closed && !s->granted) {
        COUNT_ADD(&w->counters, unauthorized, !s->always);
        return refusal_of(w, report_site(e), &reading_closed, s, a);
    }
    a->reply = written_of(e);
    if (s->face)
        put_on(a, w, s, report_site(e), &e->numbers);
    return &a->reply;
}

/* An answer may let its connection serve further requests. Those find the entry ready, or
 * not at all, so nobody joins its waiters, and as it is pinned none of them takes it. */
static void answer_all(struct report_entry *e, const struct reply *failure)
{
    struct worker *worker = e->report->worker;
    struct report_answer a;

    e->pinned = true;
    while (e->waiters) {
        struct waiter *w = e->waiters;
        struct wish *wish = waiter_take(w);
        struct shown s = {0};

        if (wish)
            s = (struct shown){.face = wish->face,
                               .always = wish->always,
                               .granted = wish->granted,
                               .wish = wish->bytes};
        conn_answer(conn_of_waiter(w),
                    failure ? refusal_of(worker, report_site(e), failure, &s, &a)
                            : answer_of(e, &s, &a));
        free(wish);
    }
    e->pinned = false;
}

static void fail(struct report_entry *e)
{
    COUNT(&e->report->worker->counters, reports_failed);
    report_release(e);
    answer_all(e, &unavailable);
}

static void succeed(struct report_entry *e)
{
    struct worker *w = e->report->worker;

    e->state = REPORT_READY;
    deadline_set(&w->deadlines, &e->deadline, DEADLINE_REPORT, worker_now(w)->mono);
    answer_all(e, NULL);
}

/* Writes the answer into @e->body. */
static bool compose(struct report_entry *e, const struct summary *s)
{
    e->numbers = (struct report_numbers){
        .epoch = s->epoch,
        .commit = s->commit,
        .online = online_total(&s->online),
        .current = summary_window(s, s->minutes).visitors,
        .total = s->total,
        .as_of = s->as_of,
        .badge = s->badge,
    };
    e->closed = s->closed;
    e->write(s, report_site(e), e->how, &e->body);
    if (e->body.full)
        COUNT(&e->report->worker->counters, answers_too_large);
    return !e->body.full;
}

static void on_snapshot(struct snapshot *q, const struct summary *s)
{
    struct report_entry *e = CONTAINER(q, struct report_entry, question);

    if (s && compose(e, s))
        succeed(e);
    else
        fail(e);
}

/* Puts the request among those who wait. */
static enum handled wait_for(struct exchange *x, struct report_entry *e,
                             const struct shown *s)
{
    struct wish *wish = NULL;

    if (s->face || s->granted) {
        if ((wish = malloc(sizeof *wish + s->n)) == NULL)
            abort();
        *wish =
            (struct wish){.face = s->face, .always = s->always, .granted = s->granted};
        if (s->n > 0)
            memcpy(wish->bytes, s->wish, s->n);
    }
    waiter_join(&x->conn->waiter, &e->waiters);
    x->conn->waiter.wish = wish;
    return LATER;
}

/* A new question for the request's site; NULL: none could be asked, as @failure says. */
static struct report_entry *begin(struct exchange *x, unsigned minutes,
                                  report_writer *write, unsigned how,
                                  const struct reply **failure)
{
    struct report_entry *e = report_claim(&x->worker->report);

    if (e == NULL) {
        COUNT(&x->worker->counters, reports_full);
        *failure = &busy;
    } else if (snapshot_ask(&e->question, &x->worker->snapshots, x->at.id, minutes,
                            on_snapshot) < 0) {
        COUNT(&x->worker->counters, reports_failed);
        *failure = &unavailable;
        e = NULL;
    } else {
        COUNT(&x->worker->counters, reports);
        e->state = REPORT_ASKING;
        e->write = write;
        e->how = how;
    }
    return e;
}

static enum handled answer(struct exchange *x, unsigned minutes, report_writer *write,
                           unsigned how, const struct shown *s)
{
    const struct reply *failure = NULL;
    struct report_entry *e;
    struct report_answer a;

    if ((e = report_find(&x->worker->report, x->at.id, minutes, write, how)))
        COUNT(&x->worker->counters, reports_shared);
    else
        e = begin(x, minutes, write, how, &failure);
    if (e && e->state == REPORT_ASKING)
        return wait_for(x, e, s);
    exchange_reply(x, e ? answer_of(e, s, &a)
                        : refusal_of(x->worker, x->at.id, failure, s, &a));
    return ANSWERED;
}

static enum handled refuse_site(struct exchange *x)
{
    exchange_error(x, 400, "bad_site", NULL);
    return ANSWERED;
}

enum handled report_written(struct exchange *x, unsigned minutes, report_writer *write,
                            unsigned how, report_face *face, const void *wish, size_t n)
{
    struct shown shown = {.face = face, .wish = wish, .n = n};
    enum reading reading;

    if (!site_valid(x->at.id))
        return refuse_site(x);
    reading = reading_by_token(x);
    if (reading == READING_REFUSED || reading == READING_ASKED)
        return reading == READING_ASKED ? AGAIN : ANSWERED;
    shown.granted = reading == READING_GRANTED;
    return answer(x, minutes, write, how, &shown);
}

unsigned report_minutes(const struct exchange *x)
{
    char text[MINUTES_TEXT_MAX];

    return minutes_parse(
        query_find(x->request->query, SLICE("minutes"), text, sizeof text));
}

enum handled report_realtime(struct exchange *x)
{
    unsigned minutes = report_minutes(x);

    if (minutes == 0 && site_valid(x->at.id)) {
        exchange_error(x, 400, "minutes must be a whole number of at least 1", NULL);
        return ANSWERED;
    }
    return report_written(x, minutes, write_realtime, 0, NULL, NULL, 0);
}

enum handled report_answer(struct exchange *x, report_face *face, const void *wish,
                           size_t n)
{
    return report_written(x, MINUTES_DEFAULT, write_realtime, 0, face, wish, n);
}

enum handled report_always(struct exchange *x, report_face *face, const void *wish,
                           size_t n)
{
    if (!site_valid(x->at.id))
        return refuse_site(x);
    return answer(x, MINUTES_DEFAULT, write_realtime, 0,
                  &(struct shown){.face = face, .always = true, .wish = wish, .n = n});
}
