/* demo_text: a beacon of the demo as hc.js would send it: the query of GET /hc.gif and
 * the headers of the browser it comes from. Pure. */
#ifndef HC_DEMO_TEXT_H
#define HC_DEMO_TEXT_H

#include "../proto/buf.h"
#include "demo_visitor.h"

#define DEMO_TEXT_MAX 2048 /* of either, bytes; checked by a test for all there is */

/* Writes the query of @b for @site. */
void demo_query(const struct demo_beacon *b, struct slice site, struct buf *out);

/* Writes the header lines: User-Agent, and where a proxy would say the visitor is, which
 * a collector believes of --trusted-proxy only. */
void demo_headers(const struct demo_beacon *b, struct buf *out);

#endif
