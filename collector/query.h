/* query: the name=value pairs of a query string or a form body, decoded.
 *
 * application/x-www-form-urlencoded as the URL standard reads it: '&' separates, '+' is a
 * blank, %XX a byte, a broken % stands for itself, a name without '=' has an empty value.
 *
 * Splitting is inline: it is a third of what a beacon costs to be read. */
#ifndef HC_QUERY_H
#define HC_QUERY_H

#include "../proto/limits.h"
#include "../proto/slice.h"
#include "../proto/scan.h"

struct query {
    const char *begin, *p, *end; /* the text, and what is to be read of it */
    unsigned pairs;              /* read so far; at PARAMS_MAX the rest is ignored */
    bool coded; /* the value read last has a '%' or a '+': query_decode has to look */
};

static inline void query_init(struct query *q, struct slice text)
{
    if (text.n == 0)
        text = SLICE("");
    *q = (struct query){.begin = text.p, .p = text.p, .end = text.p + text.n};
}

/* Where the value at @p ends, and whether it has a code. What is found behind the first
 * mark is of other pairs. */
static inline const char *query_value_end(const char *begin, const char *p,
                                          const char *end, bool *coded)
{
    unsigned before, marks = 0, codes = 0;

    while (p < end && !marks) {
        scan_block t = scan_window(begin, p, end, &before);
        unsigned found =
            scan_bits((scan_block)(t == '%') | (scan_block)(t == '+')) >> before;

        marks = scan_bits((scan_block)(t == '&')) >> before;
        codes |= found & (marks ^ (marks - 1)); /* all of it where there is none */
        p += __builtin_ctz(marks | 1u << (SCAN_BYTES - before));
    }
    *coded = codes != 0;
    return p;
}

/* The next pair, still encoded, borrowed from the text. False at the end. Empty pairs
 * ("&&") are skipped. */
static inline bool query_next(struct query *q, struct slice *name, struct slice *value)
{
    const char *p = q->p, *end = q->end, *to;

    while (p < end && *p == '&')
        p++;
    if (p == end || q->pairs == PARAMS_MAX)
        return false;
    q->pairs++;
    if (end - p > 1 && p[1] == '=' && *p != '=') { /* nearly all names have one byte */
        *name = (struct slice){p, 1};
        p += 2;
    } else {
        to = scan_to(p, end, '&', '=');
        *name = (struct slice){p, (size_t)(to - p)};
        p = to + (to < end && *to == '=');
    }
    to = query_value_end(q->begin, p, end, &q->coded);
    *value = (struct slice){p, (size_t)(to - p)};
    q->p = to + (to < end);
    return true;
}

/* Decodes @raw into @out, raw.n bytes that are not its own (decoding never grows).
 * Returns the decoded slice: @out, or @raw itself when there was nothing to decode. */
struct slice query_decode(struct slice raw, char *out);

/* The same of a part of a path, where '+' is itself. */
struct slice query_decode_path(struct slice raw, char *out);

/* The value of the first pair in @text that is named @name, a name that needs no
 * encoding: decoded into @out, which has @n bytes, or as it came when it is longer. p is
 * NULL when there is no such pair. */
struct slice query_find(struct slice text, struct slice name, char *out, size_t n);

#endif
