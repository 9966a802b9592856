/* audience: what the crowd has open when all is well again, and whether Redis says so.
 *
 * Tabs of before are forgotten by whoever opened them; nobody says goodbye for them. So
 * Redis may have them for PRESENCE_HIDDEN_MS more, and then must have these, and no
 * other. */
#ifndef HC_SIM_AUDIENCE_H
#define HC_SIM_AUDIENCE_H

#include "oracle.h"

#define SEATS (2 * PEOPLE)

struct seat {
    uint64_t tab;
    uint16_t person;
    uint8_t page, state;
    uint8_t lasts; /* s, or 0 */
    bool held;     /* a connection */
    bool open;
};

struct audience {
    struct oracle *oracle;
    struct seat seat[SEATS];
};

/* Draws who has what open: some nothing, some several pages. */
void audience_init(struct audience *a, struct oracle *o);

/* Some go to another page, into another state; some close one, or all. Returns which
 * seats were left, by bits. */
uint64_t audience_move(struct audience *a);

/* What the tab of seat @i tells: a heartbeat, or @leave. */
void audience_hit(struct audience *a, unsigned i, bool leave, int64_t day,
                  bool after_midnight, mono_t at, struct hit *h);

/* As many are online in Redis as there are; in these states, tabs, connections, and on
 * these pages. */
void audience_check_total(const struct audience *a);
void audience_check(const struct audience *a);

#endif
