/* ts_analytics: the dialect of ts-analytics' trackers and dashboards.
 *
 * Its trackers post one JSON object for each thing that happens; its dashboards ask for
 * the numbers of a site under a dozen addresses. The one is read here, the other answered
 * in ts_analytics_answers.c and ts_analytics_live.c from the minutes that are kept, and
 * the script that a page asks for is ours (ts_analytics_script.c). */
#ifndef HC_DIALECTS_TS_ANALYTICS_H
#define HC_DIALECTS_TS_ANALYTICS_H

#include "../beacon.h"
#include "../exchange.h"

enum ts_verdict {
    TS_COUNTS,  /* it is a beacon */
    TS_IGNORED, /* a vital or a movement of the mouse: taken, and nothing comes of it */
    TS_NO_JSON,
    TS_NO_SITE, /* s is missing, or no text */
    TS_NO_KIND, /* the same of e */
    TS_NO_URL,  /* and of u */
    TS_BAD_URL, /* u is no URL */
};

/* One body, read. */
struct ts_body {
    void *json; /* json_t *, which the beacon's slices point into */
    struct beacon beacon;
};

/* Reads the body of a POST, whatever its Content-Type says. The beacon is only to be used
 * after TS_COUNTS. ts_body_close frees, whatever was returned. */
enum ts_verdict ts_body_read(struct ts_body *t, struct slice body);
void ts_body_close(struct ts_body *t);

/* Whether @text is an absolute URL: a scheme, and with http and https a host. */
bool ts_is_url(struct slice text);

/* Answers OPTIONS as the original does. */
enum handled ts_preflight(struct exchange *x);

/* ---- ts_analytics_answers.c: GET of what a dashboard shows ---- */

enum handled ts_stats(struct exchange *x);
enum handled ts_pages(struct exchange *x);
enum handled ts_referrers(struct exchange *x);
enum handled ts_devices(struct exchange *x);
enum handled ts_browsers(struct exchange *x);
enum handled ts_countries(struct exchange *x);
enum handled ts_regions(struct exchange *x);
enum handled ts_cities(struct exchange *x);
enum handled ts_goals(struct exchange *x);
enum handled ts_timeseries(struct exchange *x);
enum handled ts_live(struct exchange *x);

/* ---- ts_analytics_script.c ---- */

/* GET of hc.js for the site in the address: nothing is left to be configured. */
enum handled ts_script(struct exchange *x);

#endif
