/* reply: HTTP answers as bytes. No socket, no clock. */
#ifndef HC_REPLY_H
#define HC_REPLY_H

#include "../proto/buf.h"
#include "../proto/units.h"

/* The value of the Date header, which every answer carries (RFC 9110, 6.6.1). */
struct http_date {
    int64_t second;
    char text[32]; /* "Sun, 06 Nov 1994 08:49:37 GMT" */
};
#define HTTP_DATE_LEN 29

/* Brings @d up to @now; costs nothing within the same second. Start with all zero. */
void http_date_set(struct http_date *d, ms_t now);

/* How the request wants its answer framed. */
struct reply_mode {
    bool head_only; /* HEAD: the same head, no body */
    bool http_1_0;  /* keep-alive must be said aloud */
    bool last;      /* the connection ends after this answer */
};

struct reply {
    int status;
    const char *type;    /* Content-Type, or NULL: no such line */
    const char *headers; /* further lines, each with its CRLF, or NULL */
    struct slice body;
};

/* "OK", "Bad Request", ... for the statuses that headcount sends. Static strings. */
const char *reply_reason(int status);

/* Appends head and body. Content-Length is left out where there can be no body (204,
 * 304). */
void reply_write(struct buf *out, const struct http_date *date, struct reply_mode mode,
                 const struct reply *r);

/* An answer that never changes but for its date: for the paths that are walked millions
 * of times. The pieces are string literals. */
struct canned {
    struct slice status; /* "HTTP/1.1 200 OK\r\nDate: " */
    struct slice head;   /* "\r\n", the other header lines, each with its CRLF */
    struct slice body;
};
void reply_canned(struct buf *out, const struct http_date *date, struct reply_mode mode,
                  const struct canned *k);

/* A canned answer as it reads in one second to a request that wants nothing special. All
 * zero: none yet. */
#define PREPARED_MAX 480
struct prepared {
    const struct canned *of;
    int64_t second;
    size_t n;
    char bytes[PREPARED_MAX];
};

/* The same as reply_canned, and most of the time one copy. @p remembers the last one. */
void reply_prepared(struct buf *out, const struct http_date *date, struct reply_mode mode,
                    const struct canned *k, struct prepared *p);

/* Header lines shared by several answers. */
#define HEADER_OPEN "Access-Control-Allow-Origin: *\r\n" /* readable from any page */
#define HEADER_EMBED "Cross-Origin-Resource-Policy: cross-origin\r\n" /* and shown in */
#define HEADER_NO_STORE "Cache-Control: no-store\r\n"
#define HEADER_NO_SNIFF "X-Content-Type-Options: nosniff\r\n"

#endif
