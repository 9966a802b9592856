/* effect: what one hit does to its site: to the counts of its minute, to totals and feed,
 * to where its visitor is (presence.h) and stands (visit.h). Pure. */
#ifndef HC_EFFECT_H
#define HC_EFFECT_H

#include "fold.h"
#include "visit.h"

/* Whether the hit makes its visitor seen. */
static inline bool effect_is_seen(const struct hit *h)
{
    return h->kind == HIT_VIEW || h->kind == HIT_EVENT || h->kind == HIT_HEARTBEAT ||
           h->kind == HIT_JOIN;
}

/* Whether it tells of a tab. A view or event that names none is a bare pixel: nothing
 * would be heard of it any more. */
static inline bool effect_is_sign(const struct hit *h)
{
    return h->kind == HIT_HEARTBEAT || h->kind == HIT_LEAVE || h->kind == HIT_JOIN ||
           (effect_is_seen(h) && h->tab);
}

/* Counts @h, of a live or a loading site; @v says of whom, when and where. v->known is
 * taken for true as long as v->moves says so. */
void effect_take(struct visit *v, const struct hit *h, struct fold_counts *counts);

#endif
