/* lanes: the connections of a replay to its collector.
 *
 * A visitor's beacons all go over the same lane, so they arrive in their order. A lane is
 * dialled when it has something to send. */
#ifndef HC_LANES_H
#define HC_LANES_H

#include <poll.h>
#include <stdbool.h>
#include "../proto/units.h"
#include "collector_url.h"
#include "tally.h"

#define LANES_GIVE_UP_MS 10000 /* without any connection: the collector is gone */

struct lanes;

/* Resolves the name and dials the first lane, so that a wrong address shows at once.
 * Answers are counted in @tally, which must outlive the lanes. Returns NULL with a
 * sentence in @err. */
struct lanes *lanes_new(const struct collector_url *url, unsigned n, struct tally *tally,
                        char *err, size_t err_n);
void lanes_free(struct lanes *l);

/* Queues the beacon of visitor @who and counts it as sent. Returns false when the lane of
 * that visitor is full: wait for answers and try again. */
bool lanes_send(struct lanes *l, uint64_t who, struct slice query);

/* The same for a browser that sends @headers, whole lines, User-Agent among them. */
bool lanes_send_as(struct lanes *l, uint64_t who, struct slice query,
                   struct slice headers);

/* Writes what sockets take. Call before lanes_fds. */
void lanes_flush(struct lanes *l, mono_t now);

/* Fills @fds (room for as many as there are lanes) with what to wait for; returns how
 * many. lanes_on_poll takes the same array after poll. */
nfds_t lanes_fds(struct lanes *l, struct pollfd *fds);
void lanes_on_poll(struct lanes *l, const struct pollfd *fds, nfds_t n, mono_t now);

/* Beacons queued or unanswered. */
uint64_t lanes_waiting(const struct lanes *l);

/* Whether no connection came about for LANES_GIVE_UP_MS; lanes_why says why the last one
 * did not. */
bool lanes_given_up(const struct lanes *l, mono_t now);
const char *lanes_why(const struct lanes *l);

#endif
