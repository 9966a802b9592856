/* rtt: smoothed round trip, its variation, and the waits that follow from them. */
#include "rtt.h"

#define GRANULARITY_US 1000 /* of the timers that wait for what is computed here */
#define BACKOFF_MAX 16      /* more doublings are beyond RTT_PTO_MAX_US in any case */

static uint64_t max_of(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t min_of(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void rtt_sample(struct rtt *r, uint64_t us)
{
    uint64_t off;

    r->latest = max_of(1, min_of(us, RTT_PTO_MAX_US));
    if (r->smoothed == 0) {
        r->smoothed = r->latest;
        r->variation = r->latest / 2;
        return;
    }
    off = r->smoothed > r->latest ? r->smoothed - r->latest : r->latest - r->smoothed;
    r->variation = (3 * r->variation + off) / 4;
    r->smoothed = max_of(1, (7 * r->smoothed + r->latest) / 8);
}

uint64_t rtt_pto(const struct rtt *r)
{
    uint64_t us = RTT_PTO_FIRST_US;

    if (r->smoothed != 0)
        us = r->smoothed + max_of(4 * r->variation, GRANULARITY_US) + RTT_ACK_DELAY_US;
    us = max_of(us, RTT_PTO_MIN_US) << min_of(r->backoff, BACKOFF_MAX);
    return min_of(us, RTT_PTO_MAX_US);
}

uint64_t rtt_reorder(const struct rtt *r)
{
    return max_of(r->smoothed / 4, GRANULARITY_US);
}
