/* http: reads the head of an HTTP/1.1 request out of a block of bytes.
 *
 * A block parser: it looks for the blank line first and then walks the lines once. It
 * owns no memory and no socket; every slice points into the caller's bytes. Strict by RFC
 * 9112: whatever two parsers could read in two ways is refused with 400 and the
 * connection is closed, so nothing can be smuggled past a proxy. Refusals: PROTOCOL.md,
 * section HTTP. */
#ifndef HC_HTTP_H
#define HC_HTTP_H

#include <stdint.h>
#include <sys/types.h>
#include "../proto/limits.h"
#include "../proto/slice.h"

enum http_method {
    HTTP_GET = 1,
    HTTP_HEAD = 2,
    HTTP_POST = 4,
    HTTP_OPTIONS = 8,
    HTTP_PUT = 16,
    HTTP_PATCH = 32,
    HTTP_DELETE = 64,
};
#define HTTP_METHODS 127 /* all of them */

struct http_request {
    enum http_method method;
    struct slice target; /* as sent */
    struct slice path;   /* of the target, not decoded; absolute-form is reduced to it */
    struct slice query;  /* behind the '?', without it; empty when there is none */
    bool http_1_0;
    bool keep_alive; /* 1.1 without "close", or 1.0 with "keep-alive" */
    bool expect_continue;
    uint64_t content_length; /* 0 when there is no body; <= HTTP_BODY_MAX */
    /* Header values, empty when absent, outer blanks cut; of a repeated one the last. The
     * host is the target's own if that is in absolute-form. */
    struct slice host, user_agent, referer, origin, content_type, accept;
    struct slice accept_encoding, if_none_match, last_event_id;
    struct slice cookie, country; /* CF-IPCountry: believed of trusted proxies only */
    struct slice upgrade; /* wanted when `upgrades`: the Connection header has the word */
    struct slice ws_key, ws_version, ws_protocol; /* Sec-WebSocket-... (RFC 6455) */
    bool upgrades;
    bool ws_repeated;        /* a key or a version came more than once */
    uint8_t nforwarded_for;  /* of more lines than have room, the last; stand below */
    struct slice client_ip;  /* of the header that http_parse_with was told; and */
    bool client_ip_repeated; /* it came more than once */
    struct slice authorization;
    bool ahead;    /* Sec-Purpose, Purpose, X-Purpose or X-Moz: nobody looks at it yet */
    bool opts_out; /* DNT: 1 or Sec-GPC: 1 */
    struct slice request_headers; /* Access-Control-Request-Headers of a preflight */
    struct slice forwarded_for[HTTP_FORWARDED_MAX]; /* X-Forwarded-For, line by line as
                                                       they came, nforwarded_for of
                                                       them; see client.h */
};

/* Parses the head at the start of @bytes.
 *
 * Returns its length in bytes including the blank line; 0 when more bytes are needed; or
 * minus the status to answer before closing: -400, -405 (method known to nobody here),
 * -413, -414, -417, -431, -501, -505. One leading CRLF is skipped and counts in the
 * length (RFC 9112, 2.2). A repeated single-value header (Host, Content-Length) is 400.
 */
ssize_t http_parse(struct http_request *r, const char *bytes, size_t n);

/* The same, and takes the header of that name, of 4 letters, digits and dashes at least,
 * as client_ip; what else it may mean stays. Empty: none. */
ssize_t http_parse_with(struct http_request *r, const char *bytes, size_t n,
                        struct slice client_header);

#endif
