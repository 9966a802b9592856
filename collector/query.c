/* query: splits at '&' and '=', decodes '+' and %XX. */
#include "query.h"

#include "../proto/hex.h"
#include "scan.h"

void query_init(struct query *q, struct slice text)
{
    *q = (struct query){.rest = text};
}

/* What stands before the first @a or @b; @s becomes the rest, from that byte on. */
static inline struct slice take_to(struct slice *s, char a, char b)
{
    const char *end = scan_to(s->p, s->p + s->n, a, b);
    struct slice taken = {s->p, (size_t)(end - s->p)};

    *s = slice_skip(*s, taken.n);
    return taken;
}

static bool skip(struct slice *s, char c)
{
    if (s->n == 0 || *s->p != c)
        return false;
    *s = slice_skip(*s, 1);
    return true;
}

bool query_next(struct query *q, struct slice *name, struct slice *value)
{
    while (skip(&q->rest, '&'))
        ;
    if (q->rest.n == 0 || q->pairs == PARAMS_MAX)
        return false;
    q->pairs++;
    *name = take_to(&q->rest, '&', '=');
    skip(&q->rest, '=');
    *value = take_to(&q->rest, '&', '&');
    return true;
}

/* The byte that %XX at the front of @s stands for; -1 when it is no such escape. */
static int unescape(struct slice s)
{
    int high, low;

    if (s.n < 3)
        return -1;
    high = hex_digit(s.p[1]);
    low = hex_digit(s.p[2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static inline struct slice decode(struct slice raw, char *out, bool plus_is_blank)
{
    struct slice rest = raw, plain = take_to(&rest, '%', plus_is_blank ? '+' : '%');
    size_t n = plain.n;

    if (rest.n == 0)
        return raw;
    memcpy(out, plain.p, plain.n);
    while (rest.n > 0) {
        int byte = *rest.p == '%' ? unescape(rest) : -1;

        out[n++] = byte >= 0                         ? (char)byte
                   : plus_is_blank && *rest.p == '+' ? ' '
                                                     : *rest.p;
        rest = slice_skip(rest, byte >= 0 ? 3 : 1);
    }
    return (struct slice){out, n};
}

struct slice query_decode(struct slice raw, char *out)
{
    return decode(raw, out, true);
}

struct slice query_decode_path(struct slice raw, char *out)
{
    return decode(raw, out, false);
}

struct slice query_find(struct slice text, struct slice name, char *out, size_t n)
{
    struct slice found, value;
    struct query q;

    query_init(&q, text);
    while (query_next(&q, &found, &value))
        if (slice_eq(found, name))
            return value.n <= n ? query_decode(value, out) : value;
    return (struct slice){0};
}
