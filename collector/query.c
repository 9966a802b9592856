/* query: splits at '&' and '=', decodes '+' and %XX. */
#include "query.h"

#include "../proto/hex.h"
#include "../proto/scan.h"

static inline unsigned ends_of(scan_block b)
{
    return scan_bits((scan_block)(b == '&'));
}

static inline unsigned codes_of(scan_block b)
{
    return scan_either(b, '%', '+');
}

static inline unsigned escapes_of(scan_block b)
{
    return scan_bits((scan_block)(b == '%'));
}

/* Not inline, so that who reads pairs has the registers for that. */
__attribute__((noinline)) struct query_marks query_look(const char *begin, const char *at,
                                                        const char *end)
{
    size_t left = (size_t)(end - at);
    struct query_marks m = {0};

    if (left > 0) {
        m.ends = scan_stride(begin, at, end, ends_of);
        m.codes = scan_stride(begin, at, end, codes_of);
    }
    if (left < SCAN_STRIDE)
        m.ends |= UINT64_C(1) << left;
    return m;
}

/* What @of says of [p, to), of its first stride, which may be read up to @limit. */
static inline uint64_t look_at(const char *begin, const char *p, const char *to,
                               const char *limit, unsigned (*of)(scan_block))
{
    uint64_t bits;

    if (p == to)
        return 0;
    bits = scan_stride(begin, p, limit, of);
    return to - p < SCAN_STRIDE ? bits & ((UINT64_C(1) << (to - p)) - 1) : bits;
}

__attribute__((noinline)) uint64_t query_codes(const char *begin, const char *v,
                                               const char *to, const char *end)
{
    return look_at(begin, v, to, end, codes_of);
}

/* What is decoded, and how far that has come. */
struct decoder {
    const char *limit;   /* what may be read; there is as much room to write */
    const char *p, *end; /* what is still to be decoded */
    char *out;
};

/* Takes all before @to, where no code is. Whole blocks: what is behind it is written
 * again. */
static inline void copy(struct decoder *d, const char *to)
{
    size_t n = (size_t)(to - d->p);

    if (SCAN_LIKELY(n <= SCAN_BYTES && d->limit - d->p >= SCAN_BYTES))
        memcpy(d->out, d->p, SCAN_BYTES);
    else
        memcpy(d->out, d->p, n);
    d->out += n;
    d->p = to;
}

/* Takes the escape or the '+'. */
static inline void take_code(struct decoder *d)
{
    const char *p = d->p;

    if (*p == '%' && d->end - p > 2) {
        unsigned high = hex_digits[(uint8_t)p[1]], low = hex_digits[(uint8_t)p[2]];

        if (SCAN_LIKELY(high && low)) {
            *d->out++ = (char)(16 * high + low - 17);
            d->p += 3;
            return;
        }
    }
    *d->out++ = *p == '+' ? ' ' : *p;
    d->p++;
}

/* Bit i of @codes: at[i] is one. An escape holds none besides its '%'. */
static inline void take_codes(struct decoder *d, const char *at, uint64_t codes)
{
    for (; codes; codes &= codes - 1) {
        copy(d, at + (unsigned)__builtin_ctzll(codes));
        take_code(d);
    }
}

/* @raw is in [begin, limit), which may be read, and @codes what @of says of its first
 * stride. */
static inline struct slice decode(const char *begin, struct slice raw, const char *limit,
                                  uint64_t codes, char *out, unsigned (*of)(scan_block))
{
    struct decoder d = {limit, raw.p, raw.p + raw.n, out};
    const char *at = raw.p;

    take_codes(&d, at, codes);
    while (d.end - at > SCAN_STRIDE) {
        at += SCAN_STRIDE;
        take_codes(&d, at, look_at(begin, at, d.end, limit, of));
    }
    if (d.p == raw.p)
        return raw;
    copy(&d, d.end);
    return (struct slice){out, (size_t)(d.out - out)};
}

struct slice query_decode_value(const struct query *q, struct slice value, char *out)
{
    return decode(q->begin, value, q->end, q->codes, out, codes_of);
}

static inline struct slice decode_alone(struct slice raw, char *out,
                                        unsigned (*of)(scan_block))
{
    const char *end;

    if (raw.n == 0)
        return raw;
    end = raw.p + raw.n;
    return decode(raw.p, raw, end, look_at(raw.p, raw.p, end, end, of), out, of);
}

struct slice query_decode(struct slice raw, char *out)
{
    return decode_alone(raw, out, codes_of);
}

struct slice query_decode_path(struct slice raw, char *out)
{
    return decode_alone(raw, out, escapes_of);
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
