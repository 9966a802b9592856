/* The bits are SplitMix64's (Steele, Lea, Flood: "Fast splittable pseudorandom number
 * generators", 2014). Waits are drawn by von Neumann's comparison method ("Various
 * techniques used in connection with random digits", 1951), which needs no logarithm: the
 * length of a falling run of uniform numbers is odd with the probability wanted. */
#include "chance.h"

#include <assert.h>

#define WAIT_MAX_MEANS 10 /* beyond it is one wait of 22,000 */

uint64_t chance_u64(struct chance *c)
{
    uint64_t x = c->state += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

double chance_unit(struct chance *c)
{
    return (double)(chance_u64(c) >> 11) / 9007199254740992.0;
}

bool chance_percent(struct chance *c, unsigned percent)
{
    return chance_below(c, 100) < percent;
}

/* The remainder favours small numbers by less than n / 2^64. */
uint64_t chance_below(struct chance *c, uint64_t n)
{
    assert(n > 0);
    return chance_u64(c) % n;
}

ms_t chance_between(struct chance *c, ms_t from, ms_t to)
{
    assert(from <= to);
    return from + (ms_t)chance_below(c, (uint64_t)(to - from) + 1);
}

/* Whether the run that begins with @first falls an odd number of steps long. */
static bool falls_odd(struct chance *c, double first)
{
    double last = first, next;
    bool odd = true;

    while ((next = chance_unit(c)) < last) {
        last = next;
        odd = !odd;
    }
    return odd;
}

ms_t chance_wait(struct chance *c, double mean)
{
    for (int whole = 0; whole < WAIT_MAX_MEANS; whole++) {
        double part = chance_unit(c);

        if (falls_odd(c, part))
            return (ms_t)(mean * (whole + part));
    }
    return (ms_t)(mean * WAIT_MAX_MEANS);
}

size_t chance_pick(struct chance *c, const uint16_t *weight, size_t n)
{
    uint64_t all = 0, at;
    size_t i = 0;

    for (size_t k = 0; k < n; k++)
        all += weight[k];
    at = chance_below(c, all);
    while (at >= weight[i])
        at -= weight[i++];
    return i;
}
