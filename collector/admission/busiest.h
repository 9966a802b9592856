/* busiest: how much of a minute's hits come from the one address that most come from.
 *
 * If it is nearly all of them, a proxy stands in front that nobody has named with
 * --trusted-proxy, and all visitors are one. A sketch of a few places: which address it
 * was is forgotten with the minute and never told. Pure; nothing is allocated. */
#ifndef HC_BUSIEST_H
#define HC_BUSIEST_H

#include "../../proto/limits.h"
#include "../../proto/units.h"
#include "../client.h"

struct busiest_place {
    struct ip ip;
    uint32_t hits;
};

/* All zero: nothing came yet. */
struct busiest {
    mono_t minute; /* which one since the clock began */
    uint32_t hits; /* in it, from anybody */
    struct busiest_place places[BUSIEST_PLACES];
    uint32_t last_hits;    /* in the minute before, if it was counted; */
    uint32_t last_busiest; /* of them from one address, at least: too few by one of
                              BUSIEST_PLACES others at most */
};

/* Begins the minute of @now if it is another; to be called often enough that a minute is
 * noticed. Returns whether it was another: then last_hits and last_busiest are new. */
bool busiest_turn(struct busiest *b, mono_t now);

/* One hit from @ip, in the minute begun. An unknown address is nobody's. */
void busiest_add(struct busiest *b, const struct ip *ip);

/* @busiest of @hits as percent; 0 with fewer than BUSIEST_HITS_MIN. */
unsigned busiest_percent(uint64_t busiest, uint64_t hits);

#endif
