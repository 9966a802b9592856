/* dialect: the tracking protocol of another system, as its clients speak it. One file
 * each.
 *
 * To add one: a table of routes and a `struct dialect` in a file of its own, and a row in
 * dialect.c. Handlers make beacons of what they are told and hand them to beacons_take
 * (../beacons.h); they answer as the other system's own server would. */
#ifndef HC_DIALECTS_DIALECT_H
#define HC_DIALECTS_DIALECT_H

#include "../route.h"

struct dialect {
    const char *name; /* for --dialects */
    const struct route *routes;
    size_t nroutes;
    const char *what; /* the system, in a few words */
};

/* In the order in which they are asked. Their bits in a set are by index. */
extern const struct dialect *const dialects[];
extern const size_t ndialects;

/* Reads "all", "none", or names with commas between them. Returns 0, or -1 with one
 * sentence that names --dialects in @err. */
int dialects_parse(unsigned *set, const char *text, char *err, size_t err_n);

/* The route of a request for a stream, or of any other, among the dialects in @set; NULL.
 * Of several that have the path the first that takes the method; if none does, the first.
 * All of them are looked for behind @base. */
const struct route *dialects_find_stream(unsigned set, struct slice base,
                                         const struct http_request *rq,
                                         struct route_match *m);
const struct route *dialects_find(unsigned set, struct slice base,
                                  const struct http_request *rq, struct route_match *m);

#endif
