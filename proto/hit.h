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
    HIT_JOIN = 6,      /* a connection was opened that stands for a visitor's presence:
                          counts as a connection, keeps the visitor */
    HIT_QUERY = 7,     /* a program asked something of its database: counts as a query, no
                          visitor */
};
#define HIT_KINDS 8 /* kinds from here on are counted and skipped */

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

/* What a browser is shown on. */
enum hit_device {
    DEVICE_NONE = 0, /* not known, or not told */
    DEVICE_DESKTOP = 1,
    DEVICE_MOBILE = 2,
    DEVICE_TABLET = 3,
    DEVICE_OTHER = 4, /* a TV, a console, a program */
};
#define HIT_DEVICES 5 /* later ones are read as DEVICE_OTHER */

enum hit_browser {
    BROWSER_NONE = 0,
    BROWSER_CHROME = 1,
    BROWSER_SAFARI = 2,
    BROWSER_FIREFOX = 3,
    BROWSER_EDGE = 4,
    BROWSER_OPERA = 5,
    BROWSER_SAMSUNG = 6,
    BROWSER_OTHER = 7,
};
#define HIT_BROWSERS 8 /* later ones are read as BROWSER_OTHER */

/* Bits of hit.marks. */
#define HIT_HELD 1    /* of JOIN, HEARTBEAT, LEAVE: the tab is a connection */
#define HIT_COUNTED 2 /* of JOIN: it counts among those who asked to be counted */
#define HIT_NAMED 4   /* `previous` is whom the visitor was taken for without a name */
#define HIT_MARKS (HIT_HELD | HIT_COUNTED | HIT_NAMED)

struct hit {
    struct slice site; /* site_valid() */
    struct slice path; /* path_normalize()d, <= PATH_MAX_BYTES; may be empty. Of a
                          message or query its text, text_normalize()d */
    struct slice name; /* of an event, message or query, <= EVENT_NAME_MAX; of a view or
                          heartbeat the page's title; may be empty */
    struct slice referrer; /* of a view: the host it came from, host_normalize()d, <=
                              REFERRER_MAX; "-" the site's own pages; empty: directly, or
                              not told */
    struct slice campaign, term; /* of a view: name_normalize()d, <= CAMPAIGN_MAX; may be
                                    empty */
    uint64_t visitor;            /* keyed hash of the day, never 0 */
    uint64_t previous; /* the same person under yesterday's key while a window can span
                          midnight, else 0. With HIT_NAMED who it was taken for,
                          as others may be, until it had a name */
    uint64_t tab;      /* hash of the page-view id, 0 when the client gave none */
    uint32_t engaged;  /* ms the page had the visitor's attention since the hit before,
                          of a query how long it took; <= ENGAGED_MAX_MS */
    mono_t at;         /* the sender's monotonic clock when it happened */
    uint8_t kind;      /* enum hit_kind, or a later one */
    uint8_t state;     /* enum hit_state */
    uint8_t marks;     /* HIT_HELD, HIT_COUNTED, HIT_NAMED */
    uint8_t lasts;   /* s, <= TAB_LASTS_MAX_S: how long the tab counts after this hit; 0:
                        as its state says */
    uint8_t device;  /* enum hit_device, of a view */
    uint8_t browser; /* enum hit_browser, of a view */
    char country[2]; /* ISO 3166-1 alpha-2 in capitals, of a view; zero: not known */
};

/* Whether @site is a site id: [A-Za-z0-9._-]{1,SITE_MAX}, but neither "." nor "..". */
bool site_valid(struct slice site);

/* Bytes of "http://" or "https://", in any case, at the front of @s; 0: it begins
 * otherwise. */
size_t http_scheme(struct slice s);

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

/* The same care for the name of a campaign or term, into @out (CAMPAIGN_MAX bytes). */
struct slice campaign_normalize(struct slice raw, char *out);

/* The same care for the text of a message, into @out (PATH_MAX_BYTES bytes). */
struct slice text_normalize(struct slice raw, char *out);

/* The host of a referrer's address, "https://www.Example.org:443/a?b" or a bare host, in
 * lower case without port and a leading "www.", into @out (REFERRER_MAX bytes). Empty
 * when there is none: no host, longer than REFERRER_MAX, or bytes that no host has. */
struct slice host_normalize(struct slice raw, char *out);

/* Names as the API prints them: "pageview", "heartbeat", "leave", "event", "message",
 * "reset", "join", "query"; "none", "idle", "reading", "writing", "background";
 * "desktop", "mobile", "tablet", "other"; "Chrome", "Safari", "Firefox", "Edge", "Opera",
 * "Samsung Internet", "other". "?" for later ones, "unknown" for DEVICE_NONE and
 * BROWSER_NONE. Static strings. */
const char *hit_kind_name(unsigned kind);
const char *hit_state_name(unsigned state);
const char *hit_device_name(unsigned device);
const char *hit_browser_name(unsigned browser);

#endif
