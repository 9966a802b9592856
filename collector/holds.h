/* holds: which tab is held by whom, told between all collectors. Who takes a tab ends
 * the hold of whoever had it before, on the Redis channel hc:!joined too. */
#ifndef HC_HOLDS_H
#define HC_HOLDS_H

#include <stdbool.h>
#include <stdint.h>
#include "../proto/slice.h"

struct worker;

/* Part of whoever holds a tab. */
struct hold {
    struct slice site; /* its holder's; set, like the tab, before it is taken */
    uint64_t tab;
    uint64_t instance;         /* when it was taken; 0: never */
    struct hold *next, **link; /* in its chain; link NULL: in none */
};

#define HOLD_CHAINS 1024 /* a power of two; 16 in each at MEMBERS_MAX */

/* Those of one worker. */
struct holds {
    struct worker *worker;
    struct hold *chain[HOLD_CHAINS]; /* by tab */
    uint64_t newest;                 /* instance that was heard of; see holds.c */
    bool refused;                    /* Redis refused to publish, and the log says so */

    /* Another has the tab of @h now, which was dropped; @visitor is who, 0: nobody. */
    void (*let_go)(struct hold *h, uint64_t visitor);
};

void holds_init(struct holds *hs, struct worker *w,
                void (*let_go)(struct hold *h, uint64_t visitor));

/* Its tab is @h's from now on, until it is dropped or let go. @visitor: whose it is. */
void holds_take(struct holds *hs, struct hold *h, uint64_t visitor);

/* Does nothing to one that holds nothing. */
void holds_drop(struct hold *h);

/* Ends whoever holds the tab, at any collector. */
void holds_evict(struct holds *hs, struct slice site, uint64_t tab);

/* What came from hc:!joined, or from another worker; counted messages_bad if it is none.
 */
void holds_told(struct holds *hs, struct slice message);

#endif
