/* standing: how many visitors stand on each page of a site, by minute, and which of these
 * numbers Redis does not know. Pure.
 *
 * A row of counters for each slot of the site's ring, so that those of one minute, which
 * nearly every hit moves, lie side by side. A page is its place in the row. How many have
 * a page open the page itself knows; whether Redis knows it stands here, in a row of bits
 * behind those of the slots (standing_open). */
#ifndef HC_STANDING_H
#define HC_STANDING_H

#include "prefetch.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct standing {
    uint32_t *sum;      /* of each place, over all slots */
    uint32_t *at;       /* slots rows of `room` */
    uint64_t *dirty;    /* slots + 1 rows of a bit for each place: changed since the last
                           commit; the one allocation */
    uint64_t *inflight; /* and in a commit whose reply is out */
    size_t room;        /* places */
    unsigned slots;
};

void standing_init(struct standing *t, unsigned slots);
void standing_fini(struct standing *t);

/* Makes it @room places, of which the first @n stay as they are; the others are empty.
 * False when out of memory: then nothing changed. */
bool standing_resize(struct standing *t, size_t room, size_t n);

/* Words of a row of bits. */
static inline size_t standing_words(const struct standing *t)
{
    return (t->room + 63) / 64;
}

/* In place of a slot, where that is about bits: how many have the page open. */
static inline unsigned standing_open(const struct standing *t)
{
    return t->slots;
}

static inline uint32_t *standing_at(const struct standing *t, size_t place, unsigned slot)
{
    return &t->at[slot * t->room + place];
}

static inline uint64_t *standing_bits(const struct standing *t, uint64_t *rows,
                                      size_t place, unsigned slot)
{
    return &rows[slot * standing_words(t) + place / 64];
}

/* @by visitors more stand there, or less. */
static inline void standing_add(struct standing *t, size_t place, unsigned slot, int by)
{
    t->sum[place] += (uint32_t)by;
    *standing_at(t, place, slot) += (uint32_t)by;
}

/* Redis is to be told of it. */
static inline void standing_mark(struct standing *t, size_t place, unsigned slot)
{
    *standing_bits(t, t->dirty, place, slot) |= UINT64_C(1) << place % 64;
}

/* It is in the commit that is out. */
static inline bool standing_is_sent(const struct standing *t, size_t place, unsigned slot)
{
    return *standing_bits(t, t->inflight, place, slot) >> place % 64 & 1;
}

/* Brings near what standing_add changes; and, of all places, standing_mark. */
static inline void standing_prefetch(const struct standing *t, size_t place,
                                     unsigned slot)
{
    prefetch(&t->sum[place]);
    prefetch(standing_at(t, place, slot));
}

static inline void standing_prefetch_bits(const struct standing *t, unsigned slot)
{
    prefetch(standing_bits(t, t->dirty, 0, slot));
}

/* Nothing of the place is dirty or in flight. */
bool standing_is_told(const struct standing *t, size_t place);

/* Place @to is from now on what @from was, which is empty. */
void standing_move(struct standing *t, size_t from, size_t to);

/* Empties a slot: its minute has left the window. */
void standing_clear_slot(struct standing *t, unsigned slot);

/* Marks what is not 0 in the slots, and nothing else of them. */
void standing_mark_all(struct standing *t);

/* Marks nothing of how many have a page open. */
void standing_clear_open(struct standing *t);

/* A commit goes out; it has ended, well or not. */
void standing_send(struct standing *t);
void standing_end(struct standing *t, bool done);

size_t standing_bytes(const struct standing *t);

#endif
