/* worker: one thread that does everything: takes connections, answers, forwards.
 *
 * Workers share nothing but the setup, which nobody writes, the tables of those who send
 * too much, which need no lock, and the hub that the first of them hosts, with which they
 * exchange notes; and once files have run out they accept one by one. Between them the
 * kernel deals out connections (SO_REUSEPORT). Opening happens on the caller's thread,
 * running and closing on the worker's own. */
#ifndef HC_WORKER_H
#define HC_WORKER_H

#include <uv.h>
#include "../proto/loop/redis_link.h"
#include "access.h"
#include "admission/busiest.h"
#include "admission/commons.h"
#include "admission/register_reading.h"
#include "conns.h"
#include "counters.h"
#include "day_visitors.h"
#include "deadlines.h"
#include "json_udp.h"
#include "listener.h"
#include "member.h"
#include "poller.h"
#include "renewal.h"
#include "replies.h"
#include "reply.h"
#include "report.h"
#include "setup.h"
#include "sites.h"
#include "uplink.h"
#include "visitor.h"
#include "watch.h"

/* Of the one buffer that all connections read into. So much of one connection is served
 * before the others have their turn: 250 pipelined pixels take half a millisecond. And of
 * the feed port, where each line has an answer of its own: */
#define READ_BYTES (16 * 1024)
#define FEED_READ_BYTES 512

/* Both clocks, read at most once per loop turn. */
struct moment {
    bool fresh;
    ms_t wall;
    mono_t mono;
};

enum worker_state {
    WORKER_RUNNING,
    WORKER_STOPPING, /* takes nobody new; answers under way are finished */
    WORKER_DRAINING, /* has no connections; hits under way are waited for */
    WORKER_CLOSED,   /* every handle is closing */
};

struct worker {
    const struct setup *setup;
    unsigned n; /* which one of the process */
    enum worker_state state;
    uv_loop_t loop;
    uv_thread_t thread;
    uv_async_t stop;   /* may be sent by other threads, */
    uv_async_t prod;   /* and so may this: whether the loop turns */
    bool turned;       /* since it was prodded; atomic */
    bool leaving;      /* says that it is not ready, and goes on; atomic */
    uv_prepare_t turn; /* the end of every loop turn */
    uv_timer_t timer;  /* for the next deadline, the sender's too */
    mono_t timer_at;   /* what it is set to, INT64_MAX: not set */
    mono_t stop_by;    /* when a stopping worker cuts off answers, a draining one hits */
    struct listener listener;
    struct listener feed, notify; /* of worker 0; their addresses: */
    struct address feed_at, notify_at;
    struct json_udp json_udp; /* of worker 0, too */
    struct address json_udp_at;
    struct poller poller; /* of the connections */
    struct conns conns;
    struct deadlines deadlines; /* every open connection is in one of its lists */
    struct uplink *uplink;      /* takes the hits; behind it those of old rings */
    struct redis_link *redis;
    struct snapshots snapshots;
    struct report report;
    struct sites sites;
    struct access access;
    struct day_visitors day_visitors;
    struct watches watches;
    struct members members;
    struct commons *commons;             /* the process' */
    struct hub *hub;                     /* the process'; lives on the loop of worker 0 */
    struct mailbox inbox;                /* from it, for the other workers */
    struct site_register *site_register; /* NULL: it was never read */
    struct register_reading register_reading; /* of worker 0 */
    struct files files; /* as they are now; the worker's own, their tables shared */
    struct renewal renewal;
    struct day_keys day_keys;
    struct agent_cache agents;
    struct busiest busiest;
    struct moment moment;
    struct http_date date;
    struct prepared prepared; /* the pixel's answer */
    struct buf out;           /* answers of the read at hand */
    struct replies replies;   /* of others that were read in this turn */
    struct buf answer;        /* a body being written */
    char *read_bytes;         /* READ_BYTES */
    struct counters counters;
    uint64_t unreceived; /* hits, at the end; for others once the worker was joined */
    uint64_t undurable;
    void (*ended)(void *arg); /* called on the worker's thread as its last act */
    void *arg;
};

/* Prepares everything and listens on @fd, a bound socket that is the worker's from now
 * on. It takes the rings of worker @n from @spool; worker 0 opens @hub and closes it, and
 * has the ports that are no more than one. Returns 0, or -1 with a sentence in @err and
 * nothing left open. */
int worker_open(struct worker *w, const struct setup *setup, struct spool *spool,
                struct hub *hub, struct commons *commons, unsigned n, int fd,
                void (*ended)(void *arg), void *arg, char *err, size_t err_n);

/* Runs it on a thread of its own. Returns 0 or a negative uv error. */
int worker_start(struct worker *w);

/* Asks it to stop; may be called from any thread, and more than once while it runs. */
void worker_stop(struct worker *w);

/* From now on health checks are told that it is not ready; all else goes on. From any
 * thread. */
void worker_leave(struct worker *w);

/* Whether its loop has turned since this was last asked; asks it to. From one other
 * thread, before worker_stop. */
bool worker_is_turning(struct worker *w);

/* Hands it what was read anew; may be called from any thread until it is freed. */
void worker_renew(struct worker *w, const struct files *f);

/* Waits for a started worker's thread to end; then everything is freed but what others
 * may still reach. */
void worker_join(struct worker *w);

/* Closes a worker that was opened and never started. */
void worker_abandon(struct worker *w);

/* When all workers have ended: frees the rest, and the struct, which was malloc'ed. */
void worker_free(struct worker *w);

/* The time of this loop turn, and as the Date header has it; only on the worker's thread.
 */
const struct moment *worker_now(struct worker *w);
const struct http_date *worker_date(struct worker *w);

#endif
