/* recent: the last RECENT_MAX views, events, messages and queries of a site, for the live
 * feed.
 *
 * A ring: event id i lies in entry i mod RECENT_MAX, in memory and in hc:{S}:r alike, so
 * writing one twice changes nothing. Texts lie in the entry; the memory that a longer one
 * needs is kept and reused. */
#ifndef HC_RECENT_H
#define HC_RECENT_H

#include "prefetch.h"
#include "../proto/delta.h"

#define RECENT_TEXT 58 /* bytes of texts that lie in an entry: most have less */

struct recent_entry {
    ms_t at;
    char *more;           /* where the texts are when they are too many for `text` */
    uint32_t visitor, ms; /* this and what follows as in struct recent_event */
    uint16_t path_n, name_n, goals_n, cap; /* cap: of `more` */
    uint8_t referrer_n, kind, device, browser;
    char country[2];
    char text[RECENT_TEXT]; /* path (of a message or query its text), name, referrer,
                               goals */
};

_Static_assert(sizeof(struct recent_entry) == 96, "few cache lines");

struct recent {
    struct recent_entry *entry; /* RECENT_MAX of them, made at the first event */
    uint64_t last;              /* id of the newest, 0: none yet */
    uint64_t lost;              /* those up to this id are not held any more */
};

void recent_init(struct recent *r);
void recent_fini(struct recent *r);

/* Takes @new in as the newest, whatever its id says. Texts are copied. */
void recent_add(struct recent *r, const struct recent_event *new);

/* Brings near what an event takes that is added behind @ahead others. */
static inline void recent_prefetch(const struct recent *r, unsigned ahead)
{
    const struct recent_entry *e;

    if (!r->entry)
        return;
    e = &r->entry[(r->last + 1 + ahead) % RECENT_MAX];
    prefetch(e);
    prefetch(e->text + RECENT_TEXT / 2);
}

/* Ids go on behind @last; none up to it is held. */
void recent_restore(struct recent *r, uint64_t last);

/* The oldest id still held; recent->last + 1 when there is none. */
uint64_t recent_first(const struct recent *r);

/* Event @id, which must be held. The slices end with the next recent_add. */
struct recent_event recent_get(const struct recent *r, uint64_t id);

#endif
