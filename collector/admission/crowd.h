/* crowd: how many connections each address has open. Shared by all workers, for the
 * kernel spreads those of one client over them. Pure.
 *
 * Four rows of counters, in each of which an address has one by a keyed hash; the lowest
 * of its four is taken for its number (a count-min sketch: G. Cormode, S. Muthukrishnan,
 * 2005). That is never too low, and too high only for who shares all four with others: so
 * nothing need make room, and who closes is found by a hash. IPv6 addresses of one /64
 * are one. */
#ifndef HC_CROWD_H
#define HC_CROWD_H

#include "../../proto/limits.h"
#include "../../proto/secret.h"
#include "../client.h"

#define CROWD_ROWS 4

struct crowd {
    struct key key;
    unsigned max; /* of one address; 0: there is no limit */
    uint32_t open[CROWD_ROWS][CROWD_COLUMNS];
};

/* @c is all zero. @key: random. */
void crowd_init(struct crowd *c, const struct key *key, unsigned max);

/* One more connection of @ip. False: it has too many. Else @place is to be given back
 * with crowd_leave when it closes; 0 is never a place. */
bool crowd_enter(struct crowd *c, const struct ip *ip, uint64_t *place);
void crowd_leave(struct crowd *c, uint64_t place);

/* Whether the address at @place has more than half of what it may have: then its
 * connections should not be kept without need. 0 has none. */
bool crowd_is_dense(const struct crowd *c, uint64_t place);

#endif
