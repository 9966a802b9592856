/* livestats_report: what dashboards of Livestats read. Pure. */
#ifndef HC_DIALECTS_LIVESTATS_REPORT_H
#define HC_DIALECTS_LIVESTATS_REPORT_H

#include "../../proto/summary.h"

/* Appends {"aggregatedOnly":{...},"fullReport":{...,"pages":[...]}}: who is online, and
 * who told so in the last half of the time that a ping counts, with the pages they have
 * open. @site and @how are of no use here. */
void livestats_report(const struct summary *s, struct slice site, unsigned how,
                      struct buf *out);

#endif
