/* What may be asked for, and who answers. Paths are compared as sent: none of ours needs
 * percent-encoding. */
#include "route.h"

#include <assert.h>
#include <stdio.h>
#include "badges.h"
#include "beacons.h"
#include "health.h"
#include "messages.h"
#include "pages.h"
#include "report.h"
#include "sse.h"
#include "total.h"
#include "worker.h"
#include "ws.h"

#define ID ":id"

/* clang-format off */
const struct route routes[] = {
    /* the busiest first: the table is walked from the top */
    {HTTP_GET | HTTP_POST, "/hc.gif", beacons_pixel, .open = true,
     .what = "takes one beacon from the query, answers a GIF of 43 bytes"},
    {HTTP_POST, "/e", beacons_events, .open = true,
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

    {HTTP_GET, "/", pages_home, .what = "leads to the demo"},
};

static const struct route asset_route = {
    HTTP_GET, "/*", pages_asset, .open = true,
     .what = "scripts and pages that are compiled in: the table of assets.c"};
/* clang-format on */
const size_t nroutes = sizeof routes / sizeof routes[0];

/* The length of the segment at the start of @s. */
static size_t segment(struct slice s)
{
    const char *slash = s.n ? memchr(s.p, '/', s.n) : NULL;

    return slash ? (size_t)(slash - s.p) : s.n;
}

static bool matches(struct slice pattern, struct slice path, struct slice *id)
{
    const char *hole = memchr(pattern.p, ':', pattern.n);
    struct slice front = {pattern.p, hole ? (size_t)(hole - pattern.p) : pattern.n};
    struct slice back;

    if (hole == NULL)
        return slice_eq(pattern, path);
    if (!slice_starts(path, front))
        return false;
    path = slice_skip(path, front.n);
    back = slice_skip(pattern, front.n + sizeof ID - 1);
    *id = (struct slice){path.p, segment(path)};
    return id->n > 0 && slice_eq(slice_skip(path, id->n), back);
}

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

const struct route *route_find(const struct routing *r, struct slice path,
                               struct slice *id)
{
    for (size_t i = 0; i < nroutes; i++) {
        *id = (struct slice){0};
        if (matches((struct slice){r->pattern[i], r->pattern_n[i]}, path, id))
            return &routes[i];
    }
    *id = (struct slice){0};
    return assets_find(&r->assets, path) ? &asset_route : NULL;
}

/* The methods a route takes, as Allow and Access-Control-Allow-Methods name them. */
static const char *allowed(const struct route *route)
{
    if (route->methods == (HTTP_GET | HTTP_POST))
        return "GET, HEAD, POST, OPTIONS";
    return route->methods == HTTP_POST ? "POST, OPTIONS" : "GET, HEAD, OPTIONS";
}

static enum handled answer_options(const struct route *route, struct exchange *x)
{
    const char *methods = allowed(route);
    char lines[320];

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

    if (route == NULL) {
        COUNT(&x->worker->counters, not_found);
        exchange_error(x, 404, "not_found", NULL);
        return ANSWERED;
    }
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
