/* histogram: row 0 has the values below HISTOGRAM_PARTS as they are; row r the values
 * from 2^(r-1) times that to twice it, each place 2^(r-1) wide. */
#include "histogram.h"

#include <math.h>

static unsigned place(uint64_t value)
{
    unsigned row = 0;

    if (value >= HISTOGRAM_PARTS)
        row = 64 - (unsigned)__builtin_clzll(value / HISTOGRAM_PARTS);
    if (row >= HISTOGRAM_ROWS)
        return HISTOGRAM_ROWS * HISTOGRAM_PARTS - 1;
    if (row == 0)
        return (unsigned)value;
    return row * HISTOGRAM_PARTS + (unsigned)(value >> (row - 1)) - HISTOGRAM_PARTS;
}

/* The largest value of a place. */
static uint64_t value_of(unsigned at)
{
    unsigned row = at / HISTOGRAM_PARTS;

    if (row == 0)
        return at;
    return (((uint64_t)(at % HISTOGRAM_PARTS) + HISTOGRAM_PARTS + 1) << (row - 1)) - 1;
}

void histogram_add(struct histogram *h, uint64_t value)
{
    h->n++;
    h->count[place(value)]++;
    if (h->most < value)
        h->most = value;
}

void histogram_merge(struct histogram *h, const struct histogram *from)
{
    h->n += from->n;
    if (h->most < from->most)
        h->most = from->most;
    for (unsigned i = 0; i < HISTOGRAM_ROWS * HISTOGRAM_PARTS; i++)
        h->count[i] += from->count[i];
}

uint64_t histogram_at(const struct histogram *h, double q)
{
    uint64_t want = (uint64_t)ceil(q * (double)h->n), sum = 0;

    if (want == 0)
        want = h->n > 0;
    for (unsigned i = 0; want > 0 && i < HISTOGRAM_ROWS * HISTOGRAM_PARTS; i++)
        if ((sum += h->count[i]) >= want)
            return value_of(i) < h->most ? value_of(i) : h->most;
    return 0;
}
