/* histogram: how often each latency was met, exact to 1/128 of it, in the manner of
 * HdrHistogram (https://hdrhistogram.org): powers of two, each cut into equal parts. */
#ifndef HC_BENCH_HISTOGRAM_H
#define HC_BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_PARTS 128
#define HISTOGRAM_ROWS 40 /* up to 2^47: a day and a half of nanoseconds */

struct histogram {
    uint64_t n, most;
    uint64_t count[HISTOGRAM_ROWS * HISTOGRAM_PARTS];
};

/* Adds @value; one beyond the last row is counted in it. */
void histogram_add(struct histogram *h, uint64_t value);

/* Adds all of @from. */
void histogram_merge(struct histogram *h, const struct histogram *from);

/* The value that @q (0..1) of all are not above, rounded up by at most 1/128; 0 if there
 * are none. */
uint64_t histogram_at(const struct histogram *h, double q);

#endif
