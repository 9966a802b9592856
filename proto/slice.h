/* slice: borrowed text, a pointer and a length, never NUL-terminated.
 *
 * A slice is valid as long as the bytes it points into; whoever keeps the text
 * copies it. Passed by value. The empty slice has n == 0 and any p. */
#ifndef HC_SLICE_H
#define HC_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
    const char *p;
    size_t n;
};

/* The slice of a string literal or char array, without its NUL. */
#define SLICE(lit) ((struct slice){(lit), sizeof(lit) - 1})

/* The slice of a NUL-terminated string; NULL gives the empty slice. */
static inline struct slice slice_of(const char *s)
{
    return (struct slice){s, s ? strlen(s) : 0};
}

static inline bool slice_eq(struct slice a, struct slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool slice_starts(struct slice s, struct slice prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

/* Whether @part stands in @s somewhere. */
static inline bool slice_has(struct slice s, struct slice part)
{
    return s.n >= part.n && (part.n == 0 || memmem(s.p, s.n, part.p, part.n) != NULL);
}

/* memcmp order, the shorter first when one is a prefix of the other. */
static inline int slice_cmp(struct slice a, struct slice b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    return c ? c : (a.n > b.n) - (a.n < b.n);
}

/* @s without its first @n bytes; @n must not exceed s.n. */
static inline struct slice slice_skip(struct slice s, size_t n)
{
    return (struct slice){s.p + n, s.n - n};
}

/* @s without the blanks and tabs around it. */
static inline struct slice slice_trim(struct slice s)
{
    while (s.n > 0 && (*s.p == ' ' || *s.p == '\t'))
        s = slice_skip(s, 1);
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

#endif
