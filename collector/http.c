/* http: one pass over the head of a request, from left to right.
 *
 * Every byte is judged at its own place and by what stands before it only, so the verdict
 * on a prefix never changes with what follows. Two things come of it: fed whole or byte
 * by byte, a stream gets the same answer; and garbage gets its answer at the first bad
 * byte instead of at the deadline. What needs the whole head (a missing Host, a length
 * beside a transfer coding) is judged at the blank line. A header's value and the end of
 * its line are found in one go, 16 bytes at a time: inside a value the only control byte
 * allowed is HTAB, so the first other one must be the CR. */
#include "http.h"

#include "scan.h"

#define METHOD_MAX 16        /* bytes; no registered method is longer */
#define LENGTH_DIGITS_MAX 15 /* of Content-Length; fits uint64_t with room */
#define VERSION_LEN 8        /* HTTP/1.1 */

/* What a step of the parser returns besides minus a status. */
enum { MORE = 0, DONE = 1 };

/* Bytes of a host and its port. Narrower than RFC 3986: no browser sends the others, and
 * '@', ',' and '/' are how two readers come to see two hosts. */
static const bool is_host_char[256] = {
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
    ['-'] = true,         ['.'] = true,         ['_'] = true,
    [':'] = true,         ['['] = true,         [']'] = true,
};

struct reader {
    struct http_request *r;
    const char *line; /* the request line's first byte */
    const char *p;    /* next byte */
    const char *end;  /* one past the last */
    struct slice authority;
    unsigned fields;
    bool has_host, has_length, has_coding;
    bool says_close, says_keep_alive, expects_other;
};

static bool is_host(struct slice s)
{
    const char *p = s.p, *end = s.p + s.n;

    while (p < end && is_host_char[(uint8_t)*p])
        p++;
    return p == end;
}

/* Whether a line ends at @p. */
static inline int is_eol(const char *p, const char *end)
{
    if (end - p >= 2 && memcmp(p, "\r\n", 2) == 0)
        return DONE;
    return p == end || (p + 1 == end && *p == '\r') ? MORE : -400;
}

static int read_crlf(struct reader *rd)
{
    int step = is_eol(rd->p, rd->end);

    if (step == DONE)
        rd->p += 2;
    return step;
}

/* ---- the request line ---- */

static int method_of(const char *p, size_t n)
{
    switch (n) {
    case 3:
        return memcmp(p, "GET", 3) == 0 ? HTTP_GET : 0;
    case 4:
        if (memcmp(p, "POST", 4) == 0)
            return HTTP_POST;
        return memcmp(p, "HEAD", 4) == 0 ? HTTP_HEAD : 0;
    case 7:
        return memcmp(p, "OPTIONS", 7) == 0 ? HTTP_OPTIONS : 0;
    }
    return 0;
}

static int read_method(struct reader *rd)
{
    size_t left = (size_t)(rd->end - rd->p), n = 0;
    int method;

    while (n < left && n <= METHOD_MAX && scan_tchar[(uint8_t)rd->p[n]])
        n++;
    if (n > METHOD_MAX)
        return -400;
    if (n == left)
        return MORE;
    if (n == 0 || rd->p[n] != ' ')
        return -400;
    method = method_of(rd->p, n);
    if (method == 0)
        return -405;
    rd->r->method = (enum http_method)method;
    rd->p += n + 1;
    return DONE;
}

/* Takes "http://host" off the front of @target. Returns false if that is not there. */
static bool take_authority(struct reader *rd, struct slice *target)
{
    struct slice t = *target;
    size_t scheme = 0, n = 0;

    if (t.n > 7 && SCAN_IS(((struct slice){t.p, 4}), "http") &&
        memcmp(t.p + 4, "://", 3) == 0)
        scheme = 7;
    if (t.n > 8 && SCAN_IS(((struct slice){t.p, 5}), "https") &&
        memcmp(t.p + 5, "://", 3) == 0)
        scheme = 8;
    if (scheme == 0)
        return false;
    t = slice_skip(t, scheme);
    while (n < t.n && t.p[n] != '/' && t.p[n] != '?')
        n++;
    rd->authority = (struct slice){t.p, n};
    *target = slice_skip(t, n);
    return n > 0 && is_host(rd->authority);
}

/* Path and query of the target (RFC 9112, 3.2: origin-form, absolute-form, and "*" of
 * OPTIONS). */
static bool split_target(struct reader *rd)
{
    struct http_request *r = rd->r;
    struct slice t = r->target;
    const char *mark;

    if (slice_eq(t, SLICE("*")) && r->method == HTTP_OPTIONS) {
        r->path = t;
        return true;
    }
    if ((t.n == 0 || t.p[0] != '/') && !take_authority(rd, &t))
        return false;
    r->path = t;
    mark = t.n ? memchr(t.p, '?', t.n) : NULL;
    if (mark) {
        r->path.n = (size_t)(mark - t.p);
        r->query = slice_skip(t, r->path.n + 1);
    }
    if (r->path.n == 0)
        r->path = SLICE("/");
    return true;
}

static int read_target(struct reader *rd)
{
    const char *limit = rd->line + HTTP_REQUEST_LINE_MAX;
    const char *to;

    if ((size_t)(rd->end - rd->line) < HTTP_REQUEST_LINE_MAX)
        limit = rd->end;
    to = scan_visible(rd->p, limit);
    if (to == limit)
        return limit - rd->line == HTTP_REQUEST_LINE_MAX ? -414 : MORE;
    if (*to != ' ')
        return -400;
    rd->r->target = (struct slice){rd->p, (size_t)(to - rd->p)};
    rd->p = to + 1;
    return split_target(rd) ? DONE : -400;
}

static int read_version(struct reader *rd)
{
    static const char shape[] = "HTTP/0.0";
    const char *v = rd->p;

    if (v - rd->line + VERSION_LEN > HTTP_REQUEST_LINE_MAX)
        return -414;
    if (rd->end - v >= VERSION_LEN && memcmp(v, "HTTP/1.1", VERSION_LEN) == 0) {
        rd->p += VERSION_LEN;
        return read_crlf(rd);
    }
    for (int i = 0; i < VERSION_LEN; i++) {
        if (v + i == rd->end)
            return MORE;
        if (shape[i] == '0' ? v[i] < '0' || v[i] > '9' : v[i] != shape[i])
            return -400;
    }
    if (v[5] != '1' || v[7] > '1')
        return -505;
    rd->r->http_1_0 = v[7] == '0';
    rd->p += VERSION_LEN;
    return read_crlf(rd);
}

static int read_request_line(struct reader *rd)
{
    int step;

    rd->line = rd->p;
    step = read_method(rd);
    if (step == DONE)
        step = read_target(rd);
    if (step == DONE)
        step = read_version(rd);
    return step;
}

/* ---- the header lines ---- */

static int take_host(struct reader *rd, struct slice value)
{
    if (rd->has_host || !is_host(value))
        return -400;
    rd->has_host = true;
    rd->r->host = value;
    return DONE;
}

static int take_length(struct reader *rd, struct slice value)
{
    uint64_t length = 0;

    if (rd->has_length || value.n == 0 || value.n > LENGTH_DIGITS_MAX)
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
static void take_connection(struct reader *rd, struct slice value)
{
    const char *p = value.p, *end = value.p + value.n;

    while (p < end) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        struct slice option = scan_trim(p, comma ? comma : end);

        rd->says_close |= SCAN_IS(option, "close");
        rd->says_keep_alive |= SCAN_IS(option, "keep-alive");
        p = comma ? comma + 1 : end;
    }
}

static void take_expect(struct reader *rd, struct slice value)
{
    if (SCAN_IS(value, "100-continue"))
        rd->r->expect_continue = true;
    else
        rd->expects_other = true;
}

/* The field that a header's name means here. */
enum field {
    OTHER,
    ACCEPT,
    AUTHORIZATION,
    CONNECTION,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    EXPECT,
    FORWARDED_FOR,
    HOST,
    ORIGIN,
    REFERER,
    REQUEST_HEADERS,
    TRANSFER_ENCODING,
    USER_AGENT,
};

/* Length and first letter leave at most one candidate. */
static enum field field_of(struct slice name)
{
#define IF(literal, field) return SCAN_IS(name, literal) ? (field) : OTHER
    char first = name.p[0] | 0x20;

    switch (name.n) {
    case 4:
        IF("host", HOST);
    case 6:
        if (first == 'a')
            IF("accept", ACCEPT);
        if (first == 'o')
            IF("origin", ORIGIN);
        IF("expect", EXPECT);
    case 7:
        IF("referer", REFERER);
    case 10:
        if (first == 'u')
            IF("user-agent", USER_AGENT);
        IF("connection", CONNECTION);
    case 12:
        IF("content-type", CONTENT_TYPE);
    case 13:
        IF("authorization", AUTHORIZATION);
    case 14:
        IF("content-length", CONTENT_LENGTH);
    case 15:
        IF("x-forwarded-for", FORWARDED_FOR);
    case 17:
        IF("transfer-encoding", TRANSFER_ENCODING);
    case 30:
        IF("access-control-request-headers", REQUEST_HEADERS);
    }
    return OTHER;
#undef IF
}

static int take_field(struct reader *rd, enum field field, struct slice value)
{
    struct http_request *r = rd->r;

    switch (field) {
    case HOST:
        return take_host(rd, value);
    case CONTENT_LENGTH:
        return take_length(rd, value);
    case CONNECTION:
        take_connection(rd, value);
        break;
    case EXPECT:
        take_expect(rd, value);
        break;
    case TRANSFER_ENCODING:
        rd->has_coding = true;
        break;
    case ACCEPT:
        r->accept = value;
        break;
    case AUTHORIZATION:
        r->authorization = value;
        break;
    case CONTENT_TYPE:
        r->content_type = value;
        break;
    case FORWARDED_FOR:
        r->forwarded_for = value;
        break;
    case ORIGIN:
        r->origin = value;
        break;
    case REFERER:
        r->referer = value;
        break;
    case REQUEST_HEADERS:
        r->request_headers = value;
        break;
    case USER_AGENT:
        r->user_agent = value;
        break;
    case OTHER:
        break;
    }
    return DONE;
}

/* Reads the line from @p to @eol. A blank before the colon or at the start of the line
 * (obs-fold) is no byte of a token. */
static inline int read_field(struct reader *rd, const char *p, const char *eol)
{
    const char *colon = scan_token(p, rd->end);
    enum field field;
    int step = is_eol(eol, rd->end);

    if (++rd->fields > HTTP_HEADERS_MAX)
        return -431;
    if (colon < rd->end && (colon == p || *colon != ':'))
        return -400;
    field = field_of((struct slice){p, (size_t)(colon - p)});
    if (step == DONE && field != OTHER)
        step = take_field(rd, field, scan_trim(colon + 1, eol));
    return step;
}

/* The position stays out of @rd on the way: where a line ends decides where the next one
 * begins, and this chain is what the time goes to. */
static int read_fields(struct reader *rd)
{
    const char *p = rd->p, *end = rd->end;

    while (p < end && *p != '\r') {
        const char *eol = scan_line(p, end);
        int step = read_field(rd, p, eol);

        if (step != DONE)
            return step;
        p = eol + 2;
    }
    rd->p = p;
    return read_crlf(rd);
}

/* ---- the whole ---- */

/* What can only be said at the blank line. What is ambiguous comes before what is merely
 * unknown here. */
static int judge(struct reader *rd)
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

static void conclude(struct reader *rd)
{
    struct http_request *r = rd->r;

    /* RFC 9112, 3.2.2: the target's host replaces the header's. */
    if (rd->authority.n > 0)
        r->host = rd->authority;
    r->keep_alive = !rd->says_close && (!r->http_1_0 || rd->says_keep_alive);
    /* RFC 9110, 10.1.1: not for 1.0, and not when no body comes. */
    r->expect_continue &= !r->http_1_0 && r->content_length > 0;
}

static int read_head(struct reader *rd)
{
    int step = DONE;

    if (rd->p < rd->end && *rd->p == '\r')
        step = read_crlf(rd);
    if (step == DONE)
        step = read_request_line(rd);
    if (step == DONE)
        step = read_fields(rd);
    if (step == DONE)
        step = judge(rd);
    if (step == DONE)
        conclude(rd);
    return step;
}

/* By name: gcc makes a slow string instruction of zeroing the whole. */
static void clear(struct http_request *r)
{
    const struct slice none = {NULL, 0};

    r->method = 0;
    r->target = r->path = r->query = none;
    r->http_1_0 = r->keep_alive = r->expect_continue = false;
    r->content_length = 0;
    r->host = r->user_agent = r->referer = r->origin = none;
    r->content_type = r->accept = r->forwarded_for = none;
    r->authorization = r->request_headers = none;
}

ssize_t http_parse(struct http_request *r, const char *bytes, size_t n)
{
    size_t seen = n < HTTP_HEAD_MAX ? n : HTTP_HEAD_MAX;
    struct reader rd = {.r = r, .p = bytes, .end = bytes + seen};
    int step;

    clear(r);
    step = read_head(&rd);
    if (step == MORE && seen == HTTP_HEAD_MAX)
        return -431;
    return step == DONE ? rd.p - bytes : step;
}

const char *http_reason(int status)
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
