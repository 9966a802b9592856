/* store: all sites, and the list of those that Redis has to hear about. */
#ifndef HC_STORE_H
#define HC_STORE_H

#include "site.h"

struct store {
    unsigned window;
    struct key key; /* of the tables that strangers feed */
    minute_t now;
    minute_t
        ahead; /* rows of minutes up to this one may lie in Redis from before a reset */
    struct site **site; /* nsites of them, in no order; room for index_cap / 2 */
    size_t nsites;
    struct site **index; /* open addressing by hash, a power of two */
    size_t index_cap;
    size_t visitors; /* in all tables */
    size_t turn;     /* sites that have not yet turned to the present minute */
    size_t turn_of;  /* and how many there were when it turned */
    struct site *dirty_head, **dirty_tail;
    size_t ndirty;
    uint64_t number; /* of commits and messages; a site begun again counts on from here */
};

/* @window: 1..WINDOW_MAX minutes. @key: any secret 16 bytes; random is fine. */
void store_init(struct store *st, unsigned window, const struct key *key, ms_t now);
void store_fini(struct store *st);

/* Frees every site, for a new epoch or a clock that was set back to @now: then what the
 * sites wrote ahead of it is deleted by their first commits. */
void store_reset(struct store *st, ms_t now);

/* The site @id or NULL. */
struct site *store_find(const struct store *st, struct slice id);

/* The site @id, made if need be. NULL at SITES_MAX or out of memory. */
struct site *store_site(struct store *st, struct slice id);

/* Frees one site, which must not be committing. */
void store_drop(struct store *st, struct site *s);

/* Appends @s to the dirty list unless it is there or a commit of it is out: then it is
 * appended when that commit ends (see commit.h). */
void store_mark_dirty(struct store *st, struct site *s);

/* Takes the first site off the dirty list; NULL when it is empty. */
struct site *store_take_dirty(struct store *st);

/* Marks every site dirty: Redis may have gone back in time. */
void store_recheck(struct store *st);

#endif
