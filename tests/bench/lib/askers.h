/* askers: connections to one server, each with one request under way, on one epoll.
 *
 * An asker that is free takes the next request that is due (schedule.h). It keeps its
 * connection, or has a new one for each request (enum askers_once). An answer that is not
 * of 2xx, a broken connection, or none within `timeout_ns` is an error; the connection is
 * closed then, and comes again after a short rest. */
#ifndef HC_BENCH_ASKERS_H
#define HC_BENCH_ASKERS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include "histogram.h"
#include "request.h"
#include "schedule.h"

#define ASKERS_MAX 16384

/* X(name): what becomes of a request. */
#define ASKERS_ENDS(X)                                             \
    X(answered)   /* 2xx, whole */                                 \
    X(status)     /* whole, but another status */                  \
    X(broken)     /* no HTTP, or not of the length that it says */ \
    X(refused)    /* no connection */                              \
    X(closed)     /* in order, without the whole answer */         \
    X(reset)      /* with an error of the socket */                \
    X(timeout)    /* not answered in time */                       \
    X(unanswered) /* due before the end, and not answered until a second after it */

enum askers_end {
#define X(name) ASKERS_##name,
    ASKERS_ENDS(X)
#undef X
        ASKERS_ENDS_COUNT
};

enum askers_once {
    ONCE_NO,     /* keep-alive */
    ONCE_SERVER, /* a new connection for each; the server closes it (Connection: close) */
    ONCE_CLIENT, /* the asker closes it when it has the answer */
};

struct askers_wish {
    struct sockaddr_in to;
    unsigned connections; /* 1 to ASKERS_MAX */
    enum askers_once once;
    uint64_t timeout_ns;
    bool go_on; /* after an error; else it ends all */
};

struct askers_told {
    uint64_t count[ASKERS_ENDS_COUNT];
    struct histogram latency; /* nanoseconds of those answered and unanswered */
    uint64_t took;            /* from the begin until the last one was answered */
};

/* Drives @s, whose times are of CLOCK_MONOTONIC, to its end, drawing @r for each request.
 * Returns 0, or -1 with errno: no descriptors. */
int askers_run(const struct askers_wish *wish, struct schedule *s, struct request *r,
               struct askers_told *told);

#endif
