/* outbox: datagrams on their way out that may leave together.
 *
 * Datagrams of one length, and a shorter one behind them, are given to the kernel with
 * one call (UDP_SEGMENT, Linux 4.18), which then walks through its layers once, and
 * through those of an aggregator on the same host. Full ones differ by the bytes that the
 * next event would have needed, so such runs are short: with 64 busy connections a
 * quarter of the calls are saved, with 800 two fifths. Where the way takes no trains they
 * go one by one. */
#ifndef HC_OUTBOX_H
#define HC_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../proto/limits.h"

struct outbox {
    bool trains; /* the socket takes them */
    bool ends;   /* what is held last is shorter: nothing goes behind it */
    size_t each; /* length of the first */
    size_t n;    /* bytes held */
    uint8_t bytes[UPLINK_TRAIN_MAX * DATAGRAM_MAX];
};

/* Nothing is held. Call it again when another socket has taken the number @fd. */
void outbox_init(struct outbox *o, int fd);

/* Puts a datagram (1 <= n <= DATAGRAM_MAX) behind those held. Returns false when it does
 * not go with them: outbox_send, and again. */
bool outbox_put(struct outbox *o, const uint8_t *bytes, size_t n);

/* Sends what is held, without waiting, through the connected socket @fd. Calls @refused
 * with errno for each datagram that the kernel did not take. */
void outbox_send(struct outbox *o, int fd, void (*refused)(void *arg, int error),
                 void *arg);

#endif
