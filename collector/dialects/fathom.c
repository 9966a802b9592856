/* fathom: each pixel is a view. Its id and its marks for new and unique visitors are not
 * read: who is who and who is new is told here as for everybody else. */
#include "fathom.h"

#include <stdio.h>
#include "../beacons.h"
#include "../pixel.h"
#include "../worker.h"
#include "all.h"
#include "params.h"

enum beacon_verdict fathom_read(struct beacon *b, struct slice query)
{
    struct slice host = {0}, path = {0};
    const struct param table[] = {
        {"sid", &b->site},
        {"h", &host},
        {"p", &path},
        {"r", &b->referrer},
    };
    struct params p;

    params_init(&p, b);
    params_query(&p, query, table, PARAMS_COUNT(table));
    b->path = params_url(&p, host, path);
    return b->path.n > 0 ? BEACON_OK : BEACON_BAD_PATH;
}

#define FATHOM_HEADERS                                       \
    "Cache-Control: no-cache, no-store, must-revalidate\r\n" \
    "Expires: Mon, 01 Jan 1990 00:00:00 GMT\r\n"             \
    "Pragma: no-cache\r\nTk: N\r\n" HEADER_OPEN HEADER_EMBED

static void answer(struct exchange *x, enum beacon_verdict v)
{
    char lines[512] = FATHOM_HEADERS;

    if (v != BEACON_OK)
        snprintf(lines, sizeof lines, FATHOM_HEADERS "X-Headcount: %s\r\n",
                 beacon_verdict_name(v));
    exchange_reply(x, &(struct reply){.status = v == BEACON_OK ? 200 : 400,
                                      .type = "image/gif",
                                      .headers = lines,
                                      .body = {pixel_gif, PIXEL_BYTES}});
}

static enum handled collect(struct exchange *x)
{
    struct beacon b;
    enum beacon_verdict v = fathom_read(&b, x->request->query);

    if (v != BEACON_OK)
        COUNT(&x->worker->counters, bad_path);
    else if (x->request->method != HTTP_HEAD)
        v = beacons_take(x, &b);
    answer(x, v);
    return ANSWERED;
}

/* clang-format off */
static const struct route route_table[] = {
    {HTTP_GET, "*/collect", collect, .open = true,
     .what = "takes a view from the query, answers a GIF"},
};
/* clang-format on */

const struct dialect dialect_fathom = {
    .name = "fathom",
    .routes = route_table,
    .nroutes = sizeof route_table / sizeof *route_table,
    .what = "Fathom Lite",
};
