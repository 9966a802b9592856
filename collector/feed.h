/* feed: what the streams of one site are told: its latest state, and its last events.
 *
 * Two sources are merged: messages as they are published, and snapshots, which are read
 * when the messages cannot be whole: at first, and after any interruption. What is newer
 * wins, by (epoch, n). Events are told in the order of their ids; one that neither source
 * gave becomes part of a gap. Pure: no clock, no socket. */
#ifndef HC_FEED_H
#define HC_FEED_H

#include "../proto/summary.h"

/* One event as JSON, bytes; the longest texts, all escaped, take half of it. A longer one
 * is not held, and so becomes a gap. */
#define FEED_EVENT_MAX 8192

struct feed_slot {
    uint64_t id; /* 0: empty */
    char *json;
    size_t n;
};

struct feed {
    bool known;           /* a snapshot has been taken in: there is something to tell */
    uint64_t epoch, n;    /* of `state` */
    uint64_t floor_epoch; /* what is not above these two is old */
    uint64_t floor_n;
    uint64_t states;    /* counts up with each new state */
    ms_t at;            /* when it was so */
    uint64_t online;    /* visitors online in it */
    uint64_t members;   /* connections that stand for presence in it */
    struct total total; /* as of it */
    bool settling;      /* it is of a site that was read back just now: who is there shows
                           with heartbeats */
    struct buf state;   /* JSON in one line */
    ms_t life;          /* of the ids */
    uint64_t told;      /* streams may be given events up to this id */
    uint64_t newest;    /* highest id heard of */
    struct feed_slot slot[RECENT_MAX]; /* event i is in slot i % RECENT_MAX, if held */
};

void feed_init(struct feed *f);
void feed_fini(struct feed *f);

/* A snapshot is about to be read: it will be taken in whatever its (epoch, n), unless a
 * message comes meanwhile that is newer. */
void feed_expect(struct feed *f);

/* Takes a snapshot of @site in, MINUTES_DEFAULT wide. @scratch: at least MESSAGE_MAX. */
void feed_snapshot(struct feed *f, const struct summary *s, struct slice site,
                   struct buf *scratch);

/* Takes a message in. Returns false, and changes nothing, if it is old. */
bool feed_message(struct feed *f, const struct delta_view *v);

/* Whether events were heard of that no message brought: a snapshot may have them. */
bool feed_lacks(const struct feed *f);

/* What there is to tell behind event @after: one event, a gap, or nothing (yet). */
enum feed_step { FEED_END, FEED_EVENT, FEED_GAP };
struct feed_item {
    uint64_t from, to; /* of an event both its id */
    struct slice json;
};
enum feed_step feed_next(const struct feed *f, uint64_t after, struct feed_item *item);

/* The id behind which a stream begins that wants everything that is held. */
uint64_t feed_earliest(const struct feed *f);

/* Whether a stream may go on behind event @id of feed @life. 0 of life 0, where there was
 * no feed yet, is before all events of any. */
bool feed_resumes(const struct feed *f, ms_t life, uint64_t id);

#endif
