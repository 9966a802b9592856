/* beacons: the handlers that take hits in: GET /hc.gif and POST /e. */
#ifndef HC_BEACONS_H
#define HC_BEACONS_H

#include "exchange.h"

/* One beacon from the query. Answers the image, 204 with send_image=0, or 400 with the
 * image and the reason in X-Headcount. HEAD counts nothing. */
enum handled beacons_pixel(struct exchange *x);

/* One or many from the body, or from the query when there is no body. JSON is answered
 * 202 with who was refused and why, a form 204; 400 when nothing of it was taken. */
enum handled beacons_events(struct exchange *x);

#endif
