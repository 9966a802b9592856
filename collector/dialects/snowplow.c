/* snowplow: page views, page pings, structured and self-describing events.
 *
 * A page ping is a heartbeat. The tab that it keeps is told by the browser's id and the
 * page's address: the id of the page view is inside of contexts, which are not read. */
#include "snowplow.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include "../beacons.h"
#include "../cors.h"
#include "../json_body.h"
#include "../pixel.h"
#include "../worker.h"
#include "all.h"
#include "params.h"

/* What of an event is not simply a field of the beacon. */
struct said {
    struct slice type, browser, user; /* e, duid, uid */
    struct slice category, action;
    struct slice json, base64; /* ue_pr, ue_px */
};

/* The name in "iglu:com.example/NAME/jsonschema/1-0-0"; empty: there is none. */
static struct slice schema_name(struct slice schema)
{
    const char *begin = schema.n ? memchr(schema.p, '/', schema.n) : NULL, *end;

    if (begin == NULL)
        return (struct slice){0};
    schema = slice_skip(schema, (size_t)(begin + 1 - schema.p));
    end = memchr(schema.p, '/', schema.n);
    return (struct slice){schema.p, end ? (size_t)(end - schema.p) : 0};
}

/* Of {"schema":..,"data":{"schema":"iglu:..","data":..}}, as text. */
static struct slice name_in_json(struct params *p, struct slice text)
{
    json_t *root = json_body_parse_loosely(text);
    const json_t *event = json_body_object(root, "data");
    struct slice name = params_copy(p, schema_name(json_body_text(event, "schema")));

    json_decref(root);
    return name;
}

static struct slice name_in_base64(struct params *p, struct slice text)
{
    struct slice name = {0};
    char *json = malloc(text.n);
    size_t n;

    while (text.n > 0 && text.p[text.n - 1] == '=')
        text.n--;
    if (json && sodium_base642bin((unsigned char *)json, text.n, text.p, text.n, NULL, &n,
                                  NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0)
        name = name_in_json(p, (struct slice){json, n});
    free(json);
    return name;
}

/* Hashed, since together they are longer than a tab's name may be. The key is no secret:
 * beacon_hit hashes the result under one that is. */
static struct slice tab_of(struct params *p, struct slice browser, struct slice url)
{
    static const struct key plain;
    char text[40];
    int n;

    if (url.n == 0)
        return (struct slice){0};
    n = snprintf(text, sizeof text, "%016" PRIx64 "%016" PRIx64,
                 browser.n ? siphash(&plain, browser.p, browser.n) : 0,
                 siphash(&plain, url.p, url.n));
    return params_copy(p, (struct slice){text, (size_t)n});
}

static struct slice self_described(struct params *p, const struct said *s)
{
    return s->json.n > 0     ? name_in_json(p, s->json)
           : s->base64.n > 0 ? name_in_base64(p, s->base64)
                             : (struct slice){0};
}

static enum snowplow_verdict read_event(struct beacon *b, struct slice name)
{
    b->kind = SLICE("event");
    b->name = name;
    return name.n > 0 ? SNOWPLOW_HIT : SNOWPLOW_BAD_NAME;
}

static enum snowplow_verdict read_type(struct params *p, struct beacon *b,
                                       const struct said *s)
{
    if (slice_eq(s->type, SLICE("se")))
        return read_event(b, params_join(p, s->category, SLICE(" "), s->action));
    if (slice_eq(s->type, SLICE("ue")))
        return read_event(b, self_described(p, s));
    if (slice_eq(s->type, SLICE("tr")))
        return read_event(b, SLICE("transaction"));
    if (slice_eq(s->type, SLICE("ti")))
        return SNOWPLOW_IGNORED;
    if (slice_eq(s->type, SLICE("pp")))
        b->kind = SLICE("heartbeat");
    else if (!slice_eq(s->type, SLICE("pv")))
        return SNOWPLOW_BAD_TYPE;
    return SNOWPLOW_HIT;
}

enum snowplow_verdict snowplow_read(struct beacon *b, struct slice query,
                                    const json_t *event)
{
    struct said said = {.type = {0}};
    const struct param table[] = {
        {"aid", &b->site},     {"e", &said.type},         {"url", &b->path},
        {"page", &b->title},   {"refr", &b->referrer},    {"duid", &said.browser},
        {"uid", &said.user},   {"se_ca", &said.category}, {"se_ac", &said.action},
        {"ue_pr", &said.json}, {"ue_px", &said.base64},
    };
    enum snowplow_verdict v;
    struct params p;

    params_init(&p, b);
    params_query(&p, query, table, PARAMS_COUNT(table));
    params_object(&p, event, table, PARAMS_COUNT(table));
    b->user = said.user.n > 0 ? said.user : said.browser;
    b->tab = tab_of(&p, said.browser, b->path);
    v = read_type(&p, b, &said);
    return p.full ? SNOWPLOW_BAD_BODY : v;
}

/* Counts it. Returns why it was refused, NULL: it was not. */
static const char *take(struct exchange *x, const struct beacon *b,
                        enum snowplow_verdict v)
{
    struct counters *c = &x->worker->counters;
    enum beacon_verdict refused = BEACON_OK;

    switch (v) {
    case SNOWPLOW_HIT:
        if (x->request->method != HTTP_HEAD)
            refused = beacons_take(x, b);
        break;
    case SNOWPLOW_IGNORED:
        COUNT(c, dialect_ignored);
        break;
    case SNOWPLOW_BAD_TYPE:
        COUNT(c, bad_kind);
        refused = BEACON_BAD_KIND;
        break;
    case SNOWPLOW_BAD_NAME:
        COUNT(c, bad_name);
        refused = BEACON_BAD_NAME;
        break;
    case SNOWPLOW_BAD_BODY:
        COUNT(c, bad_body);
        refused = BEACON_BAD_BODY;
        break;
    }
    return refused == BEACON_OK ? NULL : beacon_verdict_name(refused);
}

#define SNOWPLOW_LINES "Cache-Control: no-cache, no-store, must-revalidate\r\n"

/* @refused: NULL, or why. */
static void answer(struct exchange *x, const char *refused, const char *type,
                   struct slice body)
{
    char lines[CORS_LINES_MAX], more[160] = SNOWPLOW_LINES;

    if (refused)
        snprintf(more, sizeof more, SNOWPLOW_LINES "X-Headcount: %s\r\n", refused);
    exchange_reply(x,
                   &(struct reply){.status = refused ? 400 : 200,
                                   .type = type,
                                   .headers = cors_lines(x->request->origin, more, lines),
                                   .body = body});
}

static enum handled pixel(struct exchange *x)
{
    struct beacon b;
    const char *refused = take(x, &b, snowplow_read(&b, x->request->query, NULL));

    answer(x, refused, "image/gif", (struct slice){pixel_gif, PIXEL_BYTES});
    return ANSWERED;
}

/* Returns why nothing of it was taken; NULL: something was, or there was nothing. */
static const char *take_all(struct exchange *x, const json_t *events)
{
    const char *first = NULL, *refused;
    size_t n = json_array_size(events), bad = 0;
    struct beacon b;

    for (size_t i = 0; i < n; i++) {
        refused =
            take(x, &b, snowplow_read(&b, (struct slice){0}, json_array_get(events, i)));
        bad += refused != NULL;
        first = first ? first : refused;
    }
    return bad == n ? first : NULL;
}

static enum handled posted(struct exchange *x)
{
    json_t *root = json_body_parse_loosely(x->body);
    const json_t *events = json_body_array(root, "data");
    const char *refused;

    if (events == NULL) {
        COUNT(&x->worker->counters, bad_body);
        refused = beacon_verdict_name(BEACON_BAD_BODY);
    } else if (json_array_size(events) > BATCH_MAX) {
        COUNT(&x->worker->counters, too_many);
        refused = beacon_verdict_name(BEACON_TOO_MANY);
    } else {
        refused = take_all(x, events);
    }
    answer(x, refused, "text/plain; charset=UTF-8", slice_of(refused ? refused : "ok"));
    json_decref(root);
    return ANSWERED;
}

/* clang-format off */
static const struct route route_table[] = {
    {HTTP_GET, "/i", pixel, .open = true, .credentials = true,
     .what = "takes one event from the query, answers a GIF"},
    {HTTP_GET, "/ice.png", pixel, .open = true, .credentials = true, .what = "the same"},
    {HTTP_POST, "/com.snowplowanalytics.snowplow/tp2", posted, .open = true,
     .credentials = true, .what = "takes events from JSON"},
};
/* clang-format on */

const struct dialect dialect_snowplow = {
    .name = "snowplow",
    .routes = route_table,
    .nroutes = sizeof route_table / sizeof *route_table,
    .what = "Snowplow",
};
