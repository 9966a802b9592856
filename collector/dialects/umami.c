/* umami: one message of JSON, a view or, with a name, an event.
 *
 * The answer has what their script wants to have again in x-umami-cache, and ids of the
 * session and the visit. They say who it is without telling the visitor's own number, and
 * change with the day; what comes back of them is not read. payload.ip and
 * payload.userAgent are not believed. */
#include "umami.h"

#include <inttypes.h>
#include <stdio.h>
#include "../beacons.h"
#include "../cors.h"
#include "../json_body.h"
#include "../worker.h"
#include "all.h"
#include "params.h"

static enum umami_verdict judge(struct slice type, const struct beacon *b)
{
    if (b->site.n == 0)
        return UMAMI_NO_SITE;
    if (slice_eq(type, SLICE("identify")) || slice_eq(type, SLICE("performance")))
        return UMAMI_IGNORED;
    return slice_eq(type, SLICE("event")) ? UMAMI_HIT : UMAMI_BAD_TYPE;
}

enum umami_verdict umami_read(struct beacon *b, const json_t *message)
{
    const json_t *payload = json_body_object(message, "payload");
    struct slice host = {0}, url = {0};
    const struct param table[] = {
        {"website", &b->site}, {"hostname", &host},        {"url", &url},
        {"title", &b->title},  {"referrer", &b->referrer}, {"id", &b->user},
        {"name", &b->name},
    };
    struct params p;

    params_init(&p, b);
    if (payload == NULL)
        return UMAMI_BAD_BODY;
    params_object(&p, payload, table, PARAMS_COUNT(table));
    b->path = params_url(&p, host, url);
    b->kind = b->name.n > 0 ? SLICE("event") : SLICE("view");
    return p.full ? UMAMI_BAD_BODY : judge(json_body_text(message, "type"), b);
}

void umami_uuid(const struct key *key, const char *name, uint64_t visitor, char *out)
{
    char text[64];
    uint64_t half[2];

    for (unsigned i = 0; i < 2; i++) {
        int n = snprintf(text, sizeof text, "umami %s %u %" PRIx64, name, i, visitor);

        half[i] = siphash(key, text, (size_t)n);
    }
    /* Version 4 and variant 1 (RFC 9562, 5.4). */
    snprintf(out, 37, "%08x-%04x-4%03x-%04x-%012" PRIx64, (unsigned)(half[0] >> 32),
             (unsigned)(half[0] >> 16 & 0xffff), (unsigned)(half[0] & 0xfff),
             (unsigned)(half[1] >> 48 & 0x3fff) | 0x8000,
             half[1] & UINT64_C(0xffffffffffff));
}

#define UMAMI_LINES HEADER_NO_STORE HEADER_NO_SNIFF

static void answer(struct exchange *x, int status, const char *body)
{
    char lines[CORS_LINES_MAX];

    exchange_reply(
        x, &(struct reply){.status = status,
                           .type = "application/json",
                           .headers = cors_lines(x->request->origin, UMAMI_LINES, lines),
                           .body = slice_of(body)});
}

static void refuse(struct exchange *x, const char *reason)
{
    char body[160];

    snprintf(body, sizeof body,
             "{\"error\":{\"message\":\"%s\",\"code\":\"bad-request\",\"status\":400}}",
             reason);
    answer(x, 400, body);
}

static void accept_message(struct exchange *x, const struct beacon *b)
{
    struct beacon_sender from = beacons_sender(x);
    struct worker *w = x->worker;
    const struct key *key =
        secret_tab_key(&w->files.secret, worker_now(w)->wall / MS_PER_DAY);
    uint64_t visitor =
        visitor_identify(&w->day_keys, &w->files.secret, worker_now(w)->wall, b->site,
                         b->user, &from.ip, from.user_agent)
            .visitor;
    char session[37], visit[37], body[256];

    umami_uuid(key, "session", visitor, session);
    umami_uuid(key, "visit", visitor, visit);
    snprintf(body, sizeof body,
             "{\"cache\":\"headcount\",\"sessionId\":\"%s\",\"visitId\":\"%s\"}", session,
             visit);
    answer(x, 200, body);
}

static void take(struct exchange *x, const struct beacon *b)
{
    enum beacon_verdict v = beacons_take(x, b);

    if (v == BEACON_OK)
        accept_message(x, b);
    else
        refuse(x, beacon_verdict_name(v));
}

static void take_or_refuse(struct exchange *x, struct beacon *b, const json_t *message)
{
    struct counters *c = &x->worker->counters;

    switch (umami_read(b, message)) {
    case UMAMI_HIT:
        take(x, b);
        break;
    case UMAMI_IGNORED:
        COUNT(c, dialect_ignored);
        answer(x, 200, "{\"cache\":\"headcount\"}");
        break;
    case UMAMI_BAD_BODY:
        COUNT(c, bad_body);
        refuse(x, "bad_body");
        break;
    case UMAMI_BAD_TYPE:
        COUNT(c, bad_kind);
        refuse(x, "bad_type");
        break;
    case UMAMI_NO_SITE:
        COUNT(c, no_site);
        refuse(x, "no_website");
        break;
    }
}

static enum handled send_posted(struct exchange *x)
{
    json_t *message = json_body_parse_loosely(x->body);
    struct beacon b;

    take_or_refuse(x, &b, message);
    json_decref(message);
    return ANSWERED;
}

/* clang-format off */
static const struct route route_table[] = {
    {HTTP_POST, "/api/send", send_posted, .open = true, .credentials = true,
     .what = "takes a view or an event from JSON"},
};
/* clang-format on */

const struct dialect dialect_umami = {
    .name = "umami",
    .routes = route_table,
    .nroutes = sizeof route_table / sizeof *route_table,
    .what = "Umami",
};
