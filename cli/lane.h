/* lane: one keep-alive connection to a collector on which requests are pipelined.
 *
 * A lane outlives its connections: requests wait in it until there is one again. */
#ifndef HC_LANE_H
#define HC_LANE_H

#include <netdb.h>
#include "../proto/units.h"
#include "tally.h"

#define LANE_BYTES (64 * 1024) /* requests of one lane; more wait in the log */
#define LANE_DIAL_MS 3000      /* deadline of one connect */
#define LANE_ANSWER_MS 10000   /* without a byte while answers are due: broken */
#define LANE_IDLE_MS 10000     /* then it is closed; the collector would after 20 s */

/* bytes holds the unanswered requests, the oldest first:
 *
 *     |  answered  |  sent, unanswered  |  not sent  |
 *     0            at                   sent         n
 */
struct lane {
    int fd; /* -1: not connected */
    size_t at, sent, n;
    unsigned first, queued; /* a ring of the requests' lengths */
    uint16_t length[REPLAY_PIPELINE_MAX];
    mono_t moved; /* when bytes went either way */
    struct answers answers;
    char bytes[LANE_BYTES];
};

void lane_init(struct lane *lane);

/* Tries one address. Returns 0 when the lane is connected, or -1 with errno. */
int lane_dial(struct lane *lane, const struct addrinfo *address, mono_t now);

/* Closes in good order: what is unanswered is sent again over the next connection. */
void lane_close(struct lane *lane);

/* Makes room for a request of @n bytes, at most UINT16_MAX, to be put with lane_put piece
 * by piece and ended with lane_end. Returns false when there is none. */
bool lane_room(struct lane *lane, size_t n);
void lane_put(struct lane *lane, const char *p, size_t n);
void lane_end(struct lane *lane, size_t n);

/* Whether requests wait to be sent, on a connection or for one. */
bool lane_has_unsent(const struct lane *lane);

/* Writes what the socket takes. */
void lane_write(struct lane *lane, mono_t now);

/* Reads what has come and counts the answers in @tally. */
void lane_read(struct lane *lane, struct tally *tally, mono_t now);

/* Breaks the connection if its answers are overdue, closes it if it was idle for long. */
void lane_check(struct lane *lane, mono_t now);

#endif
