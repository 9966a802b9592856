/* pattern: which paths a route is for. Pure.
 *
 *   /sites/:id/ws     whole segments; ":id" and ":more" each stand for one that is not
 *                     empty
 *   "*" "/collect"    at the end of any path, "*" standing for whole segments, or none
 *   *livestats.php    any path that ends so
 *   /tracking_pixel*  any path that begins so, if there is no ":"
 *
 * Paths are compared as they were sent: nothing is decoded. */
#ifndef HC_PATTERN_H
#define HC_PATTERN_H

#include "exchange.h"

/* Whether @path is one of @pattern's. @m is filled, also with what is left of a failed
 * attempt. */
bool pattern_match(struct slice pattern, struct slice path, struct route_match *m);

#endif
