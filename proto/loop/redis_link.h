/* redis_link: one connection to Redis that heals itself.
 *
 * hiredis reads the replies; the socket, the deadlines and the reconnecting are ours over
 * uv_tcp or uv_pipe, because the async engine of Debian's hiredis 0.14.1 never reports a
 * refused connection. A link dials, proves AUTH, SELECT and PING, and calls up(); it is
 * dead when a reply is late, the stream is broken or Redis says LOADING, and then every
 * pending call fails once with a NULL reply, down() is called, and it dials again after
 * 100 ms to 5 s with full jitter.
 *
 * Calls of one turn of the loop leave in one write; with many in flight their replies are
 * looked for a moment later (redis_pipeline.h). RESP2 only: after a SUBSCRIBE the
 * messages go to push(), and the confirmation is that call's reply.
 *
 * Everything runs on the loop's thread. Callbacks may call redis_link_call and
 * redis_link_close, and ask, but not redis_link_reset. Redis is trusted: a reply may be
 * as large as REDIS_REPLY_MAX. SIGPIPE must be ignored (stop.h does). */
#ifndef HC_REDIS_LINK_H
#define HC_REDIS_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>
#include <hiredis/hiredis.h>
#include "../redis_addr.h"
#include "../slice.h"

#define REDIS_DIAL_DEADLINE_MS 3000  /* look-up, connecting and handshake together */
#define REDIS_REPLY_DEADLINE_MS 5000 /* of the oldest call in flight */
#define REDIS_IDLE_PING_MS 15000     /* of silence, subscribed or not */
#define REDIS_REST_FIRST_MS 100      /* bound of the first rest between dials; doubles */
#define REDIS_REST_MAX_MS 5000       /* also the rest after refused credentials */
#define REDIS_SETTLED_MS 5000 /* being up so long makes the next rest a first one */

/* The reply belongs to the link and ends with the callback. NULL: the connection broke,
 * and whether Redis did it is unknown. */
typedef void (*redis_reply_fn)(void *arg, const redisReply *reply);

struct redis_link;

struct redis_link_events {
    void (*up)(void *arg); /* connected and proven */
    /* Was up, or a dial failed; after the pending calls failed. @why is printable, names
     * no password, and ends with the callback. */
    void (*down)(void *arg, const char *why);
    void (*push)(void *arg, const redisReply *reply); /* pub/sub message; may be NULL */
};

struct redis_link_stats {
    uint64_t dials;        /* attempts to connect */
    uint64_t ups;          /* of them proven */
    uint64_t downs;        /* proven connections lost */
    uint64_t calls;        /* taken by redis_link_call */
    uint64_t refused_full; /* refused by it at a bound */
    uint64_t timeouts;     /* connections dropped because Redis was late */
    uint64_t unknown;      /* calls that ended with a NULL reply */
};

/* Starts dialling. @addr and @client_name (no blanks, at most 63 bytes; asserted) are
 * copied; @events must outlive the link. No callback comes from inside. Returns NULL when
 * out of memory. The heap object is freed after redis_link_close's callback. */
struct redis_link *redis_link_open(uv_loop_t *loop, const struct redis_addr *addr,
                                   const char *client_name,
                                   const struct redis_link_events *events, void *arg);

/* Other deadlines than those above, for tests. Count from the next use on; @d is copied.
 */
struct redis_link_deadlines {
    uint64_t dial_ms, reply_ms, idle_ping_ms, rest_first_ms, rest_max_ms, settled_ms;
};
void redis_link_set_deadlines(struct redis_link *link,
                              const struct redis_link_deadlines *d);

/* From the next time it dials on it uses this address and these credentials; copied. */
void redis_link_readdress(struct redis_link *link, const struct redis_addr *addr);

/* Queues one command; @lens may be NULL when all of @argv are strings. @fn is called
 * exactly once, later, never from inside this call; an error reply is handed over like
 * any other. Returns 0; -1 when the link is not up, or REDIS_OUTBOX_MAX bytes or
 * REDIS_CALLS_MAX calls wait (then @fn is not called).
 *
 * [P]SUBSCRIBE and [P]UNSUBSCRIBE take one channel a call (asserted), because Redis
 * answers once for each. */
int redis_link_call(struct redis_link *link, int argc, const char **argv,
                    const size_t *lens, redis_reply_fn fn, void *arg);

/* The same of a command that is written already, as it goes over the wire, and not one of
 * those that subscribe; copied. */
int redis_link_write(struct redis_link *link, struct slice resp, redis_reply_fn fn,
                     void *arg);

bool redis_link_is_up(const struct redis_link *link);

/* Calls waiting for a reply, the link's own PING included. */
size_t redis_link_in_flight(const struct redis_link *link);

/* Counts up each time a proven connection is lost, before its calls fail: tells a reply
 * of this connection from one before. */
uint64_t redis_link_generation(const struct redis_link *link);
const struct redis_link_stats *redis_link_stats(const struct redis_link *link);

/* Drops the connection, or the dialling, as if it had broken: pending calls get NULL and
 * down(@why) is called before this returns. Nothing happens while the link rests. */
void redis_link_reset(struct redis_link *link, const char *why);

/* Dials now if the link rests between two dials, because somebody else has just found
 * Redis there; nothing happens otherwise. The rest still lasts rest_first_ms, so that two
 * links that hurry each other do not spin. No callback comes from inside. */
void redis_link_hurry(struct redis_link *link);

/* Closes for good, once. Pending calls get NULL before this returns; down() is not
 * called;
 * @closed (may be NULL) is called when the handles are gone, and then the link is freed.
 */
void redis_link_close(struct redis_link *link, void (*closed)(void *arg), void *arg);

#endif
