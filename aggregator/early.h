/* early: the datagrams of one stream that came before their turn. Pure.
 *
 * Each waits in a slot by its number, below SENDER_WINDOW from the one that is expected,
 * in a piece of memory of its own of just its size. */
#ifndef HC_EARLY_H
#define HC_EARLY_H

#include <stdbool.h>
#include <stddef.h>
#include "../proto/limits.h"
#include "../proto/units.h"

/* One of them. */
struct early_datagram {
    mono_t sent; /* the sender's clock when it was sent, ms */
    ms_t at;     /* our wall clock when it came */
    size_t n;
    uint8_t body[];
};

struct early {
    unsigned n;    /* slots in use */
    uint64_t last; /* the highest number that waits */
    struct early_datagram *slot[SENDER_WINDOW];
};

/* What one with @n bytes of body takes, and what the first one of a stream takes more. */
#define EARLY_BYTES(n) (sizeof(struct early_datagram) + (n))
#define EARLY_SLOTS_BYTES sizeof(struct early)

/* Nothing waits. NULL when out of memory. early_free drops what waits. */
struct early *early_new(void);
void early_free(struct early *e);

bool early_has(const struct early *e, uint64_t seq);

/* Copies. @seq must not be there. Returns false when out of memory; then nothing
 * changed. */
bool early_put(struct early *e, uint64_t seq, const uint8_t *body, size_t n, mono_t sent,
               ms_t at);

/* Takes @seq out, to be freed by the caller with free(); NULL: it is not there. */
struct early_datagram *early_take(struct early *e, uint64_t seq);

/* Bit i: @first + i is there, for 64 of them. */
uint64_t early_bits(const struct early *e, uint64_t first);

#endif
