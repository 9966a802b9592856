/* sender: gathers hits into datagrams and says when each must go. Pure.
 *
 * A hit after a pause leaves at the end of the loop turn; in a stream of hits a datagram
 * leaves when it is full or SENDER_LINGER_MS after its first hit. The shell
 * (collector/uplink.c) gives the clock and the socket. Sequence numbers start at 1 and
 * have no gaps: the aggregator counts what the network lost. */
#ifndef HC_SENDER_H
#define HC_SENDER_H

#include "../proto/body.h"
#include "../proto/wire.h"

struct sender;

/* Gives a framed datagram to the network. The bytes are the sender's and end with the
 * call. */
typedef void (*sender_emit_fn)(void *arg, const uint8_t *bytes, size_t n);

struct sender {
    const struct secret *secret;
    uint64_t stream; /* random, given at init */
    uint64_t seq;    /* of the next datagram */
    mono_t last_sent;
    sender_emit_fn emit;
    uint64_t (*clock_us)(void *arg); /* CLOCK_BOOTTIME at the moment of sending */
    void *arg;
    struct body_writer body;
};

void sender_init(struct sender *s, const struct secret *secret, uint64_t stream,
                 sender_emit_fn emit, uint64_t (*clock_us)(void *arg), void *arg);

/* Takes one hit; the texts are copied. May emit a full datagram. */
void sender_add(struct sender *s, const struct hit *h, mono_t now);

/* When the open datagram must go: a time <= @now means at the end of this turn; INT64_MAX
 * when nothing waits. */
mono_t sender_due(const struct sender *s, mono_t now);

/* Emits the open datagram if it is due (or @force and not empty). */
void sender_tick(struct sender *s, mono_t now, bool force);

/* Hits that wait. */
unsigned sender_waiting(const struct sender *s);

#endif
