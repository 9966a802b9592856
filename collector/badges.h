/* badges: the handlers of a site's public badge, which is off until it is switched on. */
#ifndef HC_BADGES_H
#define HC_BADGES_H

#include "exchange.h"

/* GET /sites/:id/badge.svg and badge.json: 200, 304 for who has it already, 400 for what
 * cannot be drawn, 404 {"error":"badge_off"} unless hc:{S}:c has badge 1. */
enum handled badges_svg(struct exchange *x);
enum handled badges_json(struct exchange *x);

#endif
