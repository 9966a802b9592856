/* tabs: the open tabs of one site as nodes of one array, 40 bytes each, found by visitor
 * and by the step at which to look at them again.
 *
 * Visitors are a hash table of chains. Steps are a wheel of TABS_STEPS lists: a tab that
 * is due later than the wheel reaches stands at its far end and is put again when that
 * comes by; so does one whose time was moved meanwhile. So a sign of life costs no more
 * than writing down when it was.
 *
 * Indices are stable until tabs_trim; pointers until the next tabs_add. */
#ifndef HC_TABS_H
#define HC_TABS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TABS_STEPS 64
#define TAB_NONE UINT32_MAX

enum tab_kind {
    TAB_OPEN,
    TAB_LEFT, /* it said goodbye */
    TAB_SEED, /* the visitor was there before a restart, in whatever tab */
};

/* Bits of tab.marks. */
#define TAB_HELD 1  /* a connection */
#define TAB_FADED 2 /* the first half of the time that it lasts is over */

struct tab {
    uint64_t visitor;    /* 0: a free node */
    uint64_t id;         /* of the page view, 0: the visitor's nameless one */
    uint32_t at;         /* low bits of a time (presence.c) */
    uint32_t chain;      /* the next of its chain, or of the free ones */
    uint32_t next, prev; /* in the list of its step */
    uint16_t page;       /* PAGE_NONE: on none */
    uint8_t state;       /* enum hit_state; STATE_NONE: does not count (any more) */
    uint8_t kind;        /* enum tab_kind */
    uint8_t slot;        /* of the wheel; TABS_STEPS: in no list */
    uint8_t lasts;       /* s that it counts after a sign; 0: as its state says */
    uint8_t marks;       /* TAB_HELD, TAB_FADED */
};

_Static_assert(sizeof(struct tab) == 40, "millions of them");

struct tabs {
    struct tab *tab; /* cap of them, NULL before the first */
    uint32_t n;      /* in use */
    uint32_t used;   /* handed out so far, free ones between them */
    uint32_t cap;    /* allocated */
    uint32_t unused; /* first of the free ones */
    uint32_t chains; /* a power of two */
    uint32_t *wheel; /* heads of the lists, by step; NULL before the first */
    uint32_t *chain; /* heads of the chains, by visitor; behind those */
    uint64_t busy;   /* slots of the wheel that are not empty */
    int64_t step;    /* those before it are empty */
};

void tabs_init(struct tabs *t);
void tabs_fini(struct tabs *t);

/* The tabs of a visitor, in no order; TAB_NONE: no more. */
uint32_t tabs_first(const struct tabs *t, uint64_t visitor);
uint32_t tabs_next(const struct tabs *t, uint32_t i);

/* Brings the memory near that tabs_first asks for: first the head, then its tab. */
void tabs_prefetch(const struct tabs *t, uint64_t visitor);
void tabs_prefetch_tab(const struct tabs *t, uint64_t visitor);

/* A tab of @visitor, in no list, everything else zero. TAB_NONE when out of memory. */
uint32_t tabs_add(struct tabs *t, uint64_t visitor);
void tabs_remove(struct tabs *t, uint32_t i);

/* The tab is @visitor's from now on. */
void tabs_rename(struct tabs *t, uint32_t i, uint64_t visitor);

/* Puts tab @i where it is looked at in @step, or as near to it as the wheel reaches. */
void tabs_put(struct tabs *t, uint32_t i, int64_t step);

/* The step in whose list tab @i stands; INT64_MAX: in none. */
int64_t tabs_step(const struct tabs *t, uint32_t i);

/* The first step whose list is not empty; INT64_MAX: all are. */
int64_t tabs_next_step(const struct tabs *t);

/* Gives memory back when there is much more than is used. */
void tabs_trim(struct tabs *t);

size_t tabs_bytes(const struct tabs *t);

#endif
