/* The gzipped twin has an entity tag of its own: strong tags tell encodings apart (RFC
 * 9110, 8.8.3.3). Who sends one back is told 304 with the header lines that 200 would
 * have had. */
#include "pages.h"

#include <assert.h>
#include <stdio.h>
#include "../proto/scan.h"
#include "worker.h"

/* The elements of a comma separated header, blanks cut; false behind the last. */
static bool next_element(struct slice *list, struct slice *element)
{
    const char *end = list->p + list->n, *comma;

    if (list->n == 0)
        return false;
    comma = memchr(list->p, ',', list->n);
    *element = scan_trim(list->p, comma ? comma : end);
    *list =
        comma ? (struct slice){comma + 1, (size_t)(end - comma - 1)} : (struct slice){0};
    return true;
}

/* Whether what follows a coding refuses it: ";q=0", "; q=0.000". */
static bool is_zero_weight(struct slice params)
{
    const char *q = params.n ? memchr(params.p, '=', params.n) : NULL;
    size_t digits = q ? (size_t)(params.p + params.n - q - 1) : 0;

    if (digits == 0)
        return false;
    for (size_t i = 0; i < digits; i++)
        if (q[1 + i] >= '1' && q[1 + i] <= '9')
            return false;
    return true;
}

/* Only who names gzip gets it: nobody needs "*". */
static bool takes_gzip(struct slice accept_encoding)
{
    struct slice one;

    while (next_element(&accept_encoding, &one)) {
        const char *semicolon = one.n ? memchr(one.p, ';', one.n) : NULL;
        struct slice coding = scan_trim(one.p, semicolon ? semicolon : one.p + one.n);

        if (SCAN_IS(coding, "gzip"))
            return !is_zero_weight(slice_skip(one, coding.n));
    }
    return false;
}

/* Content-Location is the copy that these bytes are for ever to be found at. */
static void write_headers(struct buf *out, const struct asset *a, bool gzip)
{
    buf_str(out, a->headers);
    buf_printf(out, "ETag: %s\r\nVary: Accept-Encoding\r\n",
               gzip ? a->gzip_tag.s : a->plain_tag.s);
    if (a->copy)
        buf_printf(out, "Content-Location: %.*s\r\n", (int)a->copy->path_n,
                   a->copy->path);
    if (gzip)
        buf_str(out, "Content-Encoding: gzip\r\n");
    buf_add(out, "", 1); /* a reply's header lines are a string */
}

enum handled pages_asset(struct exchange *x)
{
    const struct http_request *rq = x->request;
    const struct asset *a = assets_find(&x->worker->setup->routing.assets, rq->path);
    bool gzip = a->gzip.n > 0 && takes_gzip(rq->accept_encoding);
    bool known = etag_is_listed(gzip ? &a->gzip_tag : &a->plain_tag, rq->if_none_match);
    struct buf *lines = &x->worker->answer;

    buf_clear(lines);
    write_headers(lines, a, gzip);
    assert(!lines->full);
    exchange_reply(x, &(struct reply){.status = known ? 304 : 200,
                                      .type = a->type,
                                      .headers = lines->p,
                                      .body = gzip ? a->gzip : a->plain});
    return ANSWERED;
}

enum handled pages_home(struct exchange *x)
{
    const struct slice base = x->worker->setup->routing.naming.base;
    char lines[NAMING_BASE_MAX + 32];

    snprintf(lines, sizeof lines, "Location: %.*s/demo\r\n", (int)base.n,
             base.n ? base.p : "");
    exchange_reply(x, &(struct reply){.status = 302, .headers = lines});
    return ANSWERED;
}
