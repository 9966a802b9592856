/* scan: how far a run of bytes of one class goes, 16 bytes at a time.
 *
 * The byte level of what reads requests, queries, JSON and text of strangers, apart
 * because it is the one place where speed decides the shape: a browser's head has 800
 * bytes, and loops over single bytes cost more than all the rest of a beacon. Written
 * with vector types of GNU C, so it is SSE2 on x86, NEON on ARM, and plain words
 * elsewhere. Nothing reads at or behind `end`. */
#ifndef HC_SCAN_H
#define HC_SCAN_H

#include <endian.h>
#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include "slice.h"

typedef uint8_t scan_block __attribute__((vector_size(16)));
typedef int8_t scan_signed __attribute__((vector_size(16)));
#define SCAN_BYTES 16
#define SCAN_LIKELY(x) __builtin_expect(!!(x), 1)
/* For what has to live in the registers of who calls it; gcc thinks it too large. */
#define SCAN_INLINE __attribute__((always_inline)) static inline
#define SCAN_ALL 0xffffu /* scan_bits of a block all of whose bytes are of the class */

static const bool scan_tchar[256] = {
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['!'] = true,
    ['#'] = true,         ['$'] = true,         ['%'] = true,         ['&'] = true,
    ['\''] = true,        ['*'] = true,         ['+'] = true,         ['-'] = true,
    ['.'] = true,         ['^'] = true,         ['_'] = true,         ['`'] = true,
    ['|'] = true,         ['~'] = true,
};

static const bool scan_host_char[256] = {
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
    ['-'] = true,         ['.'] = true,         ['_'] = true,
    [':'] = true,         ['['] = true,         [']'] = true,
};

static inline scan_block scan_load(const char *p)
{
    scan_block b;

    memcpy(&b, p, sizeof(b));
    return b;
}

typedef uint64_t scan_words __attribute__((vector_size(16)));

static inline uint64_t scan_word8(const char *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof word);
    return le64toh(word);
}

static inline uint64_t scan_word4(const char *p)
{
    uint32_t word;

    memcpy(&word, p, sizeof word);
    return le32toh(word);
}

/* The 1 to 15 bytes at @p as the last ones of a block of zeros. */
static inline scan_block scan_short(const char *p, size_t n)
{
    uint64_t low = 0, high;

    if (n >= 8) {
        high = scan_word8(p + n - 8);
        low = scan_word8(p) << 8 * (15 - n) << 8;
    } else if (n >= 4) {
        high = scan_word4(p + n - 4) << 32 | scan_word4(p) << 8 * (8 - n);
    } else {
        high = (uint64_t)(uint8_t)p[n - 1] << 56 | (uint64_t)(uint8_t)p[0] << 8 * (8 - n);
        high |= (uint64_t)(uint8_t)p[n / 2] << 8 * (8 - n + n / 2);
    }
    return (scan_block)(scan_words){htole64(low), htole64(high)};
}

/* The block at @p, or, where fewer bytes are left, the last one of [@begin, @end):
 * @before of its bytes stand in front of @p. */
static inline scan_block scan_window(const char *begin, const char *p, const char *end,
                                     unsigned *before)
{
    *before = 0;
    if (end - p >= SCAN_BYTES)
        return scan_load(p);
    *before = (unsigned)(SCAN_BYTES - (end - p));
    return end - begin >= SCAN_BYTES ? scan_load(end - SCAN_BYTES)
                                     : scan_short(p, (size_t)(end - p));
}

/* Bit i is the highest bit of byte i. */
static inline unsigned scan_bits(scan_block b)
{
#ifdef __SSE2__
    return (unsigned)_mm_movemask_epi8((__m128i)b);
#else
    const uint64_t top = 0x8080808080808080, gather = 0x0002040810204081;
    uint64_t half[2];

    memcpy(half, &b, sizeof(half));
    return (unsigned)((le64toh(half[0]) & top) * gather >> 56 |
                      (le64toh(half[1]) & top) * gather >> 56 << 8);
#endif
}

/* 0xff for each byte in [first, last]. The shift puts the range at the top of the signed
 * ones, so that one comparison finds both of its ends. */
static inline scan_block scan_in(scan_block b, uint8_t first, uint8_t last)
{
    scan_signed shifted = (scan_signed)(b + (uint8_t)(0x7f - last));

    return (scan_block)(shifted > (int8_t)(0x7e - (last - first)));
}

static inline scan_block scan_letters(scan_block b)
{
    return scan_in(b | 0x20, 'a', 'z');
}

/* Past ASCII from @first to '~'. */
static inline const char *scan_ascii(const char *p, const char *end, char first)
{
    const char *begin = p;
    unsigned before, other;
    scan_block last;

    for (; end - p >= SCAN_BYTES; p += SCAN_BYTES) {
        other = scan_bits(scan_in(scan_load(p), (uint8_t)first, '~')) ^ SCAN_ALL;
        if (other)
            return p + __builtin_ctz(other);
    }
    if (p == end)
        return end;
    last = scan_window(begin, p, end, &before);
    other = (scan_bits(scan_in(last, (uint8_t)first, '~')) ^ SCAN_ALL) >> before;
    return other ? p + __builtin_ctz(other) : end;
}

static inline unsigned scan_either(scan_block t, char a, char b)
{
    return scan_bits((scan_block)(t == (uint8_t)a) | (scan_block)(t == (uint8_t)b));
}

/* The first @a or @b in [p, end); else end. */
static inline const char *scan_to(const char *p, const char *end, char a, char b)
{
    const char *begin = p;
    unsigned before, found;
    scan_block last;

    for (; end - p >= SCAN_BYTES; p += SCAN_BYTES)
        if ((found = scan_either(scan_load(p), a, b)) != 0)
            return p + __builtin_ctz(found);
    if (p == end)
        return end;
    last = scan_window(begin, p, end, &before);
    found = scan_either(last, a, b) >> before;
    return found ? p + __builtin_ctz(found) : end;
}

/* Past the visible ASCII of a request target. */
static inline const char *scan_visible(const char *p, const char *end)
{
    return scan_ascii(p, end, 0x21);
}

/* So many bytes are looked at at once by those who want to know of all places in a text.
 * What makes that fast is that no search waits for where the one before it has ended. */
#define SCAN_STRIDE 64

static inline uint64_t scan_whole_stride(const char *p, unsigned (*of)(scan_block))
{
    return (uint64_t)of(scan_load(p)) | (uint64_t)of(scan_load(p + 16)) << 16 |
           (uint64_t)of(scan_load(p + 32)) << 32 | (uint64_t)of(scan_load(p + 48)) << 48;
}

/* Bit i: @of says so of p[i], for the bytes of the stride at @p that are before @end;
 * @p < @end is in [begin, end). What is no whole stride is read as what the text ends
 * with, or block by block. */
static inline uint64_t scan_stride(const char *begin, const char *p, const char *end,
                                   unsigned (*of)(scan_block))
{
    size_t left = (size_t)(end - p);
    uint64_t bits = 0;
    unsigned before;

    if (SCAN_LIKELY(left >= SCAN_STRIDE))
        return scan_whole_stride(p, of);
    if (end - begin >= SCAN_STRIDE)
        return scan_whole_stride(end - SCAN_STRIDE, of) >> (SCAN_STRIDE - left);
    for (size_t i = 0; i < left; i += SCAN_BYTES) {
        scan_block b = scan_window(begin, p + i, end, &before);

        bits |= (uint64_t)(of(b) >> before) << i;
    }
    return bits;
}

/* The bytes of a text that are not printable ASCII, one after the other. */
struct scan_stops {
    const char *begin, *end; /* of the text */
    const char *at;          /* of the stride at hand */
    uint64_t bits;           /* bit i: at[i] is one, and was not taken yet */
};

static inline unsigned scan_printable_of(scan_block b)
{
    return scan_bits(scan_in(b, 0x20, '~'));
}

static inline uint64_t scan_stops_at(const char *begin, const char *p, const char *end)
{
    size_t left = (size_t)(end - p);

    if (SCAN_LIKELY(left >= SCAN_STRIDE))
        return ~scan_whole_stride(p, scan_printable_of);
    if (left == 0)
        return 0;
    return ~scan_stride(begin, p, end, scan_printable_of) & ((UINT64_C(1) << left) - 1);
}

/* Of [p, end), which is part of [begin, end). */
static inline void scan_stops_init(struct scan_stops *s, const char *begin, const char *p,
                                   const char *end)
{
    *s = (struct scan_stops){begin, end, p, scan_stops_at(begin, p, end)};
}

/* Goes on to the next stride. False if there is none. */
static inline bool scan_stops_advance(struct scan_stops *s)
{
    if (s->end - s->at <= SCAN_STRIDE)
        return false;
    s->at += SCAN_STRIDE;
    s->bits = scan_stops_at(s->begin, s->at, s->end);
    return true;
}

/* Takes the next one. Returns where it is, or end. */
static inline const char *scan_stops_next(struct scan_stops *s)
{
    const char *stop;

    while (!SCAN_LIKELY(s->bits != 0))
        if (!scan_stops_advance(s))
            return s->end;
    stop = s->at + __builtin_ctzll(s->bits);
    s->bits &= s->bits - 1;
    return stop;
}

/* The colon behind the name of a field whose name is of a usual shape, else NULL. */
static inline const char *scan_name(const char *p, const char *end)
{
    const char *begin = p;
    unsigned known;

    do {
        scan_block b;

        if (end - p < SCAN_BYTES)
            return NULL;
        b = scan_load(p);
        known = scan_bits(scan_letters(b) | (scan_block)(b == '-'));
        p += (unsigned)__builtin_ctz(~known); /* which has bit SCAN_BYTES */
    } while (!SCAN_LIKELY(known != SCAN_ALL));
    return SCAN_LIKELY(p > begin && *p == ':') ? p : NULL;
}

/* Past a token: a method, a header's name (RFC 9110, 5.6.2). */
static inline const char *scan_token(const char *p, const char *end)
{
    while (p < end && scan_tchar[(uint8_t)*p])
        p++;
    return p;
}

/* Past a host and its port. Narrower than RFC 3986: no browser sends the rest, and '@',
 * ',' and '/' are how two readers come to see two hosts. */
static inline const char *scan_host(const char *p, const char *end)
{
    if (end - p >= SCAN_BYTES) {
        scan_block b = scan_load(p);
        unsigned known =
            scan_bits(scan_letters(b) | scan_in(b, '-', '.') | scan_in(b, '0', ':'));

        p += __builtin_ctz(~known);
    }
    while (p < end && scan_host_char[(uint8_t)*p])
        p++;
    return p;
}

static inline bool scan_crlf(const char *p)
{
    return memcmp(p, "\r\n", 2) == 0;
}

/* Whether a line ends at @p: 1, 0 when more bytes are needed to tell, -400. */
static inline int scan_eol(const char *p, const char *end)
{
    if (end - p >= 2 && scan_crlf(p))
        return 1;
    return p == end || (p + 1 == end && *p == '\r') ? 0 : -400;
}

/* Finds the end of a line whose text is HTAB, SP, VCHAR, obs-text (RFC 9110, 5.5), of
 * which the first and the last are rare: takes the stops before it and its own. False if
 * none ends there: scan_eol says why not. */
static inline bool scan_line(struct scan_stops *s, const char **eol)
{
    const char *p = scan_stops_next(s), *last = s->end - 1;

    while (!SCAN_LIKELY(p < last && scan_crlf(p)) && p < s->end &&
           (*p == '\t' || (uint8_t)*p >= 0x80))
        p = scan_stops_next(s);
    *eol = p;
    if (!SCAN_LIKELY(p < last && scan_crlf(p)))
        return false;
    if (!SCAN_LIKELY(s->bits != 0)) /* the LF stands in the next one */
        scan_stops_advance(s);
    s->bits &= s->bits - 1;
    return true;
}

static inline uint64_t scan_differ8(const char *s, const char *t)
{
    uint64_t a, b;

    memcpy(&a, s, sizeof a);
    memcpy(&b, t, sizeof b);
    return a ^ b;
}

static inline uint64_t scan_differ4(const char *s, const char *t)
{
    uint32_t a, b;

    memcpy(&a, s, sizeof a);
    memcpy(&b, t, sizeof b);
    return a ^ b;
}

/* Whether @s is the @n >= 4 bytes of @lower but for its case. @lower holds letters,
 * digits and '-' only: of the bytes of a text, only the capital differs by 0x20. The last
 * word may overlap the one before it. */
SCAN_INLINE bool scan_is(struct slice s, const char *lower, size_t n)
{
    const size_t step = n < 8 ? 4 : 8, last = n - step;
    uint64_t differ;

    if (s.n != n)
        return false;
    if (step == 4)
        differ = scan_differ4(s.p, lower) | scan_differ4(s.p + last, lower + last);
    else
        differ = scan_differ8(s.p + last, lower + last);
    for (size_t i = 0; step == 8 && i < last; i += 8)
        differ |= scan_differ8(s.p + i, lower + i);
    return (differ & ~(uint64_t)0x2020202020202020) == 0;
}
#define SCAN_IS(s, literal) scan_is((s), (literal), sizeof(literal) - 1)

/* [p, end) without the blanks around it. */
static inline struct slice scan_trim(const char *p, const char *end)
{
    return slice_trim((struct slice){p, (size_t)(end - p)});
}

#endif
