/* The tracker is the one that every site is given (web/hc.src.js), with two things that
 * its element would say otherwise written into it: the site, and where the pixel is,
 * as seen from the script's own address, so that a proxy that cuts off a prefix is none
 * of its business. What the element says besides is heard. */
#include <stdio.h>
#include "../../proto/hit.h"
#include "../etag.h"
#include "../query.h"
#include "../worker.h"
#include "ts_analytics.h"

#define ELEMENT "document.currentScript" /* where hc.js asks its element */

/* Calls that the original's pages make. */
#define CALLS                                      \
    "window.sa=(k,n)=>{k=='event'&&headcount(n)};" \
    "window.fathom={track:n=>headcount(n)};\n"

#define HEADERS \
    HEADER_OPEN HEADER_NO_SNIFF HEADER_EMBED "Cache-Control: public, max-age=300\r\n"

/* hc.js, under whatever name it goes. */
static struct slice tracker(const struct routing *r)
{
    char path[NAMING_BASE_MAX + NAMING_NAME_MAX + 1];
    struct slice base = r->naming.base, name = r->naming.script;
    int n = snprintf(path, sizeof path, "%.*s/%.*s", (int)base.n, base.n ? base.p : "",
                     (int)name.n, name.p);

    return assets_find(&r->assets, (struct slice){path, (size_t)n})->plain;
}

/* "../" for each step from the script up to the base path. */
static void write_way_up(struct buf *out, const struct routing *r, struct slice path)
{
    if (slice_starts(path, r->naming.base))
        path = slice_skip(path, r->naming.base.n);
    for (size_t i = 1; i < path.n; i++)
        if (path.p[i] == '/')
            buf_str(out, "../");
}

/* What stands in for the element. What it says itself wins, but for the site. */
static void write_element(struct buf *out, const struct exchange *x)
{
    const struct routing *r = &x->worker->setup->routing;
    char text[8];
    struct slice honor =
        query_find(x->request->query, SLICE("honorDnt"), text, sizeof text);

    buf_str(out, "{src:" ELEMENT ".src,dataset:{");
    if (slice_eq(honor, SLICE("false")) || slice_eq(honor, SLICE("0")))
        buf_str(out, "ignoreDnt:\"\",");
    buf_str(out, "endpoint:\"");
    write_way_up(out, r, x->request->path);
    buf_slice(out, r->naming.pixel);
    buf_str(out, "\",..." ELEMENT ".dataset,site:\"");
    buf_slice(out, x->at.id); /* site_valid: nothing in it ends a text */
    buf_str(out, "\"}}");
}

static struct slice write_script(struct exchange *x)
{
    struct slice js = tracker(&x->worker->setup->routing);
    struct buf *out = &x->worker->answer;
    const char *element = memmem(js.p, js.n, ELEMENT, sizeof ELEMENT - 1);
    size_t before = (size_t)(element - js.p);

    buf_clear(out);
    buf_add(out, js.p, before);
    write_element(out, x);
    buf_slice(out, slice_skip(js, before + sizeof ELEMENT - 1));
    buf_str(out, "\n" CALLS);
    return buf_get(out);
}

enum handled ts_script(struct exchange *x)
{
    struct slice body;
    struct etag tag;
    char lines[320];
    bool known;

    if (!site_valid(x->at.id)) {
        exchange_error(x, 400, "bad_site", NULL);
        return ANSWERED;
    }
    body = write_script(x);
    tag = etag_of(body);
    known = etag_is_listed(&tag, x->request->if_none_match);
    snprintf(lines, sizeof lines, HEADERS "ETag: %s\r\n", tag.s);
    exchange_reply(x, &(struct reply){.status = known ? 304 : 200,
                                      .type = "text/javascript; charset=utf-8",
                                      .headers = lines,
                                      .body = body});
    return ANSWERED;
}
