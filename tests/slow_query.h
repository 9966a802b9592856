/* slow_query: a query as the URL standard reads it, byte by byte, to compare with. */
#ifndef HC_TESTS_SLOW_QUERY_H
#define HC_TESTS_SLOW_QUERY_H

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>

#include "../proto/slice.h"

/* Takes the next pair off @text, empty ones left out. False at the end. */
static inline bool slow_pair(struct slice *text, struct slice *name, struct slice *value)
{
    size_t n = 0, equals;

    while (text->n > 0 && *text->p == '&')
        *text = slice_skip(*text, 1);
    while (n < text->n && text->p[n] != '&')
        n++;
    for (equals = 0; equals < n && text->p[equals] != '=';)
        equals++;
    *name = (struct slice){text->p, equals};
    *value = slice_skip((struct slice){text->p, n}, equals + (equals < n));
    *text = slice_skip(*text, n);
    return n > 0;
}

/* Decodes @raw to @out. Returns the length. */
static inline size_t slow_decode(struct slice raw, char *out)
{
    size_t n = 0;

    while (raw.n > 0) {
        char hex[3] = {0};
        size_t took = 1;

        memcpy(hex, raw.p + (raw.n > 0), raw.n > 2 ? 2 : 0);
        out[n] = *raw.p == '+' ? ' ' : *raw.p;
        if (*raw.p == '%' && isxdigit((uint8_t)hex[0]) && isxdigit((uint8_t)hex[1])) {
            out[n] = (char)strtol(hex, NULL, 16);
            took = 3;
        }
        raw = slice_skip(raw, took);
        n++;
    }
    return n;
}

#endif
