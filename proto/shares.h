/* shares: counts as whole percentages that add up to 100. Pure.
 *
 * Each is rounded down, and the points that are missing then go to those that lost most
 * by it (the method of the largest remainder). */
#ifndef HC_SHARES_H
#define HC_SHARES_H

#include <stddef.h>
#include <stdint.h>

#define SHARES_MAX 128 /* counts at a time, asserted */

/* Writes the percentage of each of the @n counts of @v, each at most JSON_INTEGER_MAX,
 * into
 * @percent. They add up to 100, or are all 0 when nothing was counted. Of equal
 * remainders the first gets the point. */
void shares_percent(const uint64_t *v, size_t n, unsigned *percent);

#endif
