/* batch: the body of POST /e, one beacon or many.
 *
 * A form, or JSON: {...}, [{...}, ...] or {"hits":[{...}, ...]}. What it is, its first
 * byte tells and not the Content-Type: sendBeacon sends JSON as text/plain to avoid a
 * preflight. JSON is parsed by jansson, strictly: duplicate members, bad UTF-8 and
 * anything behind the value are refused; what is as plain as pages send it is read
 * without (plain_events.h). */
#ifndef HC_BATCH_H
#define HC_BATCH_H

#include "beacon.h"

struct plain_events;

struct batch {
    struct plain_events *plain; /* NULL: not plain; then, but for a form, */
    void *json;                 /* json_t * */
    void *events; /* json_t *, borrowed from json: the array, or the only object */
    size_t n;     /* events, at most BATCH_MAX */
    bool is_json;
};

/* Opens @body, which must outlive the batch. BEACON_OK, or BEACON_BAD_BODY,
 * BEACON_TOO_MANY and then there is nothing to free. */
enum beacon_verdict batch_open(struct batch *b, struct slice body);

/* The same, but all JSON is jansson's: what batch_open must agree with. */
enum beacon_verdict batch_open_parsed(struct batch *b, struct slice body);

/* Finds the first event that is a query of a program, kind "query". Returns whether there
 * is one; then @site is the site it names, perhaps empty. */
bool batch_queries(const struct batch *b, struct slice body, struct slice *site);

/* Whether the first event names a site; then it is @site. */
bool batch_site(const struct batch *b, struct slice body, struct slice *site);

/* Fills @out with event @i (< n), its slices pointing into @body or the batch. Members
 * are named as the parameters are, or site, path or url, kind, event or name, user, view,
 * state, engaged, title, referrer, sent, of a query text and ms; the letter wins; and q,
 * utm_campaign, utm_term, utm_source. Values are
 * strings, whole numbers or true and false, null is as good as absent; anything else is
 * BEACON_BAD_BODY, but attention may be any number. */
enum beacon_verdict batch_get(const struct batch *b, struct slice body, size_t i,
                              struct beacon *out);
void batch_fini(struct batch *b);

#endif
