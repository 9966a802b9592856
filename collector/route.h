/* route: the table that is the HTTP API. */
#ifndef HC_ROUTE_H
#define HC_ROUTE_H

#include "assets.h"
#include "exchange.h"
#include "naming.h"

#define ROUTES_MAX 40
#define ROUTE_PATTERN_MAX 256 /* bytes, with the base path */

struct route {
    unsigned methods; /* enum http_method, or'ed; GET includes HEAD */
    const char
        *pattern; /* a whole path; ":id" stands for one segment that is not empty */
    enum handled (*handle)(struct exchange *x);
    bool open;        /* preflights from any page are granted */
    bool rooted;      /* stays at the root, whatever the base path is */
    bool later;       /* the handler may return LATER */
    const char *what; /* one sentence */
};

extern const struct route routes[];
extern const size_t nroutes;

/* The table as one process answers it: every pattern behind the base path and with the
 * names that were given, written once at start, so that a request costs the same compares
 * whatever they are. */
struct routing {
    struct naming naming;
    struct assets assets; /* behind the table: what is compiled in */
    uint8_t pattern_n[ROUTES_MAX];
    char pattern[ROUTES_MAX][ROUTE_PATTERN_MAX];
};

/* @r stays where it is. */
void routing_init(struct routing *r, const struct naming *n);
void routing_fini(struct routing *r);

/* The route of a path, or NULL. @id becomes the segment under ":id", else empty. */
const struct route *route_find(const struct routing *r, struct slice path,
                               struct slice *id);

/* Answers the request by its route: 404 for NULL, 405 with Allow, OPTIONS, or what the
 * handler does. */
enum handled route_run(const struct route *route, struct exchange *x);

#endif
