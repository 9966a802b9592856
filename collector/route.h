/* route: the table that is the HTTP API. */
#ifndef HC_ROUTE_H
#define HC_ROUTE_H

#include "exchange.h"

struct route {
    unsigned methods; /* enum http_method, or'ed; GET includes HEAD */
    const char
        *pattern; /* a whole path; ":id" stands for one segment that is not empty */
    enum handled (*handle)(struct exchange *x);
    bool open;        /* preflights from any page are granted */
    bool later;       /* the handler may return LATER */
    const char *what; /* one sentence */
};

extern const struct route routes[];
extern const size_t nroutes;

/* The route of a path, or NULL. @id becomes the segment under ":id", else empty. */
const struct route *route_find(struct slice path, struct slice *id);

/* Answers the request by its route: 404 for NULL, 405 with Allow, OPTIONS, or what the
 * handler does. */
enum handled route_run(const struct route *route, struct exchange *x);

#endif
