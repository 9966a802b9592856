/* admin_http: as much of HTTP/1.1 (RFC 9112) as the admin port needs. Pure.
 *
 * One request without a body; everything that is not one is refused with a status. */
#ifndef HC_ADMIN_HTTP_H
#define HC_ADMIN_HTTP_H

#include "buf.h"

struct admin_request {
    struct slice method, path; /* the path without its query; both borrowed */
    struct slice accept;       /* the header's value, empty when there is none */
};

/* Reads a head from the start of @bytes. Returns 200 with @r filled; 0 when more bytes
 * are needed; or 400, 431 (ADMIN_REQUEST_MAX) or 505, with which to refuse it. What
 * stands behind the head is not looked at. */
int admin_http_parse(struct admin_request *r, struct slice bytes);

struct admin_reply {
    int status; /* 200, 400, 404, 405, 431, 500, 503 or 505 */
    const char *type;
    struct slice body;
};

/* Appends head and body; of the answer to HEAD (@bodiless) only the head. */
void admin_http_write(struct buf *out, const struct admin_reply *reply, bool bodiless);

#endif
