/* ingest: the UDP socket on the loop; every datagram goes to the intake.
 *
 * In quiet times the socket is watched and a datagram is folded as it comes. In busy
 * times (traffic.h) a timer empties it every millisecond, which costs a sixth of the CPU
 * for at most that millisecond of delay. Either way a turn takes a bounded number of
 * datagrams, so that timers and Redis get their share under any flood. */
#ifndef HC_INGEST_H
#define HC_INGEST_H

#include <uv.h>
#include "clock.h"
#include "intake.h"
#include "seldom.h"
#include "traffic.h"
#include "udp.h"

struct ingest {
    struct udp udp;
    uv_poll_t poll;
    uv_timer_t timer; /* runs only while it is busy */
    struct traffic traffic;
    struct intake *intake;
    struct clock *clock;
    void (*folded)(void *arg); /* the end of a turn in which datagrams came */
    void *arg;
    struct seldom complained; /* of another secret file */
};

/* Binds and listens. The pointers must outlive the handles. Returns 0, or -1 with a
 * sentence that names --udp in @err; then nothing is open. */
int ingest_open(struct ingest *in, uv_loop_t *loop, const struct udp_addr *addr,
                struct intake *intake, struct clock *clock, void (*folded)(void *arg),
                void *arg, char *err, size_t err_n);

/* Takes what the socket still holds, and closes it. The memory is the caller's again
 * when the loop has run once more. */
void ingest_close(struct ingest *in);

/* Brings the counters up to date that the socket keeps. */
void ingest_report(struct ingest *in, struct aggregator_counters *c);

#endif
