/* watch: one site that some streams of this worker follow.
 *
 * It hears of the site from the hub, reads it from Redis when it must, and hands every
 * change to its streams: at once after a pause, else STREAM_STATE_MS after the last time.
 */
#ifndef HC_WATCH_H
#define HC_WATCH_H

#include "deadlines.h"
#include "feed.h"
#include "mailbox.h"
#include "site_map.h"
#include "snapshot.h"
#include "stream.h"
#include "waiter.h"

struct watch {
    struct site_node node; /* first: see watch.c */
    struct worker *worker;
    struct feed feed;
    struct stream *streams; /* by stream.next, as they came: so do their sockets lie */
    struct stream **end;    /* where the next one goes */
    uint64_t flushed;       /* event and state up to which the streams were given all, */
    uint64_t flushed_state; /* but for those that lag */
    struct deadline pace;   /* while set, changes wait for it */
    struct deadline read;   /* when it is read again */
    struct snapshot question;
    struct waiter turn; /* among those that wait to be read */
    uint64_t joins;     /* that the site will have had, with those of its streams */
    bool again;         /* to be read once more after the question */
    bool failed;        /* Redis did not give it when it was last asked */
    bool closed;        /* who reads the site needs a token, as it was read last */
    bool changed;       /* who may read it changed since then */
    bool damped;        /* a stream waits until its damping lets a state pass */
    bool pinned;        /* its streams are being walked: it must stay */
};

/* What one flush gives to the streams that are not behind: in each framing, events and
 * then the state. */
struct watch_batch {
    bool made[FRAMINGS];
    struct buf bytes[FRAMINGS];
    size_t state_at[FRAMINGS]; /* where the state begins */
};

struct watches {
    struct worker *worker;
    struct site_map map;
    unsigned streams;       /* open, of all watches */
    unsigned reading;       /* questions under way */
    struct waiter *waiting; /* watches that wait for their turn to be read */
    struct watch_batch batch;
    struct buf own;     /* what one stream is given by itself */
    struct buf scratch; /* a message made of a snapshot */
};

void watches_init(struct watches *ws, struct worker *w);
void watches_fini(struct watches *ws);

/* Whether one more site may be watched, or this one is already. */
bool watches_allow(const struct watches *ws, struct slice site);

/* Whether @site is known to be closed, or was when it was read last. */
bool watches_closed(const struct watches *ws, struct slice site);

/* Adds the stream to those of @site and sets s->watch. */
void watch_join(struct watches *ws, struct slice site, struct stream *s);

/* Takes the stream out; with the last one the watch goes. */
void watch_leave(struct stream *s);

/* For the hub: a note came. For the mailbox: some were dropped. */
void watches_mail(struct watches *ws, const struct mail *m);
void watches_overflowed(struct watches *ws);

/* For watch.c: gives every stream what it does not have. A stream may go away by it, no
 * other. */
void watch_flush(struct watch *w);

/* Events are about to be read that the state counts: until then no state is told, since
 * its events come before it. */
bool watch_awaits_events(const struct watch *w);

/* One of its streams waits until time alone lets a state pass. */
void watch_remind(struct watch *w);

/* Its pace allows the next flush; it is time to read the site again. */
void watch_paced(struct deadline *d);
void watch_due(struct deadline *d);

#endif
