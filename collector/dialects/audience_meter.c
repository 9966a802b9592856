/* A request for a stream becomes a member (../member.h) and a stream at once. The number
 * of members is damped as the original does (../damp.h), and told again after the longest
 * delay, which keeps the connection alive.
 *
 * Unlike the original: the first number comes a moment after the join, and counts it; the
 * drop to few is told like the rise; who is asked to leave because the collector stops,
 * or after --max-conn-duration, is told at random when to come back; at a bound a stream
 * is refused with 503. */
#include "audience_meter.h"

#include <inttypes.h>
#include <stdlib.h>
#include "../../proto/recent_event.h"
#include "../beacons.h"
#include "../conn.h"
#include "../member.h"
#include "../stream_compose.h"
#include "../worker.h"
#include "all.h"

#define MSIE_PADDING                                                  \
    2047 /* bytes that an old Internet Explorer wants before it reads \
          */

#define CONTAINER(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

struct audience {
    struct stream *stream;
    struct member *member; /* NULL: has left */
    struct deadline life;
};

/* ---- framing ---- */

static uint64_t members_of(const struct feed *f)
{
    return f->members;
}

/* A message's text has no line breaks (text_normalize). */
static void put_message(struct buf *out, struct slice json)
{
    struct recent_event e;
    struct buf text;

    buf_init(&text, FEED_EVENT_MAX);
    if (recent_event_parse(json, &e, &text) && e.kind == HIT_MESSAGE) {
        buf_slice(out, SLICE("data: "));
        buf_slice(out, e.name.n ? e.name : SLICE("message"));
        buf_slice(out, SLICE("="));
        buf_slice(out, e.path);
        buf_slice(out, SLICE("\n\n"));
    }
    buf_fini(&text);
}

/* Looks no further than at the type, for most events are none. */
static bool is_message(struct slice json)
{
    uint64_t id;

    return json_take(&json, SLICE("{\"id\":")) && json_take_u64(&json, &id) &&
           json_take(&json, SLICE(",\"type\":\"message\""));
}

static void put_frame(struct buf *out, const struct frame *f)
{
    if (f->kind == FRAME_STATE)
        buf_printf(out, "data: %" PRIu64 "\n\n", members_of(f->feed));
    else if (f->kind == FRAME_EVENT && is_message(f->data))
        put_message(out, f->data);
}

static bool keep_alive(struct stream *s, struct buf *out)
{
    if (s->wish.damp.max_ms == 0 || !stream_repeat(s, out))
        buf_slice(out, SLICE(":\n\n"));
    return true;
}

static void leave(struct audience *a)
{
    member_leave(a->member);
    a->member = NULL;
    deadline_clear(&a->life);
}

static void farewell(struct stream *s, struct buf *out, unsigned retry_ms)
{
    leave(s->own);
    buf_printf(out, "retry: %u\n\n", retry_ms);
}

static void read_away(struct stream *s, const char *bytes, size_t n)
{
    (void)s;
    (void)bytes;
    (void)n;
}

static void on_gone(struct stream *s)
{
    leave(s->own);
    free(s->own);
}

const struct framing audience_framing = {.index = FRAMING_AUDIENCE,
                                         .silence = DEADLINE_AUDIENCE,
                                         .frame = put_frame,
                                         .number = members_of,
                                         .keep_alive = keep_alive,
                                         .farewell = farewell,
                                         .read = read_away,
                                         .gone = on_gone};

void audience_due(struct deadline *d)
{
    stream_farewell(CONTAINER(d, struct audience, life)->stream);
}

static void on_replaced(struct member *m, void *arg)
{
    static const char bye[] = "retry: -1\n\n";
    struct audience *a = arg;

    (void)m;
    stream_end(a->stream, bye, sizeof bye - 1);
}

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

/* Whether the request may become a stream; else it was answered. */
static bool admit(struct exchange *x)
{
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
        return true;
    }
    return false;
}

static bool has(struct slice text, struct slice word)
{
    return text.n >= word.n && memmem(text.p, text.n, word.p, word.n);
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
    if (has(agent, SLICE("MSIE")))
        for (int i = 0; i < MSIE_PADDING; i++)
            buf_slice(out, SLICE("\n"));
}

static struct audience *join(struct exchange *x)
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
                                                       .from = beacons_sender(x),
                                                       .delayed = true,
                                                       .replaced = on_replaced,
                                                       .arg = a});
    if (a->member)
        return a;
    free(a);
    return NULL;
}

static enum handled open_stream(struct exchange *x)
{
    struct worker *w = x->worker;
    bool joins = w->setup->deadline_ms[DEADLINE_JOIN] == 0;
    struct stream_wish wish = {.damp = w->setup->audience_damp, .joins = joins};
    struct audience *a = join(x);

    if (a == NULL) {
        exchange_error(x, 503, "too_many_streams", "Retry-After: 5\r\n");
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

static enum handled answer_unknown(struct exchange *x)
{
    COUNT(&x->worker->counters, not_found);
    exchange_error(x, 404, "not_found", NULL);
    return ANSWERED;
}

static enum handled on_stream(struct exchange *x)
{
    if (x->request->upgrades)
        return answer_unknown(x);
    if (x->request->method == HTTP_OPTIONS)
        return answer_empty(x);
    if (!admit(x))
        return ANSWERED;
    if (x->request->method != HTTP_HEAD)
        return open_stream(x);
    put_head(x);
    x->conn->mode.last = true;
    return ANSWERED;
}

/* ---- everything else ---- */

/* What people and scanners ask for is a page that is not here. A name without use for
 * names is most likely a wrong address of ours. */
static bool wants_page(const struct exchange *x)
{
    struct slice last = x->at.more.n ? x->at.more : x->at.id;

    return (x->request->method & (HTTP_GET | HTTP_HEAD)) &&
           (has(x->request->accept, SLICE("text/html")) || has(last, SLICE(".")) ||
            (x->at.more.n > 0 && !has_name(x)));
}

static enum handled on_request(struct exchange *x)
{
    if (wants_page(x))
        return answer_unknown(x);
    if (has_name(x) && x->request->method != HTTP_OPTIONS && site_valid(x->at.id) &&
        x->at.more.n <= CLIENT_ID_MAX)
        members_evict(x->worker, x->at.id, x->at.more);
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
static const struct route table[] = {
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
    .routes = table,
    .nroutes = sizeof table / sizeof *table,
    .what = "Audience Meter: who holds a request open",
};
