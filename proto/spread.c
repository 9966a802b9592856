/* spread: durations d < 32 have the bucket d. Else, with 2^k <= d < 2^(k+1), the bucket
 * is told by k and the four bits behind the highest one; octaves k = 5..17 have sixteen
 * each: 32 + 13 * 16 = 240. */
#include "spread.h"

#include <assert.h>
#include "limits.h"

#define LINEAR 32
#define SUB_BITS 4
#define FIRST_OCTAVE 5

_Static_assert(ENGAGED_MAX_MS < 1 << 18, "buckets end there");
_Static_assert(SPREAD_BUCKETS == LINEAR + (18 - FIRST_OCTAVE) * (1 << SUB_BITS), "");

unsigned spread_bucket(uint64_t ms)
{
    unsigned d = ms < ENGAGED_MAX_MS ? (unsigned)ms : ENGAGED_MAX_MS, octave;

    if (d < LINEAR)
        return d;
    octave = 31 - (unsigned)__builtin_clz(d);
    return LINEAR + (octave - FIRST_OCTAVE) * (1u << SUB_BITS) +
           (d >> (octave - SUB_BITS) & ((1u << SUB_BITS) - 1));
}

uint32_t spread_middle(unsigned bucket)
{
    unsigned octave, sub, width;

    assert(bucket < SPREAD_BUCKETS);
    if (bucket < LINEAR)
        return bucket;
    octave = FIRST_OCTAVE + ((bucket - LINEAR) >> SUB_BITS);
    sub = (bucket - LINEAR) & ((1u << SUB_BITS) - 1);
    width = 1u << (octave - SUB_BITS);
    return (1u << octave) + sub * width + width / 2;
}

uint64_t spread_count(const struct spread *s)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < SPREAD_BUCKETS; i++)
        sum += s->n[i];
    return sum;
}

/* By rank: the least duration that has at least so many at or below it. */
uint32_t spread_quantile(const struct spread *s, unsigned percent)
{
    uint64_t rank = (spread_count(s) * percent + 99) / 100, sum = 0;

    assert(percent > 0 && percent <= 100);
    for (unsigned i = 0; rank > 0 && i < SPREAD_BUCKETS; i++) {
        sum += s->n[i];
        if (sum >= rank)
            return spread_middle(i);
    }
    return 0;
}

void spread_write(const struct spread *s, struct buf *out)
{
    const char *between = "";

    for (unsigned i = 0; i < SPREAD_BUCKETS; i++) {
        if (s->n[i] == 0)
            continue;
        buf_printf(out, "%s%u:%u", between, i, (unsigned)s->n[i]);
        between = " ";
    }
}

/* Takes a number of digits alone up to @max. */
static bool take_number(struct slice *s, uint64_t max, uint64_t *v)
{
    size_t n = 0;

    for (*v = 0; n < s->n && n < 10 && s->p[n] >= '0' && s->p[n] <= '9'; n++)
        *v = *v * 10 + (uint64_t)(s->p[n] - '0');
    *s = slice_skip(*s, n);
    return n > 0 && *v <= max;
}

static bool take_byte(struct slice *s, char c)
{
    if (s->n == 0 || *s->p != c)
        return false;
    *s = slice_skip(*s, 1);
    return true;
}

bool spread_read(struct spread *s, struct slice text)
{
    uint64_t bucket, count, least = 0;
    struct spread sum = *s;

    while (text.n > 0) {
        if ((least > 0 && !take_byte(&text, ' ')) ||
            !take_number(&text, SPREAD_BUCKETS - 1, &bucket) || bucket < least ||
            !take_byte(&text, ':') || !take_number(&text, UINT32_MAX, &count))
            return false;
        if (count > UINT32_MAX - sum.n[bucket])
            return false;
        sum.n[bucket] += (uint32_t)count;
        least = bucket + 1;
    }
    *s = sum;
    return true;
}
