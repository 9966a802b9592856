/* Appends line after line. What does not fit the buffer leaves it marked full, and the
 * caller answers something shorter. */
#include "reply.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

void http_date_set(struct http_date *d, ms_t now)
{
    time_t second = now / 1000;
    struct tm utc;

    if (d->second == second && d->text[0])
        return;
    d->second = second;
    gmtime_r(&second, &utc);
    strftime(d->text, sizeof d->text, "%a, %d %b %Y %H:%M:%S GMT", &utc); /* C locale */
}

/* Keep-alive is what HTTP/1.1 assumes, close what HTTP/1.0 does; the rest is said. */
static void add_connection(struct buf *out, struct reply_mode mode)
{
    if (mode.last)
        buf_slice(out, SLICE("Connection: close\r\n"));
    else if (mode.http_1_0)
        buf_slice(out, SLICE("Connection: keep-alive\r\n"));
}

static bool has_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

const char *reply_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } known[] = {
        {100, "Continue"},
        {101, "Switching Protocols"},
        {200, "OK"},
        {202, "Accepted"},
        {204, "No Content"},
        {302, "Found"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {417, "Expectation Failed"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (known[i].status == status)
            return known[i].reason;
    return "Unknown";
}

void reply_write(struct buf *out, const struct http_date *date, struct reply_mode mode,
                 const struct reply *r)
{
    buf_printf(out, "HTTP/1.1 %d %s\r\nDate: %s\r\n", r->status, reply_reason(r->status),
               date->text);
    if (r->type)
        buf_printf(out, "Content-Type: %s\r\n", r->type);
    if (has_body(r->status))
        buf_printf(out, "Content-Length: %zu\r\n", r->body.n);
    if (r->headers)
        buf_str(out, r->headers);
    add_connection(out, mode);
    buf_slice(out, SLICE("\r\n"));
    if (!mode.head_only && has_body(r->status))
        buf_slice(out, r->body);
}

static void prepare(struct prepared *p, const struct http_date *date,
                    const struct canned *k, struct slice written)
{
    p->of = NULL;
    if (written.n > sizeof p->bytes)
        return;
    p->of = k;
    p->second = date->second;
    p->n = written.n;
    memcpy(p->bytes, written.p, written.n);
}

void reply_prepared(struct buf *out, const struct http_date *date, struct reply_mode mode,
                    const struct canned *k, struct prepared *p)
{
    bool special = mode.head_only || mode.http_1_0 || mode.last;
    size_t before = out->n;

    if (!special && p->of == k && p->second == date->second) {
        buf_add(out, p->bytes, p->n);
        return;
    }
    reply_canned(out, date, mode, k);
    if (!special && !out->full)
        prepare(p, date, k, (struct slice){out->p + before, out->n - before});
}

void reply_canned(struct buf *out, const struct http_date *date, struct reply_mode mode,
                  const struct canned *k)
{
    buf_slice(out, k->status);
    buf_add(out, date->text, HTTP_DATE_LEN);
    buf_slice(out, k->head);
    add_connection(out, mode);
    buf_slice(out, SLICE("\r\n"));
    if (!mode.head_only)
        buf_slice(out, k->body);
}
