/* ingest: the UDP socket on the loop; every datagram goes to the engine, its ACKs go out.
 *
 * In quiet times the socket is watched and a datagram is folded as it comes. In busy
 * times (traffic.h) a timer empties it every millisecond, which costs a sixth of the CPU
 * for at most that millisecond of delay. Either way a turn takes a bounded number of
 * datagrams, so that timers and Redis get their share under any flood. */
#ifndef HC_INGEST_H
#define HC_INGEST_H

#include <uv.h>
#include "engine.h"
#include "seldom.h"
#include "traffic.h"
#include "udp.h"

struct ingest {
    struct udp udp;
    uv_poll_t poll;
    uv_timer_t timer; /* runs only while it is busy */
    struct traffic traffic;
    struct engine *engine;
    struct seldom complained; /* of another secret file */
};

/* Binds and listens. The pointers must outlive the handles; @engine is not looked at
 * before a datagram has come. Returns 0, or -1 with a sentence that names --udp in @err;
 * then nothing is open. */
int ingest_open(struct ingest *in, uv_loop_t *loop, const struct udp_addr *addr,
                struct engine *engine, char *err, size_t err_n);

/* Takes what the socket still holds, and no more from now on. ACKs may still be sent. */
void ingest_stop(struct ingest *in);

/* Closes the socket. The memory is the caller's again when the loop has run once more. */
void ingest_close(struct ingest *in);

/* Sends an ACK. Errors are counted. */
void ingest_send(struct ingest *in, const struct peer *to, const uint8_t *bytes,
                 size_t n);

/* Brings the counters up to date that the socket keeps. */
void ingest_report(struct ingest *in, struct aggregator_counters *c);

#endif
