/* request -> beacon -> hit -> uplink; what is refused is counted by its reason and
 * answered with it. The image comes even with an error, so that no page shows a broken
 * one. */
#include "beacons.h"

#include <stdio.h>
#include "client_http.h"
#include "conn.h"
#include "pixel.h"
#include "worker.h"

void beacons_count(struct counters *c, enum beacon_verdict v)
{
    switch (v) {
    case BEACON_OK:
        break;
    case BEACON_NO_SITE:
        COUNT(c, no_site);
        break;
    case BEACON_BAD_SITE:
        COUNT(c, bad_site);
        break;
    case BEACON_BAD_KIND:
        COUNT(c, bad_kind);
        break;
    case BEACON_BAD_STATE:
        COUNT(c, bad_state);
        break;
    case BEACON_BAD_PATH:
        COUNT(c, bad_path);
        break;
    case BEACON_BAD_NAME:
        COUNT(c, bad_name);
        break;
    case BEACON_BAD_VISITOR:
        COUNT(c, bad_visitor);
        break;
    case BEACON_UNKNOWN_SITE:
    case BEACON_FOREIGN_ORIGIN:
        break; /* admission.c counts them */
    case BEACON_BAD_QUERY:
        COUNT(c, bad_query);
        break;
    case BEACON_BAD_BODY:
        COUNT(c, bad_body);
        break;
    case BEACON_TOO_MANY:
        COUNT(c, too_many);
        break;
    }
}

/* A proxy's word for where the client is; "XX" and "T1" are its words for not known. */
static struct slice country_of(const struct exchange *x)
{
    struct slice c = x->request->country;

    if (c.n != 2 || c.p[0] < 'A' || c.p[0] > 'Z' || c.p[1] < 'A' || c.p[1] > 'Z' ||
        slice_eq(c, SLICE("XX")) ||
        !trusted_has(&x->worker->setup->trusted, &x->conn->peer))
        return (struct slice){0};
    return c;
}

struct beacon_sender beacons_sender(const struct exchange *x)
{
    const struct http_request *rq = x->request;

    return (struct beacon_sender){
        .ip = client_of(x),
        .user_agent = rq->user_agent,
        .referer = rq->referer,
        .country = country_of(x),
        .host = rq->host,
        .origin = rq->origin,
        .ahead = rq->ahead,
        .opts_out = rq->opts_out,
    };
}

/* Who sent the view is in a country that a proxy's header told, or else the database
 * tells. */
static void locate(struct worker *w, const struct beacon_sender *from, struct hit *h)
{
    if (w->files.geo == NULL || h->kind != HIT_VIEW || h->country[0])
        return;
    switch (geo_country(w->files.geo, &from->ip, h->country)) {
    case GEO_KNOWN:
        break;
    case GEO_UNKNOWN:
        COUNT(&w->counters, geo_unknown);
        break;
    case GEO_DAMAGED:
        COUNT(&w->counters, geo_damaged);
        break;
    }
}

/* What the caller is told of a hit that was judged. */
static enum beacon_verdict verdict_of(enum admission a)
{
    if (!admission_refuses(a))
        return BEACON_OK;
    return a == REFUSED_SITE ? BEACON_UNKNOWN_SITE : BEACON_FOREIGN_ORIGIN;
}

enum beacon_verdict beacons_take_of(struct worker *w, const struct beacon *b,
                                    const struct beacon_sender *from, enum admission *a)
{
    enum admission judged = ADMITTED;
    const struct beacon_tools tools = {&w->files.secret, &w->day_keys, &w->agents};
    const struct moment *now = worker_now(w);
    struct beacon_texts texts;
    enum beacon_verdict v;
    struct hit h;

    v = beacon_hit(b, from, &tools, now->wall, now->mono, &h, &texts);
    if (v == BEACON_OK) {
        busiest_add(&w->busiest, &from->ip);
        judged = admission_judge(w, b, from, &h);
        v = verdict_of(judged);
    }
    if (v == BEACON_OK && judged == ADMITTED) {
        locate(w, from, &h);
        /* Before the answer: that leaves when all requests of this read are served
         * (conn_serve.c). So with a spool whatever was answered survives the process. A
         * hit for which there is no room is answered all the same; the sender counts it.
         */
        uplink_add(w->uplink, &h, now->mono);
    }
    beacons_count(&w->counters, v);
    if (a)
        *a = judged;
    return v;
}

enum beacon_verdict beacons_take(struct exchange *x, const struct beacon *b)
{
    struct beacon_sender from = beacons_sender(x);

    return beacons_take_of(x->worker, b, &from, NULL);
}

/* The image, and why nothing was counted. */
static void explain_pixel(struct exchange *x, int status, const char *why)
{
    char lines[256];

    snprintf(lines, sizeof lines, PIXEL_HEADERS "X-Headcount: %s\r\n", why);
    exchange_reply(x, &(struct reply){.status = status,
                                      .type = "image/gif",
                                      .headers = lines,
                                      .body = {pixel_gif, PIXEL_BYTES}});
}

enum handled beacons_pixel(struct exchange *x)
{
    bool counts = x->request->method != HTTP_HEAD;
    struct beacon_sender from = beacons_sender(x);
    enum admission a = ADMITTED;
    struct beacon b;
    enum beacon_verdict v = beacon_from_query(&b, x->request->query);

    if (v != BEACON_OK)
        beacons_count(&x->worker->counters, v);
    else if (counts)
        v = beacons_take_of(x->worker, &b, &from, &a);
    if (v != BEACON_OK)
        explain_pixel(x, 400, beacon_verdict_name(v));
    else if (a != ADMITTED && !b.no_image)
        explain_pixel(x, 200, admission_name(a));
    else
        exchange_canned(x, b.no_image ? &pixel_empty : &pixel_image);
    return ANSWERED;
}
