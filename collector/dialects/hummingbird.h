/* hummingbird: what the tracking pixel of Hummingbird says. Pure. */
#ifndef HC_DIALECTS_HUMMINGBIRD_H
#define HC_DIALECTS_HUMMINGBIRD_H

#include "../beacon.h"

/* Fills @b from the pixel's query: u the page, ref what led there, event its name, guid
 * the visitor; other names may be there. All but the site, which is left empty. What is
 * too long for the beacon's text is left out. */
void hummingbird_pixel(struct beacon *b, struct slice query);

#endif
