/* spread: a histogram of durations in ms, from which quantiles are told with a bounded
 * relative error. Pure.
 *
 * Buckets are one ms wide up to 31 ms and from there on a sixteenth of the power of two
 * they lie in, as in HdrHistogram (Tene: a "sub-bucket" count of 32): the middle of a
 * bucket is at most 1/32, so some 3 %, off any duration in it. It is all integers, and
 * two of them are added bucket by bucket, so a window is the sum of its minutes. */
#ifndef HC_SPREAD_H
#define HC_SPREAD_H

#include <stdint.h>
#include "buf.h"

#define SPREAD_BUCKETS 240 /* of durations below 2^18 ms; see spread.c */

struct spread {
    uint32_t n[SPREAD_BUCKETS];
};

/* The bucket of @ms; what is more than ENGAGED_MAX_MS is in the same as that. And the
 * duration that a bucket stands for, its middle. */
unsigned spread_bucket(uint64_t ms);
uint32_t spread_middle(unsigned bucket);

/* Durations in it, and that below or at which @percent (1..100) of them are: 0 without
 * any. */
uint64_t spread_count(const struct spread *s);
uint32_t spread_quantile(const struct spread *s, unsigned percent);

/* As text, "BUCKET:COUNT BUCKET:COUNT ...", the buckets ascending and those that are
 * empty left out: at most SPREAD_TEXT_MAX bytes. */
#define SPREAD_TEXT_MAX (SPREAD_BUCKETS * 15)
void spread_write(const struct spread *s, struct buf *out);

/* Adds what such a text tells. False when it is none; then @s is as before. */
bool spread_read(struct spread *s, struct slice text);

#endif
