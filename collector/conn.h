/* conn: one HTTP connection: reads, asks the route, answers, keeps alive, gives up. */
#ifndef HC_CONN_H
#define HC_CONN_H

#include <uv.h>
#include "carry.h"
#include "client.h"
#include "deadlines.h"
#include "reply.h"
#include "waiter.h"

struct worker;

enum conn_state {
    CONN_IDLE,     /* nothing of a request here */
    CONN_HEAD,     /* part of a head in `carry` */
    CONN_BODY,     /* a head and part of its body in `carry` */
    CONN_SERVING,  /* requests are being answered, within one callback */
    CONN_WAITING,  /* the answer comes later; `waiter` is in somebody's list */
    CONN_WRITING,  /* the socket has not taken all; nothing is read meanwhile */
    CONN_DRAINING, /* the last answer is out; what still comes is read away */
    CONN_CLOSING,  /* uv_close was called */
};

struct conn {
    uv_tcp_t tcp;
    struct worker *worker;
    struct deadline deadline; /* always set while open, by state */
    struct waiter waiter;
    struct carry carry; /* bytes not served yet */
    uint32_t need;      /* bytes that the request in `carry` takes, 0: not known */
    uint32_t drained;   /* bytes read away */
    struct ip peer;
    uint8_t state; /* enum conn_state */
    bool reading;
    bool blocked;           /* the outlet still has bytes of answers */
    bool refused;           /* what it sent was no request; more of it may come */
    struct reply_mode mode; /* of the request being answered */
};

/* @c is all zero. Then it may be accepted into `tcp`, then begun or closed. */
void conn_init(struct conn *c, struct worker *w);
void conn_begin(struct conn *c);

/* Closes at once, in any state; repeating it does nothing. The struct goes back to
 * worker->conns when the handle is gone. */
void conn_close(struct conn *c);

/* The answer that a handler which returned LATER still owes. The waiter must be out of
 * its list. May close the connection. */
void conn_answer(struct conn *c, const struct reply *r);

/* What the deadline was set for did not happen in time. */
void conn_expired(struct conn *c);

struct conn *conn_of_deadline(struct deadline *d);
struct conn *conn_of_waiter(struct waiter *w);

#endif
