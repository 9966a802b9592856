/* exchange: one request and the place for its answer, as a handler sees them.
 *
 * Lives on the stack of whoever dispatches; every slice of the request ends with the
 * call. A handler either writes exactly one answer and returns ANSWERED, or has put
 * conn->waiter into a list and returns LATER; then whoever keeps the list calls
 * conn_answer; or AGAIN: then it calls conn_again, and the handler is called once more
 * with the same request; or it returns what stream_open returned. */
#ifndef HC_EXCHANGE_H
#define HC_EXCHANGE_H

#include "http.h"
#include "reply.h"

struct conn;
struct worker;

/* What of the path a pattern left open, as sent; empty: nothing. */
struct route_match {
    struct slice id;     /* the segment that ":id" stood for */
    struct slice more;   /* and that of ":more" */
    struct slice prefix; /* what "*" stood for: "/a/b" of "/a/b/collect" */
};

struct exchange {
    struct worker *worker;
    struct conn *conn;
    const struct http_request *request;
    struct reply_mode mode;
    struct slice body; /* complete; empty when there was none */
    struct route_match at;
};

enum handled { ANSWERED, LATER, AGAIN, STREAMING };

/* Appends the answer to those of this read. */
void exchange_reply(struct exchange *x, const struct reply *r);
void exchange_canned(struct exchange *x, const struct canned *k);

/* {"error":"@reason"} for programs; @reason is a literal of ours without quotes.
 * @headers: further lines or NULL. Readable from any page and never cached. */
void exchange_error(struct exchange *x, int status, const char *reason,
                    const char *headers);

/* There is nothing of that name: 404, counted. */
enum handled exchange_not_found(struct exchange *x);

#endif
