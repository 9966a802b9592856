/* conn: one connection: reads, asks the route, answers, keeps alive, gives up. One of the
 * feed port is a stream from its beginning. */
#ifndef HC_CONN_H
#define HC_CONN_H

#include "address.h"
#include "carry.h"
#include "client.h"
#include "deadlines.h"
#include "listener.h"
#include "outlet.h"
#include "poller.h"
#include "reply.h"
#include "stream.h"
#include "waiter.h"

struct worker;

enum conn_state {
    CONN_IDLE,      /* nothing of a request here */
    CONN_HEAD,      /* part of a head in `carry` */
    CONN_BODY,      /* a head and part of its body in `carry` */
    CONN_SERVING,   /* requests are being answered, within one callback */
    CONN_WAITING,   /* the answer comes later; `waiter` is in somebody's list */
    CONN_WRITING,   /* the socket has not taken all; nothing is read meanwhile */
    CONN_STREAMING, /* there are no requests any more, or never were; `stream` says what
                       is written */
    CONN_DRAINING,  /* the last answer is out; what still comes is read away */
    CONN_CLOSING,   /* it is closed; the struct lasts until the turn ends */
};

struct conn {
    struct polled socket;
    struct conn *next; /* for worker->conns, when it is closed */
    struct worker *worker;
    struct deadline deadline; /* always set while open, by state */
    uint8_t state;            /* enum conn_state */
    uint8_t port;             /* enum port: what is spoken */
    bool reading;
    bool blocked;          /* `outlet` has bytes that the socket did not take */
    bool asked;            /* its request is one that is served once more (AGAIN) */
    bool answered;         /* worker->replies has one that is still to be written */
    bool lingers;          /* it may still be sending when the last answer is out */
    bool awaits_proxy;     /* what a proxy says in front of it (--proxy-protocol) is not
                              here yet */
    uint8_t proxy_version; /* of what it said, 0: nothing */
    struct stream stream;
    struct waiter waiter;
    struct carry carry; /* bytes not served yet */
    struct outlet outlet;
    uint32_t need;          /* bytes that the request in `carry` takes, 0: not known */
    uint32_t drained;       /* bytes read away */
    struct reply_mode mode; /* of the request being answered */
    uint64_t crowd_place;   /* to be given back when it closes, 0: none */
    struct ip peer;         /* or whom a proxy told in front of the connection */
};

/* @c is all zero; @fd, a socket that does not block, is its own from now on. Then it is
 * to be begun or closed. */
void conn_init(struct conn *c, struct worker *w, enum port port, int fd,
               const struct address *peer);
void conn_begin(struct conn *c);

/* For the worker's poller. */
void conn_ready(struct polled *socket, uint32_t events);

/* Closes at once, in any state; repeating it does nothing. An answer that was kept for it
 * (replies.h) is written before. The struct goes back to worker->conns when the turn of
 * the loop ends. */
void conn_close(struct conn *c);

/* The answer that a handler which returned LATER still owes. The waiter must be out of
 * its list. May close the connection. */
void conn_answer(struct conn *c, const struct reply *r);

/* What a handler that returned AGAIN had to know is known, or nobody can tell it. The
 * waiter must be out of its list. May close the connection. */
void conn_again(struct conn *c);

/* What the deadline was set for did not happen in time. */
void conn_expired(struct conn *c);

/* The worker stops, and no request is being answered: a stream is told so, others are
 * closed. It leaves the class of its deadline. */
void conn_dismiss(struct conn *c);

struct conn *conn_of_deadline(struct deadline *d);
struct conn *conn_of_waiter(struct waiter *w);
struct conn *conn_of_stream(struct stream *s);

/* -- for those that make up a connection: conn_*.c, replies.c, stream.c -- */

/* Takes on @state, with its deadline from now. */
void conn_enter(struct conn *c, enum conn_state state);

/* Has the poller wait for what the connection waits for, by `reading` and `blocked`. */
void conn_poll(struct conn *c);

/* Reads what there is, once, and has it served; @ends: behind it is the end. */
void conn_take(struct conn *c, bool ends);

/* The same for a connection that was just accepted, before it is polled. */
void conn_take_first(struct conn *c);

/* Reads on behind what is carried, as far as the request may reach; or not any more. */
void conn_read_on(struct conn *c);
void conn_read_stop(struct conn *c);

/* Writes, or has the outlet keep what the socket does not take; not while blocked.
 * Returns whether the socket took all; if not, it is blocked, or closed for an error or
 * because the worker may hold no more. */
bool conn_write(struct conn *c, const char *bytes, size_t n);

/* conn_write of worker->out, which is empty afterwards. */
bool conn_flush(struct conn *c);

/* conn_write of an answer that was kept, to who waits for the next request; reads no more
 * of them until the socket took it. May close the connection. */
void conn_send(struct conn *c, const char *bytes, size_t n);

/* The socket has room again: writes what the outlet keeps, and goes on when that is gone.
 */
void conn_write_on(struct conn *c);

/* The worker may hold no more for it: closes. */
void conn_starve(struct conn *c);

/* After the last answer went out: lets the client understand, then closes. */
void conn_finish(struct conn *c);

#endif
