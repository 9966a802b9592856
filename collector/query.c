/* query: splits at '&' and '=', decodes '+' and %XX. */
#include "query.h"

#include "../proto/hex.h"
#include "../proto/scan.h"

/* Takes the escape or the '+' at @p. */
static inline const char *take_code(const char *p, const char *end, char **out)
{
    bool whole = *p == '%' && end - p > 2;
    int high = whole ? hex_digit(p[1]) : -1, low = whole ? hex_digit(p[2]) : -1;
    bool good = (high | low) >= 0;

    *(*out)++ = good ? (char)(high << 4 | low) : *p == '+' ? ' ' : *p;
    return p + (good ? 3 : 1);
}

/* @plus: what is a code besides '%'. What is written is no longer than what was read, so
 * there is room for whole blocks, of which what stands behind a code is written again. */
static inline struct slice decode(struct slice raw, char *out, char plus)
{
    const char *p = raw.p, *end = raw.n > 0 ? raw.p + raw.n : raw.p;
    char *to = out;

    if (scan_to(p, end, '%', plus) == end)
        return raw;
    while (end - p >= SCAN_BYTES) {
        scan_block t = scan_load(p);
        unsigned codes =
            scan_bits((scan_block)(t == '%') | (scan_block)(t == (uint8_t)plus));
        unsigned n = codes ? (unsigned)__builtin_ctz(codes) : SCAN_BYTES;

        memcpy(to, &t, SCAN_BYTES);
        to += n;
        p += n;
        if (codes)
            p = take_code(p, end, &to);
    }
    while (p < end)
        if (*p == '%' || *p == plus)
            p = take_code(p, end, &to);
        else
            *to++ = *p++;
    return (struct slice){out, (size_t)(to - out)};
}

struct slice query_decode(struct slice raw, char *out)
{
    return decode(raw, out, '+');
}

struct slice query_decode_path(struct slice raw, char *out)
{
    return decode(raw, out, '%');
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
