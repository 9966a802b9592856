/* http: one pass over the head of a request, from left to right.
 *
 * Every byte is judged at its own place and by what stands before it only, so the verdict
 * on a prefix never changes with what follows. Two things come of it: fed whole or byte
 * by byte, a stream gets the same answer; and garbage gets its answer at the first bad
 * byte instead of at the deadline. What needs the whole head (a missing Host, a length
 * beside a transfer coding) is judged at the blank line.
 *
 * A line's end and its bad bytes are found in one go: the only control byte allowed in it
 * is HTAB, so the first other one must be the CR. The helpers are inline so that the
 * reader lives in registers. */
#include "http.h"

#include <assert.h>
#include "request_line.h"
#include "../proto/scan.h"

#define LENGTH_DIGITS_MAX 15 /* of Content-Length; fits uint64_t with room */

/* The value at [from, to), behind its colon: of what a line may have, all that is not
 * above the blank is one. */
SCAN_INLINE struct slice value_of(const char *from, const char *to)
{
    while ((uint8_t)to[-1] <= ' ')
        to--;
    while (from < to && (uint8_t)*from <= ' ')
        from++;
    return (struct slice){from, (size_t)(to - from)};
}

/* What a step of the reader gives besides minus a status. */
enum { MORE = 0, DONE = 1, LAST = 2 };

struct reader {
    struct http_request *r;
    const char *p;   /* next byte */
    const char *end; /* one past the last */
    struct slice client_header;
    unsigned fields;
    bool has_host, has_length, has_coding;
    bool says_close, says_keep_alive, expects_other;
};

/* The host of an absolute-form target stays, whatever the header says (RFC 9112, 3.2.2).
 * The value stands inside the head, so the scan may run past it. */
static inline int take_host(struct reader *rd, struct slice value)
{
    if (rd->has_host || scan_host(value.p, rd->end) < value.p + value.n)
        return -400;
    rd->has_host = true;
    if (rd->r->host.n == 0)
        rd->r->host = value;
    return DONE;
}

/* Tabs around it are allowed by RFC 9110, but there are parsers that refuse them. */
static inline int take_length(struct reader *rd, const char *from, const char *to)
{
    struct slice value = scan_trim(from, to);
    uint64_t length = 0;

    if (rd->has_length || value.n == 0 || value.n > LENGTH_DIGITS_MAX ||
        memchr(from, '\t', (size_t)(to - from)))
        return -400;
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] < '0' || value.p[i] > '9')
            return -400;
        length = length * 10 + (uint64_t)(value.p[i] - '0');
    }
    rd->has_length = true;
    rd->r->content_length = length;
    return DONE;
}

/* Connection is a list and may be repeated; "close" anywhere wins. */
static inline void take_connection(struct reader *rd, struct slice value)
{
    const char *p = value.p, *end = value.p + value.n;

    if (SCAN_IS(value, "keep-alive")) { /* as nearly all say */
        rd->says_keep_alive = true;
        return;
    }
    while (p < end) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        struct slice option = scan_trim(p, comma ? comma : end);

        if (SCAN_IS(option, "close"))
            rd->says_close = true;
        if (SCAN_IS(option, "keep-alive"))
            rd->says_keep_alive = true;
        if (SCAN_IS(option, "upgrade"))
            rd->r->upgrades = true;
        p = comma ? comma + 1 : end;
    }
}

static inline void take_expect(struct reader *rd, struct slice value)
{
    if (SCAN_IS(value, "100-continue"))
        rd->r->expect_continue = true;
    else
        rd->expects_other = true;
}

/* DNT and Sec-GPC. */
static inline void take_opt_out(struct http_request *r, struct slice value)
{
    r->opts_out |= slice_eq(value, SLICE("1"));
}

/* "prefetch", "prefetch;prerender", "preview": nobody looks at it yet, or ever. */
static inline void take_purpose(struct http_request *r, struct slice value)
{
    const char *end = value.n ? memchr(value.p, ';', value.n) : NULL;
    struct slice word = scan_trim(value.p, end ? end : value.p + value.n);

    r->ahead |= SCAN_IS(word, "prefetch") || SCAN_IS(word, "preview");
}

static inline int keep(struct slice *slot, const char *from, const char *to)
{
    *slot = value_of(from, to);
    return DONE;
}

/* For those that may come once only, where the handler is to judge that. */
static inline int keep_once(struct http_request *r, struct slice *slot, const char *from,
                            const char *to)
{
    r->ws_repeated |= slot->p != NULL;
    return keep(slot, from, to);
}

/* RFC 9110, 5.3: the lines are one list, in their order. */
static inline int keep_forwarded(struct http_request *r, const char *from, const char *to)
{
    if (r->nforwarded_for == HTTP_FORWARDED_MAX) {
        memmove(r->forwarded_for, r->forwarded_for + 1,
                (HTTP_FORWARDED_MAX - 1) * sizeof *r->forwarded_for);
        r->nforwarded_for--;
    }
    return keep(&r->forwarded_for[r->nforwarded_for++], from, to);
}

static inline void keep_client_ip(struct http_request *r, const char *from,
                                  const char *to)
{
    r->client_ip_repeated = r->client_ip.p != NULL;
    keep(&r->client_ip, from, to);
}

/* Length, then text: at most four names have the same length, and they differ in their
 * first word. */
static inline int take_field(struct reader *rd, struct slice name, const char *from,
                             const char *to)
{
    struct http_request *r = rd->r;

    if (name.n == rd->client_header.n && scan_is(name, rd->client_header.p, name.n))
        keep_client_ip(r, from, to);
    switch (name.n) {
    case 3:
        if ((name.p[0] | 32) == 'd' && (name.p[1] | 32) == 'n' && (name.p[2] | 32) == 't')
            take_opt_out(r, value_of(from, to));
        break;
    case 4:
        if (SCAN_IS(name, "host"))
            return take_host(rd, value_of(from, to));
        break;
    case 5:
        if (SCAN_IS(name, "x-moz"))
            take_purpose(r, value_of(from, to));
        break;
    case 6:
        if (SCAN_IS(name, "accept"))
            return keep(&r->accept, from, to);
        if (SCAN_IS(name, "origin"))
            return keep(&r->origin, from, to);
        if (SCAN_IS(name, "cookie"))
            return keep(&r->cookie, from, to);
        if (SCAN_IS(name, "expect"))
            take_expect(rd, value_of(from, to));
        break;
    case 7:
        if (SCAN_IS(name, "referer"))
            return keep(&r->referer, from, to);
        if (SCAN_IS(name, "upgrade"))
            return keep(&r->upgrade, from, to);
        if (SCAN_IS(name, "purpose"))
            take_purpose(r, value_of(from, to));
        else if (SCAN_IS(name, "sec-gpc"))
            take_opt_out(r, value_of(from, to));
        break;
    case 9:
        if (SCAN_IS(name, "x-purpose"))
            take_purpose(r, value_of(from, to));
        break;
    case 10:
        if (SCAN_IS(name, "user-agent"))
            return keep(&r->user_agent, from, to);
        if (SCAN_IS(name, "connection"))
            take_connection(rd, value_of(from, to));
        break;
    case 11:
        if (SCAN_IS(name, "sec-purpose"))
            take_purpose(r, value_of(from, to));
        break;
    case 12:
        if (SCAN_IS(name, "content-type"))
            return keep(&r->content_type, from, to);
        if (SCAN_IS(name, "cf-ipcountry"))
            return keep(&r->country, from, to);
        break;
    case 13:
        if (SCAN_IS(name, "authorization"))
            return keep(&r->authorization, from, to);
        if (SCAN_IS(name, "if-none-match"))
            return keep(&r->if_none_match, from, to);
        if (SCAN_IS(name, "last-event-id"))
            return keep(&r->last_event_id, from, to);
        break;
    case 14:
        if (SCAN_IS(name, "content-length"))
            return take_length(rd, from, to);
        break;
    case 15:
        if (SCAN_IS(name, "x-forwarded-for"))
            return keep_forwarded(r, from, to);
        if (SCAN_IS(name, "accept-encoding"))
            return keep(&r->accept_encoding, from, to);
        break;
    case 17:
        if (SCAN_IS(name, "transfer-encoding"))
            rd->has_coding = true;
        else if (SCAN_IS(name, "sec-websocket-key"))
            return keep_once(r, &r->ws_key, from, to);
        break;
    case 21:
        if (SCAN_IS(name, "sec-websocket-version"))
            return keep_once(r, &r->ws_version, from, to);
        break;
    case 22:
        if (SCAN_IS(name, "sec-websocket-protocol"))
            return keep(&r->ws_protocol, from, to);
        break;
    case 30:
        if (SCAN_IS(name, "access-control-request-headers"))
            return keep(&r->request_headers, from, to);
        break;
    }
    return DONE;
}

/* Reads the line at rd->p. A blank before the colon or at the start of the line
 * (obs-fold) is no byte of a token. */
static inline int read_field(struct reader *rd, struct scan_stops *stops)
{
    const char *p = rd->p, *colon = scan_name(p, rd->end), *eol;

    if (!SCAN_LIKELY(colon != NULL) && (p == rd->end || *p == '\r'))
        return LAST;
    if (++rd->fields > HTTP_HEADERS_MAX)
        return -431;
    if (!SCAN_LIKELY(colon != NULL)) {
        colon = scan_token(p, rd->end);
        if (colon < rd->end && (colon == p || *colon != ':'))
            return -400;
    }
    if (!SCAN_LIKELY(scan_line(stops, &eol)))
        return scan_eol(eol, rd->end);
    rd->p = eol + 2;
    return take_field(rd, (struct slice){p, (size_t)(colon - p)}, colon + 1, eol);
}

/* The header lines and the blank one. */
static inline int read_fields(struct reader *rd, const char *begin)
{
    struct scan_stops stops;
    int step = DONE;

    scan_stops_init(&stops, begin, rd->p, rd->end);
    while (step == DONE)
        step = read_field(rd, &stops);
    if (step == LAST && (step = scan_eol(rd->p, rd->end)) == DONE)
        rd->p += 2;
    return step;
}

/* What can only be said at the blank line; what is ambiguous comes before what is merely
 * not spoken here. A GET with a body has no meaning (RFC 9110, 9.3.1) and two readings.
 */
static inline int judge(struct reader *rd)
{
    struct http_request *r = rd->r;
    bool bodiless = r->method == HTTP_GET || r->method == HTTP_HEAD;

    if ((rd->has_coding && rd->has_length) || (!rd->has_host && !r->http_1_0) ||
        (bodiless && r->content_length > 0))
        return -400;
    if (rd->has_coding)
        return -501;
    if (r->content_length > HTTP_BODY_MAX)
        return -413;
    if (rd->expects_other)
        return -417;
    return DONE;
}

static inline void conclude(struct reader *rd)
{
    struct http_request *r = rd->r;

    r->keep_alive = !rd->says_close && (!r->http_1_0 || rd->says_keep_alive);
    /* RFC 9110, 10.1.1: not for 1.0, and not when no body comes. */
    if (r->http_1_0 || r->content_length == 0)
        r->expect_continue = false;
}

/* The request line, behind one CRLF that some clients send after a body (RFC 9112, 2.2).
 * Returns as http_parse does. */
static ssize_t read_first_line(struct http_request *r, const char *bytes, size_t n)
{
    size_t skip = n >= 2 && memcmp(bytes, "\r\n", 2) == 0 ? 2 : 0;
    ssize_t length;

    if (n == 1 && *bytes == '\r')
        return MORE;
    length = request_line_read(r, bytes + skip, n - skip);
    return length > 0 ? length + (ssize_t)skip : length;
}

ssize_t http_parse_with(struct http_request *r, const char *bytes, size_t n,
                        struct slice client_header)
{
    size_t seen = n < HTTP_HEAD_MAX ? n : HTTP_HEAD_MAX;
    struct reader rd = {.r = r, .end = bytes + seen, .client_header = client_header};
    ssize_t first;
    int step;

    assert(client_header.n == 0 || client_header.n >= 4); /* scan_is */
    static_assert(offsetof(struct http_request, forwarded_for) +
                          sizeof r->forwarded_for ==
                      sizeof *r,
                  "what is not cleared stands last");
    memset(r, 0, offsetof(struct http_request, forwarded_for));
    first = read_first_line(r, bytes, seen);
    if (first <= 0)
        return first;
    rd.p = bytes + first;
    step = read_fields(&rd, bytes);
    if (step == MORE && seen == HTTP_HEAD_MAX)
        return -431;
    if (step == DONE)
        step = judge(&rd);
    if (step != DONE)
        return step;
    conclude(&rd);
    return rd.p - bytes;
}

ssize_t http_parse(struct http_request *r, const char *bytes, size_t n)
{
    return http_parse_with(r, bytes, n, (struct slice){0});
}
