/* request_line: from left to right, each byte judged at its own place (see http.c). */
#include "request_line.h"

#include "../proto/scan.h"

#define METHOD_MAX 16 /* bytes; no registered method is longer */
#define VERSION_LEN 8 /* HTTP/1.1 */

/* What a step gives besides minus a status. */
enum { MORE = 0, DONE = 1 };

struct line {
    struct http_request *r;
    const char *start;
    const char *p;   /* next byte */
    const char *end; /* one past the last */
};

static enum http_method method_of(const char *p, size_t n)
{
    switch (n) {
    case 3:
        if (memcmp(p, "GET", 3) == 0)
            return HTTP_GET;
        return memcmp(p, "PUT", 3) == 0 ? HTTP_PUT : 0;
    case 4:
        if (memcmp(p, "POST", 4) == 0)
            return HTTP_POST;
        return memcmp(p, "HEAD", 4) == 0 ? HTTP_HEAD : 0;
    case 5:
        return memcmp(p, "PATCH", 5) == 0 ? HTTP_PATCH : 0;
    case 6:
        return memcmp(p, "DELETE", 6) == 0 ? HTTP_DELETE : 0;
    case 7:
        return memcmp(p, "OPTIONS", 7) == 0 ? HTTP_OPTIONS : 0;
    default:
        return 0;
    }
}

static int read_method(struct line *l)
{
    const char *blank = scan_token(l->p, l->end);
    size_t n = (size_t)(blank - l->p);

    if (n > METHOD_MAX)
        return -400;
    if (blank == l->end)
        return MORE;
    if (n == 0 || *blank != ' ')
        return -400;
    l->r->method = method_of(l->p, n);
    l->p = blank + 1;
    return l->r->method ? DONE : -405;
}

/* Takes "http://host" off the front of @target. Returns false if that is not there. */
static bool take_host(struct line *l, struct slice *target)
{
    struct slice t = *target;
    size_t scheme = t.n > 4 && (t.p[4] | 0x20) == 's' ? 5 : 4, n = 0;

    if (t.n < scheme + 3 || !SCAN_IS(((struct slice){t.p, 4}), "http") ||
        memcmp(t.p + scheme, "://", 3) != 0)
        return false;
    t = slice_skip(t, scheme + 3);
    while (n < t.n && t.p[n] != '/' && t.p[n] != '?')
        n++;
    l->r->host = (struct slice){t.p, n};
    *target = slice_skip(t, n);
    return n > 0 && scan_host(t.p, t.p + n) == t.p + n;
}

/* Path and query of the target (RFC 9112, 3.2: origin-form, absolute-form, and "*" of
 * OPTIONS). */
static bool split_target(struct line *l)
{
    struct http_request *r = l->r;
    struct slice t = r->target;
    const char *end, *mark;

    if (slice_eq(t, SLICE("*")) && r->method == HTTP_OPTIONS) {
        r->path = t;
        return true;
    }
    if ((t.n == 0 || t.p[0] != '/') && !take_host(l, &t))
        return false;
    r->path = t;
    end = t.p + t.n;
    mark = scan_to(t.p, end, '?', '?');
    if (mark < end) {
        r->path.n = (size_t)(mark - t.p);
        r->query = slice_skip(t, r->path.n + 1);
    }
    if (r->path.n == 0)
        r->path = SLICE("/");
    return true;
}

static int read_target(struct line *l)
{
    size_t n = (size_t)(l->end - l->start);
    bool too_long = n >= HTTP_REQUEST_LINE_MAX;
    const char *limit = l->start + (too_long ? HTTP_REQUEST_LINE_MAX : n);
    const char *blank = scan_visible(l->p, limit);

    if (blank == limit)
        return too_long ? -414 : MORE;
    if (*blank != ' ')
        return -400;
    l->r->target = (struct slice){l->p, (size_t)(blank - l->p)};
    l->p = blank + 1;
    return split_target(l) ? DONE : -400;
}

static int read_version(struct line *l)
{
    static const char shape[] = "HTTP/0.0"; /* 0: any digit */
    const char *v = l->p;
    bool usual = l->end - v >= VERSION_LEN && memcmp(v, "HTTP/1.1", VERSION_LEN) == 0;

    if (v + VERSION_LEN - l->start > HTTP_REQUEST_LINE_MAX)
        return -414;
    for (int i = 0; i < VERSION_LEN && !usual; i++) {
        if (v + i == l->end)
            return MORE;
        if (shape[i] == '0' ? v[i] < '0' || v[i] > '9' : v[i] != shape[i])
            return -400;
    }
    if (v[5] != '1' || v[7] > '1')
        return -505;
    l->r->http_1_0 = v[7] == '0';
    l->p += VERSION_LEN;
    return DONE;
}

ssize_t request_line_read(struct http_request *r, const char *bytes, size_t n)
{
    struct line l = {.r = r, .start = bytes, .p = bytes, .end = bytes + n};
    int step = read_method(&l);

    if (step == DONE)
        step = read_target(&l);
    if (step == DONE)
        step = read_version(&l);
    if (step == DONE)
        step = scan_eol(l.p, l.end);
    return step == DONE ? l.p + 2 - bytes : step;
}
