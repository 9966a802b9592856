/* queries: how long the queries of one site took, by minute. Pure.
 *
 * A site that is told of none has nothing here; a minute with any takes the kilobyte of
 * its histogram (spread.h) until it leaves the window. */
#ifndef HC_QUERIES_H
#define HC_QUERIES_H

#include "../proto/spread.h"

struct queries {
    struct spread **at; /* by slot, NULL where none were; NULL before the first */
    uint64_t dirty;     /* slots changed since the last commit */
    uint64_t inflight;  /* slots in a commit whose reply is out */
    unsigned slots;
};

void queries_init(struct queries *q, unsigned slots);
void queries_fini(struct queries *q);

/* Counts one of @ms in @slot; without memory for it, it is not counted. */
void queries_add(struct queries *q, unsigned slot, uint32_t ms);

/* Sets what Redis says of @slot (spread_write). False when it is no such text, or out of
 * memory. */
bool queries_restore(struct queries *q, unsigned slot, struct slice text);

/* The histogram of @slot, NULL where no queries were. */
static inline const struct spread *queries_at(const struct queries *q, unsigned slot)
{
    return q->at ? q->at[slot] : NULL;
}

/* Empties @slot: its minute has left the window. */
void queries_clear_slot(struct queries *q, unsigned slot);

size_t queries_bytes(const struct queries *q);

#endif
