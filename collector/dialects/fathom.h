/* fathom: GET /collect?sid=...&p=/page as the tracker of Fathom Lite sends it. */
#ifndef HC_DIALECTS_FATHOM_H
#define HC_DIALECTS_FATHOM_H

#include "../beacon.h"

/* Makes a beacon of the query. BEACON_BAD_PATH when it tells no page. */
enum beacon_verdict fathom_read(struct beacon *b, struct slice query);

#endif
