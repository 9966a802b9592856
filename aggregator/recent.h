/* recent: the last RECENT_MAX views, events, messages and queries of a site, for the live
 * feed.
 *
 * A ring: event id i lies in entry i mod RECENT_MAX, in memory and in hc:{S}:r alike, so
 * writing one twice changes nothing. An entry is a cache line, with its texts: nearly
 * every hit writes one. Longer texts lie apart; their memory is kept and reused. */
#ifndef HC_RECENT_H
#define HC_RECENT_H

#include "prefetch.h"
#include "../proto/delta.h"

#define RECENT_TEXT 41 /* bytes of texts that lie in an entry: most have less */

struct recent_entry {
    ms_t at;
    uint32_t number; /* the visitor; of a query its ms */
    uint16_t path_n, goals_n;
    uint8_t name_n, referrer_n, kind, device, browser;
    char country[2];
    char text[RECENT_TEXT]; /* path (of a message or query its text), name, referrer,
                               goals */
};

_Static_assert(sizeof(struct recent_entry) == 64, "a cache line");

/* Texts that are too many for their entry. */
struct recent_long {
    char *text;
    size_t cap;
};

struct recent {
    struct recent_entry *entry; /* RECENT_MAX of them, made at the first event, */
    struct recent_long *apart;  /* and of each where longer texts are; one allocation */
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
    if (r->entry)
        prefetch(&r->entry[(r->last + 1 + ahead) % RECENT_MAX]);
}

/* Ids go on behind @last; none up to it is held. */
void recent_restore(struct recent *r, uint64_t last);

/* The oldest id still held; recent->last + 1 when there is none. */
uint64_t recent_first(const struct recent *r);

/* Event @id, which must be held. The slices end with the next recent_add. */
struct recent_event recent_get(const struct recent *r, uint64_t id);

/* Bytes allocated. */
size_t recent_bytes(const struct recent *r);

#endif
