/* What may be asked for, and who answers. Paths are compared as sent: none of ours needs
 * percent-encoding. */
#include "route.h"

#include <assert.h>
#include <stdio.h>
#include "badges.h"
#include "beacons.h"
#include "cors.h"
#include "dashboard.h"
#include "dialects/dialect.h"
#include "events.h"
#include "health.h"
#include "messages.h"
#include "pages.h"
#include "pattern.h"
#include "report.h"
#include "sites.h"
#include "sse.h"
#include "total.h"
#include "whoami.h"
#include "worker.h"
#include "ws.h"

/* clang-format off */
const struct route routes[] = {
    /* the busiest first: the table is walked from the top */
    {HTTP_GET | HTTP_POST, "/hc.gif", beacons_pixel, .open = true,
     .what = "takes one beacon from the query, answers a GIF of 43 bytes"},
    {HTTP_POST, "/e", events_post, .open = true, .later = true,
     .what = "takes one beacon or many from a form or JSON"},

    {HTTP_GET, "/sites/:id/realtime", report_realtime, .open = true, .later = true,
     .what = "who is on the site now, as JSON; ?minutes=N widens the window"},
    {HTTP_GET, "/api/sites/:id/realtime", report_realtime, .open = true, .later = true,
     .what = "the same"},
    {HTTP_GET, "/api/analytics/sites/:id/realtime", report_realtime, .open = true,
     .later = true, .what = "the same"},

    {HTTP_GET, "/sites/:id/badge.svg", badges_svg, .open = true, .later = true,
     .what = "how many are online, as a picture; off until it is switched on"},
    {HTTP_GET, "/sites/:id/badge.json", badges_json, .open = true, .later = true,
     .what = "the same as JSON, also for shields.io"},
    {HTTP_GET, "/sites/:id/total", total_show, .open = true, .later = true,
     .what = "views and visits since they were begun to be counted"},
    {HTTP_POST, "/sites/:id/reset", total_reset, .later = true,
     .what = "begins them anew; takes a token of scope admin"},
    {HTTP_POST, "/sites/:id/messages", messages_post, .later = true,
     .what = "puts a line into the feed; takes a token of scope send"},

    {HTTP_GET, "/sites/:id/stream", sse_stream, .open = true, .later = true,
     .what = "the same as it changes, as Server-Sent Events"},
    {HTTP_GET, "/sites/:id/ws", ws_stream, .open = true, .later = true,
     .what = "the same as it changes, as WebSocket messages"},

    {HTTP_GET, "/livez", health_live, .rooted = true,
     .what = "200 while the process answers at all"},
    {HTTP_GET, "/readyz", health_ready, .rooted = true,
     .what = "200 while Redis and the aggregator are there"},

    {HTTP_GET, "/debug/whoami", whoami_show, .later = true,
     .what = "what the collector makes of this request; takes a token of scope admin"},

    {HTTP_GET, "/", dashboard_home, .later = true, .yields = true,
     .what = "the dashboard of all sites"},
    {HTTP_GET, "/site/:id", dashboard_site, .later = true, .yields = true,
     .what = "the dashboard of one"},
    {HTTP_GET, "/sites", sites_show, .later = true, .yields = true,
     .what = "all sites and how many are on each, as JSON"},
};

static const struct route asset_route = {
    HTTP_GET, "/*", pages_asset, .open = true,
     .what = "scripts and pages that are compiled in: the table of assets.c"};
/* clang-format on */
const size_t nroutes = sizeof routes / sizeof routes[0];

/* The pattern with the name that is used instead. */
static struct slice rename_pattern(struct slice pattern, const struct naming *n)
{
    if (slice_eq(pattern, SLICE("hc.gif")))
        return n->pixel;
    return slice_eq(pattern, SLICE("e")) ? n->events : pattern;
}

void routing_init(struct routing *r, const struct naming *n)
{
    assert(nroutes <= ROUTES_MAX);
    r->naming = *n;
    r->dialects = 0;
    assets_init(&r->assets, n);
    for (size_t i = 0; i < nroutes; i++) {
        struct slice base = routes[i].rooted ? (struct slice){0} : n->base;
        struct slice name = rename_pattern(slice_of(routes[i].pattern + 1), n);
        size_t length = base.n + 1 + name.n;

        assert(length < ROUTE_PATTERN_MAX);
        if (base.n > 0)
            memcpy(r->pattern[i], base.p, base.n);
        r->pattern[i][base.n] = '/';
        memcpy(r->pattern[i] + base.n + 1, name.p, name.n);
        r->pattern_n[i] = (uint8_t)length;
    }
}

void routing_fini(struct routing *r)
{
    assets_fini(&r->assets);
}

const struct route *route_find(const struct routing *r, const struct http_request *rq,
                               struct route_match *m)
{
    const struct route *own = NULL, *foreign;
    struct route_match at;

    for (size_t i = 0; i < nroutes && !own; i++)
        if (pattern_match((struct slice){r->pattern[i], r->pattern_n[i]}, rq->path, m))
            own = &routes[i];
    if (own && !own->yields)
        return own;
    at = own ? *m : (struct route_match){0};
    if ((foreign = dialects_find_stream(r->dialects, r->naming.base, rq, m)))
        return foreign;
    *m = at;
    if (own || assets_find(&r->assets, rq->path))
        return own ? own : &asset_route;
    return dialects_find(r->dialects, r->naming.base, rq, m);
}

/* The methods a route takes, as Allow and Access-Control-Allow-Methods name them. */
static const char *allowed(const struct route *route)
{
    if (route->methods == (HTTP_GET | HTTP_POST))
        return "GET, HEAD, POST, OPTIONS";
    return route->methods == HTTP_POST ? "POST, OPTIONS" : "GET, HEAD, OPTIONS";
}

/* Whoever asks may send whatever, cookies too: what a dialect takes in, anybody could
 * send. */
static enum handled answer_credentials(const struct route *route, struct exchange *x)
{
    struct slice headers = x->request->request_headers;
    char more[HTTP_HEAD_MAX + 320], lines[CORS_LINES_MAX];

    if (headers.n == 0)
        headers = SLICE("Content-Type");
    snprintf(more, sizeof more,
             "Allow: %s\r\nAccess-Control-Allow-Methods: %s\r\n"
             "Access-Control-Allow-Headers: %.*s\r\nAccess-Control-Max-Age: 86400\r\n",
             allowed(route), allowed(route), (int)headers.n, headers.p);
    exchange_reply(
        x, &(struct reply){.status = 204,
                           .headers = cors_lines(x->request->origin, more, lines)});
    return ANSWERED;
}

static enum handled answer_options(const struct route *route, struct exchange *x)
{
    const char *methods = allowed(route);
    char lines[320];

    if (route->preflight)
        return route->preflight(x);
    if (route->credentials && x->request->origin.n > 0)
        return answer_credentials(route, x);
    snprintf(lines, sizeof lines, "Allow: %s\r\n", methods);
    if (route->open)
        snprintf(lines, sizeof lines,
                 "Allow: %s\r\n" HEADER_OPEN "Access-Control-Allow-Methods: %s\r\n"
                 "Access-Control-Allow-Headers: Content-Type, Authorization, "
                 "Last-Event-ID\r\n"
                 "Access-Control-Max-Age: 86400\r\n",
                 methods, methods);
    exchange_reply(x, &(struct reply){.status = 204, .headers = lines});
    return ANSWERED;
}

static enum handled answer_not_allowed(const struct route *route, struct exchange *x)
{
    char lines[64];

    COUNT(&x->worker->counters, not_allowed);
    snprintf(lines, sizeof lines, "Allow: %s\r\n", allowed(route));
    exchange_error(x, 405, "method_not_allowed", lines);
    return ANSWERED;
}

enum handled route_run(const struct route *route, struct exchange *x)
{
    enum http_method method = x->request->method;

    if (route == NULL)
        return exchange_not_found(x);
    if (route->methods & method)
        return route->handle(x);
    if (method == HTTP_OPTIONS)
        return answer_options(route, x);
    if (method == HTTP_HEAD)
        method = HTTP_GET;
    if (!(route->methods & method))
        return answer_not_allowed(route, x);
    return route->handle(x);
}
