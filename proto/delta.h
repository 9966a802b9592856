/* delta: the message published on hc:SITE at every change, and at each minute's turn.
 *
 *   {"v":1,"site":"shop","e":1763776800123,"q":17,"n":21,"t":1763776801456,
 *    "d":{"pv":1,"ev":0,"new":1},
 *    "online":{"total":2,"active":2,"writing":0,"reading":1,"idle":1,"background":0,
 *              "tabs":3,"members":1},
 *    "visitors":{"1":3,"5":3,"30":4},"pv":{"1":3,"5":5,"30":9},
 *    "engaged":{"1":61000,"5":90000,"30":90000},
 *    "peak":{"day":5,"dayAt":1763776700000,"all":9,"allAt":1763000000000},
 *    "total":{"views":1234,"visits":567,"connections":89,"counted":0,
 *             "since":1763000000000},
 *    "feed":{"life":1763000000000,"last":9},
 *    "pages":[{"path":"/","visitors":2,"online":2},...],
 *    "alerts":[{"name":"busy","of":"online","kind":"above","value":2,"limit":2,
 *               "since":1763776801456},...],
 *    "flags":["capped"],
 *    "events":[{"id":9,"type":"pageview","timestamp":1763776801450,"path":"/"},...]}
 *
 * Numbers are absolute, so a message that a subscriber missed heals with the next; "d" is
 * what came since the message before. (e, n) grows with every message: a jump of n or a
 * new e means a gap. (e, q) is the commit whose state it shows. "events" comes last: what
 * stands before it, closed by a brace, is the site's state and stands alone. */
#ifndef HC_DELTA_H
#define HC_DELTA_H

#include "alert.h"
#include "buf.h"
#include "json.h"
#include "limits.h"
#include "recent_event.h"
#include "units.h"

#define DELTA_VERSION 1 /* "v"; others are refused */
#define DELTA_WINDOWS 3

enum delta_flag {
    DELTA_TICK = 1,    /* only time went by */
    DELTA_CAPPED = 2,  /* a bound was met: numbers are lower bounds */
    DELTA_LOADING = 4, /* the site is being read back: no pages yet, hits are waiting */
    DELTA_WARMING = 8, /* it was read back just now; who is on it shows with heartbeats */
};

struct page_count {
    struct slice path;
    uint64_t visitors;
    uint64_t online; /* visitors who have it open now, in whatever tab */
};

/* Who has the site open now: each visitor counts once, by the most active of the tabs.
 * The four states add up to the visitors online. */
struct online {
    uint64_t writing, reading, idle, background;
    uint64_t tabs;
    uint64_t members; /* of the tabs those that are connections (HIT_HELD) */

    /* The same visitors by those of their tabs that are fresh: of tabs that say how long
     * they last, those in the first half of it; the others always. */
    struct {
        uint64_t writing, reading, idle, background;
    } fresh;
};

static inline uint64_t online_total(const struct online *o)
{
    return o->writing + o->reading + o->idle + o->background;
}

/* Most visitors online at once, and when that was; today (UTC) and ever. 0: never. */
struct peaks {
    uint64_t day, all;
    ms_t day_at, all_at;
};

/* Counted since `since`, for ever: totals_reset begins anew. */
struct total {
    uint64_t views;
    uint64_t visits;  /* times a visitor was new to the window */
    uint64_t joins;   /* connections that stood for presence (HIT_JOIN) */
    uint64_t counted; /* of them those that asked to be counted (HIT_COUNTED) */
    ms_t since;       /* 0: nothing yet */
};

struct delta {
    struct slice site;
    uint64_t epoch, commit, n;
    ms_t at;
    uint64_t new_views, new_events, new_visitors;
    struct {
        unsigned minutes;
        uint64_t visitors, views;
        uint64_t engaged;    /* ms of attention, all visitors together */
    } window[DELTA_WINDOWS]; /* ascending; equal ones are written once */
    struct online online;
    struct peaks peaks;
    struct total total;
    ms_t life;     /* when the feed's ids began, 0: no feed yet */
    uint64_t last; /* id of its newest event */
    const struct page_count *pages;
    size_t npages; /* by visitors, the most first */
    const struct recent_event *events;
    const struct slice *event_json; /* the same as recent_event_json has them, if somebody
                                       has written them already; else NULL */
    size_t nevents;                 /* oldest first */
    unsigned flags;                 /* enum delta_flag, or'ed */
    const struct alert_on *alerts;  /* those that are on; NULL: the site has no alerts */
    size_t nalerts;
};

/* Writes the message into @out (cleared first), at most MESSAGE_MAX bytes: of the first
 * MESSAGE_PAGES_MAX pages and the last MESSAGE_EVENTS_MAX events, pages from the tail,
 * then events from the head, are left out until it fits. The ceiling of @out must be at
 * least MESSAGE_MAX. */
void delta_encode(const struct delta *d, struct buf *out);

/* Nobody's tabs say how long they last: those who are online are the fresh ones. */
static inline void online_all_fresh(struct online *o)
{
    o->fresh.writing = o->writing;
    o->fresh.reading = o->reading;
    o->fresh.idle = o->idle;
    o->fresh.background = o->background;
}

static inline bool online_is_fresh(const struct online *o)
{
    return o->fresh.writing == o->writing && o->fresh.reading == o->reading &&
           o->fresh.idle == o->idle && o->fresh.background == o->background;
}

/* Members that the realtime answer has in the same words: "online"; and "peak", "total",
 * "feed". Each writes its keys too. */
void online_json(struct json *j, const struct online *o);
void standing_json(struct json *j, const struct peaks *p, const struct total *t,
                   ms_t life, uint64_t last);

/* A published message, taken apart. Slices point into it. */
struct delta_view {
    struct slice site;
    uint64_t epoch, commit, n;
    ms_t at;
    ms_t life; /* as in struct delta */
    uint64_t last;
    struct online online;
    struct total total;
    bool tick, loading, warming; /* among the flags */
    struct slice state; /* the message without "events" and its last brace, which whoever
                           passes it on adds */
    struct slice event[MESSAGE_EVENTS_MAX]; /* as recent_event_check takes them, oldest
                                               first */
    uint64_t event_id[MESSAGE_EVENTS_MAX];
    size_t nevents;
};

/* Takes a message such as delta_encode writes apart, without copying. Members unknown to
 * this version may stand anywhere before "events", which is the last one, also inside of
 * "online", "total" and "feed"; and those that an earlier one did not have may be
 * missing: "members", "connections" and "counted"; and "alerts". Returns 0, or -1 when it
 * is none: then
 * @v is not to be used. What passes is valid JSON, the state and each event by itself
 * too. */
int delta_parse(struct slice message, struct delta_view *v);

#endif
