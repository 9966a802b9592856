/* beacons: takes hits in; the handler of GET /hc.gif. Of POST /e: events.h. */
#ifndef HC_BEACONS_H
#define HC_BEACONS_H

#include "admission/admission.h"
#include "beacon.h"
#include "exchange.h"

struct counters;

/* One beacon from the query. Answers the image, 204 with send_image=0, or 400 with the
 * image and the reason in X-Headcount. HEAD counts nothing. */
enum handled beacons_pixel(struct exchange *x);

/* ---- for dialects and events.c ---- */

/* Who sent the request. Its slices are the request's. */
struct beacon_sender beacons_sender(const struct exchange *x);

/* Sends one beacon on its way, or counts why not; the answer is the caller's. One that
 * does not count because of who sent it (admission.h) is BEACON_OK all the same. */
enum beacon_verdict beacons_take(struct exchange *x, const struct beacon *b);

/* The same, of somebody else than who sent the request. Why it does not count though it
 * is BEACON_OK, is in @a; NULL: nobody asks. */
enum beacon_verdict beacons_take_of(struct worker *w, const struct beacon *b,
                                    const struct beacon_sender *from, enum admission *a);

/* Counts what was refused, by its reason; BEACON_OK is none. */
void beacons_count(struct counters *c, enum beacon_verdict v);

#endif
