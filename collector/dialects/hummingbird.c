/* hummingbird: GET /tracking_pixel.gif?u=...&event=... is a view, or an event.
 *
 * The picture comes whatever was said, as theirs does; what was refused shows in the
 * counters. Their datagrams of JSON come in at a port of their own: ../json_udp.h. */
#include "hummingbird.h"

#include "../beacons.h"
#include "../pixel.h"
#include "../worker.h"
#include "all.h"
#include "host_site.h"
#include "params.h"

void hummingbird_pixel(struct beacon *b, struct slice query)
{
    const struct param table[] = {
        {"u", &b->path},
        {"ref", &b->referrer},
        {"event", &b->name},
        {"guid", &b->user},
    };
    struct params p;

    params_init(&p, b);
    params_query(&p, query, table, PARAMS_COUNT(table));
}

static const struct canned image = {
    .status = {"HTTP/1.1 200 OK\r\nDate: ", 23},
#define HEAD                                                                    \
    "\r\nContent-Type: image/gif\r\nContent-Length: 43\r\nPragma: no-cache\r\n" \
    "Cache-Control: no-store, no-cache, must-revalidate, "                      \
    "max-age=0,post-check=0,pre-check=0\r\n" HEADER_OPEN HEADER_EMBED
    .head = {HEAD, sizeof HEAD - 1},
    .body = {pixel_gif, PIXEL_BYTES},
};

static enum handled take_pixel(struct exchange *x)
{
    char host[HTTP_HEAD_MAX];
    struct beacon b;

    if (x->request->method != HTTP_HEAD) {
        hummingbird_pixel(&b, x->request->query);
        b.site = host_site(x->request, host);
        beacons_take(x, &b);
    }
    exchange_canned(x, &image);
    return ANSWERED;
}

/* clang-format off */
static const struct route route_table[] = {
    {HTTP_GET, "*/tracking_pixel.gif", take_pixel, .open = true,
     .what = "takes a view or an event from the query, answers a GIF"},
    {HTTP_GET, "*/tracking_pixel", take_pixel, .open = true, .what = "the same"},
    {HTTP_GET, "/tracking_pixel*", take_pixel, .open = true, .what = "the same"},
};
/* clang-format on */

const struct dialect dialect_hummingbird = {
    .name = "hummingbird",
    .routes = route_table,
    .nroutes = sizeof route_table / sizeof *route_table,
    .what = "Hummingbird: views and events by a pixel",
};
