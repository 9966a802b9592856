/* Two passes: everybody's floor, then one point after the other to the largest remainder
 * left. The sum is kept in 128 bits, so that nothing has to be scaled. */
#include "shares.h"

#include <assert.h>

/* The largest of the @n remainders; the first of equals. */
static size_t largest(const unsigned __int128 *rest, size_t n)
{
    size_t best = 0;

    for (size_t i = 1; i < n; i++)
        if (rest[i] > rest[best])
            best = i;
    return best;
}

void shares_percent(const uint64_t *v, size_t n, unsigned *percent)
{
    unsigned __int128 rest[SHARES_MAX], sum = 0;
    unsigned missing = 100;

    assert(n <= SHARES_MAX);
    for (size_t i = 0; i < n; i++)
        sum += v[i];
    for (size_t i = 0; i < n; i++) {
        unsigned __int128 hundredfold = (unsigned __int128)v[i] * 100;

        percent[i] = sum ? (unsigned)(hundredfold / sum) : 0;
        rest[i] = sum ? hundredfold % sum : 0;
        missing -= percent[i];
    }
    while (sum > 0 && missing > 0) {
        size_t i = largest(rest, n);

        percent[i]++;
        rest[i] = 0;
        missing--;
    }
}
