/* scan: how far a run of bytes of one class goes, 16 bytes at a time.
 *
 * The byte level of http.c and query.c, apart because it is the one place where speed
 * decides the shape: a browser's head has 800 bytes, and loops over single bytes cost
 * more than all the rest of a beacon. Written with vector types of GNU C, so it is SSE2
 * on x86, NEON on ARM, and plain words elsewhere. Nothing reads at or behind `end`. */
#ifndef HC_SCAN_H
#define HC_SCAN_H

#include <endian.h>
#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include "../proto/slice.h"

typedef uint8_t scan_block __attribute__((vector_size(16)));
typedef int8_t scan_signed __attribute__((vector_size(16)));
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
    for (size_t blocks = (size_t)(end - p) / 16; blocks > 0; blocks--, p += 16) {
        unsigned text = scan_bits(scan_in(scan_load(p), first, '~'));

        if (text != SCAN_ALL)
            return p + __builtin_ctz(~text);
    }
    while (p < end && *p >= first && *p <= '~')
        p++;
    return p;
}

/* The first @a or @b in [p, end); else end. */
static inline const char *scan_to(const char *p, const char *end, char a, char b)
{
    for (size_t blocks = (size_t)(end - p) / 16; blocks > 0; blocks--, p += 16) {
        scan_block t = scan_load(p);
        unsigned found =
            scan_bits((scan_block)(t == (uint8_t)a) | (scan_block)(t == (uint8_t)b));

        if (found)
            return p + __builtin_ctz(found);
    }
    while (p < end && *p != a && *p != b)
        p++;
    return p;
}

/* Past the visible ASCII of a request target. */
static inline const char *scan_visible(const char *p, const char *end)
{
    return scan_ascii(p, end, 0x21);
}

/* Past a line's text: HTAB, SP, VCHAR, obs-text (RFC 9110, 5.5). The first and the last
 * are rare. */
static inline const char *scan_line(const char *p, const char *end)
{
    p = scan_ascii(p, end, 0x20);
    while (p < end && (*p == '\t' || (uint8_t)*p >= 0x80))
        p = scan_ascii(p + 1, end, 0x20);
    return p;
}

/* Past a token: a method, a header's name (RFC 9110, 5.6.2). One block does it for most
 * names; what it does not know goes byte by byte. */
static inline const char *scan_token(const char *p, const char *end)
{
    if (end - p >= 16) {
        scan_block b = scan_load(p);
        unsigned known = scan_bits(scan_letters(b) | (scan_block)(b == '-'));

        p += known == SCAN_ALL ? 16 : __builtin_ctz(~known);
    }
    while (p < end && scan_tchar[(uint8_t)*p])
        p++;
    return p;
}

/* Past a host and its port. Narrower than RFC 3986: no browser sends the rest, and '@',
 * ',' and '/' are how two readers come to see two hosts. */
static inline const char *scan_host(const char *p, const char *end)
{
    if (end - p >= 16) {
        scan_block b = scan_load(p);
        unsigned known =
            scan_bits(scan_letters(b) | scan_in(b, '-', '.') | scan_in(b, '0', ':'));

        p += known == SCAN_ALL ? 16 : __builtin_ctz(~known);
    }
    while (p < end && scan_host_char[(uint8_t)*p])
        p++;
    return p;
}

/* Whether a line ends at @p: 1, 0 when more bytes are needed to tell, -400. */
static inline int scan_eol(const char *p, const char *end)
{
    if (end - p >= 2 && memcmp(p, "\r\n", 2) == 0)
        return 1;
    return p == end || (p + 1 == end && *p == '\r') ? 0 : -400;
}

/* Whether @s is the @n >= 4 bytes of @lower but for its case. @lower holds letters,
 * digits and '-' only: of the bytes of a text, only the capital differs by 0x20. */
static inline bool scan_is(struct slice s, const char *lower, size_t n)
{
    const size_t step = n < 8 ? 4 : 8;
    uint64_t differ = 0;

    if (s.n != n)
        return false;
    for (size_t i = 0; i < n; i += step) {
        size_t at = i + step <= n ? i : n - step;
        uint64_t a = 0, b = 0;

        memcpy(&a, s.p + at, step);
        memcpy(&b, lower + at, step);
        differ |= a ^ b;
    }
    return (differ & ~(uint64_t)0x2020202020202020) == 0;
}
#define SCAN_IS(s, literal) scan_is((s), (literal), sizeof(literal) - 1)

/* [p, end) without the blanks around it. */
static inline struct slice scan_trim(const char *p, const char *end)
{
    return slice_trim((struct slice){p, (size_t)(end - p)});
}

#endif
