/* day_visitors: how many different visitors a site has had on a day (UTC), by the ids
 * that its pages give them, over all collectors that share a Redis and a secret.
 *
 * Redis keeps a set for each site and day, until two days after its end; its members are
 *
 *   HMAC-SHA-256(key of the day, site 0x00 id), the first 12 bytes
 *
 * so no id is kept, and those of two days or two sites have nothing in common. */
#ifndef HC_DAY_VISITORS_H
#define HC_DAY_VISITORS_H

#include "../proto/secret.h"
#include "../proto/slice.h"
#include "waiter.h"

struct worker;

#define DAY_VISITOR_BYTES 12 /* two of a million are the same on one day in 10^17 */

struct day_visitor {
    uint8_t b[DAY_VISITOR_BYTES];
};

/* What a worker knows of its questions. */
struct day_visitors {
    size_t asked;   /* questions that wait for Redis */
    int64_t day;    /* of `added` */
    uint32_t added; /* visitors that were new */
    char sha[41];   /* of the script */
};

struct day_count {
    uint64_t visitors; /* of the day of @at, the one asked for among them */
    bool capped;       /* it has as many as it may have: there may be more */
    ms_t at;           /* when it was asked */
};

/* Tells whoever waited, whose waiter is in no list any more; @count NULL: Redis went
 * away, or gave an error. */
typedef void day_visitors_tell(struct waiter *waiter, struct slice site,
                               const struct day_count *count);

void day_visitors_init(struct day_visitors *d);

/* What is kept of visitor @id (at most CLIENT_ID_MAX bytes) on the UTC day number @day.
 */
struct day_visitor day_visitors_hash(const struct secret *s, int64_t day,
                                     struct slice site, struct slice id);

/* Counts visitor @id (at most CLIENT_ID_MAX bytes) among those of @site, a valid one, on
 * the day of @now, and asks how many they are. One who does not count (@counts) is left
 * out like one too many. Returns NULL, and @tell is called later, unless @waiter, which
 * is in a list now, has left by then: the visitor counts all the same. Or why Redis
 * cannot be asked: a literal without quotes. */
const char *day_visitors_ask(struct worker *w, struct slice site, struct slice id,
                             ms_t now, bool counts, struct waiter *waiter,
                             day_visitors_tell *tell);

#endif
