/* alert_reading: how all alerts stand, read from Redis into a book. */
#ifndef HC_ALERT_READING_H
#define HC_ALERT_READING_H

#include "../proto/redis_addr.h"
#include "alert_change.h"

struct alert_reading {
    struct alert_book *book;
    const struct slice *site; /* of these sites; of none: all */
    size_t nsites;
    void (*tell)(void *arg, const struct alert_change *c); /* what is news */
    void *arg;
    char err[512]; /* a sentence, when it failed */
};

/* Reads once, over a connection of its own, and tells what is news. Returns whether all
 * could be read; if not, @r->err says why, and what was read was told. */
bool alert_reading_run(struct alert_reading *r, const struct redis_addr *addr);

#endif
