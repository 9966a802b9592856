/* rtt: the round trip as QUIC measures it (RFC 9002, section 5), and how long to wait for
 * an acknowledgement (section 6.2). Pure; microseconds. */
#ifndef HC_RTT_H
#define HC_RTT_H

#include <stdint.h>

#define RTT_PTO_FIRST_US 200000 /* before the first sample */
#define RTT_PTO_MIN_US 10000    /* the aggregator may hold an ACK back for 5 ms */
#define RTT_PTO_MAX_US 2000000
#define RTT_ACK_DELAY_US 5000

struct rtt {
    uint64_t latest, smoothed, variation; /* 0: no sample yet */
    unsigned backoff;                     /* probes since an ACK told something new */
};

/* Takes a measured round trip, cut to 1..RTT_PTO_MAX_US: an answer that is later tells of
 * something else than the way. */
void rtt_sample(struct rtt *r, uint64_t us);

/* The probe timeout: clamp(smoothed + max(4 variation, 1 ms) + ack delay) doubled for
 * each probe, within RTT_PTO_MIN_US and RTT_PTO_MAX_US. */
uint64_t rtt_pto(const struct rtt *r);

/* How much later than a datagram another must have been sent, and come, for the first to
 * be lost: RACK's reordering window (RFC 8985, section 6.2), a quarter of the round trip,
 * 1 ms at least. */
uint64_t rtt_reorder(const struct rtt *r);

#endif
