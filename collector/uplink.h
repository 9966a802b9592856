/* uplink: the way from a worker to the aggregator: a ring, its sender and a UDP socket.
 *
 * A worker has one that takes its hits, and one more for each ring that an earlier
 * process left behind (spool.h): those only deliver, and are gone when all is durable.
 *
 * Of several aggregators the first that answers is used, and kept as long as it does. */
#ifndef HC_UPLINK_H
#define HC_UPLINK_H

#include <uv.h>
#include "../proto/sender.h"
#include "counters.h"
#include "outbox.h"
#include "spool.h"

struct setup;

struct uplink {
    struct uplink *next; /* for the owner's list */
    uv_poll_t poll;      /* readable: an ACK has come */
    int fd;              /* connected, so that a refusal comes back as an error */
    const struct setup *setup;
    struct spool *spool;
    struct ring_file file;
    struct sender *sender;
    struct counters *counters;
    struct sender_counters told; /* what @counters has of the sender's */
    unsigned aggregator;         /* in use, an index into setup->aggregator */
    int error;                   /* errno of the last send that failed while away */
    bool is_old;                 /* only delivers what @file holds */
    bool touched;                /* something was added or acknowledged */
    bool gave_up;                /* the sender wants another aggregator */
    bool away;                   /* was logged, and not yet that it is back */
    bool too_large_told;
    mono_t opened;
    mono_t due;           /* when uplink_turn wants to be called */
    struct outbox outbox; /* what this turn has emitted and not yet sent */
};

/* Connects to the first aggregator of @setup, on @loop, for the hits of @file, which is
 * the uplink's from now on. The pointers must outlive the uplink; what is in @secret may
 * become another. Nobody need be there yet. Returns NULL, with a sentence in @err and
 * @file closed, when the process may not have a socket. */
struct uplink *uplink_open(uv_loop_t *loop, const struct setup *setup,
                           const struct secret *secret, struct spool *spool,
                           struct ring_file *file, struct counters *counters, bool is_old,
                           char *err, size_t err_n);

/* Takes one hit; the texts are copied. When it returns, the hit is in the ring or counted
 * as lost: what is answered afterwards is in a spool whatever becomes of the process. */
void uplink_add(struct uplink *u, const struct hit *h, mono_t now);

/* Does what is due, and with @force seals the datagram being filled. Returns when to call
 * again at the latest. Call at the end of every loop turn; without anything to do it
 * costs nothing. */
mono_t uplink_turn(struct uplink *u, mono_t now, bool force);

/* Whether an aggregator has answered in the last SENDER_FRESH_MS. */
bool uplink_is_heard(const struct uplink *u, mono_t now);

/* Whether every hit is durable. */
bool uplink_is_delivered(const struct uplink *u);

/* Closes and frees, when the loop has turned. A file with hits stays for the next
 * process, that of an old ring which is delivered is removed. */
void uplink_close(struct uplink *u);

#endif
