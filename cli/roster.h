/* roster: the sites that a command shows or follows, each with a number.
 *
 * Numbers are given in order of arrival, 0, 1, 2 ..., and stay; callers keep what they
 * know of a site in arrays of their own. Looking one up takes log n steps. */
#ifndef HC_ROSTER_H
#define HC_ROSTER_H

#include <stdint.h>
#include "../proto/limits.h"
#include "../proto/slice.h"

struct roster {
    size_t n, cap;
    char (*name)[SITE_MAX + 1]; /* by number */
    uint32_t *sorted;           /* numbers, by name */
    uint64_t refused;           /* sites that were new when it was full */
};

/* Starts empty, with all zero. */
void roster_fini(struct roster *r);

/* The number of @site, which need not be valid; -1 when it is not there. */
int roster_find(const struct roster *r, struct slice site);

/* The number of @site, a new one if it was not there; -1 when it is no site id, or when
 * ROSTER_MAX are there: then refused counts. */
int roster_add(struct roster *r, struct slice site);

struct slice roster_name(const struct roster *r, size_t number);

#endif
