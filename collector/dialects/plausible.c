/* plausible: one event of JSON, sent as text/plain, counted for each domain of its list.
 *
 * An "engagement" tells what attention the page had when it lost it. It must not put
 * anybody online, since no heartbeat follows: it is told on as the leave of a tab that
 * nobody opened, which adds the attention and nothing else. */
#include "plausible.h"

#include <stdio.h>
#include "../beacons.h"
#include "../json_body.h"
#include "../worker.h"
#include "all.h"
#include "params.h"

#define NO_TAB "plausible" /* is never opened */

static void read_name(struct beacon *b)
{
    if (slice_eq(b->name, SLICE("pageview"))) {
        b->kind = SLICE("view");
    } else if (slice_eq(b->name, SLICE("engagement"))) {
        b->kind = SLICE("leave");
        b->tab = SLICE(NO_TAB);
    } else {
        b->kind = SLICE("event");
        b->engaged = (struct slice){0};
        return;
    }
    b->name = (struct slice){0};
}

enum plausible_verdict plausible_read(struct beacon *b, const json_t *event)
{
    const struct param table[] = {
        {"d", &b->site},     {"domain", &b->site}, {"n", &b->name},
        {"name", &b->name},  {"u", &b->path},      {"url", &b->path},
        {"r", &b->referrer}, {"e", &b->engaged},   {"referrer", &b->referrer},
    };
    struct params p;

    params_init(&p, b);
    if (!json_is_object(event))
        return PLAUSIBLE_NO_BODY;
    params_object(&p, event, table, PARAMS_COUNT(table));
    if (b->name.n == 0)
        return PLAUSIBLE_NO_NAME;
    if (b->site.n == 0)
        return PLAUSIBLE_NO_DOMAIN;
    if (b->path.n == 0)
        return PLAUSIBLE_NO_URL;
    read_name(b);
    return PLAUSIBLE_HIT;
}

bool plausible_next_domain(struct slice *list, struct slice *domain)
{
    while (list->n > 0) {
        const char *comma = memchr(list->p, ',', list->n);
        size_t n = comma ? (size_t)(comma - list->p) : list->n;

        *domain = slice_trim((struct slice){list->p, n});
        *list = slice_skip(*list, comma ? n + 1 : n);
        if (domain->n > 0)
            return true;
    }
    return false;
}

static void refuse(struct exchange *x, const char *member, const char *reason)
{
    char body[160];

    snprintf(body, sizeof body, "{\"errors\":{\"%s\":[\"%s\"]}}", member, reason);
    exchange_reply(x, &(struct reply){.status = 400,
                                      .type = "application/json; charset=utf-8",
                                      .headers = HEADER_OPEN HEADER_NO_STORE,
                                      .body = slice_of(body)});
}

static void accept_event(struct exchange *x, unsigned dropped)
{
    char lines[128] = HEADER_OPEN HEADER_NO_STORE;

    if (dropped > 0)
        snprintf(lines, sizeof lines,
                 HEADER_OPEN HEADER_NO_STORE "x-plausible-dropped: %u\r\n", dropped);
    exchange_reply(x, &(struct reply){.status = 202,
                                      .type = "text/plain; charset=utf-8",
                                      .headers = lines,
                                      .body = SLICE("ok")});
}

static void take(struct exchange *x, struct beacon *b)
{
    struct slice list = b->site;
    enum beacon_verdict v = BEACON_NO_SITE;
    unsigned taken = 0, dropped = 0;

    while (taken + dropped < BATCH_MAX && plausible_next_domain(&list, &b->site)) {
        v = beacons_take(x, b);
        taken += v == BEACON_OK;
        dropped += v != BEACON_OK;
    }
    if (taken > 0)
        accept_event(x, dropped);
    else if (v == BEACON_BAD_PATH)
        refuse(x, "url", "is too long");
    else
        refuse(x, "domain", "is invalid");
}

static void take_or_refuse(struct exchange *x, struct beacon *b, const json_t *event)
{
    struct counters *c = &x->worker->counters;

    switch (plausible_read(b, event)) {
    case PLAUSIBLE_HIT:
        take(x, b);
        break;
    case PLAUSIBLE_NO_BODY:
        COUNT(c, bad_body);
        refuse(x, "request", "Unable to parse request body as json");
        break;
    case PLAUSIBLE_NO_NAME:
        COUNT(c, bad_name);
        refuse(x, "event_name", "can't be blank");
        break;
    case PLAUSIBLE_NO_DOMAIN:
        COUNT(c, no_site);
        refuse(x, "domain", "can't be blank");
        break;
    case PLAUSIBLE_NO_URL:
        COUNT(c, bad_path);
        refuse(x, "url", "is required");
        break;
    }
}

static enum handled event_posted(struct exchange *x)
{
    json_t *event = json_body_parse_loosely(x->body);
    struct beacon b;

    take_or_refuse(x, &b, event);
    json_decref(event);
    return ANSWERED;
}

/* clang-format off */
static const struct route route_table[] = {
    {HTTP_POST, "/api/event", event_posted, .open = true,
     .what = "takes a view, an event or attention from JSON"},
};
/* clang-format on */

const struct dialect dialect_plausible = {
    .name = "plausible",
    .routes = route_table,
    .nroutes = sizeof route_table / sizeof *route_table,
    .what = "Plausible",
};
