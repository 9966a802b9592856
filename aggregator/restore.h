/* restore: what a site is but for its visitors, from the reply of claim.lua. Pure. */
#ifndef HC_RESTORE_H
#define HC_RESTORE_H

#include "claim.h"
#include "load.h"

/* Numbers, marks and flags of the meta hash. */
void restore_record(struct load *l, const struct claim *c);

/* What is counted for ever, known though the record may be gone; event ids go on too. */
void restore_totals(struct load *l, const struct claim *c);

/* Page ids and their paths. */
void restore_pages(struct load *l, const struct claim *c);

/* The goals, their version, and the alerts. */
void restore_goals(struct load *l, const struct claim *c);

/* How alerts stood when they were told last. After restore_goals. */
void restore_alerts(struct load *l, const struct claim *c);

/* Titles of pages. After restore_pages. */
void restore_titles(struct load *l, const struct claim *c);

/* The newest run of events without a gap; ids go on even if they are gone. After
 * restore_totals. */
void restore_feed(struct load *l, const struct claim *c);

/* One row. Its uniques and last are what Redis says until visitors are counted. */
void restore_row(struct load *l, const struct claim_row *row);

#endif
