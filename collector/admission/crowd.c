/* The place of an address is its hash, of which each row takes some bits. */
#include "crowd.h"

#define COLUMN_BITS 14
#define TAKEN (UINT64_C(1) << 63) /* the rows do not look at this bit */

_Static_assert(CROWD_COLUMNS == 1 << COLUMN_BITS, "one for each value");
_Static_assert(CROWD_ROWS *COLUMN_BITS < 63, "the hash has so many");

void crowd_init(struct crowd *c, const struct key *key, unsigned max)
{
    c->key = *key;
    c->max = max;
}

static size_t column(uint64_t place, unsigned row)
{
    return place >> (row * COLUMN_BITS) & (CROWD_COLUMNS - 1);
}

static uint32_t *counter_of(struct crowd *c, uint64_t place, unsigned row)
{
    return &c->open[row][column(place, row)];
}

/* Two that come at the same time may both be told that they are too many, never that they
 * are not. */
bool crowd_enter(struct crowd *c, const struct ip *ip, uint64_t *place)
{
    uint32_t least = UINT32_MAX;

    *place = 0;
    if (c->max == 0)
        return true;
    *place = siphash(&c->key, ip->b, ip_client_bytes(ip)) | TAKEN;
    for (unsigned i = 0; i < CROWD_ROWS; i++) {
        uint32_t open = __atomic_add_fetch(counter_of(c, *place, i), 1, __ATOMIC_RELAXED);

        least = open < least ? open : least;
    }
    if (least <= c->max)
        return true;
    crowd_leave(c, *place);
    *place = 0;
    return false;
}

void crowd_leave(struct crowd *c, uint64_t place)
{
    if (place == 0)
        return;
    for (unsigned i = 0; i < CROWD_ROWS; i++)
        __atomic_sub_fetch(counter_of(c, place, i), 1, __ATOMIC_RELAXED);
}

bool crowd_is_dense(const struct crowd *c, uint64_t place)
{
    if (place == 0)
        return false;
    for (unsigned i = 0; i < CROWD_ROWS; i++)
        if (__atomic_load_n(&c->open[i][column(place, i)], __ATOMIC_RELAXED) <=
            c->max / 2)
            return false;
    return true;
}
