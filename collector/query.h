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

/* Of a stride of a text (scan.h), bit by bit. */
struct query_marks {
    uint64_t ends;  /* where a pair ends; in the last one also where the text does */
    uint64_t codes; /* a '%' or a '+' */
};

struct query {
    const char *begin, *p, *end; /* the text, and what is to be read of it */
    const char *at;              /* the stride at hand, and */
    struct query_marks marks;    /* its marks, without the ends of pairs that were read */
    unsigned left;               /* pairs that may be read; the rest is ignored */
    uint64_t codes; /* bit i: value.p[i], of the value read last, is a '%' or a '+' */
};

/* The marks of the stride at @at, which is at most @end. */
struct query_marks query_look(const char *begin, const char *at, const char *end);

/* The codes of the first stride of [v, to). */
uint64_t query_codes(const char *begin, const char *v, const char *to, const char *end);

static inline void query_init(struct query *q, struct slice text)
{
    if (text.n == 0)
        text = SLICE("");
    *q = (struct query){.begin = text.p,
                        .p = text.p,
                        .end = text.p + text.n,
                        .at = text.p,
                        .left = PARAMS_MAX};
    q->marks = query_look(q->begin, q->at, q->end);
}

/* Takes what is before the next end of a pair, and from @codes what is in it. Returns
 * that end. */
SCAN_INLINE const char *query_pair_end(struct query *q, uint64_t *codes)
{
    uint64_t rest;
    const char *to;

    while (!SCAN_LIKELY(q->marks.ends != 0)) {
        q->at += SCAN_STRIDE;
        q->marks = query_look(q->begin, q->at, q->end);
    }
    to = q->at + (unsigned)__builtin_ctzll(q->marks.ends);
    rest = q->marks.ends - 1;
    *codes = q->marks.codes & (q->marks.ends ^ rest);
    q->marks.ends &= rest;
    q->p = to + (to < q->end);
    return to;
}

/* The next pair, still encoded, borrowed from the text. False at the end. Empty pairs
 * ("&&") are skipped. */
SCAN_INLINE bool query_next(struct query *q, struct slice *name, struct slice *value)
{
    const char *p, *to, *v;
    uint64_t codes;

    do {
        p = q->p;
        if (p >= q->end)
            return false;
        to = query_pair_end(q, &codes);
    } while (to == p);
    if (q->left-- == 0) {
        q->p = q->end;
        return false;
    }
    /* Nearly all have such a name. */
    if (SCAN_LIKELY(to - p > 1 && p[1] == '=' && *p != '=')) {
        *name = (struct slice){p, 1};
        v = p + 2;
    } else {
        v = p + (*p != '=');
        if (v < to && *v != '=')
            v = scan_to(v, to, '=', '=');
        *name = (struct slice){p, (size_t)(v - p)};
        v += v < to;
    }
    *value = (struct slice){v, (size_t)(to - v)};
    q->codes = SCAN_LIKELY(v >= q->at) ? codes >> (v - q->at)
                                       : query_codes(q->begin, v, to, q->end);
    return true;
}

/* Whether @value, which @q has just read, may have something to decode. */
static inline bool query_coded(const struct query *q, struct slice value)
{
    return q->codes || value.n > SCAN_STRIDE;
}

/* Decodes the value that @q has just read, as query_decode does, into @out, which has
 * room for all that is left of the text from the value on. */
struct slice query_decode_value(const struct query *q, struct slice value, char *out);

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
