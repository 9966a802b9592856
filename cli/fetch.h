/* fetch: one request of a daemon over HTTP, waited for. */
#ifndef HC_FETCH_H
#define HC_FETCH_H

#include "../proto/buf.h"
#include "../proto/hostport.h"

struct fetched {
    int status;
    long retry_after;  /* seconds, -1: not told */
    struct slice body; /* in @bytes of fetch_get */
};

/* Asks http://@at@path and reads the answer into @bytes, which the caller has initialized
 * (FETCH_ANSWER_MAX) and frees. All of it takes FETCH_DEADLINE_MS at most. Returns 0, or
 * -1 with the reason in @err. */
int fetch_get(struct fetched *f, const struct hostport *at, const char *path,
              struct buf *bytes, char *err, size_t err_n);

/* Sends @request, which must ask for the end of the connection, and reads the answer in
 * the same way. */
int fetch_send(struct fetched *f, const char *host, const char *port,
               struct slice request, struct buf *bytes, char *err, size_t err_n);

/* Takes an answer apart; pure. Returns 0, or -1 when it is no whole answer of HTTP/1.1
 * with a Content-Length (or of 204, which has none). */
int fetch_read(struct fetched *f, struct slice answer);

#endif
