/* member: a connection that stands for somebody's presence on a site, as Audience Meter
 * and LiveUser have it: who holds it open is there, who closes it has left.
 *
 * The collector speaks for it: a JOIN when it counts, heartbeats in every third part of
 * --member-timeout, a LEAVE when it closes. So several collectors add up, and those of a
 * collector that died are gone after that time. One that names itself (uuid, clientId)
 * replaces whoever named itself so before, at any collector: joins are told on the Redis
 * channel hc:!joined, and who hears that its tab is held by another lets go without a
 * LEAVE. */
#ifndef HC_MEMBER_H
#define HC_MEMBER_H

#include "beacon.h"
#include "deadlines.h"
#include "holds.h"

struct worker;
struct member;

/* Names are of one dialect alone: who knows one there can do nothing with it elsewhere.
 * Nor can a beacon, whose page-view ids are another family still. */
enum member_family { MEMBERS_OF_AUDIENCE = 1, MEMBERS_OF_LIVEUSER };

/* What is known of it when it comes. Everything is copied; of the User-Agent the first
 * MEMBER_AGENT_MAX bytes. */
struct member_intent {
    struct slice site; /* site_valid() */
    struct slice user; /* the visitor's own id, <= CLIENT_ID_MAX; empty: address and
                          User-Agent */
    struct slice tab;  /* the name by which it replaces others; empty: it has none */
    enum member_family family; /* of that name */
    struct slice path; /* of the page, as an address or a path, <= PATH_RAW_MAX; empty:
                          not told */
    struct beacon_sender from;
    bool counted; /* it asked to be counted (HIT_COUNTED) */
    bool delayed; /* it counts only if it is still there after --increment-delay */
    bool silent;  /* it never counts, and takes nobody's name (admission.h) */

    /* Another holds its tab now: close. It does not count any more, but is the caller's
     * still: member_leave frees it, from inside of this call or later. */
    void (*replaced)(struct member *m, void *arg);
    void *arg;
};

/* Takes part from now on, or after the delay. NULL at MEMBERS_MAX of this worker
 * (members_full), and when too many come from its address (members_limited). The caller
 * ends it with member_leave. */
struct member *member_join(struct worker *w, const struct member_intent *intent);

/* The connection is gone. Frees it; NULL is none. */
void member_leave(struct member *m);

/* Ends whoever holds the tab of that name, at any collector; as if it were replaced. */
void members_evict(struct worker *w, struct slice site, enum member_family family,
                   struct slice tab);

/* ---- for worker.c, hub.c ---- */

/* All of one worker. */
struct members {
    struct worker *worker;
    struct holds holds; /* of those that have a name and count */
    unsigned open;
};
void members_init(struct members *ms, struct worker *w);
void members_fini(struct members *ms);

/* It is time to beat, or to begin to count. */
void member_due(struct deadline *d);

/* What came from hc:!joined, or from another worker. */
void members_told(struct members *ms, struct slice message);

#endif
