/* Heads from strangers. The verdict on a piece never differs from that on the whole; what
 * is read lies inside the head; and with WITH_LLHTTP, whatever is accepted here is
 * accepted by llhttp too, which reads the same out of it: nothing can be smuggled past a
 * proxy that reads as llhttp does. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../collector/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool claim)
{
    if (!claim)
        abort();
}

#ifdef WITH_LLHTTP
/* llhttp has enumerators of the same names. */
#define HTTP_GET LLHTTP_GET
#define HTTP_HEAD LLHTTP_HEAD
#define HTTP_POST LLHTTP_POST
#define HTTP_OPTIONS LLHTTP_OPTIONS
#define HTTP_PUT LLHTTP_PUT
#define HTTP_PATCH LLHTTP_PATCH
#define HTTP_DELETE LLHTTP_DELETE
#include <llhttp.h>
#undef HTTP_GET
#undef HTTP_HEAD
#undef HTTP_POST
#undef HTTP_OPTIONS
#undef HTTP_PUT
#undef HTTP_PATCH
#undef HTTP_DELETE

#include <strings.h>

/* What llhttp read. */
static struct {
    struct slice url, name[HTTP_HEADERS_MAX + 1], value[HTTP_HEADERS_MAX + 1];
    unsigned fields;
    uint64_t content_length;
    bool complete, has_coding, keeps_alive;
} seen;

/* Text comes in pieces that follow each other. */
static void append(struct slice *s, const char *at, size_t n)
{
    if (s->n == 0)
        s->p = at;
    s->n += n;
}

static int on_url(llhttp_t *p, const char *at, size_t n)
{
    (void)p;
    append(&seen.url, at, n);
    return 0;
}

static int on_name(llhttp_t *p, const char *at, size_t n)
{
    (void)p;
    must(seen.fields <= HTTP_HEADERS_MAX);
    append(&seen.name[seen.fields], at, n);
    return 0;
}

static int on_value(llhttp_t *p, const char *at, size_t n)
{
    (void)p;
    append(&seen.value[seen.fields], at, n);
    return 0;
}

static int on_field(llhttp_t *p)
{
    (void)p;
    seen.fields++;
    return 0;
}

static int on_head(llhttp_t *p)
{
    seen.complete = true;
    seen.content_length = p->content_length;
    seen.has_coding = p->flags & (F_CHUNKED | F_TRANSFER_ENCODING);
    seen.keeps_alive = llhttp_should_keep_alive(p);
    return 0;
}

static bool is_named(unsigned i, const char *name)
{
    return seen.name[i].n == strlen(name) &&
           strncasecmp(seen.name[i].p, name, seen.name[i].n) == 0;
}

static struct slice trim(struct slice s)
{
    while (s.n > 0 && (*s.p == ' ' || *s.p == '\t'))
        s = slice_skip(s, 1);
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

/* The last value of @name. */
static struct slice value_of(const char *name)
{
    for (unsigned i = seen.fields; i-- > 0;)
        if (is_named(i, name))
            return trim(seen.value[i]);
    return (struct slice){0};
}

/* It takes Proxy-Connection for Connection, which has no meaning here, and a tab for a
 * part of the option. */
static bool llhttp_reads_more_into_it(void)
{
    for (unsigned i = 0; i < seen.fields; i++)
        if (is_named(i, "proxy-connection") ||
            (is_named(i, "connection") && seen.value[i].n > 0 &&
             memchr(seen.value[i].p, '\t', seen.value[i].n)))
            return true;
    return false;
}

static void compare_values(const struct http_request *r)
{
    must(slice_eq(r->target, seen.url));
    must(*r->target.p != '/' || slice_eq(r->host, value_of("host")));
    must(slice_eq(r->user_agent, value_of("user-agent")));
    must(slice_eq(r->referer, value_of("referer")));
    must(slice_eq(r->origin, value_of("origin")));
    must(slice_eq(r->content_type, value_of("content-type")));
    must(slice_eq(r->accept, value_of("accept")));
    must(slice_eq(r->nforwarded_for ? r->forwarded_for[r->nforwarded_for - 1]
                                    : (struct slice){0},
                  value_of("x-forwarded-for")));
    must(slice_eq(r->client_ip, value_of("x-real-ip")));
    must(slice_eq(r->authorization, value_of("authorization")));
    must(slice_eq(r->request_headers, value_of("access-control-request-headers")));
    must(slice_eq(r->accept_encoding, value_of("accept-encoding")));
    must(slice_eq(r->if_none_match, value_of("if-none-match")));
    must(slice_eq(r->last_event_id, value_of("last-event-id")));
    must(slice_eq(r->cookie, value_of("cookie")));
    must(slice_eq(r->country, value_of("cf-ipcountry")));
    must(slice_eq(r->upgrade, value_of("upgrade")));
    must(slice_eq(r->ws_key, value_of("sec-websocket-key")));
    must(slice_eq(r->ws_version, value_of("sec-websocket-version")));
    must(slice_eq(r->ws_protocol, value_of("sec-websocket-protocol")));
}

static void compare(const struct http_request *r, const char *head, size_t n)
{
    static const uint8_t methods[] = {
        [HTTP_GET] = LLHTTP_GET,      [HTTP_HEAD] = LLHTTP_HEAD,
        [HTTP_POST] = LLHTTP_POST,    [HTTP_OPTIONS] = LLHTTP_OPTIONS,
        [HTTP_PUT] = LLHTTP_PUT,      [HTTP_PATCH] = LLHTTP_PATCH,
        [HTTP_DELETE] = LLHTTP_DELETE};
    llhttp_settings_t settings;
    llhttp_errno_t err;
    llhttp_t p;

    memset(&seen, 0, sizeof seen);
    llhttp_settings_init(&settings);
    settings.on_url = on_url;
    settings.on_header_field = on_name;
    settings.on_header_value = on_value;
    settings.on_header_value_complete = on_field;
    settings.on_headers_complete = on_head;
    llhttp_init(&p, HTTP_REQUEST, &settings);
    err = llhttp_execute(&p, head, n);
    must(err == HPE_OK || err == HPE_PAUSED_UPGRADE);
    must(seen.complete && p.method == methods[r->method]);
    must(p.http_major == 1 && p.http_minor == (r->http_1_0 ? 0 : 1));
    must(seen.content_length == r->content_length && !seen.has_coding);
    must(!r->keep_alive || seen.keeps_alive || llhttp_reads_more_into_it());
    compare_values(r);
}
#else
static void compare(const struct http_request *r, const char *head, size_t n)
{
    (void)r;
    (void)head;
    (void)n;
}
#endif

/* Text without control bytes, somewhere in the head. */
static void check_text(struct slice s, const char *head, size_t n)
{
    if (s.n > 0)
        must(s.p >= head && s.p + s.n <= head + n);
    for (size_t i = 0; i < s.n; i++)
        must(s.p[i] == '\t' || ((uint8_t)s.p[i] >= ' ' && s.p[i] != 0x7f));
}

static void check_request(const struct http_request *r, const char *head, size_t n)
{
    must(n <= HTTP_HEAD_MAX && memcmp(head + n - 4, "\r\n\r\n", 4) == 0);
    must(r->content_length <= HTTP_BODY_MAX);
    must((r->method != HTTP_GET && r->method != HTTP_HEAD) || r->content_length == 0);
    must(*r->path.p == '/' || (*r->path.p == '*' && r->method == HTTP_OPTIONS));
    check_text(r->target, head, n);
    check_text(r->query, head, n);
    check_text(r->host, head, n);
    check_text(r->user_agent, head, n);
    check_text(r->referer, head, n);
    check_text(r->origin, head, n);
    check_text(r->content_type, head, n);
    check_text(r->accept, head, n);
    must(r->nforwarded_for <= HTTP_FORWARDED_MAX);
    for (unsigned i = 0; i < r->nforwarded_for; i++)
        check_text(r->forwarded_for[i], head, n);
    check_text(r->client_ip, head, n);
    check_text(r->authorization, head, n);
    check_text(r->request_headers, head, n);
    check_text(r->cookie, head, n);
    check_text(r->last_event_id, head, n);
    check_text(r->ws_key, head, n);
}

/* The same bytes at the very end of a heap block, for the sanitizer to guard. */
static ssize_t parse_copy(const uint8_t *data, size_t n)
{
    char *copy = malloc(n + 1);
    struct http_request r;
    ssize_t v;

    must(copy != NULL);
    memcpy(copy + 1, data, n);
    v = http_parse(&r, copy + 1, n);
    free(copy);
    return v;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_request r;
    const char *bytes = (const char *)data;
    ssize_t whole = http_parse_with(&r, bytes, size, SLICE("X-Real-IP")), last = 0;
    size_t step = 1 + size / 32;

    if (whole > 0) {
        check_request(&r, bytes, (size_t)whole);
        compare(&r, bytes, (size_t)whole);
        must(parse_copy(data, (size_t)whole) == whole);
        must(parse_copy(data, (size_t)whole - 1) == 0);
    }
    for (size_t n = 0; n <= size; n += step) {
        ssize_t v = parse_copy(data, n);

        must(v == whole || (v == 0 && last == 0));
        last = v;
    }
    return 0;
}
