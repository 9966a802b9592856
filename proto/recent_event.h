/* recent_event: one entry of a site's feed, as JSON and back.
 *
 *   {"id":9,"type":"pageview","timestamp":1763776801450,"path":"/","visitor":"0a1b2c3d",
 *    "device":"mobile","browser":"Chrome","country":"DE","referrer":"news.example",
 *    "goals":["home"]}
 *   {"id":9,"type":"event","timestamp":1763776801450,"path":"/cart","name":"order"}
 *   {"id":9,"type":"message","timestamp":1763776801450,"text":"v2 is out","name":"ci"}
 *   {"id":9,"type":"query","timestamp":1763776801450,"text":"SELECT 1","name":"api",
 *    "ms":12}
 *
 * Of a view and an event "visitor" and what follows it stand there when they are known;
 * of a query "name".
 *
 * The same text everywhere: in the realtime answer, in messages, in streams, and as the
 * value kept in hc:{S}:r. */
#ifndef HC_RECENT_EVENT_H
#define HC_RECENT_EVENT_H

#include "buf.h"
#include "json.h"
#include "limits.h"
#include "units.h"

struct recent_event {
    uint64_t id;  /* per site, from 1, in order of arrival, within one `life` */
    uint8_t kind; /* HIT_VIEW, HIT_EVENT, HIT_MESSAGE or HIT_QUERY */
    ms_t at;
    struct slice path; /* of a message or query its text */
    struct slice name; /* of a view empty; of a message or query perhaps */

    /* Of views and events. */
    struct slice referrer; /* as in struct hit; empty: not known */
    struct slice goals; /* those it reached, at most EVENT_GOALS_MAX, a blank between */
    uint32_t visitor;   /* a number that stands for the visitor of that day here and
                           nowhere else; 0: nobody is told */
    uint8_t device;     /* enum hit_device */
    uint8_t browser;    /* enum hit_browser */
    char country[2];    /* zero: not known */

    uint32_t ms; /* of a query: how long it took */
};

/* Writes it as one value. */
void recent_event_json(struct json *j, const struct recent_event *e);

/* Takes an event such as recent_event_json writes off @s: an object of texts, whole
 * numbers and lists of texts that begins with "id", "type" and "timestamp"; members
 * unknown to this version may follow. Returns whether there is one; then sets @id and
 * @at, and what was taken may go through json_raw. */
bool recent_event_take(struct slice *s, uint64_t *id, ms_t *at);

/* Whether @json is such an event and nothing else. */
bool recent_event_check(struct slice json, uint64_t *id, ms_t *at);

/* The names of an event's goals, with what stands between them. */
#define EVENT_GOALS_BYTES (EVENT_GOALS_MAX * (SETTING_NAME_MAX + 1))

/* What the texts of one may take. */
#define RECENT_TEXT_MAX \
    (PATH_MAX_BYTES + EVENT_NAME_MAX + REFERRER_MAX + EVENT_GOALS_BYTES + 64)

/* Takes such an event apart. Texts of @e point into @text, which is cleared first and
 * should take RECENT_TEXT_MAX bytes.
 * Returns whether it is one that recent_event_json may have written, within all bounds.
 */
bool recent_event_parse(struct slice json, struct recent_event *e, struct buf *text);

/* Whether such an event is a query; looks no further than at its type. */
bool recent_event_is_query(struct slice json);

/* Writes such an event as one value for anybody to see: of a query without its text,
 * which is for those who may look at Redis or the feed port. */
void recent_event_public(struct json *j, struct slice json);

#endif
