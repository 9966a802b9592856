/* pages: answers what is compiled in (assets.h), as short as the client allows. */
#ifndef HC_PAGES_H
#define HC_PAGES_H

#include "exchange.h"

enum handled pages_home(struct exchange *x); /* 302 to the demo */

/* The asset at the request's path, which must be one: gzipped to who takes that, 304 to
 * who has it. */
enum handled pages_asset(struct exchange *x);

#endif
