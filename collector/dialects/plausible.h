/* plausible: POST /api/event as Plausible's script and its clients send it. */
#ifndef HC_DIALECTS_PLAUSIBLE_H
#define HC_DIALECTS_PLAUSIBLE_H

#include <jansson.h>
#include "../beacon.h"

enum plausible_verdict {
    PLAUSIBLE_HIT,
    PLAUSIBLE_NO_BODY,   /* no JSON object */
    PLAUSIBLE_NO_NAME,   /* n, name */
    PLAUSIBLE_NO_DOMAIN, /* d, domain */
    PLAUSIBLE_NO_URL,    /* u, url */
};

/* Makes a beacon of @event, its slices borrowed from there; its site is the whole list of
 * domains. */
enum plausible_verdict plausible_read(struct beacon *b, const json_t *event);

/* Takes the first domain off the list, empty ones passed over. False at its end. */
bool plausible_next_domain(struct slice *list, struct slice *domain);

#endif
