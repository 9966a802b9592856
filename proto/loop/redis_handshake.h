/* redis_handshake: what a fresh connection has to prove before it is used. Part of
 * redis_link. */
#ifndef HC_REDIS_HANDSHAKE_H
#define HC_REDIS_HANDSHAKE_H

#include "redis_pipeline.h"
#include "../redis_addr.h"

enum redis_verdict {
    REDIS_PROVEN,
    REDIS_REFUSED,  /* the credentials: asking again soon is useless */
    REDIS_UNUSABLE, /* now: it is loading, the database is missing, ... */
};

struct redis_handshake {
    void (*done)(void *arg, enum redis_verdict verdict, const char *why);
    void *arg;
};

/* Pipelines AUTH if there is a password, CLIENT SETNAME, SELECT if it is not database 0,
 * and PING. done() is called later, once: with the first reply that is bad, and must stop
 * the pipeline then, or with the last; never for replies that did not come. @h must
 * outlive them, the strings are needed during the call only. Returns 0, or -1 when out of
 * memory. */
int redis_handshake_start(struct redis_handshake *h, struct redis_pipeline *p,
                          const struct redis_addr *addr, const char *client_name);

#endif
