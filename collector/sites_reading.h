/* sites_reading: which sites there are, and the numbers of the busiest, out of Redis. */
#ifndef HC_SITES_READING_H
#define HC_SITES_READING_H

#include "site_list.h"

struct worker;

/* The list ends with the call; its numbers are at least as new as @as_of, 0: there are
 * none. NULL: Redis did not give it. */
typedef void sites_read_fn(void *arg, struct site_list *list, ms_t as_of);

/* Asks over the worker's link. Returns 0, and @done is called once, later; or -1 when the
 * link is not up or full. */
int sites_read(struct worker *w, sites_read_fn *done, void *arg);

#endif
