/* route: the table that is the HTTP API. */
#ifndef HC_ROUTE_H
#define HC_ROUTE_H

#include "assets.h"
#include "exchange.h"
#include "naming.h"

#define ROUTES_MAX 64
#define ROUTE_PATTERN_MAX 256 /* bytes, with the base path */

struct route {
    unsigned methods;    /* enum http_method, or'ed; GET includes HEAD */
    const char *pattern; /* of paths (pattern.h) */
    enum handled (*handle)(struct exchange *x);
    bool open;        /* preflights from any page are granted */
    bool rooted;      /* stays at the root, whatever the base path is */
    bool later;       /* the handler may return LATER */
    bool yields;      /* a dialect may have it, when the request is for a stream */
    bool streams;     /* of a dialect: only for requests that are for a stream: with an
                         Accept that names text/event-stream, or an Upgrade */
    bool credentials; /* preflights are granted with cookies, too, to whoever asks */
    enum handled (*preflight)(struct exchange *x); /* answers OPTIONS in its own way */
    const char *what;                              /* one sentence */
};

extern const struct route routes[];
extern const size_t nroutes;

/* The table as one process answers it: every pattern behind the base path and with the
 * names that were given, written once at start, so that a request costs the same compares
 * whatever they are. */
struct routing {
    struct naming naming;
    unsigned dialects;    /* those that are spoken (dialects/dialect.h) */
    struct assets assets; /* behind the table: what is compiled in */
    uint8_t pattern_n[ROUTES_MAX];
    char pattern[ROUTES_MAX][ROUTE_PATTERN_MAX];
};

/* @r stays where it is. No dialect is spoken yet. */
void routing_init(struct routing *r, const struct naming *n);
void routing_fini(struct routing *r);

/* Who answers a request, NULL: nobody. Ours come first, then what is compiled in, then
 * dialects. */
const struct route *route_find(const struct routing *r, const struct http_request *rq,
                               struct route_match *m);

/* Answers the request by its route: 404 for NULL, 405 with Allow, OPTIONS, or what the
 * handler does. */
enum handled route_run(const struct route *route, struct exchange *x);

#endif
