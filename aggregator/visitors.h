/* visitors: the distinct visitors of one site, 20 bytes each.
 *
 * An array kept in order of id with gaps: id x belongs at floor(x * cap / 2^64), or in
 * the run that starts there (linear probing whose runs stay sorted, so a miss ends at the
 * first larger id). The order makes growing by a quarter and dropping stale entries one
 * sweep from left to right, and the load of 0.64 to 0.8 costs 25 to 31 bytes a visitor.
 * Ids are keyed hashes: nobody outside can choose one.
 *
 * The minutes in which a visitor was seen are bits of `seen`, bit 0 being `last`. A
 * visitor whose `last` has left the window is stale: it counts nowhere and may be dropped
 * or be begun anew. */
#ifndef HC_VISITORS_H
#define HC_VISITORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_NONE 0xffff

struct visitor {
    uint64_t id;   /* never 0, which marks a gap */
    uint64_t seen; /* bit i: seen in minute last - i */
    uint16_t last; /* minute mod 65536; entries live far less than those 45 days */
    uint16_t page; /* where the latest hit was, PAGE_NONE: unknown */
} __attribute__((packed, aligned(4)));

struct visitors {
    struct visitor *v; /* cap and some spare entries, NULL while cap is 0 */
    size_t cap;
    size_t n;       /* entries, stale ones included */
    uint32_t moves; /* counts up whenever an entry may have come to another place */
};

void visitors_init(struct visitors *t);
void visitors_fini(struct visitors *t);

/* The entry of @id, or NULL. True as long as `moves` stays as it is. */
struct visitor *visitors_get(const struct visitors *t, uint64_t id);

/* Brings the entry's memory near before visitors_get asks for it. */
void visitors_prefetch(const struct visitors *t, uint64_t id);

/* The entry with the lowest id above @id (0: of all), or NULL. Whoever goes on from the
 * id of the entry before meets everybody who was there all the time once, however the
 * table changes between the calls. */
struct visitor *visitors_after(const struct visitors *t, uint64_t id);

/* Adds @id, which must not be there, with everything else zero. NULL when out of memory.
 */
struct visitor *visitors_put(struct visitors *t, uint64_t id);

/* Removes the entry of @id, which must be there. */
void visitors_remove(struct visitors *t, uint64_t id);

/* Removes every entry not seen in the @window minutes up to @now, and gives memory back
 * when the table has become too large. Returns how many went. */
size_t visitors_drop_stale(struct visitors *t, uint32_t now, unsigned window);

/* Whether the entry's last minute is outside the @window minutes up to @now. */
static inline bool visitor_is_stale(const struct visitor *v, uint32_t now,
                                    unsigned window)
{
    return (uint16_t)((uint16_t)now - v->last) >= window;
}

/* Bytes allocated. */
size_t visitors_bytes(const struct visitors *t);

#endif
