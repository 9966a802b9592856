/* The head is read anew from its start with each piece that arrives: it is at most 4 KiB,
 * and whoever sends it byte by byte is an operator with telnet. */
#include "admin_http.h"

#include <strings.h>
#include "limits.h"

#define LINE_END "\r\n"
#define HEAD_END "\r\n\r\n"

static const struct reason {
    int status;
    const char *text;
} reasons[] = {
    {200, "OK"},
    {400, "Bad Request"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

static const char *reason_of(int status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return reasons[i].text;
    return "";
}

/* Takes what stands before @end off @s, and @end. Returns false when there is none. */
static bool take_until(struct slice *s, const char *end, struct slice *taken)
{
    size_t n = strlen(end);
    const char *at = s->n ? memmem(s->p, s->n, end, n) : NULL;

    if (at == NULL)
        return false;
    *taken = (struct slice){s->p, (size_t)(at - s->p)};
    *s = slice_skip(*s, taken->n + n);
    return true;
}

/* Whether all bytes are visible ASCII. */
static bool is_visible(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] >= 0x7f)
            return false;
    return s.n > 0;
}

/* "GET /metrics?x HTTP/1.1". Returns 200, or what to refuse it with. */
static int read_line(struct admin_request *r, struct slice line)
{
    struct slice query;

    if (!take_until(&line, " ", &r->method) || !take_until(&line, " ", &r->path) ||
        !is_visible(r->method) || !is_visible(r->path) || r->path.p[0] != '/')
        return 400;
    query = r->path;
    take_until(&query, "?", &r->path);
    if (slice_eq(line, SLICE("HTTP/1.1")) || slice_eq(line, SLICE("HTTP/1.0")))
        return 200;
    return slice_starts(line, SLICE("HTTP/")) && is_visible(line) ? 505 : 400;
}

static struct slice trimmed(struct slice s)
{
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = slice_skip(s, 1);
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

/* Of several Accept lines the first counts. Returns 200 or 400. */
static int read_headers(struct admin_request *r, struct slice lines)
{
    struct slice line, name;

    r->accept = (struct slice){0};
    while (take_until(&lines, LINE_END, &line)) {
        if (!take_until(&line, ":", &name) || !is_visible(name))
            return 400;
        if (r->accept.n == 0 && name.n == 6 && strncasecmp(name.p, "accept", 6) == 0)
            r->accept = trimmed(line);
    }
    return 200;
}

int admin_http_parse(struct admin_request *r, struct slice bytes)
{
    struct slice all = bytes, line, head;
    int status = 200;

    /* A wrong first line is refused without waiting for the rest. */
    if (take_until(&bytes, LINE_END, &line))
        status = read_line(r, line);
    if (status != 200)
        return status;
    if (!take_until(&all, HEAD_END, &head))
        return all.n >= ADMIN_REQUEST_MAX ? 431 : 0;
    if (head.n == line.n)
        return read_headers(r, (struct slice){0});
    return read_headers(r, (struct slice){bytes.p, head.n - line.n});
}

void admin_http_write(struct buf *out, const struct admin_reply *reply, bool bodiless)
{
    buf_printf(out, "HTTP/1.1 %d %s\r\n", reply->status, reason_of(reply->status));
    buf_printf(out, "Content-Type: %s\r\nContent-Length: %zu\r\n", reply->type,
               reply->body.n);
    if (reply->status == 405)
        buf_str(out, "Allow: GET, HEAD\r\n");
    buf_str(out, "Cache-Control: no-store\r\n"
                 "X-Content-Type-Options: nosniff\r\n"
                 "Connection: close\r\n\r\n");
    if (!bodiless)
        buf_slice(out, reply->body);
}
