/* recount: the visitors of a site, counted anew from a minute's log. Pure. */
#ifndef HC_RECOUNT_H
#define HC_RECOUNT_H

#include "load.h"

/* Counts the records of @log, of which there should be @n, from the last to the first.
 * They are of the minute that @l is at; newer minutes and what lay behind in this one
 * have been counted before. What cannot be read makes the load doubtful. */
void recount(struct load *l, struct slice log, uint32_t n);

#endif
