/* visit: a visitor is seen in a site: where it stands from then on, who that is after
 * midnight, and what the minute log is told. Pure.
 *
 * A visitor stands in the row of the latest minute it was seen in, and there on one page;
 * being seen once more moves it, so the sum over any window stays the number of distinct
 * visitors. */
#ifndef HC_VISIT_H
#define HC_VISIT_H

#include "store.h"

struct visit {
    struct store *store;
    struct site *site;
    uint64_t visitor, previous; /* as in a hit */
    minute_t minute;            /* of a row of the site */
    ms_t at;                    /* when it happened */
    uint16_t page;              /* PAGE_NONE: where it was before */
    bool entered;               /* it is present now, and was not just before */
    struct visitor *known;      /* visitors_get of visitor, when the table's */
    uint32_t moves;             /* moves were so many */
};

/* Looks the visitor up. */
static inline void visit_look_up(struct visit *v)
{
    v->known = visitors_get(&v->site->visitors, v->visitor);
    v->moves = v->site->visitors.moves;
}

/* Counts the visit, of whom v->known must be true. Returns whether the visitor found room
 * in the tables. */
bool visit_count(const struct visit *v);

/* The page of @v stands in the row of that minute; for prefetching. */
static inline minute_t visitor_minute(const struct site *s, const struct visitor *v)
{
    return s->now - (uint16_t)((uint16_t)s->now - v->last);
}

/* Only tells who the visitor was yesterday, as visit_count does too. */
void visit_rename(const struct visit *v);

/* The last tab of @visitor said goodbye: the log of the newest minute says so. */
void visit_left(struct store *st, struct site *s, uint64_t visitor);

/* Removes the stale visitors of @s. */
void visit_drop_stale(struct store *st, struct site *s);

/* A bound was met: the site says so while the window lasts. */
static inline void visit_cap(struct site *s)
{
    s->capped = true;
    s->capped_at = s->now;
}

#endif
