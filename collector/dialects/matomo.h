/* matomo: GET and POST /matomo.php as matomo.js and the Tracking HTTP API send it. */
#ifndef HC_DIALECTS_MATOMO_H
#define HC_DIALECTS_MATOMO_H

#include <jansson.h>
#include "../beacon.h"

enum matomo_verdict {
    MATOMO_HIT,
    MATOMO_IGNORED, /* rec is not 1: not to be recorded */
    MATOMO_BAD,     /* texts that take more than HTTP_REQUEST_LINE_MAX bytes */
};

/* Makes a beacon of the query and the form behind it; either may be empty. @no_image:
 * send_image=0. */
enum matomo_verdict matomo_read(struct beacon *b, struct slice query, struct slice form,
                                bool *no_image);

/* The same of one of the requests of a bulk: a query with or without its "?", or an
 * object. */
enum matomo_verdict matomo_read_one(struct beacon *b, const json_t *request);

#endif
