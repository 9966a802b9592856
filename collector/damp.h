/* damp: tells a viewer of a crowd's size only when it has changed enough.
 *
 * Audience Meter's rule and names: within `min` of the last time nothing is told; later a
 * change by `ratio` of what was told last; and after `max` whatever there is. The drop to
 * nobody is told as soon as `min` allows. Pure: no clock. */
#ifndef HC_DAMP_H
#define HC_DAMP_H

#include <stdbool.h>
#include <stdint.h>
#include "../proto/slice.h"

#define DAMP_RATIO_MAX 1000    /* thousandths: 100 % */
#define DAMP_DELAY_MAX 3600000 /* ms: an hour */

struct damp {
    uint32_t ratio;  /* thousandths; 0: every change is enough */
    uint32_t min_ms; /* 0: no pause */
    uint32_t max_ms; /* 0: what is not enough waits for more */
};

/* Whether it holds anything back at all. */
static inline bool damp_is_on(const struct damp *d)
{
    return d->ratio > 0 || d->min_ms > 0;
}

/* How long the number @now has to wait, ms, when @last was told @age ms ago: 0 if it may
 * be told, -1 if it is not enough however long it waits. */
int64_t damp_wait(const struct damp *d, uint64_t last, uint64_t now, int64_t age);

/* Reads a number of seconds or a ratio, "2" or "0.25", as thousandths; further digits are
 * dropped. Returns -1 when it is none, or more than @max thousandths. */
int64_t damp_parse(struct slice text, int64_t max);

#endif
