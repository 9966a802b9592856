/* query: the name=value pairs of a query string or a form body, decoded.
 *
 * application/x-www-form-urlencoded as the URL standard reads it: '&' separates, '+' is a
 * blank, %XX a byte, a broken % stands for itself, a name without '=' has an empty value.
 */
#ifndef HC_QUERY_H
#define HC_QUERY_H

#include "../proto/limits.h"
#include "../proto/slice.h"

struct query {
    struct slice rest;
    unsigned pairs; /* read so far; at PARAMS_MAX the rest is ignored */
};

void query_init(struct query *q, struct slice text);

/* The next pair, still encoded, borrowed from the text. False at the end. Empty pairs
 * ("&&") are skipped. */
bool query_next(struct query *q, struct slice *name, struct slice *value);

/* Decodes @raw into @out, which must hold raw.n bytes (decoding never grows). Returns the
 * decoded slice: @out, or @raw itself when there was nothing to decode. */
struct slice query_decode(struct slice raw, char *out);

/* The same of a part of a path, where '+' is itself. */
struct slice query_decode_path(struct slice raw, char *out);

/* The value of the first pair in @text that is named @name, a name that needs no
 * encoding: decoded into @out, which has @n bytes, or as it came when it is longer. p is
 * NULL when there is no such pair. */
struct slice query_find(struct slice text, struct slice name, char *out, size_t n);

#endif
