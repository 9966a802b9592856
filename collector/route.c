/* What may be asked for, and who answers. Paths are compared as sent: none of ours needs
 * percent-encoding. */
#include "route.h"

#include <stdio.h>
#include "beacons.h"
#include "health.h"
#include "pages.h"
#include "report.h"
#include "worker.h"

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

    {HTTP_GET, "/livez", health_live, .what = "200 while the process answers at all"},
    {HTTP_GET, "/readyz", health_ready, .what = "200 while Redis and the aggregator are there"},

    {HTTP_GET, "/", pages_home, .what = "leads to the demo"},
    {HTTP_GET, "/demo", pages_demo, .what = "a site that counts itself, page one"},
    {HTTP_GET, "/demo/pricing", pages_demo, .what = "page two"},
    {HTTP_GET, "/demo/docs", pages_demo, .what = "page three"},
    {HTTP_GET, "/demo.js", pages_demo_js, .what = "its script"},
    {HTTP_GET, "/demo.css", pages_demo_css, .what = "its style"},
    {HTTP_GET, "/icon.svg", pages_icon, .what = "the mark in the browser's tab"},
    {HTTP_GET, "/robots.txt", pages_robots, .what = "asks crawlers to stay away"},
};
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

const struct route *route_find(struct slice path, struct slice *id)
{
    for (size_t i = 0; i < nroutes; i++) {
        *id = (struct slice){0};
        if (matches(slice_of(routes[i].pattern), path, id))
            return &routes[i];
    }
    *id = (struct slice){0};
    return NULL;
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
                 "Access-Control-Allow-Headers: Content-Type, Authorization\r\n"
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
    if (method == HTTP_OPTIONS)
        return answer_options(route, x);
    if (method == HTTP_HEAD)
        method = HTTP_GET;
    if (!(route->methods & method))
        return answer_not_allowed(route, x);
    return route->handle(x);
}
