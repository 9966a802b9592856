/* redis_facts: what doctor wants to know of a Redis. */
#ifndef HC_REDIS_FACTS_H
#define HC_REDIS_FACTS_H

#include <stdbool.h>
#include <stdint.h>
#include "../proto/slice.h"
#include "dial.h"

struct redis_facts {
    char at[512]; /* the address without its password */
    bool reached;
    char why[512];      /* why not */
    char version[32];   /* "" when it does not tell; so with all texts */
    char policy[32];    /* maxmemory-policy */
    char fsync[16];     /* appendfsync; "" also when CONFIG is not permitted */
    char role[16];      /* master or slave */
    uint64_t maxmemory; /* bytes, 0: no bound */
    bool aof, aof_failed;
    bool saves; /* snapshots are configured; true when CONFIG is not permitted */
    bool bgsave_failed, loading;
    int64_t clock_ahead_ms; /* its clock against ours */
};

/* Fills what a reply of INFO tells; pure. */
void redis_facts_info(struct redis_facts *f, struct slice info);

/* Asks the Redis at @addr. What goes wrong is in @f. */
void redis_facts_ask(struct redis_facts *f, const struct redis_addr *addr);

#endif
