/* Audience Meter: who holds a request open is there.
 *
 *   GET or any method  /NAMESPACE           joins, with Accept: text/event-stream
 *                      /NAMESPACE/UUID      the same, with --enable-uuid under a name
 *   without that Accept                     200 and nothing; ends the UUID's connection
 *   GET                /crossdomain.xml     for the Flash client
 *
 * A namespace is a site. A request for a stream becomes a member (../member.h) and a
 * stream (audience_stream.h) at once.
 *
 * Unlike the original: the first number comes a moment after the join, and counts it; the
 * drop to few is told like the rise; who is asked to leave because the collector stops,
 * or after --max-conn-duration, is told at random when to come back; at a bound a stream
 * is refused with 503. */
#include <stdlib.h>
#include "../beacons.h"
#include "../conn.h"
#include "../worker.h"
#include "all.h"
#include "audience_stream.h"

/* Bytes that an old Internet Explorer wants before it reads. */
#define MSIE_PADDING 2047

/* ---- joining ---- */

static enum handled answer_last(struct exchange *x, const struct reply *r)
{
    x->mode.last = x->conn->mode.last = true;
    exchange_reply(x, r);
    return ANSWERED;
}

static enum handled answer_empty(struct exchange *x)
{
    return answer_last(x, &(struct reply){.status = 200});
}

static bool has_name(const struct exchange *x)
{
    return x->worker->setup->enable_uuid && x->at.more.n > 0;
}

/* Whether the request may become a stream, and by @judged whether it counts; else it was
 * answered. */
static bool admit(struct exchange *x, enum admission *judged)
{
    const struct beacon_sender from = beacons_sender(x);
    struct worker *w = x->worker;

    if (!site_valid(x->at.id)) {
        COUNT(&w->counters, bad_site);
        answer_empty(x);
    } else if (has_name(x) && x->at.more.n > CLIENT_ID_MAX) {
        COUNT(&w->counters, bad_visitor);
        answer_empty(x);
    } else if (w->setup->streams_max == 0) {
        answer_empty(x);
    } else if (!stream_allows(w, x->request->origin)) {
        exchange_error(x, 403, "origin_not_allowed", NULL);
    } else if (!stream_has_room(w, x->at.id)) {
        exchange_error(x, 503, "too_many_streams", "Retry-After: 5\r\n");
    } else {
        *judged = admission_judge_site(w, x->at.id, &from);
        if (!admission_refuses(*judged))
            return true;
        exchange_error(x, 403, admission_name(*judged), NULL);
    }
    return false;
}

static void put_head(struct exchange *x)
{
    struct buf *out = &x->worker->out;
    struct slice agent = x->request->user_agent;

    buf_printf(out,
               "HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Type: text/event-stream\r\n"
               "Cache-Control: no-cache\r\n" HEADER_OPEN "X-Accel-Buffering: no\r\n"
               "Connection: close\r\n\r\n",
               worker_date(x->worker)->text);
    if (slice_has(agent, SLICE("MSIE")))
        for (int i = 0; i < MSIE_PADDING; i++)
            buf_slice(out, SLICE("\n"));
}

static struct audience *join(struct exchange *x, bool counts)
{
    struct worker *w = x->worker;
    struct slice name = has_name(x) ? x->at.more : (struct slice){0};
    struct audience *a = calloc(1, sizeof *a);

    if (a == NULL)
        abort();
    a->stream = &x->conn->stream;
    a->member = member_join(w, &(struct member_intent){.site = x->at.id,
                                                       .user = name,
                                                       .tab = name,
                                                       .family = MEMBERS_OF_AUDIENCE,
                                                       .from = beacons_sender(x),
                                                       .delayed = true,
                                                       .silent = !counts,
                                                       .replaced = audience_replaced,
                                                       .arg = a});
    if (a->member)
        return a;
    free(a);
    return NULL;
}

static enum handled open_stream(struct exchange *x, bool counts)
{
    struct worker *w = x->worker;
    bool joins = counts && w->setup->deadline_ms[DEADLINE_JOIN] == 0;
    struct stream_wish wish = {.damp = w->setup->audience_damp, .joins = joins};
    struct audience *a = join(x, counts);

    if (a == NULL) {
        exchange_error(x, 503, "too_many_members", "Retry-After: 5\r\n");
        return ANSWERED;
    }
    if (w->setup->deadline_ms[DEADLINE_AUDIENCE_LIFE] > 0)
        deadline_set(&w->deadlines, &a->life, DEADLINE_AUDIENCE_LIFE,
                     worker_now(w)->mono);
    put_head(x);
    stream_begin(a->stream, &audience_framing, a);
    stream_watch(a->stream, x->at.id, &wish);
    return STREAMING;
}

static enum handled on_stream(struct exchange *x)
{
    enum admission judged;

    if (x->request->upgrades)
        return route_run(NULL, x);
    if (x->request->method == HTTP_OPTIONS)
        return answer_empty(x);
    if (!admit(x, &judged))
        return ANSWERED;
    if (x->request->method != HTTP_HEAD)
        return open_stream(x, judged == ADMITTED);
    put_head(x);
    x->conn->mode.last = true;
    return ANSWERED;
}

/* ---- everything else ---- */

/* What monitors ask for, which must not hear that all is well from a wrong address. */
static bool is_for_monitors(struct slice name)
{
    static const char *const names[] = {"livez",   "readyz",  "health", "healthz",
                                        "healthy", "metrics", "status", "counters"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_eq(name, slice_of(names[i])))
            return true;
    return false;
}

/* What people and scanners ask for is a page that is not here. A name without use for
 * names is most likely a wrong address of ours. */
static bool wants_page(const struct exchange *x)
{
    struct slice last = x->at.more.n ? x->at.more : x->at.id;

    return (x->request->method & (HTTP_GET | HTTP_HEAD)) &&
           (slice_has(x->request->accept, SLICE("text/html")) ||
            slice_has(last, SLICE(".")) || is_for_monitors(last) ||
            (x->at.more.n > 0 && !has_name(x)));
}

/* A body is for somebody else: a beacon that went to a wrong address must not hear that
 * it arrived. */
static enum handled on_request(struct exchange *x)
{
    if (x->body.n > 0 || wants_page(x))
        return route_run(NULL, x);
    if (has_name(x) && x->request->method != HTTP_OPTIONS && site_valid(x->at.id) &&
        x->at.more.n <= CLIENT_ID_MAX)
        members_evict(x->worker, x->at.id, MEMBERS_OF_AUDIENCE, x->at.more);
    return answer_empty(x);
}

/* What Flash reads before it lets a film ask another host (Cross-domain policy file
 * specification, 1.2). */
static enum handled on_policy(struct exchange *x)
{
    static const char policy[] =
        "<?xml version=\"1.0\"?>\n"
        "<cross-domain-policy>\n"
        "  <allow-access-from domain=\"*\"/>\n"
        "  <allow-http-request-headers-from domain=\"*\" headers=\"Accept\"/>\n"
        "</cross-domain-policy>\n";

    return answer_last(x, &(struct reply){.status = 200,
                                          .type = "text/x-cross-domain-policy",
                                          .body = slice_of(policy)});
}

/* clang-format off */
static const struct route route_table[] = {
    {HTTP_GET, "/crossdomain.xml", on_policy, .what = "the policy for Flash"},
    {HTTP_METHODS, "/:id", on_stream, .streams = true,
     .what = "counts as long as it is held"},
    {HTTP_METHODS, "/:id/:more", on_stream, .streams = true,
     .what = "the same, under a name"},
    {HTTP_METHODS, "/:id", on_request, .what = "nothing"},
    {HTTP_METHODS, "/:id/:more", on_request, .what = "ends who has the name"},
};
/* clang-format on */

const struct dialect dialect_audience_meter = {
    .name = "audience-meter",
    .routes = route_table,
    .nroutes = sizeof route_table / sizeof *route_table,
    .what = "Audience Meter: who holds a request open",
};
