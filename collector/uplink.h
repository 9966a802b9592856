/* uplink: the way from a worker to the aggregator: its sender and the UDP socket. */
#ifndef HC_UPLINK_H
#define HC_UPLINK_H

#include <sys/socket.h>
#include "counters.h"
#include "sender.h"

struct address;

/* After a refused datagram the aggregator counts as away for so long, ms. */
#define UPLINK_AWAY_MS 3000

struct uplink {
    int fd; /* connected, so that a refusal comes back as an error of send() */
    struct sender sender;
    struct counters *counters;
    mono_t refused_at; /* of the last refusal, 0: never */
    bool away;         /* a refusal was logged and nothing passed for long since */
};

/* Connects a socket to @to. @secret and @counters must outlive the uplink. Returns 0, or
 * -1 with a sentence that names --aggregator in @err. */
int uplink_open(struct uplink *u, const struct address *to, const struct secret *secret,
                struct counters *counters, char *err, size_t err_n);

/* Takes one hit; the texts are copied. */
void uplink_add(struct uplink *u, const struct hit *h, mono_t now);

/* Sends what is due, or all with @force. Returns when to call again at the latest,
 * INT64_MAX when nothing waits. Call at the end of every loop turn. */
mono_t uplink_turn(struct uplink *u, mono_t now, bool force);

/* Whether a datagram was refused in the last UPLINK_AWAY_MS. */
bool uplink_is_away(const struct uplink *u, mono_t now);

/* What still waits is dropped: call uplink_turn with @force before. */
void uplink_close(struct uplink *u);

#endif
