/* memory_bench: the bytes that a visitor and an open tab take in the aggregator, of what
 * is allocated, so with all that is kept free.
 *
 *   memory_bench
 *
 * Prints four numbers: a visitor of a million and of ten million on one site; a tab of a
 * hundred thousand and of a million. */
#include <stdio.h>
#include <stdlib.h>
#include "../../aggregator/fold.h"
#include "../../aggregator/visitors.h"

#define NOON INT64_C(1763812800000)
#define HITS 40

static uint64_t mixed(uint64_t i)
{
    uint64_t z = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return z ? z : 1;
}

static double of_visitors(uint64_t n)
{
    struct visitors t;
    double bytes;

    visitors_init(&t);
    for (uint64_t i = 0; i < n; i++)
        if (visitors_put(&t, mixed(i)) == NULL)
            abort();
    bytes = (double)visitors_bytes(&t) / (double)n;
    visitors_fini(&t);
    return bytes;
}

static double of_tabs(uint64_t n)
{
    static const struct key key = {{1}};
    static struct fold_counts counts;
    struct hit hits[HITS];
    struct store st;
    double bytes;

    store_init(&st, 30, &key, NOON);
    for (uint64_t i = 0; i < n;) {
        size_t some = 0;

        for (; some < HITS && i < n; some++, i++)
            hits[some] = (struct hit){.site = SLICE("site"),
                                      .path = SLICE("/"),
                                      .visitor = mixed(i),
                                      .tab = 1,
                                      .kind = HIT_HEARTBEAT,
                                      .state = STATE_READING};
        fold_hits(&st, hits, some, &(struct fold_origin){.at = NOON}, &counts);
    }
    if (st.site[0]->presence.online.reading != n)
        abort();
    bytes = (double)presence_bytes(&st.site[0]->presence) / (double)n;
    store_fini(&st);
    return bytes;
}

int main(void)
{
    printf("%.2f %.2f", of_visitors(1000000), of_visitors(10000000));
    printf(" %.2f %.2f\n", of_tabs(100000), of_tabs(1000000));
    return 0;
}
