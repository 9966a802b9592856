/* hit: one thing a visitor did, as the collector hands it to the aggregator.
 *
 * The unit that crosses from HTTP to counting. Also the only place that says what a site
 * id, a path and an event name look like: collector and cli normalize with these
 * functions before they send, the aggregator trusts nobody and checks the site again. */
#ifndef HC_HIT_H
#define HC_HIT_H

#include "slice.h"
#include "units.h"

enum hit_kind {
    HIT_VIEW = 0,      /* a page was shown: counts as a pageview */
    HIT_HEARTBEAT = 1, /* the page is still open: keeps the visitor, counts nothing */
    HIT_LEAVE = 2,     /* the page was closed: ends one tab, counts nothing */
    HIT_EVENT = 3,     /* something with a name happened: counts as an event */
    HIT_MESSAGE = 4,   /* somebody sent a line to the feed: counts nothing, no visitor */
    HIT_RESET = 5,     /* the site's totals begin anew: counts nothing, no visitor */
};
#define HIT_KINDS 6 /* kinds from here on are counted and skipped */

/* The visitor of a hit that no visitor made. */
#define VISITOR_NOBODY 1

enum hit_state {
    STATE_NONE = 0,
    STATE_IDLE = 1,
    STATE_READING = 2,
    STATE_WRITING = 3,
    STATE_BACKGROUND = 4,
};
#define HIT_STATES 5 /* later states are read as STATE_NONE */

struct hit {
    struct slice site; /* site_valid() */
    struct slice path; /* path_normalize()d, <= PATH_MAX_BYTES; may be empty. Of a
                          message its text, text_normalize()d */
    struct slice name; /* of an event or message, <= EVENT_NAME_MAX; else empty */
    uint64_t visitor;  /* keyed hash of the day, never 0 */
    uint64_t previous; /* the same person under yesterday's key while a window can span
                          midnight, else 0 */
    uint64_t tab;      /* hash of the page-view id, 0 when the client gave none */
    uint32_t engaged;  /* ms the page had the visitor's attention since the hit before,
                          <= ENGAGED_MAX_MS */
    mono_t at;         /* the sender's monotonic clock when it happened */
    uint8_t kind;      /* enum hit_kind, or a later one */
    uint8_t state;     /* enum hit_state */
};

/* Whether @site is a site id: [A-Za-z0-9._-]{1,SITE_MAX}, but neither "." nor "..". */
bool site_valid(struct slice site);

/* Writes the canonical form of a page's address into @out (PATH_MAX_BYTES bytes) and
 * returns it as a slice of @out.
 *
 * @raw is decoded text: "/a", "a", "/a?q#h" or "https://host/a?q". Scheme and host, query
 * and fragment go; a leading slash comes; control characters (C0, DEL, C1) and spaces at
 * both ends go; bytes that are no UTF-8 become U+FFFD, one for each maximal subpart; what
 * is longer is cut at a character. Empty becomes "/". Normalizing again changes nothing.
 */
struct slice path_normalize(struct slice raw, char *out);

/* The same care for an event's name, into @out (EVENT_NAME_MAX bytes): UTF-8 repaired,
 * control characters and spaces at both ends gone, cut. May be empty. */
struct slice name_normalize(struct slice raw, char *out);

/* The same care for the text of a message, into @out (PATH_MAX_BYTES bytes). */
struct slice text_normalize(struct slice raw, char *out);

/* Names as the API prints them: "pageview", "heartbeat", "leave", "event", "message",
 * "reset"; "none", "idle", "reading", "writing", "background". "?" for later ones. Static
 * strings. */
const char *hit_kind_name(unsigned kind);
const char *hit_state_name(unsigned state);

#endif
