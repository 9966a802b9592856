/* units: the types of time, and the only place that rounds to a minute.
 *
 * Wall time names buckets (ms_t since 1970, minute_t = ms / 60000); monotonic
 * time (mono_t, milliseconds of CLOCK_BOOTTIME) measures waits and ages. The
 * three names stop one from being passed for another. */
#ifndef HC_UNITS_H
#define HC_UNITS_H

#include <stdint.h>

typedef int64_t ms_t;      /* wall clock, milliseconds since 1970-01-01 UTC */
typedef int64_t mono_t;    /* CLOCK_BOOTTIME, milliseconds; differences only */
typedef uint32_t minute_t; /* wall clock, whole minutes since 1970-01-01 UTC */

#define MS_PER_MINUTE 60000
#define MS_PER_DAY (INT64_C(24) * 60 * MS_PER_MINUTE)

/* The minute that @t falls in: [m * 60000, (m + 1) * 60000). @t >= 0. */
static inline minute_t minute_of(ms_t t)
{
    return (minute_t)(t / MS_PER_MINUTE);
}

/* The first millisecond of minute @m. */
static inline ms_t minute_start(minute_t m)
{
    return (ms_t)m * MS_PER_MINUTE;
}

#endif
