/* matomo: a request is a view unless it says what else it is.
 *
 * A page view names its tab by pv_id, so a ping keeps the tab online: it is a heartbeat
 * like any other. What matomo.js calls an event, an outlink, a download, a search or a
 * goal is an event, with its kind before its name. cip, cua and the like, which take a
 * token there, are not read. */
#include "matomo.h"

#include <stdio.h>
#include <string.h>
#include "../../proto/hex.h"
#include "../beacons.h"
#include "../cors.h"
#include "../json_body.h"
#include "../pixel.h"
#include "../worker.h"
#include "all.h"
#include "params.h"

/* What of a request is not simply a field of the beacon. */
struct said {
    struct slice rec, ping, custom, send_image;
    struct slice user, client, visitor; /* uid, cid, _id */
    struct slice category, action;
    struct slice link, download, search, goal;
};

/* Whether @id is a visitor's id as Matomo makes them: 16 hexadecimal digits. */
static bool is_visitor_id(struct slice id)
{
    for (size_t i = 0; i < id.n; i++)
        if (hex_digit(id.p[i]) < 0)
            return false;
    return id.n == 16;
}

static struct slice user_of(const struct said *s)
{
    if (s->user.n > 0)
        return s->user;
    if (is_visitor_id(s->client))
        return s->client;
    return is_visitor_id(s->visitor) ? s->visitor : (struct slice){0};
}

/* How long @s is up to the first of @stops. */
static size_t span_to(struct slice s, const char *stops)
{
    size_t n = 0;

    while (n < s.n && !(s.p[n] && strchr(stops, s.p[n])))
        n++;
    return n;
}

/* Parts off the scheme, with what follows it, and whose login stands before the host. */
static struct slice without_login(struct slice address, struct slice *scheme)
{
    const char *mark = memmem(address.p, address.n, "://", 3);
    size_t host;

    if (mark == NULL)
        return address;
    *scheme = (struct slice){address.p, (size_t)(mark + 3 - address.p)};
    address = slice_skip(address, scheme->n);
    for (host = span_to(address, "/"); host > 0 && address.p[host - 1] != '@'; host--)
        ;
    return slice_skip(address, host);
}

/* As of a page, a query or fragment is not told: it may say who goes there. */
static struct slice event_at(struct params *p, struct slice word, struct slice address)
{
    struct slice scheme = {0};

    address.n = span_to(address, "?#");
    address = without_login(address, &scheme);
    return params_join(p, word, scheme, address);
}

/* The name of the event that the request tells of; empty: it tells of none. */
static struct slice event_of(struct params *p, const struct said *s)
{
    const struct {
        struct slice word, what;
    } rows[] = {
        {SLICE("search "), s->search},
        {SLICE("goal "), s->goal},
    };

    if (s->category.n > 0 || s->action.n > 0)
        return params_join(p, s->category, SLICE(" "), s->action);
    if (s->link.n > 0)
        return event_at(p, SLICE("link "), s->link);
    if (s->download.n > 0)
        return event_at(p, SLICE("download "), s->download);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].what.n > 0)
            return params_join(p, rows[i].word, (struct slice){0}, rows[i].what);
    return (struct slice){0};
}

static enum matomo_verdict judge(struct params *p, struct beacon *b, const struct said *s)
{
    bool is_ping = slice_eq(s->ping, SLICE("1"));

    b->user = user_of(s);
    b->name = is_ping ? (struct slice){0} : event_of(p, s);
    b->kind = b->name.n > 0                                ? SLICE("event")
              : is_ping || slice_eq(s->custom, SLICE("1")) ? SLICE("heartbeat")
                                                           : SLICE("view");
    if (p->full)
        return MATOMO_BAD;
    return slice_eq(s->rec, SLICE("1")) ? MATOMO_HIT : MATOMO_IGNORED;
}

/* Each of the three may be empty; the first that has a name counts. */
static enum matomo_verdict read_all(struct beacon *b, struct slice query,
                                    struct slice form, const json_t *object,
                                    bool *no_image)
{
    struct said said = {.rec = {0}};
    const struct param table[] = {
        {"idsite", &b->site},
        {"url", &b->path},
        {"action_name", &b->title},
        {"urlref", &b->referrer},
        {"pv_id", &b->tab},
        {"rec", &said.rec},
        {"ping", &said.ping},
        {"ca", &said.custom},
        {"send_image", &said.send_image},
        {"uid", &said.user},
        {"cid", &said.client},
        {"_id", &said.visitor},
        {"e_c", &said.category},
        {"e_a", &said.action},
        {"link", &said.link},
        {"download", &said.download},
        {"search", &said.search},
        {"idgoal", &said.goal},
    };
    struct params p;

    params_init(&p, b);
    params_query(&p, query, table, PARAMS_COUNT(table));
    params_query(&p, form, table, PARAMS_COUNT(table));
    params_object(&p, object, table, PARAMS_COUNT(table));
    *no_image = slice_eq(said.send_image, SLICE("0"));
    return judge(&p, b, &said);
}

enum matomo_verdict matomo_read(struct beacon *b, struct slice query, struct slice form,
                                bool *no_image)
{
    return read_all(b, query, form, NULL, no_image);
}

enum matomo_verdict matomo_read_one(struct beacon *b, const json_t *request)
{
    struct slice query = {json_string_value(request), json_string_length(request)};
    bool no_image;

    if (query.n > 0 && *query.p == '?')
        query = slice_skip(query, 1);
    return read_all(b, query, (struct slice){0}, request, &no_image);
}

/* Counts it; false when the request was refused. */
static bool take(struct exchange *x, const struct beacon *b, enum matomo_verdict v)
{
    switch (v) {
    case MATOMO_HIT:
        return x->request->method == HTTP_HEAD || beacons_take(x, b) == BEACON_OK;
    case MATOMO_IGNORED:
        COUNT(&x->worker->counters, dialect_ignored);
        return true;
    case MATOMO_BAD:
        COUNT(&x->worker->counters, bad_body);
        break;
    }
    return false;
}

#define IMAGE_LINES HEADER_NO_STORE HEADER_EMBED

static void answer_image(struct exchange *x, bool taken, bool no_image)
{
    char lines[CORS_LINES_MAX];
    struct reply r = {.status = taken ? 200 : 400,
                      .headers = cors_lines(x->request->origin, IMAGE_LINES, lines)};

    if (taken && no_image) {
        r.status = 204;
    } else {
        r.type = "image/gif";
        r.body = (struct slice){pixel_gif, PIXEL_BYTES};
    }
    exchange_reply(x, &r);
}

static void answer_bulk(struct exchange *x, size_t taken, size_t refused,
                        const char *mistake)
{
    char lines[CORS_LINES_MAX], body[160];

    if (mistake)
        snprintf(body, sizeof body,
                 "{\"status\":\"error\",\"tracked\":0,\"message\":\"%s\"}", mistake);
    else
        snprintf(body, sizeof body,
                 "{\"status\":\"success\",\"tracked\":%zu,\"invalid\":%zu}", taken,
                 refused);
    exchange_reply(
        x, &(struct reply){.status = mistake ? 400 : 200,
                           .type = "application/json",
                           .headers = cors_lines(x->request->origin, IMAGE_LINES, lines),
                           .body = slice_of(body)});
}

static void take_bulk(struct exchange *x, const json_t *requests)
{
    size_t n = json_array_size(requests), taken = 0;
    struct beacon b;

    for (size_t i = 0; i < n; i++) {
        enum matomo_verdict v = matomo_read_one(&b, json_array_get(requests, i));

        taken += take(x, &b, v);
    }
    answer_bulk(x, taken, n - taken, NULL);
}

static void bulk(struct exchange *x)
{
    json_t *root = json_body_parse_loosely(x->body);
    const json_t *requests = json_body_array(root, "requests");

    if (requests == NULL) {
        COUNT(&x->worker->counters, bad_body);
        answer_bulk(x, 0, 0, "not JSON with an array of requests");
    } else if (json_array_size(requests) > BATCH_MAX) {
        COUNT(&x->worker->counters, too_many);
        answer_bulk(x, 0, 0, "too many requests");
    } else {
        take_bulk(x, requests);
    }
    json_decref(root);
}

static enum handled track(struct exchange *x)
{
    enum matomo_verdict v;
    struct beacon b;
    bool no_image;

    if (json_body_is(x->body)) {
        bulk(x);
        return ANSWERED;
    }
    v = matomo_read(&b, x->request->query, x->body, &no_image);
    answer_image(x, take(x, &b, v), no_image);
    return ANSWERED;
}

/* clang-format off */
static const struct route route_table[] = {
    {HTTP_GET | HTTP_POST, "*/matomo.php", track, .open = true, .credentials = true,
     .what = "takes views, events and pings from query, form or bulk JSON"},
    {HTTP_GET | HTTP_POST, "*/piwik.php", track, .open = true, .credentials = true,
     .what = "the same"},
};
/* clang-format on */

const struct dialect dialect_matomo = {
    .name = "matomo",
    .routes = route_table,
    .nroutes = sizeof route_table / sizeof *route_table,
    .what = "Matomo",
};
