/* summary_counts: of a realtime answer what is counted: who is online, totals and peaks,
 * rows of minutes; for summary_parse.c. Pure. */
#ifndef HC_SUMMARY_COUNTS_H
#define HC_SUMMARY_COUNTS_H

#include "flat.h"
#include "summary.h"

/* Strings of a list; WINDOW_MAX full rows take some 130,000. */
#define SUMMARY_LIST_MAX (1u << 21)

/* The highest that one count in it may be. */
#define SUMMARY_COUNT_MAX UINT32_MAX

/* The last millisecond whose minute is a minute_t. */
#define SUMMARY_MS_MAX ((UINT64_C(1) << 32) * MS_PER_MINUTE - 1)

/* These read a part of the list, "O", "A" and all "B", if it is what comes next. They
 * return false where it cannot be read. The parts before them have been read, and
 * s->pages has room for a page in each pair that is left. */
bool summary_online(struct flat *r, struct summary *s);
bool summary_totals(struct flat *r, struct summary *s);
bool summary_rows(struct flat *r, struct summary *s);

#endif
