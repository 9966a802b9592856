/* report_table: the reports that are being asked for or kept; for report.c. */
#ifndef HC_REPORT_TABLE_H
#define HC_REPORT_TABLE_H

#include "report.h"

static inline struct slice report_site(const struct report_entry *e)
{
    return (struct slice){e->question.site, e->question.site_n};
}

/* The report of just that, being asked for or ready, or NULL. */
struct report_entry *report_find(struct report *r, struct slice site, unsigned minutes,
                                 report_writer *write, unsigned how);

/* A free entry, if need be of the report that was ready first, or NULL: all are being
 * asked for. */
struct report_entry *report_claim(struct report *r);

/* Forgets a report; its entry is free. */
void report_release(struct report_entry *e);

#endif
