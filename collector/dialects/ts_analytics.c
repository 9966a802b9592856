/* Trackers send s site, e kind, u URL, r referrer, t title, en or p.name an event's name,
 * as sendBeacon does (text/plain) or with a preflight (application/json).
 *
 * None of them says when a page is closed or still open, so no tab is named: their
 * visitors are of the window, and not online. The session's id, sid, is theirs to keep.
 */
#include "ts_analytics.h"

#include <stdio.h>
#include <strings.h>
#include "../beacons.h"
#include "../json_body.h"
#include "../report.h"
#include "../worker.h"
#include "all.h"

#define GRANTS                                                          \
    "Access-Control-Allow-Methods: GET, POST, PUT, DELETE, OPTIONS\r\n" \
    "Access-Control-Allow-Headers: Content-Type, Authorization\r\n"     \
    "Access-Control-Max-Age: 86400\r\n"
#define LINES_MAX (HTTP_HEAD_MAX + 320)

/* ---- reading ---- */

static bool is_letter(char c)
{
    c |= 0x20;
    return c >= 'a' && c <= 'z';
}

/* Bytes before the colon of a scheme (RFC 3986, 3.1), 0: there is none. */
static size_t scheme_length(struct slice text)
{
    size_t n = 0;

    while (n < text.n && (is_letter(text.p[n]) ||
                          (n > 0 && text.p[n] && strchr("0123456789+-.", text.p[n]))))
        n++;
    return n < text.n && text.p[n] == ':' ? n : 0;
}

bool ts_is_url(struct slice text)
{
    size_t n;

    while (text.n > 0 && (uint8_t)*text.p <= ' ') /* as the URL Standard begins */
        text = slice_skip(text, 1);
    if ((n = scheme_length(text)) == 0)
        return false;
    if (!(n == 4 && strncasecmp(text.p, "http", 4) == 0) &&
        !(n == 5 && strncasecmp(text.p, "https", 5) == 0))
        return true;
    text = slice_skip(text, n + 1);
    while (text.n > 0 && (*text.p == '/' || *text.p == '\\'))
        text = slice_skip(text, 1);
    return text.n > 0 && !strchr(" ?#:", *text.p);
}

static struct slice or_else(struct slice text, struct slice otherwise)
{
    return text.n > 0 ? text : otherwise;
}

/* One tracker says an event's name in en, another among its properties. */
static struct slice event_name(const json_t *root)
{
    struct slice of_props = json_body_text(json_object_get(root, "p"), "name");
    struct slice name = or_else(json_body_text(root, "en"), of_props);

    return or_else(name, SLICE("event"));
}

/* What @e is counted as; false: as nothing. */
static bool set_kind(struct beacon *b, struct slice e, const json_t *root)
{
    if (slice_eq(e, SLICE("pageview"))) {
        b->kind = SLICE("v");
        b->title = json_body_text(root, "t");
        b->referrer = json_body_text(root, "r");
        return true;
    }
    b->kind = SLICE("e");
    if (slice_eq(e, SLICE("event")))
        b->name = event_name(root);
    else if (slice_eq(e, SLICE("outbound")) || slice_eq(e, SLICE("error")))
        b->name = e;
    return b->name.n > 0;
}

enum ts_verdict ts_body_read(struct ts_body *t, struct slice body)
{
    struct beacon *b = &t->beacon;
    struct slice e;
    json_t *root;

    beacon_clear(b);
    /* as JSON.parse takes it: any value at all */
    root = json_body_parse_loosely(body);
    if (root == NULL)
        root = json_loadb(body.p, body.n, JSON_DECODE_ANY, NULL);
    t->json = root;
    if (root == NULL)
        return TS_NO_JSON;
    b->site = json_body_text(root, "s");
    b->path = json_body_text(root, "u");
    e = json_body_text(root, "e");
    if (b->site.n == 0 || e.n == 0 || b->path.n == 0)
        return b->site.n == 0 ? TS_NO_SITE : e.n == 0 ? TS_NO_KIND : TS_NO_URL;
    if (slice_starts(e, SLICE("hm_"))) /* comes with the path alone */
        return TS_IGNORED;
    if (!ts_is_url(b->path))
        return TS_BAD_URL;
    return set_kind(b, e, root) ? TS_COUNTS : TS_IGNORED;
}

void ts_body_close(struct ts_body *t)
{
    json_decref(t->json);
}

/* ---- answering ---- */

/* Who may read the answer: with --origin those listed, else all. */
static void write_origin(char *lines, const struct exchange *x)
{
    const struct setup *setup = x->worker->setup;
    struct slice origin = x->request->origin;

    if (setup->norigins == 0)
        snprintf(lines, LINES_MAX, HEADER_OPEN);
    else if (setup_has_origin(setup, origin))
        snprintf(lines, LINES_MAX,
                 "Vary: Origin\r\nAccess-Control-Allow-Origin: %.*s\r\n", (int)origin.n,
                 origin.p);
    else
        snprintf(lines, LINES_MAX, "Vary: Origin\r\n");
}

static void add_line(char *lines, const char *more)
{
    size_t n = strlen(lines);

    snprintf(lines + n, LINES_MAX - n, "%s", more);
}

enum handled ts_preflight(struct exchange *x)
{
    char lines[LINES_MAX];

    write_origin(lines, x);
    add_line(lines, GRANTS);
    exchange_reply(x, &(struct reply){.status = 204, .headers = lines});
    return ANSWERED;
}

/* @error NULL: it was taken. */
static enum handled answer(struct exchange *x, const char *error)
{
    char lines[LINES_MAX], body[96] = "";

    write_origin(lines, x);
    add_line(lines, HEADER_NO_STORE HEADER_NO_SNIFF);
    if (error)
        snprintf(body, sizeof body, "{\"error\":\"%s\"}", error);
    exchange_reply(x, &(struct reply){.status = error ? 400 : 204,
                                      .type = error ? "application/json" : NULL,
                                      .headers = lines,
                                      .body = slice_of(body)});
    return ANSWERED;
}

static const char *const missing = "Missing required fields: s, e, u";

/* Sends it; NULL, or what was wrong with it. */
static const char *take(struct exchange *x, const struct beacon *b)
{
    switch (beacons_take(x, b)) {
    case BEACON_OK:
        return NULL;
    case BEACON_BAD_PATH:
        return "Invalid URL";
    case BEACON_BAD_NAME: /* of controls alone */
        return "Invalid event name";
    default:
        return "Invalid site";
    }
}

static enum handled collect(struct exchange *x)
{
    struct counters *c = &x->worker->counters;
    const char *error = missing;
    struct ts_body body;

    switch (ts_body_read(&body, x->body)) {
    case TS_COUNTS:
        error = take(x, &body.beacon);
        break;
    case TS_IGNORED:
        COUNT(c, dialect_ignored);
        error = NULL;
        break;
    case TS_NO_JSON:
        COUNT(c, bad_body);
        error = "Invalid JSON";
        break;
    case TS_NO_SITE:
        COUNT(c, no_site);
        break;
    case TS_NO_KIND:
        COUNT(c, bad_kind);
        break;
    case TS_NO_URL:
        COUNT(c, bad_path);
        break;
    case TS_BAD_URL:
        COUNT(c, bad_path);
        error = "Invalid URL";
        break;
    }
    ts_body_close(&body);
    return answer(x, error);
}

/* clang-format off */
#define POST(at, text) {HTTP_POST, at, collect, .preflight = ts_preflight, .what = text}
#define GET(at, handler, text) \
    {HTTP_GET, at, handler, .preflight = ts_preflight, .later = true, .what = text}

static const struct route route_table[] = {
    POST("*/collect", "takes one thing that happened on a page, as JSON"),
    POST("*/t", "the same"),
    POST("*/p", "the same"),

    GET("*/sites/:id/realtime", report_realtime, "who is on the site now"),
    GET("*/p/:id/pulse", report_realtime, "the same"),
    GET("*/sites/:id/live", ts_live, "the newest visitors, one by one"),

    GET("*/sites/:id/stats", ts_stats, "the numbers of the window"),
    GET("*/sites/:id/timeseries", ts_timeseries, "the same by minutes"),
    GET("*/sites/:id/pages", ts_pages, "its pages"),
    GET("*/sites/:id/referrers", ts_referrers, "where its views came from"),
    GET("*/sites/:id/devices", ts_devices, "what they were seen on"),
    GET("*/sites/:id/browsers", ts_browsers, "in which browsers"),
    GET("*/sites/:id/countries", ts_countries, "and countries"),
    GET("*/sites/:id/regions", ts_regions, "nothing: regions are not known"),
    GET("*/sites/:id/cities", ts_cities, "nothing: cities are not known"),
    GET("*/sites/:id/goals/stats", ts_goals, "nothing: there are no goals"),

    {HTTP_GET, "*/sites/:id/script", ts_script, .open = true, .what = "its tracker"},
    {HTTP_GET, "*/sites/:id/tracker.js", ts_script, .open = true, .what = "the same"},
};
/* clang-format on */

const struct dialect dialect_ts_analytics = {
    .name = "ts-analytics",
    .routes = route_table,
    .nroutes = sizeof route_table / sizeof *route_table,
    .what = "ts-analytics: trackers and dashboards",
};
