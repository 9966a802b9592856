/* durability: from confirmed rounds to what the senders may forget.
 *
 * A round begins: a barrier is made of how far every stream has come, less what is
 * parked. The round is confirmed: the barrier waits (maturity.h) until a call made later
 * than HOLD_MS after it is answered on the same connection; a PING is sent for it when no
 * such call is on its way. The connection breaks, or Redis is found to have gone back:
 * all that waits is given up, and so is the barrier of the round under way. */
#ifndef HC_DURABILITY_H
#define HC_DURABILITY_H

#include "../proto/loop/redis_link.h"
#include "clock.h"
#include "counters.h"
#include "receiver.h"
#include "store.h"

/* How often at most a barrier is made of datagrams that changed nothing. */
#define DURABILITY_IDLE_MS 100

/* How often at most a PING is sent that is to tell whether the connection lasts. */
#define DURABILITY_PING_MS 100

struct durability {
    struct receiver *receiver;
    const struct store *store;
    const struct clock *clock;
    struct aggregator_counters *counters;
    struct maturity maturity;
    struct barrier barrier; /* of the round under way */
    struct barrier mature;  /* scratch */
    bool given_up;          /* that barrier proves nothing any more */
    bool moved;             /* streams may have come further than the last barrier */
    mono_t made_at;         /* the last barrier */
    bool doubted; /* Redis answered a PING with an error; the caller clears it */
    bool pinging;
    mono_t pinged_at; /* the latest PING was sent */
    mono_t answered;  /* and the latest that was answered */
};

void durability_init(struct durability *d, struct receiver *receiver,
                     const struct store *store, const struct clock *clock,
                     struct aggregator_counters *counters, mono_t hold_ms);
void durability_fini(struct durability *d);

/* Datagrams have come. */
void durability_moved(struct durability *d);

/* A round begins: everything folded until now is in Redis once it is confirmed. */
void durability_begin(struct durability *d, mono_t now);

/* It is over. */
void durability_end(struct durability *d, bool confirmed, mono_t now);

/* Gives up all that waits: Redis may have lost it. */
void durability_break(struct durability *d);

/* When a barrier is due though there is nothing to commit; INT64_MAX: nothing moved. */
mono_t durability_idle_due(const struct durability *d);

/* A call made at @sent on the present connection was answered; @in_flight was the last
 * that is not answered yet, INT64_MIN: none. Lets mature what that proves, and sends a
 * PING on @link when it is time. Returns when to be called again. */
mono_t durability_turn(struct durability *d, struct redis_link *link, mono_t sent,
                       mono_t in_flight, mono_t now);

/* Nothing waits: all that was folded is safe. */
bool durability_is_complete(const struct durability *d);

/* For how long the oldest barrier has waited, ms; 0: none does. */
mono_t durability_age(const struct durability *d, mono_t now);

#endif
