/* site: everything that is known of one site, and what of it Redis does not know yet.
 *
 * Minute rows lie in a ring of `slots` (a power of two, at least the window);
 * slot_of(minute) is the minute's place. `last` of a row counts the visitors whose latest
 * minute it is, so the visitors of any window are the sum of `last` over its rows: exact,
 * and one subtraction and one addition per hit. */
#ifndef HC_SITE_H
#define HC_SITE_H

#include "../proto/limits.h"
#include "alerts.h"
#include "goals.h"
#include "known.h"
#include "marks.h"
#include "minute_log.h"
#include "pages.h"
#include "parked.h"
#include "presence.h"
#include "queries.h"
#include "recent.h"
#include "totals.h"
#include "traits.h"
#include "visitors.h"

struct site_row {
    uint32_t views, events;
    uint32_t uniques; /* distinct visitors seen in this minute */
    uint32_t last;    /* distinct visitors whose latest minute this is */
    uint64_t engaged; /* ms of attention that was told in this minute */
};

/* What has been published since the message before. */
struct site_news {
    uint64_t views, events, visitors;
};

enum site_state {
    SITE_WAITING, /* to be read back: on the store's list of loads */
    SITE_LOADING, /* is being read back */
    SITE_LIVE,
};

/* What all sites have in common; the store's. */
struct site_shared {
    struct key key; /* of the tables that strangers feed */
    struct pool pages, traits;
};

/* What a hit needs comes first, so that it lies in as few cache lines as it can. */
struct site {
    uint64_t hash;
    enum site_state state;
    uint8_t id_n;
    bool capped;     /* a bound was met while the window lasts */
    bool queued;     /* in a list of the store's, of those dirty */
    bool committing; /* a commit is out */
    char id[SITE_MAX];
    bool full;      /* the next commit rewrites everything, the log as log.rewrite says */
    bool full_sent; /* and so does the one that is out */
    bool tick;      /* the minute turned: publish though nothing was hit */
    bool online_sent; /* presence.changed as it went into the commit that is out */
    unsigned window, slots;
    minute_t now;     /* the newest minute; rows cover (now - window, now]; may be ahead
                         of the store's when another host's clock was */
    minute_t touched; /* of the latest hit */
    minute_t capped_at;
    ms_t heard; /* when the latest hit happened; since a restart the last commit's time */
    struct site_row *row;
    uint64_t dirty, inflight; /* slots changed since the last commit; in the one that is
                                 out */
    struct site *next_dirty;
    struct visitors visitors;
    size_t stale; /* visitors outside the window, still in the table */
    struct marks marks;
    struct recent recent;
    struct site_news news; /* not yet in a message */
    struct totals totals;
    struct goals goals; /* as Redis told them last, and counts of them in traits */
    struct pages pages;
    struct presence presence; /* from here on what a view alone does not need */
    struct traits traits;
    struct alerts alerts; /* as goals */
    struct queries queries;
    struct minute_log log;
    struct parked parked;
    uint8_t failures;      /* commits in a row that Redis refused for this site alone */
    bool rested;           /* if queued: among those that rested (store.h) */
    ms_t warming;          /* until then it has just been read back, 0: not */
    uint64_t recent_done;  /* event ids up to this one are in Redis */
    uint64_t recent_sent;  /* and up to this one in the commit that is out */
    uint64_t commit;       /* q: number of the last commit built */
    uint64_t commit_floor; /* the last one that Redis said OK to */
    ms_t commit_at;        /* when the last one was begun, */
    ms_t floor_at; /* and when the last one that Redis said OK to, 0: none since the site
                      was made or read back */
    ms_t present_at, present_sent; /* when Redis was told last how long who is online is
                                      known, and so by the commit that is out */
    struct renewal {
        minute_t at;         /* when expiries of the site's keys were renewed last */
        uint64_t rows;       /* and since then of which rows and their traits, by slot */
    } renewed, renewed_sent; /* and by the commit that is out */
    ms_t live_at;            /* when hc:live was last told of the site, 0: never */
    uint64_t from_epoch;     /* the record that we claimed the site from; UINT64_MAX: */
    uint64_t from_commit;    /* none, whoever wrote it before is written over */
    struct known known;      /* what Redis has of the record and of totals */
    uint64_t message;        /* n: number of the last message built */
    struct site_news news_sent; /* in the message of the commit that is out */
    ms_t retry_at;              /* not before this time, after a commit failed */
    struct site *next_load;
    size_t order; /* place in the store's list of sites */
};

/* An empty site. With @lazy it waits to be read back and keeps a minute log; without, it
 * is live and its first commit rewrites all, for Redis may hold an earlier life of it.
 * NULL when out of memory. */
struct site *site_new(struct slice id, uint64_t hash, unsigned window, minute_t now,
                      struct site_shared *shared, bool lazy);
void site_free(struct site *s);

/* Makes a lazy site as it was born, at minute @now. What is parked stays, and so do the
 * numbers of its commits and messages. It must be in no list and no commit of it out. */
void site_reset(struct site *s, minute_t now);

static inline unsigned slot_of(const struct site *s, minute_t m)
{
    return m & (s->slots - 1);
}

/* Brings near what every hit needs of @s, and then what it changes in minute @m. */
static inline void site_prefetch(const struct site *s)
{
    for (const char *p = (const char *)s; p < (const char *)&s->presence; p += 64)
        prefetch(p);
}

static inline void site_prefetch_row(const struct site *s, minute_t m)
{
    prefetch(&s->row[slot_of(s, m)]);
}

static inline struct slice site_id(const struct site *s)
{
    return (struct slice){s->id, s->id_n};
}

/* What of the site's newest minute is nearest to @now: the time that its numbers are of.
 * A site turns its minute a little later than the clock, and may be folded into while a
 * commit that began before it is built. */
static inline ms_t site_time(const struct site *s, ms_t now)
{
    ms_t first = minute_start(s->now), last = first + MS_PER_MINUTE - 1;

    return now < first ? first : now > last ? last : now;
}

/* Whether minute @m is inside the window. */
static inline bool site_covers(const struct site *s, minute_t m)
{
    return m <= s->now && s->now - m < s->window;
}

/* Brings the rows to minute @now: those that leave the window are emptied. Returns
 * whether any number of a window may have changed by it. @now before s->now is ignored.
 */
bool site_advance(struct site *s, minute_t now);

/* Distinct visitors, and views, of the last @minutes minutes (1..window). */
uint64_t site_visitors(const struct site *s, unsigned minutes);
uint64_t site_views(const struct site *s, unsigned minutes);

/* The numbers that alerts look at. */
void site_alert_values(const struct site *s, uint64_t value[ALERT_WHATS]);

/* The pages with the most visitors in the last @minutes minutes, at most @max, the most
 * first, then those that most have open now, then by path, PAGE_OTHER the last (as
 * page_list_rank has them). Returns how many. Paths are borrowed from the site. */
size_t site_top_pages(const struct site *s, unsigned minutes, struct page_count *out,
                      size_t max);

/* It is live, nothing of the window is left, nobody has it open, and nothing is to be
 * written; or it still waits to be a minute later, because Redis is away: its keys have
 * expired meanwhile. Not before Redis has its totals, which do not expire, nor while an
 * alert may be about to go on. */
bool site_is_empty(const struct site *s);

/* Whether a commit has something to write of it, its log aside. */
static inline bool site_has_news(const struct site *s)
{
    return s->dirty || s->full || s->presence.changed || s->totals.dirty ||
           s->pages.titles_dirty || alerts_dirty(&s->alerts);
}

size_t site_bytes(const struct site *s);

#endif
