/* sighting: one entry of "recentEvents" or of a message's "events", taken out of JSON. */
#ifndef HC_SIGHTING_H
#define HC_SIGHTING_H

#include <jansson.h>
#include "../proto/slice.h"
#include "../proto/units.h"

struct sighting {
    struct slice type; /* "pageview", "event", "message" or "query"; later versions may
                          add some */
    struct slice path; /* of a message or query its text */
    struct slice name; /* of an event, or who sent the message or query; else empty */
    ms_t at;
    int64_t ms; /* of a query: how long it took */
};

/* Reads @object. The slices belong to it. Members that are missing or of another type are
 * empty or 0; false only when @object is no object. */
bool sighting_read(struct sighting *s, const json_t *object);

/* Whether it is a message or query that somebody sent, so that its path is none. */
bool sighting_is_message(const struct sighting *s);
bool sighting_is_query(const struct sighting *s);

/* A text or a whole number of @object, or the empty slice or 0 when there is none. Also
 * for others who read headcount's JSON. */
struct slice member_text(const json_t *object, const char *key);
int64_t member_int(const json_t *object, const char *key);

#endif
