/* visitor: who a hit counts for, without keeping who it was.
 *
 *   visitor = SipHash-2-4(day key, site 0x00 client)
 *   client  = 'u' + the client's own id (parameter u), if it gave one; else
 *             'a' + IPv4 (4 bytes) or the IPv6 /64 (8 bytes) + User-Agent
 *
 * The day key changes at midnight UTC and derives from the secret, so every collector
 * agrees. A window can still span midnight for WINDOW_MAX minutes: so long the id under
 * yesterday's key is sent along, and the aggregator knows the same person again. Address
 * and User-Agent end here: nothing behind this file ever sees them. */
#ifndef HC_VISITOR_H
#define HC_VISITOR_H

#include "../proto/secret.h"
#include "../proto/units.h"
#include "client.h"

/* The keys of today and yesterday; one per worker, refreshed when the day turns. */
struct day_keys {
    int64_t day; /* of `today`, -1 before the first use */
    struct key today, yesterday;
};

struct visitor_ids {
    uint64_t visitor;  /* never 0 */
    uint64_t previous; /* 0 outside the first WINDOW_MAX minutes of a day */
};

/* @client_id empty: address and User-Agent are used. @now is the wall clock; a day's keys
 * are derived once and kept in @keys. */
struct visitor_ids visitor_identify(struct day_keys *keys, const struct secret *secret,
                                    ms_t now, struct slice site, struct slice client_id,
                                    const struct ip *ip, struct slice user_agent);

#endif
