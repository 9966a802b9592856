/* snowplow: GET /i and POST /com.snowplowanalytics.snowplow/tp2 as Snowplow's trackers
 * send them (Tracker Protocol). */
#ifndef HC_DIALECTS_SNOWPLOW_H
#define HC_DIALECTS_SNOWPLOW_H

#include <jansson.h>
#include "../beacon.h"

enum snowplow_verdict {
    SNOWPLOW_HIT,
    SNOWPLOW_IGNORED,  /* an item of a transaction */
    SNOWPLOW_BAD_TYPE, /* e is none of pv pp se ue tr ti */
    SNOWPLOW_BAD_NAME, /* an event whose schema cannot be read */
    SNOWPLOW_BAD_BODY, /* texts that take more than HTTP_REQUEST_LINE_MAX bytes */
};

/* Makes a beacon of a query, or of one event of a body, its slices borrowed from
 * there. */
enum snowplow_verdict snowplow_read(struct beacon *b, struct slice query,
                                    const json_t *event);

#endif
