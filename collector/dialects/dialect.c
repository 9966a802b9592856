/* A request that is none of ours is shown to one dialect after the other. Those whose
 * paths could be anybody's come last. */
#include "dialect.h"

#include <stdio.h>
#include "../pattern.h"
#include "all.h"

const struct dialect *const dialects[] = {
    &dialect_livestats,   &dialect_liveuser,       &dialect_ts_analytics,
    &dialect_hummingbird, &dialect_goatcounter,    &dialect_plausible,
    &dialect_matomo,      &dialect_umami,          &dialect_fathom,
    &dialect_snowplow,    &dialect_audience_meter,
};
const size_t ndialects = sizeof dialects / sizeof *dialects;

/* The set of @name, 0: there is none. */
static unsigned set_of(struct slice name)
{
    if (slice_eq(name, SLICE("all")))
        return (1U << ndialects) - 1;
    for (size_t i = 0; i < ndialects; i++)
        if (slice_eq(name, slice_of(dialects[i]->name)))
            return 1U << i;
    return 0;
}

static void refuse(const char *text, struct slice name, char *err, size_t err_n)
{
    int n = snprintf(err, err_n,
                     "--dialects %s: \"%.*s\" is no dialect; give all, or none, or with "
                     "commas between them some of",
                     text, (int)name.n, name.p);

    for (size_t i = 0; i < ndialects && n >= 0 && (size_t)n < err_n; i++)
        n += snprintf(err + n, err_n - (size_t)n, "%s %s", i > 0 ? "," : "",
                      dialects[i]->name);
}

int dialects_parse(unsigned *set, const char *text, char *err, size_t err_n)
{
    struct slice rest = slice_of(text);

    *set = 0;
    if (slice_eq(rest, SLICE("none")))
        return 0;
    for (;;) {
        const char *comma = rest.n ? memchr(rest.p, ',', rest.n) : NULL;
        struct slice name = {rest.p, comma ? (size_t)(comma - rest.p) : rest.n};
        unsigned one = set_of(name);

        if (one == 0) {
            refuse(text, name, err, err_n);
            return -1;
        }
        *set |= one;
        if (comma == NULL)
            return 0;
        rest = slice_skip(rest, name.n + 1);
    }
}

static bool is_for_stream(const struct http_request *rq)
{
    return (rq->upgrades && rq->upgrade.n > 0) ||
           slice_has(rq->accept, SLICE("text/event-stream"));
}

/* What "*" stands for begins with the base. */
static bool is_at(const struct route *route, struct slice base, struct slice path,
                  struct route_match *m)
{
    if (!slice_starts(path, base) ||
        !pattern_match(slice_of(route->pattern), slice_skip(path, base.n), m))
        return false;
    if (*route->pattern == '*')
        m->prefix = (struct slice){path.p, base.n + m->prefix.n};
    return true;
}

static bool takes(const struct route *route, enum http_method method)
{
    if (method == HTTP_HEAD)
        method = HTTP_GET | HTTP_HEAD;
    return method == HTTP_OPTIONS || (route->methods & method);
}

static const struct route *find(unsigned set, bool streams, struct slice base,
                                const struct http_request *rq, struct route_match *m)
{
    const struct route *first = NULL;
    struct route_match at = {.id = {NULL, 0}};

    for (size_t d = 0; d < ndialects; d++) {
        for (size_t i = 0; (set >> d & 1) && i < dialects[d]->nroutes; i++) {
            const struct route *route = &dialects[d]->routes[i];

            if (route->streams != streams || !is_at(route, base, rq->path, m))
                continue;
            if (takes(route, rq->method))
                return route;
            if (first == NULL) {
                first = route;
                at = *m;
            }
        }
    }
    *m = at;
    return first;
}

const struct route *dialects_find_stream(unsigned set, struct slice base,
                                         const struct http_request *rq,
                                         struct route_match *m)
{
    return set && is_for_stream(rq) ? find(set, true, base, rq, m) : NULL;
}

const struct route *dialects_find(unsigned set, struct slice base,
                                  const struct http_request *rq, struct route_match *m)
{
    return set ? find(set, false, base, rq, m) : NULL;
}
