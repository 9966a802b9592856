/* goatcounter: request -> beacon -> a GIF, always; why it was not counted stands in
 * X-Goatcounter. A program that counts itself out by b is counted as a bot and is
 * nobody's visitor. */
#include "goatcounter.h"

#include <stdio.h>
#include "../beacons.h"
#include "../pixel.h"
#include "../worker.h"
#include "all.h"
#include "host_site.h"
#include "params.h"

static bool is_true(struct slice s)
{
    return slice_eq(s, SLICE("true")) || slice_eq(s, SLICE("1"));
}

static bool is_bot(struct slice b)
{
    return b.n == 3 && b.p[0] == '1' && b.p[1] == '5' && b.p[2] >= '0' && b.p[2] <= '3';
}

enum goatcounter_verdict goatcounter_read(struct beacon *b, struct slice query)
{
    struct slice event = {0}, bot = {0};
    const struct param table[] = {
        {"i", &b->site}, {"p", &b->path}, {"t", &b->title}, {"r", &b->referrer},
        {"e", &event},   {"b", &bot},     {"q", &b->query},
    };
    struct params p;

    params_init(&p, b);
    params_query(&p, query, table, PARAMS_COUNT(table));
    if (is_true(event))
        b->name = SLICE("1"); /* the path is the event's name */
    if (is_bot(bot))
        return GOATCOUNTER_BOT;
    if (bot.n > 0 && !slice_eq(bot, SLICE("0")))
        return GOATCOUNTER_BAD_B;
    return b->path.n > 0 ? GOATCOUNTER_HIT : GOATCOUNTER_NO_PATH;
}

struct slice goatcounter_site(struct slice prefix, struct slice base)
{
    const char *slash;

    if (slice_starts(prefix, base))
        prefix = slice_skip(prefix, base.n);
    slash = prefix.n ? memrchr(prefix.p, '/', prefix.n) : NULL;
    return slash ? slice_skip(prefix, (size_t)(slash + 1 - prefix.p)) : prefix;
}

static void answer(struct exchange *x, int status, const char *reason)
{
    char lines[320];

    if (reason == NULL) {
        exchange_canned(x, &pixel_image);
        return;
    }
    snprintf(lines, sizeof lines, PIXEL_HEADERS "X-Goatcounter: %s\r\n", reason);
    exchange_reply(x, &(struct reply){.status = status,
                                      .type = "image/gif",
                                      .headers = lines,
                                      .body = {pixel_gif, PIXEL_BYTES}});
}

static void take(struct exchange *x, struct beacon *b)
{
    struct slice base = x->worker->setup->routing.naming.base;
    char host[HTTP_HEAD_MAX], reason[64];
    enum beacon_verdict v = BEACON_OK;

    if (b->site.n == 0)
        b->site = goatcounter_site(x->at.prefix, base);
    if (b->site.n == 0)
        b->site = host_site(x->request, host);
    if (x->request->method != HTTP_HEAD)
        v = beacons_take(x, b);
    snprintf(reason, sizeof reason, "not valid: %s", beacon_verdict_name(v));
    answer(x, 400, v == BEACON_OK ? NULL : reason);
}

static enum handled count(struct exchange *x)
{
    struct beacon b;

    switch (goatcounter_read(&b, x->request->query)) {
    case GOATCOUNTER_HIT:
        take(x, &b);
        break;
    case GOATCOUNTER_BOT:
        COUNT(&x->worker->counters, bots);
        answer(x, 202, "not counted: a bot by its parameter b");
        break;
    case GOATCOUNTER_BAD_B:
        COUNT(&x->worker->counters, bad_kind);
        answer(x, 400, "not valid: b: must be 0 or 150 to 153");
        break;
    case GOATCOUNTER_NO_PATH:
        COUNT(&x->worker->counters, bad_path);
        answer(x, 400, "not valid: path: must be set");
        break;
    }
    return ANSWERED;
}

/* clang-format off */
static const struct route route_table[] = {
    {HTTP_GET | HTTP_POST, "*/count", count, .open = true,
     .what = "takes a view or an event from the query, answers a GIF"},
};
/* clang-format on */

const struct dialect dialect_goatcounter = {
    .name = "goatcounter",
    .routes = route_table,
    .nroutes = sizeof route_table / sizeof *route_table,
    .what = "GoatCounter",
};
