/* fetch: one GET of a daemon's admin port, waited for. */
#ifndef HC_FETCH_H
#define HC_FETCH_H

#include "../proto/buf.h"
#include "../proto/hostport.h"

struct fetched {
    int status;
    struct slice body; /* in @bytes of fetch_get */
};

/* Asks http://@at@path and reads the answer into @bytes, which the caller has initialized
 * (FETCH_ANSWER_MAX) and frees. All of it takes FETCH_DEADLINE_MS at most. Returns 0, or
 * -1 with the reason in @err. */
int fetch_get(struct fetched *f, const struct hostport *at, const char *path,
              struct buf *bytes, char *err, size_t err_n);

/* Takes an answer apart; pure. Returns 0, or -1 when it is no whole answer of HTTP/1.1
 * with a Content-Length. */
int fetch_read(struct fetched *f, struct slice answer);

#endif
