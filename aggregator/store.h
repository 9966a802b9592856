/* store: all sites, the queues of those that Redis has to hear about, and the list of
 * those to be read back from it.
 *
 * A site of a lazy store is born WAITING, at the end of the list of loads;
 * store_take_load makes it LOADING; store_loaded LIVE, store_retry_load WAITING again.
 * Only live sites are committed, turned and dropped. */
#ifndef HC_STORE_H
#define HC_STORE_H

#include "site_queue.h"

/* A site that was not committed for so long, and not in the last round of commits, has
 * rested: its next change waits for nobody (round.h). Of a thousand sites with twenty
 * hits a second each it is a fiftieth at a time that has; at 20 ms it was more than had
 * room between the others. */
#define STORE_REST_MS 200

struct store {
    unsigned window;
    struct site_shared shared;
    minute_t now;
    ms_t clock;         /* the latest wall clock that was told */
    minute_t ahead;     /* rows of minutes up to this one may lie in Redis from before a
                           reset */
    struct site **site; /* nsites of them, in no order; room for index_cap / 2 */
    ms_t *due;          /* of each, when it is live, when tabs end or alerts are to be
                           looked at, else INT64_MAX; apart, so that all may be looked at
                           twice a second */
    ms_t due_first;     /* none of them is earlier */
    size_t nsites;
    struct site **index; /* open addressing by hash, a power of two */
    size_t index_cap;
    size_t visitors;          /* in all tables; kept by whoever puts and removes */
    size_t tabs;              /* of all live sites; kept by store_tabs */
    size_t turn;              /* sites that have not yet turned to the present minute */
    size_t turn_of;           /* and how many there were when it turned */
    struct site_queue dirty;  /* what Redis has to hear about, */
    struct site_queue rested; /* and what of it has rested */
    size_t ndirty;            /* in both */
    ms_t round_at;     /* when the last round of commits began, 0: there was none */
    size_t part_bytes; /* COMMIT_PART_BYTES; less in tests, so that small sites are
                          committed in many parts too */
    uint64_t number; /* of commits and messages; a site begun again counts on from here */
    bool lazy;       /* new sites are read back before they are folded into */
    struct site *load_head, **load_tail; /* sites WAITING */
    size_t nloads;                       /* sites not LIVE */
    size_t parked;                       /* bytes of hits parked, all sites */
    size_t log_waits; /* records pending in all sites' logs, LOG_PENDING_MAX; kept by
                         whoever adds and takes off */
    uint64_t (*base)(void *arg, uint64_t stream); /* receiver_base, or NULL: unknown */
    void *base_arg;
};

/* @window: 1..WINDOW_MAX minutes. @key: any secret 16 bytes; random is fine. */
void store_init(struct store *st, unsigned window, const struct key *key, ms_t now);
void store_fini(struct store *st);

/* Frees every site, for a new epoch or a clock that was set back to @now: then what the
 * sites wrote ahead of it is deleted by their first commits. */
void store_reset(struct store *st, ms_t now);

/* The hash that @id is found by. To be told before it is looked for, in this order: then
 * first the index, then what every hit needs of the site is near. */
uint64_t store_hash(const struct store *st, struct slice id);
void store_prefetch(const struct store *st, uint64_t hash);
void store_prefetch_site(const struct store *st, uint64_t hash);
void store_prefetch_marks(const struct store *st, uint64_t hash);

/* The site @id or NULL. */
struct site *store_find(const struct store *st, struct slice id);

/* The site @id, made if need be: live and full, or WAITING in a lazy store. NULL at
 * SITES_MAX or out of memory. */
struct site *store_site(struct store *st, struct slice id);

/* The same, when its store_hash is known. */
struct site *store_site_by(struct store *st, uint64_t hash, struct slice id);

/* Frees one site, which must be live and not committing. */
void store_drop(struct store *st, struct site *s);

/* Appends @s to a list of dirty sites unless it is there, or a commit of it is out or it
 * is not live: then it is appended when that commit ends (commit.h), or by store_loaded.
 */
void store_mark_dirty(struct store *st, struct site *s);

/* The clock is @now, or was later already. With a new minute all sites are to turn. */
void store_clock(struct store *st, ms_t now);

/* Peaks are told who is there; who is only known from a load may have gone since. */
void store_peaks(const struct store *st, struct site *s);

/* The presence of @s, with @before tabs, is another: if it is live its tabs are summed
 * anew and looked at when they are due; peaks are told; it is marked dirty if numbers
 * changed. */
void store_tabs(struct store *st, struct site *s, size_t before);

/* Tabs or alerts of @s are to be looked at at another time. */
void store_due(struct store *st, const struct site *s);

/* How many tabs may be added to @s. */
size_t store_tabs_room(const struct store *st, const struct site *s);

/* A round of commits begins: of those dirty the rested ones are the first. From here on
 * who was committed before may have rested when it has news again, unless Redis refused
 * it and it is left alone. */
void store_begin_round(struct store *st, ms_t now);

/* Takes the first dirty site, a rested one if there are no others; NULL: there is none.
 */
struct site *store_take_dirty(struct store *st);

/* Takes the first rested one, or NULL. */
struct site *store_take_rested(struct store *st);

/* Takes the first site off the list of loads, which is LOADING then, empty and of the
 * present minute; NULL when the list is empty. */
struct site *store_take_load(struct store *st);

/* The load of @s, LOADING, failed: it is emptied, but for what is parked, and waits
 * again, at the end of the list. */
void store_retry_load(struct store *st, struct site *s);

/* @s, LOADING, is LIVE: nothing may be parked any more (fold_parked). It is brought to
 * the present minute, and queued if anything of it is dirty. */
void store_loaded(struct store *st, struct site *s);

/* Lowers the marks of @b to below what is parked in any site. */
void store_bar(const struct store *st, struct barrier *b);

/* Marks every live site dirty: Redis may have gone back in time. */
void store_recheck(struct store *st);

#endif
