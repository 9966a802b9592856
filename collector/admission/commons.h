/* commons: what all workers of a process have in common against those who send too much.
 *
 * Tables of a fixed size in which any thread reads and writes at any time, without locks:
 * the connections of one client land on any worker, so none of them alone could tell. */
#ifndef HC_COMMONS_H
#define HC_COMMONS_H

#include "crowd.h"
#include "quotas.h"
#include "replays.h"

struct setup;

struct commons {
    struct quotas quotas;
    struct replays replays;
    struct crowd crowd;
};
_Static_assert(sizeof(struct commons) < 15 * 1000 * 1000, "as limits.h has it");

/* With random keys and the limits of @s. Takes memory as the tables fill, sizeof(struct
 * commons) at most. */
struct commons *commons_new(const struct setup *s);

/* When no worker runs any more. NULL is none. */
void commons_free(struct commons *c);

#endif
