/* traits: how many views of one site each referrer, device, browser, country, campaign
 * and term had, by minute. Pure.
 *
 * A value is there as long as a minute of the window has views of it, so a site whose
 * views tell nothing has none. Views that tell no value of a kind are not counted here:
 * they are what is left to the row's views. At REFERRERS_MAX hosts, COUNTRIES_MAX
 * countries and CAMPAIGNS_MAX campaigns or terms, or when the pool of all is empty, a new
 * one is counted on TRAIT_OTHER.
 * Counts only grow until their minute leaves the window. */
#ifndef HC_TRAITS_H
#define HC_TRAITS_H

#include "../proto/hit.h"
#include "../proto/limits.h"
#include "../proto/secret.h"
#include "../proto/trait.h"
#include "pool.h"

/* The longest value of any kind. */
#define TRAIT_NAME_MAX 64
_Static_assert(REFERRER_MAX <= TRAIT_NAME_MAX && CAMPAIGN_MAX <= TRAIT_NAME_MAX,
               "all names fit");

struct trait {
    uint64_t hash;
    uint64_t dirty;    /* slots changed since the last commit */
    uint64_t inflight; /* slots in a commit whose reply is out */
    uint64_t views;    /* sum of at[] */
    enum trait_kind kind;
    uint8_t name_n;
    char name[TRAIT_NAME_MAX];
    uint32_t at[]; /* one per slot of the site's ring */
};

struct traits {
    struct trait **trait; /* in no order */
    size_t n, cap;
    struct trait **index; /* open addressing by hash */
    size_t index_cap;     /* a power of two, 0 before the first */
    size_t of[TRAIT_KINDS];

    /* Found without a hash: NULL if not known. */
    struct trait *device[HIT_DEVICES], *browser[HIT_BROWSERS];
    struct trait *latest[TRAIT_KINDS]; /* of texts: that of the latest view with one */
    unsigned slots;
    const struct key *key;
    struct pool *pool; /* of all sites' values */
};

/* @pool: of all sites, or NULL: they have no bound of their own. */
void traits_init(struct traits *t, unsigned slots, const struct key *key,
                 struct pool *pool);
void traits_fini(struct traits *t);

/* Counts a view in @slot. Returns how many of its values were counted on TRAIT_OTHER; one
 * for which there is no memory is not counted. */
unsigned traits_view(struct traits *t, unsigned slot, const struct hit *h);

/* Counts a goal that a hit in @slot reached. False: on TRAIT_OTHER, there are too many.
 */
bool traits_goal(struct traits *t, unsigned slot, struct slice name);

/* Sets what Redis says of a value in @slot. False when it cannot be: no such value, told
 * before, too many, no memory. */
bool traits_restore(struct traits *t, enum trait_kind kind, struct slice name,
                    unsigned slot, uint32_t views);

/* Empties @slot: its minute has left the window. */
void traits_clear_slot(struct traits *t, unsigned slot);

/* Frees the values without views that no commit still has to write. */
void traits_drop_empty(struct traits *t);

static inline struct slice trait_name(const struct trait *t)
{
    return (struct slice){t->name, t->name_n};
}

size_t traits_bytes(const struct traits *t);

#endif
